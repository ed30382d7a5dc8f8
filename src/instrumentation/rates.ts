import type { MonotonicMs } from '../core/time.ts';

/** Turns counts into rates: per second, over the last few seconds. */
export class Rates<Name extends string> {
  readonly #windowMs: number;
  readonly #samples: { readonly at: MonotonicMs; readonly counts: Readonly<Record<Name, number>> }[] = [];

  /** @param windowMs how far back a rate looks */
  constructor(windowMs = 5_000) {
    this.#windowMs = windowMs;
  }

  /** Takes the counts as they are now; call it about once a second. */
  sample(counts: Readonly<Record<Name, number>>, at: MonotonicMs): void {
    this.#samples.push({ at, counts });
    while (this.#samples.length > 2 && at - this.#samples[1]!.at >= this.#windowMs) this.#samples.shift();
  }

  /** The rate of one count, rounded to a tenth; 0 until there are two samples. */
  perSecond(name: Name): number {
    const first = this.#samples[0];
    const last = this.#samples.at(-1);
    if (first === undefined || last === undefined || last.at <= first.at) return 0;
    return Math.round(((last.counts[name] - first.counts[name]) / (last.at - first.at)) * 10_000) / 10;
  }
}
