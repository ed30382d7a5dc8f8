import type { MonotonicMs } from '../../core/time.ts';

/** What came so long ago counts for a third of what comes now. */
const memoryMs = 10 * 60_000;

/** How often something comes, with less and less weight for what is long ago. By a clock that never jumps. */
export class Rate {
  readonly #since: MonotonicMs;
  #weight = 0;
  #at: MonotonicMs;

  constructor(now: MonotonicMs) {
    this.#since = now;
    this.#at = now;
  }

  add(count: number, now: MonotonicMs): void {
    this.#weight = this.#weight * Math.exp((this.#at - now) / memoryMs) + count;
    this.#at = now;
  }

  /** A minute, with so many more that came since the last were added. */
  perMinute(more: number, now: MonotonicMs): number {
    const weight = this.#weight * Math.exp((this.#at - now) / memoryMs) + more;
    // Before a minute is over, nobody knows how many there are in one.
    const seenMs = Math.max(60_000, now - this.#since);
    return (weight / (memoryMs * (1 - Math.exp(-seenMs / memoryMs)))) * 60_000;
  }
}
