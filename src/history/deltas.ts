import { bucketSize, countAt, firstMsAt, lastMsAt } from './buckets.ts';

// Buckets on their way to the disk, of many series: each row is a series' slot and a bucket. A bucket may come in several
// rows: they are merged there.

export const deltaSize = 1 + bucketSize;

/** Rows that are handed over, memory and all. */
export class Deltas {
  #rows = new Float64Array(0);
  length = 0;

  /** @param at where in `from` the bucket lies */
  push(slot: number, from: Float64Array, at: number): void {
    const begin = this.length * deltaSize;
    if (begin === this.#rows.length) {
      const grown = new Float64Array(Math.max(64 * deltaSize, this.#rows.length * 2));
      grown.set(this.#rows);
      this.#rows = grown;
    }
    this.#rows[begin] = slot;
    for (let i = 0; i < bucketSize; i++) this.#rows[begin + 1 + i] = from[at + i]!;
    this.length++;
  }

  slotOf(index: number): number {
    return this.#rows[index * deltaSize]!;
  }

  /** Hands them over, and begins anew. */
  take(): { readonly rows: Float64Array<ArrayBuffer>; readonly length: number } {
    const { length } = this;
    const rows = this.#rows;
    this.#rows = new Float64Array(0);
    this.length = 0;
    return { rows, length };
  }
}

/** What such rows are of. */
export function extentOf(
  rows: Float64Array,
  length: number,
): { readonly fromMs: number; readonly toMs: number; readonly points: number } {
  let fromMs = Number.POSITIVE_INFINITY;
  let toMs = Number.NEGATIVE_INFINITY;
  let points = 0;
  for (let i = 0; i < length; i++) {
    const at = i * deltaSize + 1;
    fromMs = Math.min(fromMs, rows[at + firstMsAt]!);
    toMs = Math.max(toMs, rows[at + lastMsAt]!);
    points += rows[at + countAt]!;
  }
  return { fromMs, toMs, points };
}
