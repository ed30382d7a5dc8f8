import { RecentMap } from '../lib/recent-map.ts';
import type { Route } from './route.ts';
import type { TopicMeter } from './topics.ts';

/** By topics' length: so many of usual length, fewer where they are very long. */
const maxRoutes = 10_000;
const charsEach = 256;

/** What is known of one topic. */
export interface Known {
  /** Undefined: the general rules hold. */
  readonly route: Route | undefined;
  readonly meter: TopicMeter | undefined;
  /** Without a route: its messages, and after how many of them it is looked at again, doubled each time. */
  seen: number;
  readonly lookAgainAt: number;
  /** How much had been learnt when it was looked at. */
  learnt: number;
  /** It was not told by its topic, so what is learnt may tell otherwise. */
  readonly isByLook: boolean;
}

/** What is known of topics, as far as they were heard of lately. */
export function knownTopics(): RecentMap<string, Known> {
  return new RecentMap(maxRoutes, (topic) => 1 + Math.floor(topic.length / charsEach));
}
