import type { Field, FieldValue } from '../../core/measurement.ts';
import { type Claim, type Codec, type CodecInput, type CodecOutput, failed, measured, without } from '../codec.ts';

/** How a label's text is read. @returns undefined: it is not of that form */
type Read = (text: string) => FieldValue | undefined;

interface Label {
  readonly name: string;
  readonly read: Read;
  readonly unit?: string;
}

const whole =
  (base: 10 | 16, divisor = 1): Read =>
  (text) => {
    const isRight = base === 16 ? /^[0-9A-Fa-f]{1,8}$/.test(text) : /^\d{1,9}$/.test(text);
    return isRight ? Number.parseInt(text, base) / divisor : undefined;
  };

/** Hexadecimal, a tenth of a degree; the highest bit is the sign, and the others are the value as it is. */
const temperature: Read = (text) => {
  if (!/^[0-9A-Fa-f]{1,4}$/.test(text)) return undefined;
  const value = Number.parseInt(text, 16);
  return value >= 0x8000 ? -(value - 0x8000) / 10 : value / 10;
};

/** Decimal digits; a few stations' plug-ins give hexadecimal ones. */
const humidity: Read = (text) => (/^\d{1,3}$/.test(text) ? Number(text) : whole(16)(text));

const words =
  (...list: readonly string[]): Read =>
  (text) =>
    list[Number(text)] ?? undefined;

const asText: Read = (text) => text;
const isOn: Read = (text) => (text === 'ON' ? true : text === 'OFF' ? false : text);

/** By label (rflink.nl, "RFLink Protocol Reference"). Energy and power are as Domoticz' and the other controllers read them. */
const labels: ReadonlyMap<string, Label> = new Map<string, Label>([
  ['TEMP', { name: 'temperature', read: temperature, unit: 'Cel' }],
  ['HUM', { name: 'humidity', read: humidity, unit: '%RH' }],
  ['BARO', { name: 'pressure', read: whole(16), unit: 'hPa' }],
  ['HSTATUS', { name: 'humidity_status', read: words('normal', 'comfortable', 'dry', 'wet') }],
  ['BFORECAST', { name: 'forecast', read: words('unknown', 'sunny', 'partly cloudy', 'cloudy', 'rain') }],
  ['UV', { name: 'uv', read: whole(16, 10), unit: 'UVI' }],
  ['LUX', { name: 'illuminance', read: whole(16), unit: 'lx' }],
  ['BAT', { name: 'battery_ok', read: (text) => (text === 'OK' ? true : text === 'LOW' ? false : text) }],
  ['RAIN', { name: 'rain', read: whole(16, 10), unit: 'mm' }],
  ['RAINTOT', { name: 'rain_total', read: whole(16, 10), unit: 'mm' }],
  ['RAINRATE', { name: 'rain_rate', read: whole(16, 10), unit: 'mm/h' }],
  ['WINSP', { name: 'wind_speed', read: whole(16, 10), unit: 'km/h' }],
  ['AWINSP', { name: 'wind_speed_average', read: whole(16, 10), unit: 'km/h' }],
  ['WINGS', { name: 'wind_gust', read: whole(16, 10), unit: 'km/h' }],
  ['WINDIR', { name: 'wind_direction', read: (text) => scaled(whole(10)(text), 22.5), unit: 'deg' }],
  ['WINCHL', { name: 'wind_chill', read: temperature, unit: 'Cel' }],
  ['WINTMP', { name: 'wind_temperature', read: temperature, unit: 'Cel' }],
  ['CHIME', { name: 'chime', read: whole(10) }],
  ['SMOKEALERT', { name: 'smoke', read: isOn }],
  ['PIR', { name: 'motion', read: isOn }],
  ['CO2', { name: 'co2', read: whole(10), unit: 'ppm' }],
  ['SOUND', { name: 'sound', read: whole(10), unit: 'dB' }],
  ['KWATT', { name: 'energy', read: whole(16, 1000), unit: 'kWh' }],
  ['WATT', { name: 'power', read: whole(16, 10), unit: 'W' }],
  ['CURRENT', { name: 'current', read: whole(16, 10), unit: 'A' }],
  ['CURRENT2', { name: 'current_2', read: whole(16, 10), unit: 'A' }],
  ['CURRENT3', { name: 'current_3', read: whole(16, 10), unit: 'A' }],
  ['VOLT', { name: 'voltage', read: whole(16, 10), unit: 'V' }],
  ['DIST', { name: 'distance', read: whole(16, 10), unit: 'cm' }],
  ['METER', { name: 'meter', read: whole(16, 10) }],
  ['RGBW', { name: 'rgbw', read: asText }],
  ['RGB', { name: 'rgb', read: asText }],
]);

