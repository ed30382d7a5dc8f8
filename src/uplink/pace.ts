import type { MonotonicMs } from '../core/time.ts';

/** The least that a backlog may have under way: about what a sink commits in the time of one fsync anyway. */
const leastBytes = 64 * 1024;
const mostBytes = 64 * 2 ** 20;
/** After so long without a live record there is nobody to be held up. */
const liveForMs = 2_000;
/** How much longer than without any queue a live record may take on its way because of a backlog beside it. */
const tolerance = 1.5;
const toleranceMs = 3;
/** Live acknowledgements by which the time without a queue is forgotten by a hundredth: a link may get slower for good. */
const forgetting = 1.01;
const forgetEveryMs = 1_000;

/**
 * How much of a backlog may be under way while live records travel beside it, so that these hardly wait for it. A new
 * record overtakes what waits here, but not what was sent: that lies in sockets, and in the collector's hands. So the
 * backlog's part of what is under way grows as long as live records are acknowledged about as fast as they can be, and
 * is halved when they are not. Without live records it has no limit of its own.
 */
export class Pace {
  #limitBytes = 4 * leastBytes;
  #liveAt = Number.NEGATIVE_INFINITY;
  /** The shortest time that a live record took lately, in ms. */
  #leastMs = Number.POSITIVE_INFINITY;
  #forgotAt = 0;
  /** What was sent before this had the limit before in front of it. */
  #changedAt = Number.NEGATIVE_INFINITY;

  /** A live batch has been sent. */
  live(now: MonotonicMs): void {
    this.#liveAt = now;
  }

  /** A live batch, sent at `sentAt`, was acknowledged after `tookMs`. */
  liveTook(tookMs: number, sentAt: MonotonicMs, now: MonotonicMs): void {
    if (now - this.#forgotAt >= forgetEveryMs) {
      this.#leastMs *= forgetting;
      this.#forgotAt = now;
    }
    this.#leastMs = Math.min(this.#leastMs, tookMs);
    if (sentAt < this.#changedAt) return;
    const isLate = tookMs > this.#leastMs * tolerance + toleranceMs;
    this.#limitBytes = isLate
      ? Math.max(leastBytes, this.#limitBytes / 2)
      : Math.min(mostBytes, this.#limitBytes + leastBytes);
    this.#changedAt = now;
  }

  /** What a backlog may have under way now, in bytes; infinite when nothing live would wait for it. */
  limitBytes(now: MonotonicMs): number {
    return now - this.#liveAt < liveForMs ? this.#limitBytes : Number.POSITIVE_INFINITY;
  }
}
