import { RecentMap } from '../../../lib/recent-map.ts';
import { type Claim, type Codec, type CodecOutput, type CodecSighting, measured, without } from '../../codec.ts';
import { numberLike, textOf } from '../../json.ts';
import { deviceName, homieUnit, levelsOf, type Property, presenceIn, propertyValue } from './values.ts';

/** Characters of names and units that are remembered of properties, in all. */
const maxSize = 2 * 1024 * 1024;
/** What a property counts for beside its name. */
const sizeEach = 100;
const maxOthers = 5000;

/**
 * Homie 3 and 4, and what is left of 2: each attribute of a device, a node and a property is a retained message of its own,
 * `homie/<device>/<node>/<property>/$unit`. Fields are called `<node>/<property>`. What a property is, is remembered for those
 * that were heard last. See https://homieiot.github.io/specification/spec-core-v4_0_0/.
 */
export function createHomie4Codec(): Codec {
  const properties = new RecentMap<string, Property>(maxSize, (key) => key.length + sizeEach);
  // Devices under base topics of somebody's own.
  const others = new RecentMap<string, true>(maxOthers);
  return {
    decode({ topic, payload, limits }) {
      const [base = '', id = '', node = '', property = '', last = '', ...rest] = levelsOf(topic);
      const text = textOf(payload);
      if (text === undefined || id === '' || node === '') return without('raw');
      if (id === '$broadcast') return without('command');
      const device = deviceName(base, id);
      if (node === '$homie' && base !== 'homie') {
        others.set(`${base}/${id}`, true);
        return { ...ofDevice(device, node, text), isLesson: true };
      }
      if (node.startsWith('$'))
        return ofDevice(device, [node, property, last, ...rest].filter(Boolean).join('/'), text);
      if (property.startsWith('$')) return without('discovery', { sightings: [{ device }] });
      if (property === '' || rest.length > 0) return without('raw');
      const key = `${base}/${id}/${node}/${property}`;
      if (last === 'set') return without('command', { device });
      if (last.startsWith('$')) return learn(properties, device, key, last, text);
      if (last !== '') return without('raw');
      return propertyValue(device, `${node}/${property}`, text, known(properties, base, id, node, property), limits);
    },
    claims: (topic, payload) => claimOf(topic, payload, others),
  };
}

/** A node's array has its properties described once: `lights/intensity/$unit` is also that of `lights_0/intensity`. */
function known(properties: RecentMap<string, Property>, base: string, id: string, node: string, property: string) {
  const own = properties.get(`${base}/${id}/${node}/${property}`);
  if (own !== undefined || !/_\d+$/.test(node)) return own;
  return properties.get(`${base}/${id}/${node.replace(/_\d+$/, '')}/${property}`);
}

function learn(
  properties: RecentMap<string, Property>,
  device: string,
  key: string,
  attribute: string,
  text: string,
): CodecOutput {
  const { datatype, unit, isRetained, ...rest } = properties.get(key) ?? {};
  const before = { datatype, unit, isRetained };
  switch (attribute) {
    case '$datatype':
      before.datatype = text === '' ? undefined : text.slice(0, 50);
      break;
    case '$unit':
      before.unit = homieUnit(text);
      break;
    case '$retained':
      before.isRetained = text === '' ? undefined : text !== 'false';
      break;
    default:
      return without('discovery', { sightings: [{ device }] });
  }
  properties.set(key, {
    ...rest,
    ...(before.datatype !== undefined && { datatype: before.datatype }),
    ...(before.unit !== undefined && { unit: before.unit }),
    ...(before.isRetained !== undefined && { isRetained: before.isRetained }),
  });
  return without('discovery', { sightings: [{ device }], isLesson: true });
}

/** Statistics that are values, and their units. */
const statistics: ReadonlyMap<string, string | undefined> = new Map([
  ['uptime', 's'],
  ['signal', '%'],
  ['cputemp', 'Cel'],
  ['cpuload', '%'],
  ['battery', '%'],
  ['freeheap', 'B'],
  ['supply', 'V'],
]);

/** A device's attributes that are attributes here. */
const attributeNames: ReadonlyMap<string, string> = new Map([
  ['$localip', 'address'],
  ['$mac', 'mac'],
  ['$fw/name', 'firmwareName'],
  ['$fw/version', 'firmware'],
  ['$implementation', 'implementation'],
  ['$homie', 'homieVersion'],
]);

function ofDevice(device: string, attribute: string, text: string): CodecOutput {
  const value = text.trim().slice(0, 200);
  if (attribute === '$state' || attribute === '$online') {
    // Its topics are taken away one by one when a device is taken out of service.
    if (value === '') return without('availability', { sightings: [{ device, isGone: true }] });
    const presence = presenceIn(attribute === '$state' ? value : value === 'true' ? 'ready' : 'lost');
    const attributes: CodecSighting['attributes'] = attribute === '$state' ? [['state', value]] : [];
    return without('availability', { sightings: [{ device, ...(presence && { presence }), attributes }] });
  }
  if (attribute.startsWith('$stats/')) return statisticOf(device, attribute, value);
  const name = attributeNames.get(attribute);
  if (name !== undefined && value !== '') {
    return without('discovery', { sightings: [{ device, attributes: [[name, value]] }] });
  }
  return without('discovery', {
    sightings: [attribute === '$name' && value !== '' ? { device, name: value } : { device }],
  });
}

function statisticOf(device: string, attribute: string, text: string): CodecOutput {
  const what = attribute.slice('$stats/'.length);
  const value = numberLike(text);
  if (!statistics.has(what) || value === undefined) return without('discovery', { sightings: [{ device }] });
  const unit = statistics.get(what);
  const name = what === 'battery' || what === 'signal' ? what : undefined;
  const sightings: CodecSighting[] = name === undefined ? [] : [{ device, attributes: [[name, Number(value)]] }];
  return measured([{ device, fields: [{ name: attribute, value, ...(unit && { unit }) }] }], true, { sightings });
}

/** Attributes by which a device gives itself away, whatever its base topic. */
const telling =
  /^\/?[^/]+\/[^/$]+\/(?:\$(?:homie|nodes|implementation|fw\/name|stats\/uptime)|[^/$]+\/\$properties|[^/$]+\/[^/$]+\/\$datatype)$/;

function claimOf(topic: string, payload: Uint8Array, others: RecentMap<string, true>): Claim | undefined {
  const [base, id, node, property, ...rest] = levelsOf(topic);
  if (id === '5' || rest.length > 1) return undefined;
  if (base !== 'homie') {
    if (node === '$homie' && property === undefined && /^[234]\.\d/.test(textOf(payload.subarray(0, 20)) ?? '')) {
      return { confidence: 0.95, reason: 'its device says that it is one of the Homie convention' };
    }
    if (node !== undefined && others.get(`${base}/${id}`) !== undefined) {
      return { confidence: 0.92, reason: 'its device said that it is one of the Homie convention' };
    }
    if (!telling.test(topic) || payload.length > 1000) return undefined;
    return { confidence: 0.85, reason: 'it has an attribute that devices of the Homie convention have' };
  }
  if (id === undefined || node === undefined || (property === undefined && !node.startsWith('$'))) return undefined;
  return { confidence: 0.95, reason: 'its topic is one of the Homie convention, version 3 or 4' };
}
