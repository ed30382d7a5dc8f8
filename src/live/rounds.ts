import type { Clock, MonotonicMs } from '../core/time.ts';
import type { Audience } from './audience.ts';
import { Batch } from './batch.ts';
import type { Feed } from './feed.ts';
import { leastPauseMs, pauseAfter } from './pace.ts';
import { type ReadLimits, readOn } from './read.ts';
import type { Subscription } from './subscription.ts';

export interface RoundsDependencies {
  readonly epoch: string;
  readonly feed: Feed;
  readonly clock: Pick<Clock, 'monotonic'>;
  readonly utilisation: () => number;
}

/** A batch's text is about as long as its events are in memory. */
const limits: ReadLimits = { maxEvents: 1_000, maxBytes: 512 * 1024, maxLag: 1_000 };
/** After so long in one go everybody else gets a turn. */
const sliceMs = 5;
/** The time is looked at after so many readers. */
const lookEvery = 16;

/** A batch on its way to those who follow. */
interface Handout {
  readonly batch: Batch;
  readonly to: readonly Subscription[];
  next: number;
}

/** Gives readers what came, in rounds with pauses. */
export class Rounds {
  readonly #deps: RoundsDependencies;
  /** Audiences for which something came since the last round. */
  readonly #due = new Set<Audience>();
  readonly #behind = new Set<Subscription>();
  readonly totals = { delivered: 0, missed: { coalesced: 0, overrun: 0 }, gaps: 0 };
  /** What is left of the round that is under way. */
  #handouts: Handout[] = [];
  #readers: Subscription[] = [];
  #isUnderWay = false;
  #isPlanned = false;
  #tookMs = 0;
  #pauseMs = leastPauseMs;
  #endedMs: MonotonicMs = Number.NEGATIVE_INFINITY;
  #timer: NodeJS.Timeout | undefined;
  #immediate: NodeJS.Immediate | undefined;

  constructor(deps: RoundsDependencies) {
    this.#deps = deps;
  }

  /** Something came for an audience. */
  due(audience: Audience): void {
    this.#due.add(audience);
    this.#plan();
  }

  /** A reader is to be read for. */
  behind(subscription: Subscription): void {
    this.#behind.add(subscription);
    this.#plan();
  }

  forget(subscription: Subscription): void {
    this.#behind.delete(subscription);
  }

  forgetAudience(audience: Audience): void {
    this.#due.delete(audience);
  }

  stop(): void {
    clearTimeout(this.#timer);
    clearImmediate(this.#immediate);
    this.#isPlanned = true;
  }

  #plan(): void {
    if (this.#isPlanned) return;
    this.#isPlanned = true;
    const waitMs = this.#endedMs + this.#pauseMs - this.#deps.clock.monotonic();
    if (waitMs > 0) this.#timer = setTimeout(() => this.#round(), waitMs);
    else this.#immediate = setImmediate(() => this.#round());
  }

  /** A slice of a round. */
  #round(): void {
    const { clock } = this.#deps;
    const startedMs = clock.monotonic();
    if (!this.#isUnderWay) this.#begin();
    const isOver = this.#giveUntil(startedMs + sliceMs);
    const now = clock.monotonic();
    this.#tookMs += now - startedMs;
    if (!isOver) {
      this.#immediate = setImmediate(() => this.#round());
      return;
    }
    this.#isUnderWay = false;
    this.#isPlanned = false;
    this.#pauseMs = pauseAfter(this.#tookMs, this.#deps.utilisation());
    this.#tookMs = 0;
    this.#endedMs = now;
    if (this.#due.size > 0 || this.#behind.size > 0) this.#plan();
  }

  #begin(): void {
    this.#isUnderWay = true;
    const due = [...this.#due];
    this.#due.clear();
    for (const audience of due) {
      const batch = this.#seal(audience);
      // What is left of more than one batch holds.
      if (batch.to !== this.#deps.feed.number) this.#due.add(audience);
      const to: Subscription[] = [];
      for (const subscription of audience.subscriptions) {
        if (subscription.state !== 'following') continue;
        subscription.isOwed = true;
        to.push(subscription);
      }
      this.#handouts.push({ batch, to, next: 0 });
    }
    this.#readers = [...this.#behind];
  }

  /** What came for an audience since the last round. */
  #seal(audience: Audience): Batch {
    const { epoch, feed } = this.#deps;
    const { open, place } = audience;
    if (open !== undefined) {
      audience.reopen(feed.number);
      return new Batch(epoch, feed.number, open);
    }
    const { to, events, gap } = readOn(feed, audience, place, limits);
    if (to === feed.number) audience.reopen(to);
    return new Batch(epoch, to, events, gap);
  }

  /** @returns whether everybody got theirs */
  #giveUntil(endMs: MonotonicMs): boolean {
    const { clock } = this.#deps;
    let given = 0;
    for (;;) {
      if (++given % lookEvery === 0 && clock.monotonic() > endMs) return false;
      const handout = this.#handouts.at(-1);
      if (handout === undefined) break;
      const subscription = handout.to[handout.next++];
      if (subscription === undefined) this.#handouts.pop();
      else this.#follow(subscription, handout.batch);
    }
    for (;;) {
      const subscription = this.#readers.pop();
      if (subscription === undefined) return true;
      if (this.#behind.has(subscription)) this.#readFor(subscription);
      // Its events have to be found first: that may take longer.
      if (clock.monotonic() > endMs) return this.#readers.length === 0;
    }
  }

  #follow(subscription: Subscription, batch: Batch): void {
    subscription.isOwed = false;
    if (!subscription.isFollowing) return;
    this.#give(subscription, batch);
    // From now on it has a place of its own.
    if (!subscription.isFollowing) subscription.place = { ...subscription.audience.place };
  }

  #readFor(subscription: Subscription): void {
    const { epoch, feed } = this.#deps;
    const { audience, place } = subscription;
    const { to, events, gap } = readOn(feed, audience, place, limits);
    if (events.length > 0 || gap !== undefined) this.#give(subscription, new Batch(epoch, to, events, gap));
    else subscription.given = to;
    if (subscription.state !== 'behind') {
      this.#behind.delete(subscription);
    } else if (audience.isAt(place)) {
      this.#behind.delete(subscription);
      subscription.follow();
    }
  }

  #give(subscription: Subscription, batch: Batch): void {
    const { totals } = this;
    const { gap } = batch;
    totals.delivered += batch.events.length;
    if (gap !== undefined) {
      totals.gaps++;
      totals.missed[gap.reason] += gap.missed;
    }
    subscription.given = batch.to;
    if (subscription.sink.deliver(batch) || subscription.isClosed) return;
    subscription.state = 'full';
    subscription.fullSinceMs = this.#deps.clock.monotonic();
  }
}
