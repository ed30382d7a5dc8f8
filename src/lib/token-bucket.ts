import type { MonotonicMs } from '../core/time.ts';

/**
 * So much a second, and a burst beyond it. What is taken may be more than there is: it is paid off before more is given, so a large
 * piece needs no large burst.
 */
export class TokenBucket {
  readonly #perSecond: number;
  readonly #burst: number;
  #left: number;
  #atMs: MonotonicMs;

  constructor(perSecond: number, burst: number, nowMs: MonotonicMs) {
    this.#perSecond = perSecond;
    this.#burst = burst;
    this.#left = burst;
    this.#atMs = nowMs;
  }

  /** Takes it, whatever there is. @returns in how many seconds it is paid off; 0: it is */
  charge(amount: number, nowMs: MonotonicMs): number {
    this.#refill(nowMs);
    this.#left -= amount;
    return this.#left >= 0 ? 0 : -this.#left / this.#perSecond;
  }

  /** @returns 0 when it was taken; else in how many seconds something can be, and nothing was taken */
  take(amount: number, nowMs: MonotonicMs): number {
    this.#refill(nowMs);
    if (this.#left <= 0) return Math.max(0.001, (1 - this.#left) / this.#perSecond);
    this.#left -= amount;
    return 0;
  }

  #refill(nowMs: MonotonicMs): void {
    this.#left = Math.min(this.#burst, this.#left + ((nowMs - this.#atMs) / 1_000) * this.#perSecond);
    this.#atMs = nowMs;
  }
}
