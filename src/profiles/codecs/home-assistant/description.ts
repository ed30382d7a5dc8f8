import type { CodecSighting } from '../../codec.ts';
import { isObject, parseJson } from '../../json.ts';
import { abbreviations, expanded } from './abbreviations.ts';
import { type Availability, availabilityOf } from './availability.ts';
import type { ConfigTopic } from './config-topic.ts';
import { type Reader, readersOf } from './readers.ts';

/** What one discovery message describes. */
export interface Description {
  readonly sighting: CodecSighting & { readonly device: string };
  readonly readers: readonly Reader[];
  /** Topics on which its entities are asked for something. */
  readonly commands: readonly string[];
  /** How each of its entities tells whether it is there, the same ones only once. */
  readonly availability: readonly Availability[];
  /** Names of the entities with templates beyond what is understood. */
  readonly needsMapping: readonly string[];
  /** By which it is the same entity on another topic: `<component> <unique_id>`. */
  readonly uniqueIds: readonly string[];
}

/** Entities of one message; a device has some dozens. */
const maxComponents = 1000;
const maxNameLength = 200;

/** An entity's config, its keys in full, its topics without `~`. */
export type Config = ReadonlyMap<string, unknown>;

/**
 * Reads a discovery message.
 * @returns its description; or why there is none, as a sentence; or undefined when it is of something else than Home Assistant
 */
export function describe(at: ConfigTopic, text: string): Description | string | undefined {
  const json = parseJson(text);
  if (!isObject(json)) {
    return at.isDefaultPrefix ? 'The discovery message is no JSON object, as Home Assistant expects.' : undefined;
  }
  const root = expanded(json, abbreviations.entity);
  if (!at.isDefaultPrefix && !isDiscovery(root, at)) return undefined;
  const base = root.get('~');
  const device = deviceOf(root, at);
  if (at.component !== 'device') {
    const name = textIn(root, 'name') ?? textIn(root, 'device_class') ?? at.objectId;
    const entity = { device: device.device, component: at.component, objectId: at.objectId, name: capped(name) };
    const config = withBase(root, base);
    const described = readersOf(entity, config);
    const own = hasDevice(root) ? device : { ...device, name: capped(name) };
    return summary(own, [[at.component, config]], described.readers, described.needsMapping);
  }
  const parts = root.get('components');
  if (!isObject(parts)) return 'A device\'s discovery message has no "components" ("cmps"), an object of its entities.';
  const ids = Object.keys(parts);
  if (ids.length > maxComponents) {
    return `The discovery message describes ${ids.length} entities; up to ${maxComponents} are taken.`;
  }
  const readers: Reader[] = [];
  const needsMapping: string[] = [];
  const configs: [component: string, config: Config][] = [];
  for (const id of ids) {
    const part = parts[id];
    if (!isObject(part)) return `The discovery message's component "${capped(id)}" is no object.`;
    const merged = mergedWith(root, expanded(part, abbreviations.entity));
    const component = textIn(merged, 'platform') ?? '';
    const config = withBase(merged, merged.get('~') ?? base);
    const name = textIn(config, 'name') ?? textIn(config, 'device_class') ?? id;
    const entity = { device: device.device, component, objectId: capped(id), name: capped(name) };
    const described = readersOf(entity, config);
    readers.push(...described.readers);
    needsMapping.push(...described.needsMapping);
    configs.push([component, config]);
  }
  return summary(device, configs, readers, needsMapping);
}

/** Keys of which a discovery message under a prefix of somebody's own has at least one. */
const telling = ['state_topic', 'command_topic', 'availability_topic', 'availability', 'unique_id', 'device', 'topic'];

function isDiscovery(root: Config, at: ConfigTopic): boolean {
  return at.component === 'device' ? isObject(root.get('components')) : telling.some((key) => root.has(key));
}

/** What a device's message says of all its entities. */
const shared = [
  'state_topic',
  'command_topic',
  'encoding',
  'availability',
  'availability_mode',
  'availability_topic',
  'availability_template',
  'payload_available',
  'payload_not_available',
];

function mergedWith(root: Config, part: Map<string, unknown>): Map<string, unknown> {
  for (const key of shared) if (!part.has(key) && root.has(key)) part.set(key, root.get(key));
  return part;
}

/** `~` at the beginning or the end of a topic stands for the base topic. */
function withBase(config: Map<string, unknown>, base: unknown): Config {
  if (typeof base !== 'string') return config;
  for (const [key, value] of config) {
    if (typeof value === 'string' && key.endsWith('topic')) config.set(key, baseIn(value, base));
  }
  const availability = config.get('availability');
  if (availability === undefined) return config;
  const list = Array.isArray(availability) ? availability : [availability];
  config.set(
    'availability',
    list.filter(isObject).map((one) => withBase(expanded(one, abbreviations.entity), base)),
  );
  return config;
}

