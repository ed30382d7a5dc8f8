import { type CodecInput, type CodecOutput, type CodecSighting, failed, measured, without } from '../../codec.ts';
import { isObject, type JsonObject, own, ownText, parseJson, textOf } from '../../json.ts';
import { flattenTree } from '../../tree.ts';
import { type Bridges, deviceName, type KnownDevice } from './bridges.ts';
import { propertiesIn } from './properties.ts';

/** A bridge with a hundred devices sends some two megabytes. */
const maxDevicesBytes = 8 * 1024 * 1024;

/** What stands behind `<base>/bridge/`, without what is answered or asked for there. */
const leaves = new Set([
  'state',
  'info',
  'devices',
  'groups',
  'event',
  'logging',
  'log',
  'definitions',
  'definition',
  'extensions',
  'converters',
  'config',
  'health',
]);

export interface BridgeTopic {
  readonly base: string;
  /** `state`, `devices`, `request`, `response` … */
  readonly leaf: string;
}

/** @returns undefined when a topic is none of a bridge's own */
export function bridgeTopicOf(topic: string): BridgeTopic | undefined {
  const at = topic.lastIndexOf('/bridge/');
  if (at <= 0) return undefined;
  const base = topic.slice(0, at);
  const rest = topic.slice(at + '/bridge/'.length);
  if (leaves.has(rest)) return { base, leaf: rest };
  const first = rest.slice(0, Math.max(0, rest.indexOf('/')));
  return first === 'request' || first === 'response' || first === 'config' ? { base, leaf: first } : undefined;
}

/** Reads what a bridge says of itself and of its devices. */
export function bridgeMessage(bridges: Bridges, { base, leaf }: BridgeTopic, input: CodecInput): CodecOutput {
  switch (leaf) {
    case 'logging':
    case 'log':
      return without('log', { sightings: [{ device: deviceName(base, 'bridge') }] });
    case 'request':
    case 'response':
      return without('command', { device: deviceName(base, 'bridge') });
  }
  if (input.payload.length > maxDevicesBytes) {
    return failed(`The bridge's message has ${input.payload.length} bytes; up to ${maxDevicesBytes} are read.`);
  }
  const text = textOf(input.payload);
  if (text === undefined) return failed("The bridge's message is no UTF-8 text.");
  const json = parseJson(text);
  const bridge: CodecSighting & { readonly device: string } = { device: deviceName(base, 'bridge') };
  switch (leaf) {
    case 'state':
      return stateOf(bridges, base, isObject(json) ? ownText(json, 'state') : text.trim());
    case 'devices':
      return devicesIn(bridges, base, text, json);
    case 'info':
      if (!isObject(json)) return failed('The bridge\'s "info" is no JSON object.');
      bridges.learn(base);
      return without('discovery', { sightings: [{ ...bridge, attributes: bridgeAttributes(json) }] });
    case 'event':
      return eventOf(base, json);
    case 'health':
      return isObject(json) ? healthOf(bridge.device, json, input) : without('raw');
    default:
      return without('discovery');
  }
}

function stateOf(bridges: Bridges, base: string, state: string | undefined): CodecOutput {
  if (state !== 'online' && state !== 'offline') return without('raw');
  bridges.learn(base);
  return without('availability', { sightings: [{ device: deviceName(base, 'bridge'), presence: state }] });
}

