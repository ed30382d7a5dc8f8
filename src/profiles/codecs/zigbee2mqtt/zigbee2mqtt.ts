import type { Field, FieldValue } from '../../../core/measurement.ts';
import {
  type Claim,
  type Codec,
  type CodecInput,
  type CodecOutput,
  type CodecSighting,
  failed,
  measured,
  without,
} from '../../codec.ts';
import { isObject, type JsonObject, numberLike, own, ownText, parseJson, textOf } from '../../json.ts';
import { flattenTree } from '../../tree.ts';
import { bridgeMessage, bridgeTopicOf } from './bridge-messages.ts';
import { type BridgeLimits, Bridges, bridgeLimits, deviceName, type KnownDevice } from './bridges.ts';
import { commonUnit, type Property } from './properties.ts';

/**
 * Zigbee2MQTT: `<base>/<friendly name>` carries a device's state, and `<base>/bridge/devices` says what its properties mean. Devices
 * are named by their friendly name, as their topics are, also after the bridge told their addresses: a device that is renamed is
 * another one from then on, and the old one gone.
 * See https://www.zigbee2mqtt.io/guide/usage/mqtt_topics_and_messages.html.
 */
export function createZigbee2mqttCodec(limits: BridgeLimits = bridgeLimits): Codec {
  const bridges = new Bridges(limits);
  return {
    decode(input) {
      const own = bridgeTopicOf(input.topic);
      if (own !== undefined) return bridgeMessage(bridges, own, input);
      const base = bridges.baseOf(input.topic) ?? input.captures.get('base') ?? firstLevel(input.topic);
      if (!input.topic.startsWith(`${base}/`)) return without('raw');
      return deviceMessage(bridges, base, input.topic.slice(base.length + 1), input);
    },
    claims: (topic, payload) => claimOf(bridges, topic, payload),
  };
}

function firstLevel(topic: string): string {
  return topic.slice(0, Math.max(0, topic.indexOf('/')));
}

/** `kitchen/set`, `kitchen/set/brightness`, `kitchen/left/set` and the same with `get`. */
const command = /\/(?:set|get)(?:\/[^/]+)?$/;

function deviceMessage(bridges: Bridges, base: string, rest: string, input: CodecInput): CodecOutput {
  const text = textOf(input.payload);
  if (text === undefined) return without('raw');
  const known = bridges.get(base)?.devices;
  if (command.test(rest) && !known?.has(rest)) {
    return without('command', { device: deviceName(base, rest.replace(command, '')) });
  }
  const json = parseJson(text);
  if (rest.endsWith('/availability') && !known?.has(rest)) {
    const state = isObject(json) ? ownText(json, 'state') : text.trim();
    if (state !== 'online' && state !== 'offline') return without('raw');
    const device = deviceName(base, rest.slice(0, -'/availability'.length));
    return without('availability', { sightings: [{ device, presence: state }] });
  }
  if (isObject(json)) return stateOf(deviceName(base, rest), json, known?.get(rest), input);
  if (rest.endsWith('/action') && !known?.has(rest)) {
    return without('event', { sightings: [{ device: deviceName(base, rest.slice(0, -'/action'.length)) }] });
  }
  if (text !== '') return attributeOf(base, rest, text, known);
  // A retained state was taken away.
  return without('raw', known?.has(rest) ? { sightings: [{ device: deviceName(base, rest) }] } : {});
}

/** With `output: attribute` each property has a topic of its own, with a bare value. */
function attributeOf(
  base: string,
  rest: string,
  text: string,
  known: ReadonlyMap<string, KnownDevice> | undefined,
): CodecOutput {
  const at = rest.lastIndexOf('/');
  const name = rest.slice(at + 1);
  const device = known?.get(rest.slice(0, Math.max(0, at)));
  const property = device?.properties.get(name);
  if (at <= 0 || text.length > 1000 || (device === undefined && commonUnit(name) === undefined && name !== 'state')) {
    return without('raw');
  }
  const value = text === 'true' ? true : text === 'false' ? false : (numberLike(text) ?? text);
  const field = fieldOf(name, value, property);
  return measured([{ device: deviceName(base, rest.slice(0, at)), fields: [field] }], true);
}

/** What tells of an event that is in the message, not of the state. */
const isOfAction = (name: string): boolean => name === 'action' || name === 'click' || name.startsWith('action_');

function stateOf(device: string, json: JsonObject, known: KnownDevice | undefined, input: CodecInput): CodecOutput {
  const { fields: all, isComplete, excess } = flattenTree(json, input.limits);
  if (excess !== undefined) return failed(excess);
  const lastSeen = timeOf(own(json, 'last_seen'), input.receivedAtMs);
  const fields: Field[] = [];
  let isAll = isComplete;
  let isEvent = false;
  for (const { name, value } of all) {
    if (isOfAction(name)) {
      isAll = false;
      if (value !== '') isEvent = true;
    } else if (name.startsWith('device.') || name.startsWith('update.')) isAll = false;
    else if (name !== 'last_seen' || lastSeen === undefined) {
      fields.push(fieldOf(name, value, known?.properties.get(name) ?? ofItem(name, known)));
    }
  }
  const sightings = [sightingOf(device, json)];
  if (fields.length === 0) return without(isEvent ? 'event' : 'raw', { sightings });
  const time = lastSeen === undefined ? {} : { timeMs: lastSeen };
  return measured([{ device, ...time, fields }], isAll, { sightings });
}

