import { RecentMap } from '../../../lib/recent-map.ts';
import { type Codec, type CodecOutput, type CodecSighting, failed, without } from '../../codec.ts';
import { isObject, type JsonObject, own, ownText, parseJson, textOf } from '../../json.ts';
import { deviceName, homieUnit, levelsOf, type Property, presenceIn, propertyValue } from './values.ts';

/** Bytes of descriptions that are remembered, in all. */
const maxSize = 8 * 1024 * 1024;
const maxDescriptionBytes = 1024 * 1024;
const sizeEach = 500;
/** Devices of one tree that are looked at when its root is lost. */
const maxTree = 1000;

interface Device {
  /** By `node/property`. */
  readonly properties: ReadonlyMap<string, Property>;
  readonly root: string | undefined;
  readonly bytes: number;
  state: string | undefined;
  /** Ids of the devices behind it. */
  readonly children: readonly string[];
}

/**
 * Homie 5: a device describes itself in one JSON document, `homie/5/<device>/$description`. Fields are called `<node>/<property>`.
 * While a root device is lost, all devices of its tree are. See https://homieiot.github.io/specification/.
 */
export function createHomie5Codec(): Codec {
  const devices = new RecentMap<string, Device>(maxSize, (id, { bytes }) => id.length + bytes + sizeEach);
  return {
    decode({ topic, payload, limits }) {
      const [base = '', version, id = '', node = '', property = '', last, ...rest] = levelsOf(topic);
      if (version !== '5' || id === '' || node === '') return without('raw');
      if (id === '$broadcast') return without('command');
      const device = deviceName(base, id);
      if (payload.length > maxDescriptionBytes) {
        return failed(`The message has ${payload.length} bytes; up to ${maxDescriptionBytes} are read.`);
      }
      const text = textOf(payload);
      if (text === undefined) return failed('The message is no UTF-8 text.');
      switch (node) {
        case '$state':
          return stateOf(devices, base, id, text);
        case '$description':
          return describe(devices, base, id, text);
        case '$log':
          return without('log', { sightings: [{ device }] });
        case '$alert':
          return without('event', { sightings: [{ device }] });
      }
      if (node.startsWith('$')) return without('discovery', { sightings: [{ device }] });
      if (property === '' || rest.length > 0) return without('raw');
      // What is asked for, and what the device is on its way to, is not what it is.
      if (last === 'set' || last === '$target') return without('command', { device });
      if (last !== undefined || property.startsWith('$')) return without('discovery', { sightings: [{ device }] });
      const name = `${node}/${property}`;
      return propertyValue(device, name, text, devices.get(`${base}/${id}`)?.properties.get(name), limits);
    },
    claims(topic) {
      const [base, version, id, node, property] = levelsOf(topic);
      if (version !== '5' || id === undefined || node === undefined) return undefined;
      if (base === 'homie' && (node.startsWith('$') || id === '$broadcast' || property !== undefined)) {
        return { confidence: 0.97, reason: 'its topic is one of the Homie convention, version 5' };
      }
      if (node !== '$description' && devices.get(`${base}/${id}`) === undefined) return undefined;
      return { confidence: 0.92, reason: 'its device describes itself as Homie 5 does' };
    },
  };
}

type Devices = RecentMap<string, Device>;

const nothing: ReadonlyMap<string, Property> = new Map();

function deviceIn(devices: Devices, key: string): Device {
  let device = devices.get(key);
  if (device === undefined) {
    device = { properties: nothing, root: undefined, bytes: 0, state: undefined, children: [] };
    devices.set(key, device);
  }
  return device;
}

