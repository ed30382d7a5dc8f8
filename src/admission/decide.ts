import type { Decoded } from '../core/decoded.ts';
import type { Measurement } from '../core/measurement.ts';
import type { Message } from '../core/message.ts';
import type { MonotonicMs } from '../core/time.ts';
import { RecentMap } from '../lib/recent-map.ts';
import { candidatesFor, meets } from './match.ts';
import type { Decision, Outcomes, Rule, Rules } from './rules.ts';
import { seriesOf } from './series.ts';
import { type Kept, sizeOfKept, thin } from './thin.ts';

/**
 * What may be remembered of topics and of records kept, each: some tens of thousands of ordinary topics or devices.
 * What is forgotten costs time (a topic) or is kept once more (a record), and nothing else. Twice as much may be held.
 */
const maxTopicBytes = 4 * 1024 * 1024;
const maxKeptBytes = 8 * 1024 * 1024;
/** What an entry takes besides its content, roughly. */
const entryBytes = 100;

/** What deciding remembers, in bounded memory. It belongs to the rules that it was first used with. */
export interface DecideState {
  /** By topic, the rules that can match. */
  readonly candidates: RecentMap<string, readonly Rule[]>;
  /** By rule, series and topic, what `thin` has to know of the last record kept. */
  readonly kept: RecentMap<string, Kept>;
}

/** Nothing remembered yet: the next record of each series is kept. */
export function newDecideState(): DecideState {
  return {
    candidates: new RecentMap(maxTopicBytes, (topic, rules) => entryBytes + topic.length + 8 * rules.length),
    kept: new RecentMap(maxKeptBytes, (key, kept) => entryBytes + key.length + sizeOfKept(kept)),
  };
}

/**
 * The first rule that matches a measurement, and what it says. Runs once for every measurement, so with no rules configured it
 * is one comparison; with rules the topic's candidates are remembered, and only what else they ask for is looked at.
 * Nothing is allocated but for what is new, and what `thin` has to remember.
 *
 * @param nowMs monotonic, so that thinning does not care about the wall clock
 * @param index which of the message's measurements
 */
export function decide(
  rules: Rules,
  state: DecideState,
  message: Message,
  decoded: Decoded,
  nowMs: MonotonicMs,
  index = 0,
): Decision {
  if (rules.configured === 0) return message.mqttQos === 0 ? rules.defaultQos0 : rules.default;
  let candidates = state.candidates.get(message.topic);
  if (candidates === undefined) {
    candidates = candidatesFor(rules, message.topic);
    state.candidates.set(message.topic, candidates);
  }
  // The last candidate matches whatever comes.
  const measurement = decoded.measurements[index]!;
  let at = 0;
  while (!meets(candidates[at]!, message, decoded, measurement)) at++;
  const rule = candidates[at]!;
  const outcomes = outcomesFor(rule, message);
  return rule.thin !== undefined && isThinned(rule, state, message.topic, measurement, nowMs)
    ? outcomes.thinned
    : outcomes.taken;
}

/** What a rule says of a message, by its MQTT QoS. */
export function outcomesFor(rule: Rule, message: Message): Outcomes {
  return message.mqttQos === 0 ? rule.qos0 : rule.others;
}

/**
 * Forgets that a record of this series and topic was kept under a rule: it could not be stored, and may come again.
 * @param series as {@link seriesOf} has it
 */
export function forgetKept({ all }: Rules, state: DecideState, name: string, topic: string, series: string): void {
  const rule = all.find((one) => one.name === name);
  if (rule?.thin !== undefined) state.kept.delete(keyOf(rule, topic, series));
}

function isThinned(rule: Rule, { kept }: DecideState, topic: string, what: Measurement, nowMs: MonotonicMs): boolean {
  const key = keyOf(rule, topic, seriesOf(what));
  const result = thin(rule.thin!, kept.get(key), what.fields, nowMs);
  if (typeof result === 'object') kept.set(key, result);
  return result === 'thinned';
}

/** The series' length keeps two pairs of series and topic from becoming one text. */
function keyOf({ index }: Rule, topic: string, series: string): string {
  return `${index}:${series.length}:${series}${topic}`;
}
