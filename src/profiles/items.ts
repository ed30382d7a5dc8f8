import type { Measurement, Values } from '../core/measurement.ts';
import type { CompiledMessage } from './language/compiled.ts';
import { type Tree, valueAt } from './language/tree-path.ts';

const noCaptures: ReadonlyMap<string, string> = new Map();

/** What the first pattern that a topic matches captures; a message without topics takes any. */
export function capturesOf({ topics }: CompiledMessage, topic: string): ReadonlyMap<string, string> | undefined {
  if (topics.length === 0) return noCaptures;
  for (const pattern of topics) {
    const captures = pattern.match(topic);
    if (captures !== undefined) return captures;
  }
  return undefined;
}

/** What in a tree is a measurement by itself. */
export function itemsOf({ each }: CompiledMessage, tree: Tree): readonly Tree[] {
  if (each === undefined) return [tree];
  const list = valueAt(tree, each);
  return Array.isArray(list) ? list : list === undefined ? [] : [list];
}

export function asObject(tree: Tree): object {
  return typeof tree === 'object' && tree !== null && !Array.isArray(tree) ? tree : {};
}

/** A measurement of a device; written out because it is made for every message. */
export function withDevice(deviceId: string, { timeMs, timeNanos, fields, tags }: Values): Measurement {
  if (timeMs === undefined) return tags === undefined ? { deviceId, fields } : { deviceId, fields, tags };
  return {
    deviceId,
    timeMs,
    ...(timeNanos !== undefined && { timeNanos }),
    fields,
    ...(tags !== undefined && { tags }),
  };
}