function devicesIn(bridges: Bridges, base: string, text: string, json: unknown): CodecOutput {
  // The retained list was taken away, as somebody does who moves the bridge.
  if (text === '') {
    const bridge = bridges.get(base);
    if (bridge !== undefined) bridge.devices = new Map();
    return without('discovery', { isLesson: true });
  }
  if (!Array.isArray(json)) return failed('The bridge\'s "devices" is no JSON array.');
  const { maxDevices, maxProperties } = bridges.limits;
  if (json.length > maxDevices) return failed(`The bridge has ${json.length} devices; up to ${maxDevices} are known.`);
  const bridge = bridges.learn(base);
  const via = deviceName(base, 'bridge');
  const devices = new Map<string, KnownDevice>();
  const sightings: CodecSighting[] = [];
  let left = maxProperties;
  for (const one of json as unknown[]) {
    if (!isObject(one)) continue;
    const ieeeAddress = ownText(one, 'ieee_address') ?? '';
    if (ownText(one, 'type') === 'Coordinator') {
      sightings.push({ device: via, attributes: [['address', ieeeAddress]] });
      continue;
    }
    const name = ownText(one, 'friendly_name') ?? ieeeAddress;
    if (name === '' || name.length > 500) continue;
    const definition = own(one, 'definition');
    const properties = propertiesIn(isObject(definition) ? own(definition, 'exposes') : undefined, left);
    left -= properties.size;
    devices.set(name, { name, ieeeAddress, properties });
    sightings.push({
      device: deviceName(base, name),
      name,
      via,
      attributes: attributesOf(one, ieeeAddress, definition),
    });
  }
  // Also the old name of a device that was given another one.
  for (const name of bridge.devices.keys()) {
    if (!devices.has(name)) sightings.push({ device: deviceName(base, name), isGone: true });
  }
  bridge.devices = devices;
  return without('discovery', { sightings, isLesson: true });
}

type Attributes = [name: string, value: string | number | boolean][];

function attributesOf(one: JsonObject, ieeeAddress: string, definition: unknown): Attributes {
  const attributes: Attributes = [];
  const add = (name: string, value: unknown) => {
    if (typeof value === 'string' && value !== '') attributes.push([name, value.slice(0, 200)]);
  };
  add('address', ieeeAddress);
  add('manufacturer', (isObject(definition) ? own(definition, 'vendor') : undefined) ?? own(one, 'manufacturer'));
  add('model', isObject(definition) ? own(definition, 'model') : undefined);
  add('description', isObject(definition) ? own(definition, 'description') : undefined);
  add('modelId', own(one, 'model_id'));
  add('firmware', own(one, 'software_build_id'));
  add('powerSource', own(one, 'power_source'));
  add('zigbeeType', own(one, 'type'));
  if (own(one, 'disabled') === true) attributes.push(['disabled', true]);
  return attributes;
}

function bridgeAttributes(info: JsonObject): Attributes {
  const attributes: Attributes = [['model', 'Zigbee2MQTT']];
  const version = ownText(info, 'version');
  if (version !== undefined) attributes.push(['firmware', version.slice(0, 200)]);
  const coordinator = own(info, 'coordinator');
  if (!isObject(coordinator)) return attributes;
  const address = ownText(coordinator, 'ieee_address');
  if (address !== undefined) attributes.push(['address', address.slice(0, 200)]);
  const type = ownText(coordinator, 'type');
  if (type !== undefined) attributes.push(['hardware', type.slice(0, 200)]);
  return attributes;
}

function eventOf(base: string, json: unknown): CodecOutput {
  const data = isObject(json) ? own(json, 'data') : undefined;
  const name = isObject(data) ? (ownText(data, 'friendly_name') ?? ownText(data, 'ieee_address')) : undefined;
  if (!isObject(json) || !isObject(data) || name === undefined || name === '') return without('discovery');
  const address = ownText(data, 'ieee_address');
  const device = deviceName(base, name);
  if (ownText(json, 'type') === 'device_leave') return without('discovery', { sightings: [{ device, isGone: true }] });
  const attributes: Attributes = address === undefined ? [] : [['address', address]];
  return without('discovery', { sightings: [{ device, name, via: deviceName(base, 'bridge'), attributes }] });
}

/** The load of the bridge's own machine; how its devices are is on their own topics, and stays in the payload. */
function healthOf(device: string, json: JsonObject, { limits }: CodecInput): CodecOutput {
  const ofMachine = Object.fromEntries(
    Object.entries(json).filter(([key]) => key !== 'devices' && key !== 'response_time'),
  );
  const { fields, isComplete, excess } = flattenTree(ofMachine, limits);
  if (excess !== undefined) return failed(excess);
  if (fields.length === 0) return without('raw');
  return measured([{ device, fields }], isComplete && Object.keys(ofMachine).length === Object.keys(json).length);
}
