/** First and last whole number of a run, both included. */
export interface Interval {
  readonly first: number;
  readonly last: number;
}

/** How many numbers there are in runs that do not overlap. */
export function countOf(runs: readonly Interval[]): number {
  return runs.reduce((count, { first, last }) => count + last - first + 1, 0);
}

/**
 * A set of whole numbers kept as sorted, merged runs: what a collector knows of a gateway's sequences. In order and
 * without loss it is one run, whatever the count; `add` and `has` are O(log n) in the number of runs.
 */
export class Intervals {
  readonly #runs: { first: number; last: number }[] = [];

  constructor(runs: Iterable<Interval> = []) {
    for (const run of runs) this.add(run.first, run.last);
  }

  /** Adds first..last. Runs that overlap or touch become one. */
  add(first: number, last: number): void {
    const runs = this.#runs;
    const at = this.#firstEndingAtOrAfter(first - 1);
    let to = at;
    while (to < runs.length && runs[to]!.first <= last + 1) {
      first = Math.min(first, runs[to]!.first);
      last = Math.max(last, runs[to]!.last);
      to++;
    }
    if (to === at + 1) runs[at] = { first, last };
    else runs.splice(at, to - at, { first, last });
  }

  has(value: number): boolean {
    const run = this.#runs[this.#firstEndingAtOrAfter(value)];
    return run !== undefined && run.first <= value;
  }

  /** True when every number of first..last is in. */
  covers(first: number, last: number): boolean {
    const run = this.#runs[this.#firstEndingAtOrAfter(first)];
    return run !== undefined && run.first <= first && run.last >= last;
  }

  /** True when any number of first..last is in. */
  overlaps(first: number, last: number): boolean {
    const run = this.#runs[this.#firstEndingAtOrAfter(first)];
    return run !== undefined && run.first <= last;
  }

  /** The runs that reach `from` or beyond, cut to start there, ascending. */
  since(from: number): Interval[] {
    return this.#runs
      .slice(this.#firstEndingAtOrAfter(from))
      .map(({ first, last }) => ({ first: Math.max(first, from), last }));
  }

  /** How many runs there are. */
  get size(): number {
    return this.#runs.length;
  }

  *[Symbol.iterator](): IterableIterator<Interval> {
    for (const { first, last } of this.#runs) yield { first, last };
  }

  #firstEndingAtOrAfter(value: number): number {
    let low = 0;
    let high = this.#runs.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#runs[middle]!.last < value) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
