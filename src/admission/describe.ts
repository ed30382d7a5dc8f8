import { isDeepStrictEqual } from 'node:util';
import type { Handling } from '../core/handling.ts';
import { formatBytes } from '../core/units.ts';
import type { MatchOptions } from './options.ts';
import type { Rule, Rules, Thin } from './rules.ts';

/** How a rule's records are handled, everything said. */
export interface HandlingDescription {
  /** Of which of the rule's messages: all, those of MQTT QoS 0, or the others. */
  readonly of: 'all' | 'mqtt-qos-0' | 'others';
  readonly priority: Handling['priority'];
  readonly durability: Handling['durability'];
  /** Milliseconds; null: for ever. */
  readonly ttlMs: number | null;
  readonly whenFull: Handling['whenFull'];
  /** Null: as much as the buffer has. */
  readonly maxBytes: number | null;
}

/** One rule as it holds, defaults included. Plain JSON. */
export interface RuleDescription {
  readonly name: string;
  /** Whether it is one of the two that are always there. */
  readonly isBuiltIn: boolean;
  readonly match: MatchOptions;
  /** `match` in words: `topic alarm/#, MQTT QoS 1`, or `every message`. */
  readonly matches: string;
  /** One, or two where priority or durability are left open and so depend on the MQTT QoS. */
  readonly handlings: readonly HandlingDescription[];
  readonly thin: Thin | null;
  /** `thin` in words; null when nothing is left out. */
  readonly thins: string | null;
  readonly forward: boolean;
  /** The rule before it that takes all that it could match, so that it never holds; null: there is none. */
  readonly hiddenBy: string | null;
}

/** Every rule in order, with all that it means; the built-in ones are the last. */
export function describeRules({ all }: Rules): RuleDescription[] {
  return all.map((rule) => ({
    name: rule.name,
    isBuiltIn: rule.isBuiltIn,
    match: rule.match,
    matches: matchText(rule.match),
    handlings: handlingsOf(rule),
    thin: rule.thin ?? null,
    thins: rule.thin === undefined ? null : thinText(rule.thin),
    forward: rule.forward,
    hiddenBy: all.slice(0, rule.index).find((before) => takesAllOf(before, rule))?.name ?? null,
  }));
}

/** A handling with nothing left to know. */
export function describeHandling(handling: Handling, of: HandlingDescription['of'] = 'all'): HandlingDescription {
  const { priority, durability, whenFull, ttlMs = null, maxBytes = null } = handling;
  return { of, priority, durability, ttlMs, whenFull, maxBytes };
}

function handlingsOf({ match, qos0, others }: Rule): HandlingDescription[] {
  if (qos0 === others || match.mqttQos !== undefined)
    return [describeHandling((match.mqttQos === 0 ? qos0 : others).taken.handling)];
  return [describeHandling(qos0.taken.handling, 'mqtt-qos-0'), describeHandling(others.taken.handling, 'others')];
}

/** Each condition of the one before is also one of the other's. Filters that merely overlap are not compared. */
function takesAllOf(before: Rule, rule: Rule): boolean {
  return Object.entries(before.match).every(([key, value]) =>
    isDeepStrictEqual(rule.match[key as keyof MatchOptions], value),
  );
}

function matchText({ topic, source, device, profile, kind, field, mqttQos }: MatchOptions): string {
  const conditions = [
    topic !== undefined && `topic ${topic}`,
    source !== undefined && `source ${source}`,
    device !== undefined && `device ${device}`,
    profile !== undefined && `profile ${profile}`,
    kind !== undefined && `kind ${kind}`,
    field !== undefined && `field ${field}`,
    mqttQos !== undefined && `MQTT QoS ${mqttQos}`,
  ].filter((text) => text !== false);
  return conditions.length === 0 ? 'every message' : conditions.join(', ');
}

/** What `thin` does, in words. */
export function thinText(thin: Thin): string {
  switch (thin.kind) {
    case 'every':
      return `keeps the first record in each ${durationText(thin.everyMs)}, by device, topic and tags`;
    case 'deadband':
      return `keeps a record when ${thin.bands.map(([field, band]) => `${field} has moved by ${band}`).join(' or ')}`;
    case 'onChange':
      return 'keeps a record when a field has changed';
  }
}

/** What a handling means, in words: `bulk, relaxed, dropOldest, for 30 d, up to 200.0 MB`. */
export function handlingText({ priority, durability, whenFull, ttlMs, maxBytes }: HandlingDescription): string {
  const parts = [
    priority,
    durability,
    whenFull,
    ttlMs !== null && `for ${durationText(ttlMs)}`,
    maxBytes !== null && `up to ${formatBytes(maxBytes)}`,
  ];
  return parts.filter((part) => part !== false).join(', ');
}

/** A duration to the millisecond, in the largest unit that says it with a whole number: `90 s`, `1500 ms`. */
function durationText(ms: number): string {
  const units = { d: 86_400_000, h: 3_600_000, min: 60_000, s: 1_000 };
  const [unit, size] = Object.entries(units).find(([, one]) => ms >= one && ms % one === 0) ?? ['ms', 1];
  return `${ms / size} ${unit}`;
}