function stateOf(devices: Devices, base: string, id: string, text: string): CodecOutput {
  const key = `${base}/${id}`;
  if (text === '') {
    devices.delete(key);
    return without('availability', { sightings: [{ device: deviceName(base, id), isGone: true }], isLesson: true });
  }
  const device = deviceIn(devices, key);
  const before = device.state;
  device.state = text.slice(0, 50);
  const sightings = [sightingOf(devices, base, id, device)];
  // Only the root's last will says that all of them are lost, and only its return that they are not.
  if ((before === 'lost') !== (device.state === 'lost')) {
    for (const [child, known] of treeOf(devices, base, device)) {
      if (known.root === id) sightings.push(sightingOf(devices, base, child, known));
    }
  }
  // A device of a tree has to be known as lost, or not, by a state that was said before a restart.
  return without('availability', { sightings, isLesson: device.children.length > 0 || device.root !== undefined });
}

/** The devices behind one, and those behind them. */
function treeOf(devices: Devices, base: string, { children }: Device): Map<string, Device> {
  const found = new Map<string, Device>();
  const left = [...children];
  for (let id = left.pop(); id !== undefined && found.size < maxTree; id = left.pop()) {
    const device = found.has(id) ? undefined : devices.get(`${base}/${id}`);
    if (device === undefined) continue;
    found.set(id, device);
    if (left.length < maxTree) left.push(...device.children);
  }
  return found;
}

function sightingOf(devices: Devices, base: string, id: string, device: Device): CodecSighting {
  const isLost = device.root !== undefined && devices.get(`${base}/${device.root}`)?.state === 'lost';
  const state = isLost ? 'lost' : device.state;
  const presence = state === undefined ? undefined : presenceIn(state);
  return {
    device: deviceName(base, id),
    ...(presence && { presence }),
    attributes: state === undefined ? [] : [['state', state]],
  };
}

function describe(devices: Devices, base: string, id: string, text: string): CodecOutput {
  const key = `${base}/${id}`;
  const before = devices.get(key);
  const device = deviceName(base, id);
  if (text === '') {
    if (before !== undefined) devices.set(key, { ...before, properties: nothing, children: [], bytes: 0 });
    return without('discovery', { sightings: [{ device }], isLesson: true });
  }
  const json = parseJson(text);
  if (!isObject(json)) return failed('The device\'s "$description" is no JSON object.');
  const root = ownText(json, 'root');
  const parent = ownText(json, 'parent') ?? root;
  devices.set(key, {
    properties: propertiesIn(json),
    root,
    // Objects take more than the text that they were read from.
    bytes: text.length * 2,
    state: before?.state,
    children: childrenIn(json),
  });
  const name = ownText(json, 'name');
  const attributes: [string, string][] = [];
  for (const [from, to] of [
    ['homie', 'homieVersion'],
    ['type', 'model'],
  ] as const) {
    const value = ownText(json, from);
    if (value !== undefined && value !== '') attributes.push([to, value.slice(0, 200)]);
  }
  const sighting: CodecSighting = {
    device,
    ...(name !== undefined && name !== '' && { name: name.slice(0, 200) }),
    ...(parent !== undefined && parent !== '' && { via: deviceName(base, parent.slice(0, 200)) }),
    attributes,
  };
  return without('discovery', { sightings: [sighting], isLesson: true });
}

function childrenIn(description: JsonObject): string[] {
  const children = own(description, 'children');
  if (!Array.isArray(children)) return [];
  return children.filter((id): id is string => typeof id === 'string').slice(0, maxTree);
}

function propertiesIn(description: JsonObject): Map<string, Property> {
  const properties = new Map<string, Property>();
  const nodes = own(description, 'nodes');
  if (!isObject(nodes)) return properties;
  for (const [nodeId, node] of Object.entries(nodes)) {
    const list = isObject(node) ? own(node, 'properties') : undefined;
    if (!isObject(list)) continue;
    for (const [id, one] of Object.entries(list)) {
      if (isObject(one)) properties.set(`${nodeId}/${id}`, propertyOf(one));
    }
  }
  return properties;
}

function propertyOf(one: JsonObject): Property {
  const datatype = ownText(one, 'datatype');
  const unit = homieUnit(ownText(one, 'unit') ?? '');
  return {
    ...(datatype !== undefined && { datatype: datatype.slice(0, 50) }),
    ...(unit !== undefined && { unit }),
    ...(own(one, 'retained') === false && { isRetained: false }),
  };
}