function baseIn(topic: string, base: string): string {
  if (topic.startsWith('~')) return base + topic.slice(1);
  return topic.endsWith('~') ? topic.slice(0, -1) + base : topic;
}

function summary(
  sighting: Description['sighting'],
  configs: readonly [component: string, config: Config][],
  readers: readonly Reader[],
  needsMapping: readonly string[],
): Description {
  const availability = new Map<string, Availability>();
  const uniqueIds: string[] = [];
  const commands = new Set<string>();
  let expiresAfter: number | undefined;
  for (const [component, config] of configs) {
    const found = availabilityOf(config);
    if (found !== undefined) availability.set(found.key, found);
    for (const topic of commandTopicsOf(config)) commands.add(topic);
    const uniqueId = config.get('unique_id');
    if (typeof uniqueId === 'string' || typeof uniqueId === 'number') uniqueIds.push(`${component} ${uniqueId}`);
    const seconds = config.get('expire_after');
    if (typeof seconds === 'number' && seconds > 0) expiresAfter = Math.max(expiresAfter ?? 0, seconds);
  }
  const attributes = [...(sighting.attributes ?? [])];
  if (expiresAfter !== undefined) attributes.push(['expiresAfterSeconds', expiresAfter]);
  return {
    sighting: { ...sighting, attributes },
    readers,
    commands: [...commands],
    availability: [...availability.values()],
    needsMapping,
    uniqueIds,
  };
}

function* commandTopicsOf(config: Config): Iterable<string> {
  for (const [key, topic] of config) {
    if (key.endsWith('command_topic') && typeof topic === 'string' && topic !== '' && !/[+#]/.test(topic)) yield topic;
  }
}

function hasDevice(root: Config): boolean {
  return isObject(root.get('device'));
}

/** Attributes of a device, by the keys of its description. */
const attributeNames: readonly (readonly [key: string, name: string])[] = [
  ['manufacturer', 'manufacturer'],
  ['model', 'model'],
  ['model_id', 'modelId'],
  ['serial_number', 'serialNumber'],
  ['sw_version', 'firmware'],
  ['hw_version', 'hardware'],
  ['suggested_area', 'area'],
  ['configuration_url', 'configurationUrl'],
];

function deviceOf(root: Config, at: ConfigTopic): CodecSighting & { readonly device: string } {
  const fallback = at.node ?? at.objectId;
  const described = root.get('device');
  if (!isObject(described)) return { device: capped(fallback) };
  const device = expanded(described, abbreviations.device);
  const attributes: [string, string | number | boolean][] = [];
  for (const [key, name] of attributeNames) {
    const value = device.get(key);
    if (typeof value === 'string' && value !== '') attributes.push([name, capped(value)]);
    else if (typeof value === 'number') attributes.push([name, value]);
  }
  const connection = connectionOf(device.get('connections'));
  if (connection !== undefined) attributes.push(['address', capped(connection)]);
  const origin = root.get('origin');
  const originName = isObject(origin) ? textIn(expanded(origin, abbreviations.origin), 'name') : undefined;
  if (originName !== undefined) attributes.push(['origin', capped(originName)]);
  const name = textIn(device, 'name');
  const via = textIn(device, 'via_device');
  return {
    device: capped(identifierOf(device.get('identifiers')) ?? connection ?? fallback),
    ...(name !== undefined && { name: capped(name) }),
    ...(via !== undefined && { via: capped(via) }),
    attributes,
  };
}

/** The first of one or several identifiers. */
function identifierOf(value: unknown): string | undefined {
  const first: unknown = Array.isArray(value) ? value[0] : value;
  if (typeof first === 'number') return String(first);
  return typeof first === 'string' && first !== '' ? first : undefined;
}

/** The address in the first of `[["mac", "02:5b:26:a8:dc:12"]]`. */
function connectionOf(value: unknown): string | undefined {
  const first: unknown = Array.isArray(value) ? value[0] : undefined;
  const address: unknown = Array.isArray(first) ? first[1] : undefined;
  return typeof address === 'string' && address !== '' ? address : undefined;
}

function textIn(config: Config, key: string): string | undefined {
  const value = config.get(key);
  return typeof value === 'string' && value !== '' ? value : undefined;
}

function capped(text: string): string {
  return text.length > maxNameLength ? text.slice(0, maxNameLength) : text;
}
