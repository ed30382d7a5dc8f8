/**
 * Bounds how much of the time some work may take: a share of it in the long run, and so much at once. Work that costs more
 * than is left is done once, and paid off before there is any again.
 */
export class WorkBudget {
  readonly #share: number;
  readonly #burstMs: number;
  readonly #now: () => number;
  #leftMs: number;
  #at: number;

  /**
   * @param share of the time, from 0 to 1
   * @param burstMs how much may be done at once after a time without any
   * @param now a clock that never jumps, in ms
   */
  constructor(share: number, burstMs: number, now: () => number = () => performance.now()) {
    this.#share = share;
    this.#burstMs = burstMs;
    this.#now = now;
    this.#leftMs = burstMs;
    this.#at = now();
  }

  /** Does it and charges the time that it took; undefined when there is none left. The work must give something. */
  spend<T extends {}>(work: () => T): T | undefined {
    const before = this.#now();
    this.#leftMs = Math.min(this.#burstMs, this.#leftMs + (before - this.#at) * this.#share);
    this.#at = before;
    if (this.#leftMs <= 0) return undefined;
    const result = work();
    this.#leftMs -= this.#now() - before;
    return result;
  }
}
