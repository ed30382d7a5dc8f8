import type { Decoded } from '../core/decoded.ts';
import type { Message } from '../core/message.ts';
import type { UnixMs } from '../core/time.ts';
import type { Suggestion } from './recognise.ts';

/** What people decided for topics. */
export type Binding =
  /** Their messages are decoded by this profile. */
  | {
      readonly kind: 'adopted';
      readonly profile: string;
      /** What they decided it for: a topic, or an MQTT filter; absent: this topic. */
      readonly template?: string;
      /** How they named a topic's device within the profile's family; absent: as the profile does. */
      readonly deviceOf?: (topic: string) => string | undefined;
    }
  /** Their messages are decoded by the general rules, whatever they look like. */
  | { readonly kind: 'ignored'; readonly template?: string };

/** What the decoder found a topic to be. */
export interface TopicFinding {
  /** A filter that the topic and those like it match; undefined: nothing is known of the like. */
  readonly template: string | undefined;
  /** By which profile it is decoded; undefined: by the general rules. */
  readonly profile: string | undefined;
  /** People decided it. */
  readonly isByPeople: boolean;
  /** What it may be, the likeliest first. */
  readonly suggestions: readonly Suggestion[];
}

/** Keeps count of the messages of topics. */
export interface TopicMeter {
  /** Called for each message, so it has to be quick; what is kept of the payload is copied. */
  heard(message: Message, decoded: Decoded, receivedAtMs: UnixMs): void;
}

export interface Topics {
  /** The meter of a topic that was looked at. @param before the one that it had until now */
  meterOf(topic: string, found: TopicFinding, before: TopicMeter | undefined): TopicMeter;
}
