import type { Attribute } from '../../../core/device.ts';
import type { Field, FieldValue } from '../../../core/measurement.ts';
import type { Limits, Part } from '../../codec.ts';
import { isObject, type JsonObject, numberIn, numberLike, parseJson } from '../../json.ts';
import { type Flattened, flattenTree } from '../../tree.ts';
import { objectKeys } from './components.ts';
import { fieldName } from './names.ts';
import type { Reader } from './readers.ts';
import { asText } from './template.ts';

/** What the readers of a topic found in one payload. */
export interface Found {
  readonly parts: readonly Part[];
  /** The fields say all that the payload said. */
  readonly isComplete: boolean;
  /** It is an event for at least one of them. */
  readonly isEvent: boolean;
  /** What is also an attribute of a device. */
  readonly facts: ReadonlyMap<string, readonly Attribute[]>;
  /** Why it is more than one message may become. */
  readonly excess?: string;
}

/** A longer text is no state, and stays in the payload. */
const maxText = 1000;
/** What Home Assistant takes for "not known". */
const unknownWords = new Set(['', 'None', 'unknown', 'unavailable', 'null']);

export function readState(readers: readonly Reader[], value: string, limits: Limits): Found {
  const json = parseJson(value);
  const isTree = typeof json === 'object' && json !== null;
  const work: Work = {
    fields: new Map(),
    names: new Map(),
    paths: new Set(),
    facts: new Map(),
    flat: new Map(),
    parsed: new Map([[value, json]]),
    limits,
    count: 0,
    excess: undefined,
  };
  const hasState = readers.some(({ reading }) => reading !== 'attributes');
  let isEvent = false;
  let isWhole = false;
  for (const reader of readers) {
    if (work.excess !== undefined) break;
    const { template, reading } = reader;
    if (template === undefined || (reading === 'attributes' && hasState)) continue;
    if (reading === 'event') {
      isEvent = true;
      continue;
    }
    const found = template.read({ value, json });
    if (found === undefined) continue;
    if (reading === 'attributes' || reading === 'object') {
      const tree = typeof found === 'string' ? parsed(found, work) : found;
      if (isObject(tree)) {
        addTree(reader, tree, template.path, work);
        continue;
      }
    }
    const read = reading === 'attributes' ? undefined : fieldValue(reader, found);
    if (read === undefined) continue;
    add(reader.device, { name: fieldName(reader.label, reader.part), value: read, ...unit(reader) }, work);
    if (reader.fact !== undefined && typeof read === 'number') noteFact(reader, reader.fact, read, work);
    if (template.isLossless) isWhole ||= !isTree;
    if (template.isLossless && template.path !== undefined) work.paths.add(template.path.join('.'));
  }
  const parts: Part[] = [];
  for (const [device, fields] of work.fields) parts.push({ device, fields });
  const isComplete = isWhole || (isTree ? leaves(json, 0, limits.maxDepth) <= work.paths.size : work.paths.size > 0);
  return { parts, isComplete, isEvent, facts: work.facts, ...(work.excess !== undefined && { excess: work.excess }) };
}

interface Work {
  readonly fields: Map<string, Field[]>;
  readonly names: Map<string, Set<string>>;
  /** The ways to the values of which all is said, joined by dots. */
  readonly paths: Set<string>;
  readonly facts: Map<string, Attribute[]>;
  /** What a component finds in a tree: a thousand entities may look at the same one. */
  readonly flat: Map<JsonObject, Map<string, Flattened>>;
  /** What texts are as JSON, the payload's own first. */
  readonly parsed: Map<string, unknown>;
  readonly limits: Limits;
  /** Fields, of all devices. */
  count: number;
  excess: string | undefined;
}

function noteFact({ device }: Reader, name: string, value: number, { facts }: Work): void {
  const known = facts.get(device);
  if (known === undefined) facts.set(device, [[name, value]]);
  else known.push([name, value]);
}

function unit(reader: Reader): { unit?: string } {
  return reader.unit === undefined ? {} : { unit: reader.unit };
}