/** `schedule.0` is read as `schedule` is. */
function ofItem(name: string, known: KnownDevice | undefined): Property | undefined {
  const at = name.lastIndexOf('.');
  return at > 0 && /^\d+$/.test(name.slice(at + 1)) ? known?.properties.get(name.slice(0, at)) : undefined;
}

function fieldOf(name: string, value: FieldValue, property: Property | undefined): Field {
  if (typeof value === 'string') {
    const { words, isWord } = property ?? {};
    if (value === (words?.on ?? (isWord ? undefined : 'ON'))) return { name, value: true };
    if (value === (words?.off ?? (isWord ? undefined : 'OFF'))) return { name, value: false };
    return { name, value };
  }
  const unit = typeof value === 'boolean' ? undefined : (property?.unit ?? commonUnit(name));
  return unit === undefined ? { name, value } : { name, value, unit };
}

function sightingOf(device: string, json: JsonObject): CodecSighting {
  const attributes: [string, string | number][] = [];
  const battery = own(json, 'battery');
  if (typeof battery === 'number') attributes.push(['battery', battery]);
  const quality = own(json, 'linkquality');
  if (typeof quality === 'number') attributes.push(['linkQuality', quality]);
  const information = own(json, 'device');
  if (isObject(information)) {
    for (const [key, name] of informationNames) {
      const value = ownText(information, key);
      if (value !== undefined) attributes.push([name, value.slice(0, 200)]);
    }
  }
  return attributes.length === 0 ? { device } : { device, attributes };
}

/** With `include_device_information` each message tells of its device. */
const informationNames: readonly (readonly [key: string, name: string])[] = [
  ['ieeeAddr', 'address'],
  ['manufacturerName', 'manufacturer'],
  ['model', 'model'],
  ['powerSource', 'powerSource'],
  ['softwareBuildID', 'firmware'],
];

const year2000 = Date.UTC(2000);
const dayMs = 86_400_000;

/** `last_seen` as ISO 8601 with its zone, or in milliseconds; none that can't be: a bridge without a clock has 1970. */
function timeOf(lastSeen: unknown, receivedAtMs: number): number | undefined {
  const ms =
    typeof lastSeen === 'string' && /^\d{4}-\d\d-\d\dT[\d:.]+(?:Z|[+-]\d\d:?\d\d)$/.test(lastSeen)
      ? Date.parse(lastSeen)
      : lastSeen;
  if (typeof ms !== 'number' || !Number.isFinite(ms) || ms < year2000 || ms > receivedAtMs + dayMs) return undefined;
  return Math.trunc(ms);
}

function claimOf(bridges: Bridges, topic: string, payload: Uint8Array): Claim | undefined {
  const base = bridges.baseOf(topic);
  const bridge = bridgeTopicOf(topic);
  if (bridge !== undefined && (base === bridge.base || isOwnMessage(bridge.leaf, payload))) {
    return { confidence: 0.97, reason: `it is a message of a Zigbee2MQTT bridge (${bridge.base}) about itself` };
  }
  if (base === undefined) return undefined;
  const start = payload.find((byte) => byte > 0x20);
  const isKnown = bridges.get(base) !== undefined;
  if (start !== 0x7b && !isKnown && !/\/(?:availability|action|set|get)(?:\/|$)/.test(topic)) return undefined;
  const why = isKnown
    ? 'there is a Zigbee2MQTT bridge with this base topic'
    : "it begins with Zigbee2MQTT's base topic";
  return { confidence: isKnown ? 0.96 : 0.93, reason: `${why}, ${base}` };
}

/** Whether a bridge whose base topic is not known yet gives itself away. */
function isOwnMessage(leaf: string, payload: Uint8Array): boolean {
  const text = payload.length > 8 * 1024 * 1024 ? undefined : textOf(payload);
  if (text === undefined) return false;
  const json = parseJson(text);
  if (leaf === 'devices') return Array.isArray(json) && isObject(json[0]) && Object.hasOwn(json[0], 'ieee_address');
  if (leaf === 'info') return isObject(json) && Object.hasOwn(json, 'coordinator') && Object.hasOwn(json, 'version');
  if (leaf === 'state' && isObject(json)) {
    const state = own(json, 'state');
    return (state === 'online' || state === 'offline') && Object.keys(json).length === 1;
  }
  if (leaf !== 'event' || !isObject(json)) return false;
  const data = own(json, 'data');
  return isObject(data) && Object.hasOwn(data, 'ieee_address');
}
