import type { Message } from '../core/message.ts';
import type { UnixMs } from '../core/time.ts';
import { RecentMap } from '../lib/recent-map.ts';
import { type Excerpt, excerptOf } from './excerpt.ts';

/** A message that a profile could not read. */
export interface ProfileFailure {
  readonly topic: string;
  /** What was wrong with it, as a sentence. */
  readonly failure: string;
  readonly payload: Excerpt;
  readonly at: UnixMs;
}

const maxTopicShown = 300;
const maxBytesShown = 400;
/** So many messages are known by name, to tell one that comes again by another way. */
const maxRemembered = 1_000;

/** What became of the messages of one profile since the start, and what all its topics share. */
export class ProfileUse {
  /** Messages that it was given. */
  messages = 0;
  /** Of those, how many it could not read. */
  failures = 0;
  lastFailure: ProfileFailure | undefined;
  /** Names of messages that came, on whatever topic. */
  readonly once = new RecentMap<string, true>(maxRemembered);
  #copiedAtMs = Number.NEGATIVE_INFINITY;

  failed(failure: string, { topic, payload }: Message, at: UnixMs): void {
    this.failures++;
    // The newest is shown, but nobody looks a thousand times a second.
    if (Math.abs(at - this.#copiedAtMs) < 1_000) return;
    this.#copiedAtMs = at;
    this.lastFailure = {
      topic: topic.length > maxTopicShown ? `${topic.slice(0, maxTopicShown)}…` : topic,
      failure: failure.slice(0, 500),
      payload: excerptOf(payload, maxBytesShown),
      at,
    };
  }
}
