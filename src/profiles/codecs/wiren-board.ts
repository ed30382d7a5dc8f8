import { unitOf } from '../../core/measure-units.ts';
import type { FieldValue } from '../../core/measurement.ts';
import { RecentMap } from '../../lib/recent-map.ts';
import { type Codec, type CodecOutput, type CodecSighting, failed, measured, without } from '../codec.ts';
import { isObject, numberIn, numberLike, own, ownText, parseJson, textOf } from '../json.ts';

/** What is known of a control. */
interface Control {
  /** As the conventions name it; absent: not told yet, and the value is what it looks like. */
  readonly type?: string;
  /** A code of the unit table. */
  readonly unit?: string;
}

/** Characters of the topics of controls that are remembered, in all. */
const maxSize = 2 * 1024 * 1024;
const sizeEach = 100;
/** Devices of which errors are remembered, and controls of each. */
const maxDevices = 2000;
const maxErrors = 50;
const maxText = 1000;

/**
 * Wiren Board's MQTT conventions: `/devices/<device>/controls/<control>` carries a value, and `…/meta` what it is, as JSON or as
 * one message for each key. Fields are called as the control is. See https://github.com/wirenboard/conventions.
 */
export function createWirenBoardCodec(): Codec {
  const controls = new RecentMap<string, Control>(maxSize, (key) => key.length + sizeEach);
  const errors = new RecentMap<string, Map<string, string>>(maxDevices);
  return {
    decode({ topic, payload }) {
      const at = placeOf(topic);
      if (at === undefined) return without('raw');
      const text = textOf(payload);
      if (text === undefined) return failed('The message is no UTF-8 text.');
      const { device, control, meta } = at;
      if (control === undefined) return ofDevice(device, meta ?? '', text);
      const key = `${device}/${control}`;
      if (meta === 'error') return errorOf(errors, device, control, text);
      if (meta !== undefined) return learn(controls, device, key, meta, text);
      if (at.isCommand) return without('command', { device });
      return valueIn(device, control, text, controls.get(key));
    },
    claims(topic) {
      const at = placeOf(topic);
      if (at === undefined) return undefined;
      if (at.isBare && at.control === undefined) return undefined;
      return {
        confidence: at.isBare ? 0.8 : 0.95,
        reason: 'its topic is one of the Wiren Board conventions, /devices/<device>/controls/<control>',
      };
    },
  };
}

interface Place {
  readonly device: string;
  /** Absent: the message is about the device. */
  readonly control?: string;
  /** Empty for all of it as JSON; absent: the message is the value. */
  readonly meta?: string;
  /** It asks the device to set the control. */
  readonly isCommand: boolean;
  /** Somebody took the leading slash away, or put something before it. */
  readonly isBare: boolean;
}

function placeOf(topic: string): Place | undefined {
  const levels = topic.split('/');
  const isBare = levels[0] !== '' || levels[1] !== 'devices';
  const at = levels.indexOf('devices');
  const id = levels[at + 1];
  if (at < 0 || id === undefined || id === '') return undefined;
  // Several controllers on one broker are told apart by what a bridge put before their topics.
  const before = levels
    .slice(0, at)
    .filter((level) => level !== '')
    .join('/');
  const device = before === '' ? id : `${before}:${id}`;
  const [kind, control, third, fourth, ...rest] = levels.slice(at + 2);
  if (kind === 'meta') {
    return third === undefined ? { device, meta: control ?? '', isCommand: false, isBare } : undefined;
  }
  if (kind !== 'controls' || control === undefined || control === '' || rest.length > 0) return undefined;
  if (third === undefined) return { device, control, isCommand: false, isBare };
  if (third === 'on' && fourth === undefined) return { device, control, isCommand: true, isBare };
  return third === 'meta' ? { device, control, meta: fourth ?? '', isCommand: false, isBare } : undefined;
}

/** Units of the types that have one of their own. */
const typeUnits: ReadonlyMap<string, string> = new Map([
  ['temperature', 'Cel'],
  ['rel_humidity', '%RH'],
  ['atmospheric_pressure', 'hPa'],
  ['rainfall', 'mm/h'],
  ['wind_speed', 'm/s'],
  ['power', 'W'],
  ['power_consumption', 'kWh'],
  ['voltage', 'V'],
  ['current', 'A'],
  ['water_flow', 'm3/h'],
  ['water_consumption', 'm3'],
  ['resistance', 'Ohm'],
  ['concentration', 'ppm'],
  ['heat_power', 'Gcal/h'],
  ['heat_energy', 'Gcal'],
  ['pressure', 'bar'],
  ['lux', 'lx'],
  ['illuminance', 'lx'],
  ['sound_level', 'dB'],
]);

/** Units as the conventions write them, where that is nobody else's way. */
const ownUnits: ReadonlyMap<string, string> = new Map([
  ['m^3/h', 'm3/h'],
  ['m^3', 'm3'],
  ['%, RH', '%RH'],
  ['deg C', 'Cel'],
]);

