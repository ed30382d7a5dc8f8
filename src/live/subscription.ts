import type { LiveSink, LiveStart, LiveSubscription } from '../core/live.ts';
import type { MonotonicMs } from '../core/time.ts';
import type { Audience } from './audience.ts';
import type { Place } from './read.ts';

export type SubscriptionState =
  /** It has all that its audience was given, and gets what that gets. */
  | 'following'
  /** It gets what comes next from what is kept. */
  | 'behind'
  /** Its sink takes nothing at the moment. */
  | 'full'
  | 'closed';

/** What a subscription asks of the hub. */
export interface SubscriptionHome {
  readonly newest: number;
  cursor(number: number): string;
  resumed(subscription: Subscription): void;
  closed(subscription: Subscription): void;
}

/** One reader of the feed. */
export class Subscription implements LiveSubscription {
  readonly #home: SubscriptionHome;
  readonly audience: Audience;
  readonly sink: LiveSink;
  readonly start: LiveStart;
  /** How far it has come, when it does not follow. */
  place: Place;
  state: SubscriptionState;
  /** Everything up to this number was handed to its sink. */
  given: number;
  /** It follows, and its audience's last batch has not been given to it yet. */
  isOwed = false;
  /** When its sink stopped taking. */
  fullSinceMs: MonotonicMs = 0;
  /** For how long its sink took nothing, all pauses together but the one that lasts, since it last had everything. */
  waitedMs = 0;

  constructor(home: SubscriptionHome, audience: Audience, sink: LiveSink, start: LiveStart, place: Place) {
    this.#home = home;
    this.audience = audience;
    this.sink = sink;
    this.start = start;
    this.place = place;
    this.given = place.at;
    this.state = audience.isAt(place) && audience.open?.length === 0 ? 'following' : 'behind';
  }

  get isFollowing(): boolean {
    return this.state === 'following';
  }

  get isClosed(): boolean {
    return this.state === 'closed';
  }

  get cursor(): string {
    const hasAll = this.state === 'following' && !this.isOwed && this.audience.open?.length === 0;
    return this.#home.cursor(hasAll ? this.#home.newest : this.given);
  }

  resume(): void {
    if (this.state !== 'full') return;
    if (this.audience.isAt(this.place)) this.follow();
    else this.state = 'behind';
    this.#home.resumed(this);
  }

  /** It has everything. */
  follow(): void {
    this.state = 'following';
    this.waitedMs = 0;
  }

  /** For how long it was waited for since it last had everything: what it is behind by because of others does not count. */
  slowForMs(now: MonotonicMs): number {
    if (this.state === 'closed') return 0;
    return this.waitedMs + (this.state === 'full' ? now - this.fullSinceMs : 0);
  }

  close(): void {
    if (this.state === 'closed') return;
    this.state = 'closed';
    this.#home.closed(this);
  }
}
