import type { Field, FieldValue } from '../core/measurement.ts';
import type { Limits } from './codec.ts';

/** What a tree of values became. */
export interface Flattened {
  readonly fields: readonly Field[];
  /** The fields say all that the tree said: there was no null, no empty branch, nothing that a field can't hold. */
  readonly isComplete: boolean;
  /** Why it is more than one message may become, as a sentence. The fields are then but a part of it, and not to be used. */
  readonly excess?: string;
}

/** A field's name stands in every record: a long key above many values would be written once for each. */
export const maxNameLength = 1000;
/** Whole numbers of any size would make names and texts of any length. */
const wholeEnd = 2n ** 256n;

interface Walk {
  readonly limits: Limits;
  readonly fields: Field[];
  isComplete: boolean;
  excess: string | undefined;
}

/**
 * The fields of a tree of plain objects, arrays and Maps, named by their path: `BME280.Temperature`, `samples.0`. A tree that is
 * but one value becomes the field `value`. Map keys that are no string, number or boolean, null, NaN and infinities, and whole
 * numbers of more than 256 bits become none, and the tree is then not complete. Bytes are copied. Linear in what may become
 * fields; what goes beyond the limits is told by `excess`.
 */
export function flattenTree(tree: unknown, limits: Limits): Flattened {
  const walk: Walk = { limits, fields: [], isComplete: true, excess: undefined };
  if (isBranch(tree)) branch(tree, '', 1, walk);
  else leaf(tree, 'value', walk);
  const { fields, isComplete, excess } = walk;
  return excess === undefined ? { fields, isComplete } : { fields, isComplete, excess };
}

function isBranch(node: unknown): node is object {
  return typeof node === 'object' && node !== null && !(node instanceof Uint8Array);
}

function branch(node: object, path: string, depth: number, walk: Walk): void {
  if (depth > walk.limits.maxDepth) {
    walk.excess = `It is nested deeper than ${walk.limits.maxDepth} levels${path === '' ? '' : `: ${shortened(path)}`}.`;
    return;
  }
  let isEmpty = true;
  if (Array.isArray(node)) {
    for (let i = 0; i < node.length && walk.excess === undefined; i++) child(node[i], String(i), path, depth, walk);
    isEmpty = node.length === 0;
  } else if (node instanceof Map) {
    for (const [key, value] of node) {
      if (walk.excess !== undefined) return;
      if (isName(key)) child(value, String(key), path, depth, walk);
      else walk.isComplete = false;
    }
    isEmpty = node.size === 0;
  } else {
    for (const key in node) {
      if (walk.excess !== undefined) return;
      child((node as { readonly [key: string]: unknown })[key], key, path, depth, walk);
      isEmpty = false;
    }
  }
  if (isEmpty) walk.isComplete = false;
}

function child(value: unknown, key: string, path: string, depth: number, walk: Walk): void {
  const name = path === '' ? key : `${path}.${key}`;
  if (name.length > maxNameLength) {
    walk.excess = `A name has more than ${maxNameLength} characters: ${shortened(name)}.`;
  } else if (isBranch(value)) branch(value, name, depth + 1, walk);
  else leaf(value, name, walk);
}

function leaf(value: unknown, name: string, walk: Walk): void {
  const held = heldValue(value);
  if (held === undefined) walk.isComplete = false;
  else if (walk.fields.length < walk.limits.maxFields) walk.fields.push({ name, value: held });
  else walk.excess = `It has more than ${walk.limits.maxFields} values.`;
}

/** What a field holds of a value; undefined when it can't. */
function heldValue(value: unknown): FieldValue | undefined {
  switch (typeof value) {
    case 'number':
      return Number.isFinite(value) ? value : undefined;
    case 'bigint':
      return isShort(value) ? value : undefined;
    case 'string':
    case 'boolean':
      return value;
    default:
      return value instanceof Uint8Array ? Uint8Array.from(value) : undefined;
  }
}

/** Keys that CBOR's maps may have, and that are names when they are written down. */
function isName(key: unknown): key is string | number | bigint | boolean {
  if (typeof key === 'bigint') return isShort(key);
  return typeof key === 'string' || typeof key === 'number' || typeof key === 'boolean';
}

function isShort(value: bigint): boolean {
  return value < wholeEnd && value > -wholeEnd;
}

function shortened(name: string): string {
  return name.length > 60 ? `${name.slice(0, 60)}…` : name;
}