const switches = new Set(['switch', 'alarm', 'wo-switch']);
const texts = new Set(['text', 'rgb']);

function valueIn(device: string, control: string, text: string, known: Control | undefined): CodecOutput {
  const sightings: CodecSighting[] = [{ device }];
  // The control was taken away, or has never been read.
  if (text === '' || text.length > maxText) return without('raw', { sightings });
  const { type, unit } = known ?? {};
  if (type === 'pushbutton') return without('event', { sightings });
  const value = typed(text, type);
  if (value === undefined)
    return failed(`The control "${control}" is of type ${type}, but its value is "${text.slice(0, 50)}".`);
  const hasUnit = unit !== undefined && typeof value !== 'boolean' && typeof value !== 'string';
  return measured([{ device, fields: [hasUnit ? { name: control, value, unit } : { name: control, value }] }], true);
}

function typed(text: string, type: string | undefined): FieldValue | undefined {
  if (type === undefined) return numberLike(text) ?? text;
  if (texts.has(type)) return text;
  if (switches.has(type)) return text === '1' ? true : text === '0' ? false : undefined;
  const value = numberIn(text);
  // Types that are not of the conventions may hold anything.
  return value ?? (typeUnits.has(type) || type === 'value' || type === 'range' || type === 'dimmer' ? undefined : text);
}

function learn(
  controls: RecentMap<string, Control>,
  device: string,
  key: string,
  meta: string,
  text: string,
): CodecOutput {
  const sightings: CodecSighting[] = [{ device }];
  if (meta === 'type' || meta === 'units') {
    const before = controls.get(key);
    const control = meta === 'type' ? controlOf(text, undefined) : { ...before, ...controlOf(undefined, text) };
    // A unit that was told by itself stays when the type comes after it.
    controls.set(key, { ...(before?.unit !== undefined && { unit: before.unit }), ...control });
    return without('discovery', { sightings, isLesson: true });
  }
  if (meta !== '') return without('discovery', { sightings });
  if (text === '') {
    controls.delete(key);
    return without('discovery', { sightings, isLesson: true });
  }
  const json = parseJson(text);
  if (!isObject(json)) return failed('A control\'s "meta" is no JSON object.');
  const type = ownText(json, 'type');
  const units = ownText(json, 'units');
  if (type === undefined && units === undefined) return without('discovery', { sightings });
  controls.set(key, controlOf(type, units));
  return without('discovery', { sightings, isLesson: true });
}

function controlOf(type: string | undefined, units: string | undefined): Control {
  const told = units === undefined ? undefined : (ownUnits.get(units.trim()) ?? unitOf(units.slice(0, 50)));
  const unit = told ?? (type === undefined ? undefined : typeUnits.get(type));
  return {
    ...(type !== undefined && type !== '' && { type: type.slice(0, 50) }),
    ...(unit !== undefined && { unit }),
  };
}

/** `r`, `w` and `p`: it could not be read, not be written, not be read in time. The value is then the last one that was good. */
function errorOf(
  errors: RecentMap<string, Map<string, string>>,
  device: string,
  control: string,
  text: string,
): CodecOutput {
  const before = errors.get(device);
  const known = before ?? new Map<string, string>();
  if (before === undefined) errors.set(device, known);
  if (text === '') known.delete(control);
  else if (known.size < maxErrors) known.set(control.slice(0, 100), text.slice(0, 50));
  const list = Array.from(known, ([name, error]) => `${name}: ${error}`).join(', ');
  return without('availability', { sightings: [{ device, attributes: [['errors', list.slice(0, 500)]] }] });
}

function ofDevice(device: string, meta: string, text: string): CodecOutput {
  if (meta === 'error') {
    const presence = text === '' || text === 'null' ? 'online' : 'offline';
    const error = presence === 'online' ? '' : text.slice(0, 200);
    return without('availability', { sightings: [{ device, presence, attributes: [['error', error]] }] });
  }
  if (meta === 'name' || meta === 'driver') {
    const value = text.slice(0, 200);
    if (value === '') return without('discovery', { sightings: [{ device }] });
    const sighting: CodecSighting =
      meta === 'name' ? { device, name: value } : { device, attributes: [['driver', value]] };
    return without('discovery', { sightings: [sighting] });
  }
  if (meta !== '') return without('discovery', { sightings: [{ device }] });
  // All that is known of the device was taken away: it is not there any more.
  if (text === '') return without('discovery', { sightings: [{ device, isGone: true }] });
  const json = parseJson(text);
  if (!isObject(json)) return failed('A device\'s "meta" is no JSON object.');
  const title = own(json, 'title');
  const name = isObject(title)
    ? (ownText(title, 'en') ?? Object.values(title).find((one) => typeof one === 'string'))
    : title;
  const driver = ownText(json, 'driver');
  const sighting: CodecSighting = {
    device,
    ...(typeof name === 'string' && name !== '' && { name: name.slice(0, 200) }),
    ...(driver !== undefined && driver !== '' && { attributes: [['driver', driver.slice(0, 200)]] }),
  };
  return without('discovery', { sightings: [sighting] });
}
