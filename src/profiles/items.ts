import type { Measurement, Values } from '../core/measurement.ts';
import type { CompiledMessage, CompiledProfile } from './language/compiled.ts';
import { Mapping } from './language/mapping.ts';
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

/** One of a profile's messages that a topic's message can be. */
export interface Candidate {
  readonly message: CompiledMessage;
  readonly captures: ReadonlyMap<string, string>;
  readonly mapping: Mapping;
  /** Its topic does not tell that it is this one: the payload has to. */
  readonly hasToFit: boolean;
}

export function candidateOf(
  message: CompiledMessage,
  captures: ReadonlyMap<string, string>,
  hasToFit: boolean,
): Candidate {
  return { message, captures, mapping: new Mapping(message, captures), hasToFit };
}

/**
 * Which messages of a profile can come on a topic that none of its patterns matches: those whose topics end in the same word
 * first, then measurements, first those that say what they have to hold. Availability, commands and the like are told by
 * their topics alone.
 */
export function likelyFor(topic: string, { messages }: CompiledProfile): readonly CompiledMessage[] {
  const last = topic.slice(topic.lastIndexOf('/') + 1);
  const endsAlike = ({ topics }: CompiledMessage): boolean =>
    topics.some(({ text }) => text.slice(text.lastIndexOf('/') + 1) === last);
  const isTold = ({ keys, looks }: CompiledMessage): boolean => keys.length > 0 || looks !== undefined;
  const rest = messages.filter((message) => !endsAlike(message) && message.kind === undefined);
  return [...messages.filter(endsAlike), ...rest.filter(isTold), ...rest.filter((message) => !isTold(message))];
}

/** What in a tree is a measurement by itself. */
export function itemsOf(message: CompiledMessage, tree: Tree): readonly Tree[] {
  const { each } = message;
  if (each === undefined) return [tree];
  if (isByKey(message)) return entriesOf(each, tree).map(([, item]) => item);
  const list = valueAt(tree, each);
  return Array.isArray(list) ? list : list === undefined ? [] : [list];
}

/** Under which key each of {@link itemsOf} stands; undefined where they stand under none. */
export function keysOf(message: CompiledMessage, tree: Tree): readonly string[] | undefined {
  return isByKey(message) ? entriesOf(message.each!, tree).map(([key]) => key) : undefined;
}

function isByKey({ each }: CompiledMessage): boolean {
  return each !== undefined && (each === '*' || each.endsWith('.*'));
}

/** A list under a key is several of that key. */
function entriesOf(each: string, tree: Tree): [key: string, item: Tree][] {
  const holder = each === '*' ? tree : valueAt(tree, each.slice(0, -2));
  return Object.entries(asObject(holder)).flatMap(([key, item]: [string, Tree]) =>
    Array.isArray(item) ? item.map((one: Tree): [string, Tree] => [key, one]) : [[key, item] as [string, Tree]],
  );
}

function asObject(tree: Tree): object {
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