/**
 * RFLink: what a 433 MHz receiver hears, a line each: `20;2D;UPM/Esic;ID=0001;TEMP=00cf;HUM=16;BAT=OK;`. Fields go by protocol and id,
 * as one receiver hears many devices: `UPM/Esic.0001.temperature`; a switch by its number, `NewKaku.0227305a.1`, as on or off.
 */
export function createRflinkCodec(): Codec {
  return { decode, claims: (_topic, payload) => claim(payload) };
}

function decode({ payload, limits }: CodecInput): CodecOutput {
  if (payload.length > 1000) return failed(`It has ${payload.length} bytes; a line of RFLink has some dozens.`);
  const line = Buffer.from(payload).toString('latin1').trim();
  const [node, counter = '', subject = '', ...rest] = line.split(';');
  if (node === '10' || node === '11') return without('command');
  if (node !== '20' || !/^[0-9A-Fa-f]{2}$/.test(counter) || subject === '') {
    return failed('It is no line of RFLink, which begins with 20; and two digits that count.');
  }
  const parts = rest.filter((part) => part !== '');
  const [id, ...values] = parts;
  if (id?.startsWith('ID=')) return readDevice(`${subject}.${id.slice(3)}`, values, limits.maxFields);
  if (/^(?:PONG|OK|CMD UNKNOWN|STATUS|set\w+=)/.test(subject)) return without('command');
  const gateway = /^(.*RFLink Gateway) V([\d.]+) - R(\w+)/.exec(subject);
  if (gateway) return versioned(`${gateway[2]} R${gateway[3]}`);
  const version = /^VER=([\d.]+)$/.exec(subject);
  if (version)
    return versioned(
      [version[1], ...parts.map((part) => part.replace('REV=', 'R').replace('BUILD=', 'build '))].join(' '),
    );
  return without('log');
}

function versioned(firmware: string): CodecOutput {
  return without('discovery', {
    sightings: [
      {
        attributes: [
          ['model', 'RFLink Gateway'],
          ['firmware', firmware],
        ],
      },
    ],
  });
}

function readDevice(device: string, values: readonly string[], maxFields: number): CodecOutput {
  const fields: Field[] = [];
  let unit = '';
  let isComplete = true;
  for (const value of values) {
    const equals = value.indexOf('=');
    const label = value.slice(0, equals < 0 ? undefined : equals);
    const text = equals < 0 ? '' : value.slice(equals + 1);
    if (label === 'SWITCH') unit = `.${text}`;
    else if (label === 'CMD') addCommand(fields, `${device}${unit}`, text);
    else if (label === 'SET_LEVEL') addLevel(fields, `${device}${unit}`, text);
    else {
      const known = labels.get(label);
      const read = known?.read(text);
      if (read === undefined) isComplete = false;
      else
        fields.push({
          name: `${device}.${known!.name}`,
          value: read,
          ...(known?.unit !== undefined && { unit: known.unit }),
        });
    }
  }
  if (fields.length > maxFields) return failed(`It has ${fields.length} values; at most ${maxFields} are read.`);
  return fields.length > 0 ? measured([{ fields }], isComplete) : without('event');
}

/** A switch is on or off, also when all of its receiver are; what else it may be told (`UP`, `STOP`) stays its word. */
function addCommand(fields: Field[], name: string, command: string): void {
  const level = /^SET_LEVEL=(\d{1,3})$/.exec(command);
  if (level) addLevel(fields, name, level[1]!);
  else if (command === 'ON' || command === 'ALLON') fields.push({ name, value: true });
  else if (command === 'OFF' || command === 'ALLOFF') fields.push({ name, value: false });
  else if (command !== '') fields.push({ name, value: command });
}

/** A dimmer, from 0 to 15. */
function addLevel(fields: Field[], name: string, text: string): void {
  const level = whole(10)(text);
  if (level === undefined) return;
  fields.push({ name, value: level !== 0 }, { name: `${name}.level`, value: level });
}

function scaled(value: FieldValue | undefined, factor: number): number | undefined {
  return typeof value === 'number' ? value * factor : undefined;
}

function claim(payload: Uint8Array): Claim | undefined {
  if (payload.length > 1000) return undefined;
  const line = Buffer.from(payload).toString('latin1').trim();
  if (/^20;[0-9A-F]{2};[^;=]+;ID=[0-9A-Za-z]+;.*[A-Z]+=[^;]*;$/i.test(line)) {
    return { confidence: 0.95, reason: 'it is a line of RFLink with a protocol, an id and values' };
  }
  return undefined;
}
