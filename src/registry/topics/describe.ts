import type { Excerpt } from '../../profiles/excerpt.ts';
import type { Binding } from '../../profiles/topics.ts';
import type { TopicRow } from './topic-row.ts';

/** What became of topics. */
export type TopicState =
  /** Nobody knows what they are: the general rules hold. */
  | 'unknown'
  /** There is a guess that is not sure enough to be followed without asking. */
  | 'suggested'
  /** A profile was sure enough of them. */
  | 'automatic'
  /** People said by which profile they are decoded. */
  | 'adopted'
  /** People want them left alone: the general rules hold, and nothing is suggested. */
  | 'ignored';

/** The topics of one template. Times are ISO 8601 in UTC. */
export interface TopicSummary {
  /** An MQTT filter that they match. */
  readonly template: string;
  readonly state: TopicState;
  /** By which profile they are decoded; null: by the general rules. */
  readonly profile: string | null;
  /** What they may be, the likeliest first; where they were adopted without asking, why. */
  readonly suggestions: readonly {
    readonly profile: string;
    readonly title: string | null;
    readonly confidence: number;
    readonly reason: string;
  }[];
  /** What people decided; null: nothing. `problem` says why it does not hold. */
  readonly decision: {
    readonly template: string;
    readonly profile: string | null;
    readonly problem: string | null;
  } | null;
  /** Since they were first seen in this run. */
  readonly messages: number;
  readonly messagesPerMinute: number;
  /** How many topics and devices there are, 200 at the most. */
  readonly topics: number;
  readonly devices: number;
  readonly examples: readonly string[];
  readonly firstSeen: string;
  readonly lastSeen: string;
  /** How a payload of the last second in which there was one begins. */
  readonly lastPayload: Excerpt & { readonly topic: string };
}

export interface TopicContext {
  readonly bindingOf: (topic: string) => Binding | undefined;
  readonly titleOf: (profile: string) => string | undefined;
  readonly excerptOf: (payload: Uint8Array, maxBytes: number) => Excerpt;
  /** How sure a guess has to be for people to look at it. */
  readonly likely: number;
}

const maxSuggestions = 3;

export function topicSummary(row: TopicRow, context: TopicContext): TopicSummary {
  const { found, count, topics, devices, examples, payload, payloadBytes, payloadTopic } = row;
  const binding = examples[0] === undefined ? undefined : context.bindingOf(examples[0]);
  const isKept = binding?.kind !== 'adopted' || context.titleOf(binding.profile) !== undefined;
  const state = stateOf(row, isKept ? binding : undefined, context.likely);
  const profile = state === 'adopted' && binding?.kind === 'adopted' ? binding.profile : found.profile;
  return {
    template: row.template,
    state,
    profile: state === 'automatic' || state === 'adopted' ? (profile ?? null) : null,
    suggestions:
      state === 'ignored' || state === 'adopted'
        ? []
        : found.suggestions.slice(0, maxSuggestions).map(({ profile: name, confidence, reason }) => ({
            profile: name,
            title: context.titleOf(name) ?? null,
            confidence,
            reason,
          })),
    decision: binding === undefined ? null : decisionOf(binding, row.template, isKept),
    messages: count,
    messagesPerMinute: Number(row.perMinute().toPrecision(3)),
    topics: topics.count,
    devices: devices.count,
    examples,
    firstSeen: iso(row.firstSeenMs),
    lastSeen: iso(row.lastSeenMs),
    // Of two thousand only a page is shown.
    get lastPayload() {
      return { ...context.excerptOf(payload, payload.length), bytes: payloadBytes, topic: payloadTopic };
    },
  };
}

function stateOf({ found }: TopicRow, binding: Binding | undefined, likely: number): TopicState {
  if (binding !== undefined) return binding.kind;
  // What people decided until now, and have taken back, is found out anew with the next message.
  if (found.isByPeople) return 'unknown';
  if (found.profile !== undefined) return 'automatic';
  return (found.suggestions[0]?.confidence ?? 0) >= likely ? 'suggested' : 'unknown';
}

function decisionOf(binding: Binding, template: string, isKept: boolean): TopicSummary['decision'] {
  const profile = binding.kind === 'adopted' ? binding.profile : null;
  const problem = isKept ? null : `There is no profile ${profile} any more: what these topics are is recognised.`;
  return { template: binding.template ?? template, profile, problem };
}

function iso(ms: number): string {
  return new Date(ms).toISOString();
}
