import type { Handling } from '../core/handling.ts';
import type { MatchOptions, RuleOptions, ThinOptions } from './options.ts';

/** What the QoS step says of one measurement. The objects are made once: the same decision is the same object. */
export interface Decision {
  readonly handling: Handling;
  /**
   * `keep`: it is stored and goes to the collector. `thinned`: its rule's `thin` leaves it out. `not-forwarded`: its rule
   * keeps it from the collector. Local readers see all three.
   */
  readonly verdict: 'keep' | 'thinned' | 'not-forwarded';
}

/** How a rule leaves records out. */
export type Thin =
  /** The first in each `everyMs` of monotonic time is kept. */
  | { readonly kind: 'every'; readonly everyMs: number }
  /** One is kept when a field has moved by its band since the last one kept. */
  | { readonly kind: 'deadband'; readonly bands: readonly (readonly [field: string, band: number])[] }
  /** One is kept when any field differs from the last one kept. */
  | { readonly kind: 'onChange' };

/** The decisions of a rule for one kind of message. */
export interface Outcomes {
  readonly taken: Decision;
  readonly thinned: Decision;
}

/** A rule, made ready to be asked for every message. */
export interface Rule {
  readonly name: string;
  /** Whether it is one of the two that are always there, behind those that are configured. */
  readonly isBuiltIn: boolean;
  /** Its place, from 0: the first rule that matches holds. */
  readonly index: number;
  readonly match: MatchOptions;
  /** Nothing but the topic decides whether it matches. */
  readonly isByTopicOnly: boolean;
  /** Absent when nothing is left out, or nothing would be forwarded anyway. */
  readonly thin?: Thin;
  readonly forward: boolean;
  /**
   * A rule that leaves priority or durability open takes what holds without a rule, which depends on the MQTT QoS. It is
   * then two handlings under one name; otherwise both are the same object.
   */
  readonly qos0: Outcomes;
  readonly others: Outcomes;
}

/** All rules in order. The last one matches everything. */
export interface Rules {
  readonly all: readonly Rule[];
  /** How many of them are configured; the two built-in ones come behind them. */
  readonly configured: number;
  /** Whether any of them thins, and so asks for the time. */
  readonly needsTime: boolean;
  /** The built-in decisions, for when nothing is configured. */
  readonly defaultQos0: Decision;
  readonly default: Decision;
}

/** What holds for messages that no configured rule matches. */
const builtIn: readonly RuleOptions[] = [
  // MQTT QoS 0 asks for no acknowledgement, so its publisher need not wait for a disk.
  {
    name: 'default-qos0',
    match: { mqttQos: 0 },
    priority: 'bulk',
    durability: 'relaxed',
    whenFull: 'dropOldest',
    forward: true,
  },
  // Everything else is acknowledged, so it is made durable first.
  { name: 'default', priority: 'normal', durability: 'local', whenFull: 'dropOldest', forward: true },
];

/**
 * Makes rules ready for use. They must be free of {@link contradictions}.
 *
 * @param previous the rules until now: handlings that stay what they were stay the same objects
 */
export function compileRules(options: readonly RuleOptions[], previous?: Rules): Rules {
  const until = previous?.all.flatMap(({ qos0, others }) => [qos0.taken.handling, others.taken.handling]) ?? [];
  const reusable = new Map(until.map((handling) => [JSON.stringify(handling), handling]));
  const reuse = (handling: Handling) => reusable.get(JSON.stringify(handling)) ?? Object.freeze(handling);
  const all = [...options, ...builtIn].map((rule, index) => compile(rule, index, index >= options.length, reuse));
  return {
    all,
    configured: options.length,
    needsTime: all.some(({ thin }) => thin !== undefined),
    defaultQos0: all[options.length]!.qos0.taken,
    default: all[options.length + 1]!.others.taken,
  };
}

function compile(
  options: RuleOptions,
  index: number,
  isBuiltIn: boolean,
  reuse: (handling: Handling) => Handling,
): Rule {
  const { name, match = {}, forward, thin } = options;
  const others = outcomesOf(reuse(handlingOf(options, { priority: 'normal', durability: 'local' })), forward);
  const isOne = options.priority !== undefined && options.durability !== undefined;
  return {
    name,
    isBuiltIn,
    index,
    match,
    isByTopicOnly: Object.keys(match).every((key) => key === 'topic'),
    ...(thin === undefined || !forward ? {} : { thin: thinOf(thin) }),
    forward,
    qos0: isOne ? others : outcomesOf(reuse(handlingOf(options, { priority: 'bulk', durability: 'relaxed' })), forward),
    others,
  };
}

function handlingOf(rule: RuleOptions, open: Pick<Handling, 'priority' | 'durability'>): Handling {
  const { name, priority = open.priority, durability = open.durability, ttl, maxBytes } = rule;
  const whenFull = rule.whenFull ?? (priority === 'critical' ? 'block' : 'dropOldest');
  return {
    rule: name,
    priority,
    durability,
    ...(ttl === undefined ? {} : { ttlMs: ttl }),
    whenFull,
    ...(maxBytes === undefined ? {} : { maxBytes }),
  };
}

function outcomesOf(handling: Handling, forward: boolean): Outcomes {
  return {
    taken: Object.freeze({ handling, verdict: forward ? 'keep' : 'not-forwarded' }),
    thinned: Object.freeze({ handling, verdict: 'thinned' }),
  };
}

function thinOf({ every, deadband }: ThinOptions): Thin {
  if (every !== undefined) return { kind: 'every', everyMs: every };
  if (deadband !== undefined) return { kind: 'deadband', bands: Object.entries(deadband) };
  return { kind: 'onChange' };
}
