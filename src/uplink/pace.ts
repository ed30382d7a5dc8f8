import type { MonotonicMs } from '../core/time.ts';

/** What a backlog may have under way to begin with; it grows by steps of an eighth, within these limits. */
const startBytes = 64 * 1024;
const step = { least: 1024, most: 64 * 1024 };
/** On a slow link even this is in front of a live record for a while; a single batch may be larger. */
const leastBytes = 4 * 1024;
const mostBytes = 64 * 2 ** 20;
/** With less than two live records in so long a time there is nobody to be held up: a canary now and then is not. */
const liveForMs = 2_000;
/** How much longer than without any queue a live record may take on its way because of a backlog beside it. */
const tolerance = 1.4;
const toleranceMs = 2;
/**
 * What a backlog may send in a millisecond, in bytes: to begin with, at the least and most. It grows by so little with each
 * live record that is in time, and shrinks by so much with each that is not, that about one in forty is not. The least is what
 * any machine can bear, and a backlog needs to get anywhere while live records are late for reasons of their own; a link that
 * carries less is the business of what is under way.
 */
const rate = { start: 4_000, least: 1_000, most: 1_000_000, growth: 1.01, cut: 0.7 };
/** Late as far as the rate is concerned: even an idle machine makes a live record wait now and then. */
const rateTolerance = 1.4;
const rateToleranceMs = 1.2;
/** What it did not send in so long, it may send at once: timers are no finer than a millisecond. */
const burstMs = 3;
/** How often it is found out anew how long a live record takes without a backlog: links and disks change. */
const probeEveryMs = 30_000;
/** It takes a live record: with more time than this from one to the next a backlog would wait too long for it. */
const denseMs = 250;
/** What finding out may take; beyond it the shortest time that was seen has to do. */
const probeMs = 2_000;

/** How far it is known what a live record takes without a backlog in front of it. */
type Probe =
  /** It was found out at `at`. */
  | { readonly name: 'known'; readonly at: MonotonicMs }
  /** Nothing of the backlog is sent since `since`; what was sent before that may still be under way. */
  | { readonly name: 'emptying'; readonly since: MonotonicMs }
  /** At `sentAt` a live record was sent with nothing of the backlog in front of it. */
  | { readonly name: 'timing'; readonly since: MonotonicMs; readonly sentAt: MonotonicMs };

/**
 * How much of a backlog may be under way while live records travel beside it, so that these hardly wait for it. A new
 * record overtakes what waits here, but not what was sent: that lies in sockets, and in the collector's hands. So the
 * backlog's part of what is under way grows as long as live records are acknowledged about as fast as they can be, and
 * is halved when they are not. How fast they can be is found out now and then, by a pause of the backlog for the time of
 * one acknowledgement. Without live records it has no limit of its own.
 *
 * On a small machine it is not the link that a live record waits for but the processors, and to them it makes no difference
 * how little is under way as long as something always is. So how fast the backlog is sent is limited in the same way.
 */
export class Pace {
  #limitBytes = startBytes;
  #bytesPerMs = rate.start;
  /** When the backlog may be sent on, as far as the rate is concerned. */
  #allowedAt = Number.NEGATIVE_INFINITY;
  /** When something of it was sent last. */
  #backlogAt = Number.NEGATIVE_INFINITY;
  /** The backlog had to wait for its rate since that was changed last. */
  #hasRested = false;
  #liveAt = Number.NEGATIVE_INFINITY;
  /** When the one before the last was sent. */
  #liveBefore = Number.NEGATIVE_INFINITY;
  /** The shortest time that a live record took since it was last found out, in ms. */
  #leastMs = Number.POSITIVE_INFINITY;
  #probe: Probe = { name: 'known', at: Number.NEGATIVE_INFINITY };
  /** What was sent before this had the limit before in front of it. */
  #changedAt = Number.NEGATIVE_INFINITY;

  /** A live batch has been sent, with so much of the backlog under way. */
  live(now: MonotonicMs, backlogBytes: number): void {
    const isDense = now - this.#liveAt < denseMs;
    if (now > this.#liveAt) this.#liveBefore = this.#liveAt;
    this.#liveAt = now;
    if (this.#probe.name === 'known' && now - this.#probe.at >= probeEveryMs && backlogBytes > 0 && isDense) {
      this.#probe = { name: 'emptying', since: now };
    } else if (this.#probe.name !== 'known' && now - this.#probe.since >= probeMs) {
      this.#probe = { name: 'known', at: now };
    } else if (this.#probe.name === 'emptying' && backlogBytes === 0) {
      this.#probe = { name: 'timing', since: this.#probe.since, sentAt: now };
    }
  }

  /** So much of the backlog has been sent. */
  backlog(bytes: number, now: MonotonicMs): void {
    this.#backlogAt = now;
    if (this.#isLive(now)) this.#allowedAt = Math.max(this.#allowedAt, now - burstMs) + bytes / this.#bytesPerMs;
  }

  /** A live batch, sent at `sentAt`, was acknowledged after `tookMs`, with so much of the backlog under way. */
  liveTook(tookMs: number, sentAt: MonotonicMs, now: MonotonicMs, backlogBytes: number): void {
    if (this.#probe.name === 'timing' && sentAt >= this.#probe.sentAt) {
      this.#probe = { name: 'known', at: now };
      this.#leastMs = tookMs;
    }
    this.#leastMs = Math.min(this.#leastMs, tookMs);
    if (sentAt < this.#changedAt) return;
    const isLate = tookMs > this.#leastMs * tolerance + toleranceMs;
    this.#rateAfter(tookMs > this.#leastMs * rateTolerance + rateToleranceMs, sentAt - tookMs, now);
    // What is not used says nothing about more of it, and what is not there is not what it waited for.
    if (backlogBytes < (isLate ? 1 : this.#limitBytes / 2)) return;
    const more = Math.min(step.most, Math.max(step.least, this.#limitBytes / 8));
    this.#limitBytes = isLate
      ? Math.max(leastBytes, this.#limitBytes / 2)
      : Math.min(mostBytes, this.#limitBytes + more);
    this.#changedAt = now;
  }

  /** How long the backlog has to wait for its rate, in milliseconds; 0 when it need not. */
  restMs(now: MonotonicMs): number {
    const ms = this.#isLive(now) ? Math.max(0, this.#allowedAt - now) : 0;
    if (ms > 0) this.#hasRested = true;
    return ms;
  }

  /** The backlog has to pause for a moment, even one batch of it. */
  isPaused(now: MonotonicMs): boolean {
    return this.#probe.name !== 'known' && now - this.#probe.since < probeMs && this.#isLive(now);
  }

  /** What a backlog may have under way now, in bytes; infinite when nothing live would wait for it. */
  limitBytes(now: MonotonicMs): number {
    return this.#isLive(now) ? this.#limitBytes : Number.POSITIVE_INFINITY;
  }

  #rateAfter(isLate: boolean, since: MonotonicMs, now: MonotonicMs): void {
    if (isLate) {
      // What had nothing of the backlog near it was late for another reason.
      if (this.#backlogAt < since) return;
      this.#bytesPerMs = Math.max(rate.least, this.#bytesPerMs * rate.cut);
      this.#changedAt = now;
    }
    // A rate that was not used says nothing about a higher one.
    if (!isLate && this.#hasRested) this.#bytesPerMs = Math.min(rate.most, this.#bytesPerMs * rate.growth);
    this.#hasRested = false;
  }

  #isLive(now: MonotonicMs): boolean {
    return now - this.#liveBefore < liveForMs;
  }
}
