import type { MonotonicMs } from '../core/time.ts';

/**
 * Whether so many events come that what is kept for readers who come back would be gone before they do: then it is not kept, as that costs
 * more than all the rest of the live feed.
 */
export class Flood {
  readonly #fromPerSecond: number;
  #number = 0;
  #atMs: MonotonicMs = 0;
  isOn = false;

  /** @param fromPerSecond events a second with which it begins; with half as many it is over */
  constructor(fromPerSecond: number) {
    this.#fromPerSecond = fromPerSecond;
  }

  /** @param number of the newest event */
  begin(number: number, now: MonotonicMs): void {
    this.#number = number;
    this.#atMs = now;
    this.isOn = false;
  }

  /** Looks at what came since the last look, at least a second ago. */
  look(number: number, now: MonotonicMs): void {
    const perSecond = ((number - this.#number) * 1_000) / Math.max(1, now - this.#atMs);
    this.isOn = perSecond > this.#fromPerSecond / (this.isOn ? 2 : 1);
    this.#number = number;
    this.#atMs = now;
  }
}
