import type { Values } from '../core/measurement.ts';
import type { UnixMs } from '../core/time.ts';
import type { Codec, Limits } from './codec.ts';
import { parseJson } from './json.ts';
import type { Reader } from './language/formats.ts';
import { type Tree, valueAt } from './language/tree-path.ts';
import { bytesOf } from './language/written-bytes.ts';

/** A value of a message that is a message by itself. */
export interface Nested {
  readonly path: string;
  /** How its bytes are written. */
  readonly encoding: 'base64' | 'hex';
  /** What decodes them. */
  readonly codec: string | undefined;
  /** Reads them by offsets. Neither of the two: it is JSON as text. */
  readonly read: Reader | undefined;
}

/** What a nested message was decoded with. */
export interface NestedInput {
  readonly codecOf: (name: string) => Codec | undefined;
  readonly topic: string;
  readonly captures: ReadonlyMap<string, string>;
  readonly receivedAtMs: UnixMs;
  readonly limits: Limits;
}

const noNames: ReadonlySet<string> = new Set(['__proto__']);

/** The tree with what a text in it holds unfolded in its place, unless a codec decodes it; what can't be read stays as it is. */
export function unfolded(tree: Tree, nested: Nested): Tree {
  const text = valueAt(tree, nested.path);
  if (nested.codec !== undefined || typeof text !== 'string') return tree;
  const inner = nested.read === undefined ? parseJson(text) : readBytes(text, nested.encoding, nested.read);
  return inner === undefined ? tree : replaced(tree, nested.path.split('.'), inner);
}

function readBytes(text: string, encoding: Nested['encoding'], read: Reader): Tree {
  const bytes = bytesOf(text, encoding);
  const found = bytes && read(bytes);
  return found === undefined || 'failure' in found ? undefined : found.trees[0];
}

function replaced(tree: Tree, [key = '', ...rest]: readonly string[], value: Tree): Tree {
  if (typeof tree !== 'object' || tree === null || Array.isArray(tree) || tree instanceof Map || noNames.has(key))
    return tree;
  const object = tree as Readonly<Record<string, unknown>>;
  return { ...object, [key]: rest.length === 0 ? value : replaced(object[key], rest, value) };
}

/**
 * What a nested message for a codec says, joined with what the message around it does: its first part belongs to the same
 * instant unless it tells its own.
 *
 * @returns undefined when it can't be read: the values around it are all there is, and the payload is worth keeping
 */
export function joined(around: Values, tree: Tree, nested: Nested, input: NestedInput): readonly Values[] | undefined {
  const text = valueAt(tree, nested.path);
  if (nested.codec === undefined || text === undefined || text === null || text === '') return [around];
  const codec = input.codecOf(nested.codec);
  const payload = typeof text === 'string' ? bytesOf(text, nested.encoding) : undefined;
  if (codec === undefined || payload === undefined) return undefined;
  const { topic, captures, receivedAtMs, limits } = input;
  const { kind, parts, isComplete } = codec.decode({ topic, payload, receivedAtMs, limits, captures });
  if (kind === 'failed' || !isComplete) return undefined;
  const [first, ...others] = parts;
  if (first === undefined) return [around];
  if (first.timeMs !== undefined) return around.fields.length > 0 ? [around, ...parts] : parts;
  return [{ ...around, fields: [...first.fields, ...around.fields] }, ...others];
}
