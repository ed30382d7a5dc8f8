import type { Clock, MonotonicMs } from '../core/time.ts';

/** Time that a gateway has run, summed over all its runs: it never jumps, and goes on where the last run left it. */
export class OperatingClock {
  readonly #clock: Clock;
  /** Operating time when this run began, and the monotonic time then. */
  #base: MonotonicMs = 0;
  #startedAt: MonotonicMs = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** @param base how late it was when the last run ended, as far as anything tells */
  start(base: MonotonicMs): void {
    this.#base = base;
    this.#startedAt = this.#clock.monotonic();
  }

  get now(): MonotonicMs {
    return this.#base + this.#clock.monotonic() - this.#startedAt;
  }
}