function add(device: string, field: Field, work: Work): void {
  const names = work.names.get(device) ?? new Set();
  // Two descriptions of one value, by the same name.
  if (names.has(field.name)) return;
  if (names.size === 0) work.names.set(device, names);
  names.add(field.name);
  const fields = work.fields.get(device);
  if (fields === undefined) work.fields.set(device, [field]);
  else fields.push(field);
  if (++work.count > work.limits.maxFields) work.excess = `It has more than ${work.limits.maxFields} values.`;
}

/** Units of what stands in objects of Home Assistant's own making. */
const units: ReadonlyMap<string, string> = new Map([
  ['battery_level', '%'],
  ['battery', '%'],
  ['position', '%'],
  ['color_temp', 'mired'],
  ['latitude', 'lat'],
  ['longitude', 'lon'],
  ['gps_accuracy', 'm'],
]);

function addTree(reader: Reader, tree: JsonObject, path: readonly string[] | undefined, work: Work): void {
  const { fields, excess } = flattened(tree, reader.reading === 'object' ? reader.component : '', work);
  if (excess !== undefined) {
    work.excess = excess;
    return;
  }
  for (const { name, value } of fields) {
    const isState = name === 'state' && reader.reading === 'object';
    const read = isState ? (fieldValue({ ...reader, reading: 'switch' }, value) ?? value) : value;
    const code = units.get(name);
    const label = isState ? reader.label : fieldName(reader.label, name);
    add(reader.device, { name: label, value: read, ...(code !== undefined && { unit: code }) }, work);
    if (path !== undefined) work.paths.add([...path, name].join('.'));
  }
}

function parsed(text: string, work: Work): unknown {
  if (!work.parsed.has(text)) work.parsed.set(text, parseJson(text));
  return work.parsed.get(text);
}

/** @param component of whose objects only some keys are wanted; empty: all are */
function flattened(tree: JsonObject, component: string, { flat, limits }: Work): Flattened {
  let byComponent = flat.get(tree);
  if (byComponent === undefined) {
    byComponent = new Map();
    flat.set(tree, byComponent);
  }
  let result = byComponent.get(component);
  if (result === undefined) {
    const known = objectKeys.get(component);
    const wanted =
      known === undefined ? tree : Object.fromEntries(Object.entries(tree).filter(([key]) => known.has(key)));
    result = flattenTree(wanted, limits);
    byComponent.set(component, result);
  }
  return result;
}

function fieldValue(reader: Reader, found: unknown): FieldValue | undefined {
  if (typeof found === 'number' || typeof found === 'bigint') return ofNumber(reader, found);
  if (typeof found === 'boolean' && reader.reading !== 'switch' && reader.reading !== 'oscillation') {
    return reader.isNumeric ? undefined : found;
  }
  const text = asText(found)?.trim();
  if (text === undefined || text.length > maxText || unknownWords.has(text)) return undefined;
  switch (reader.reading) {
    case 'switch':
    case 'oscillation':
      return switched(reader, text) ?? text;
    case 'text':
    case 'object':
      return text.startsWith('{') || text.startsWith('[') ? undefined : text;
    default:
      if (reader.isNumeric) return numberIn(text);
      return text.startsWith('{') || text.startsWith('[') ? undefined : (numberLike(text) ?? text);
  }
}

function ofNumber(reader: Reader, found: number | bigint): FieldValue {
  const { reading } = reader;
  if (reading === 'switch' || reading === 'oscillation') return switched(reader, String(found)) ?? found;
  return reading === 'text' || reading === 'object' ? String(found) : found;
}

function switched({ on, off }: Reader, text: string): boolean | undefined {
  if (text === on) return true;
  if (text === off) return false;
  // A bare `true` on the wire is Python's `True` in a description that has a boolean for its word.
  const lower = text.toLowerCase();
  if (lower === on.toLowerCase()) return true;
  return lower === off.toLowerCase() ? false : undefined;
}

/** How many values a tree has; infinitely many where it is deeper than it may be. */
function leaves(node: object, depth: number, maxDepth: number): number {
  if (depth > maxDepth) return Number.POSITIVE_INFINITY;
  let count = 0;
  for (const value of Object.values(node)) {
    count += typeof value === 'object' && value !== null ? leaves(value, depth + 1, maxDepth) : 1;
  }
  return Math.max(count, 1);
}
