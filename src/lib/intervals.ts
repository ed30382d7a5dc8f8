/** First and last whole number of a run, both included. */
export interface Interval {
  readonly first: number;
  readonly last: number;
}

/** How many numbers there are in runs that do not overlap. */
export function countOf(runs: readonly Interval[]): number {
  return runs.reduce((count, { first, last }) => count + last - first + 1, 0);
}

interface Run {
  first: number;
  last: number;
}

/** Runs in one chunk at the most: what an insertion may have to move. */
const maxChunk = 512;

/**
 * A set of whole numbers kept as sorted, merged runs: what a collector knows of a gateway's sequences. In order and
 * without loss it is one run, whatever the count; `add`, `has` and their like are O(log n) in the number of runs, also
 * when a hundred thousand of them wait for what lies between.
 */
export class Intervals {
  /** The runs, ascending, in pieces that are never empty: an insertion moves one piece's runs, not all behind it. */
  readonly #chunks: Run[][] = [];
  #size = 0;

  constructor(runs: Iterable<Interval> = []) {
    for (const run of runs) this.add(run.first, run.last);
  }

  /** Adds first..last. Runs that overlap or touch become one. */
  add(first: number, last: number): void {
    const at = this.#chunkReaching(first - 1);
    const chunk = this.#chunks[at];
    if (chunk === undefined) {
      // Behind all that is known, as sequences mostly are.
      this.#insert(Math.max(0, at - 1), this.#chunks.at(-1)?.length ?? 0, { first, last });
      return;
    }
    const index = reaching(chunk, first - 1);
    const run = chunk[index]!;
    if (run.first > last + 1) {
      this.#insert(at, index, { first, last });
      return;
    }
    if (first < run.first) run.first = first;
    if (last <= run.last) return;
    run.last = last;
    this.#absorb(at, index, run);
  }

  has(value: number): boolean {
    const run = this.#runReaching(value);
    return run !== undefined && run.first <= value;
  }

  /** True when every number of first..last is in. */
  covers(first: number, last: number): boolean {
    const run = this.#runReaching(first);
    return run !== undefined && run.first <= first && run.last >= last;
  }

  /** True when any number of first..last is in. */
  overlaps(first: number, last: number): boolean {
    const run = this.#runReaching(first);
    return run !== undefined && run.first <= last;
  }

  /** The last run; undefined when there is none. */
  get last(): Interval | undefined {
    const run = this.#chunks.at(-1)?.at(-1);
    return run && { ...run };
  }

  /** The first `limit` of the runs that reach `from` or beyond, cut to start there, ascending. */
  since(from: number, limit = Number.POSITIVE_INFINITY): Interval[] {
    const runs: Interval[] = [];
    for (let at = this.#chunkReaching(from); at < this.#chunks.length; at++) {
      const chunk = this.#chunks[at]!;
      for (let index = runs.length === 0 ? reaching(chunk, from) : 0; index < chunk.length; index++) {
        if (runs.length >= limit) return runs;
        const { first, last } = chunk[index]!;
        runs.push({ first: Math.max(first, from), last });
      }
    }
    return runs;
  }

  /** How many runs there are. */
  get size(): number {
    return this.#size;
  }

  *[Symbol.iterator](): IterableIterator<Interval> {
    for (const chunk of this.#chunks) for (const { first, last } of chunk) yield { first, last };
  }

  #insert(at: number, index: number, run: Run): void {
    this.#size++;
    const chunk = this.#chunks[at];
    if (chunk === undefined) this.#chunks.push([run]);
    else if (chunk.length < maxChunk) chunk.splice(index, 0, run);
    // At its end it is left full, so that runs that come in order make full chunks.
    else if (index === chunk.length) this.#chunks.splice(at + 1, 0, [run]);
    else {
      const half = maxChunk >>> 1;
      const behind = chunk.splice(half);
      this.#chunks.splice(at + 1, 0, behind);
      if (index <= half) chunk.splice(index, 0, run);
      else behind.splice(index - half, 0, run);
    }
  }

  /** `run`, which is the chunk's at `index`, has grown: those that it reaches now become part of it. */
  #absorb(at: number, index: number, run: Run): void {
    const chunk = this.#chunks[at]!;
    const inChunk = countTouching(chunk, index + 1, run);
    if (inChunk > 0) chunk.splice(index + 1, inChunk);
    this.#size -= inChunk;
    if (index + 1 < chunk.length) return;
    let gone = 0;
    for (let next = this.#chunks[at + 1]; next !== undefined; next = this.#chunks[at + 1 + gone]) {
      const count = countTouching(next, 0, run);
      this.#size -= count;
      if (count < next.length) {
        if (count > 0) next.splice(0, count);
        break;
      }
      gone++;
    }
    if (gone > 0) this.#chunks.splice(at + 1, gone);
  }

  /** The run that holds `value`, or else the first one behind it. */
  #runReaching(value: number): Run | undefined {
    const chunk = this.#chunks[this.#chunkReaching(value)];
    return chunk?.[reaching(chunk, value)];
  }

  /** The first chunk with a run that ends at or after `value`; their number when there is none. */
  #chunkReaching(value: number): number {
    const chunks = this.#chunks;
    let low = 0;
    let high = chunks.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const chunk = chunks[middle]!;
      if (chunk[chunk.length - 1]!.last < value) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

/** The index of the first run that ends at or after `value`. */
function reaching(runs: readonly Run[], value: number): number {
  let low = 0;
  let high = runs.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (runs[middle]!.last < value) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** How many runs from `index` on overlap or touch `run`, whose `last` grows to theirs. */
function countTouching(runs: readonly Run[], index: number, run: Run): number {
  let count = 0;
  for (let i = index; i < runs.length && runs[i]!.first <= run.last + 1; i++) {
    if (runs[i]!.last > run.last) run.last = runs[i]!.last;
    count++;
  }
  return count;
}
