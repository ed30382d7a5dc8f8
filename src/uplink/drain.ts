import type { StoredBatch } from '../core/batch.ts';
import type { MonotonicMs } from '../core/time.ts';

/** What was seen so long ago counts a third of what is seen now. */
const memoryMs = 15_000;
/** Nothing is foretold from less. */
const leastMs = 2_000;

/** How a backlog goes down: what waited when the connection stood, what is left of it, and how long that takes. Asks no clock. */
export class Drain {
  readonly #upTo: number;
  #left: number;
  #notedAt: MonotonicMs;
  /** Records acknowledged, and the time that took, both fading. */
  #records = 0;
  #ms = 0;

  /**
   * @param records how many waited when the connection stood
   * @param upTo the last sequence given out by then
   */
  constructor(records: number, upTo: number, now: MonotonicMs) {
    this.#left = records;
    this.#upTo = upTo;
    this.#notedAt = now;
  }

  acknowledged(batches: readonly Pick<StoredBatch, 'firstSequence' | 'count'>[], now: MonotonicMs): void {
    let records = 0;
    for (const { firstSequence, count } of batches) if (firstSequence <= this.#upTo) records += count;
    if (records === 0) return;
    const tookMs = now - this.#notedAt;
    const fade = Math.exp(-tookMs / memoryMs);
    this.#records = this.#records * fade + records;
    this.#ms = this.#ms * fade + tookMs;
    this.#notedAt = now;
    this.#left -= records;
  }

  /**
   * How much of the backlog has not been acknowledged, and how long that takes at the pace of the last seconds; absent
   * while nobody can know.
   *
   * @param waiting all that wait now: what was dropped meanwhile is not sent any more
   */
  status(waiting: number, now: MonotonicMs): { readonly leftRecords: number; readonly etaMs?: number } {
    const leftRecords = Math.max(0, Math.min(this.#left, waiting));
    // A silence counts as soon as it is longer than an acknowledgement usually takes to come.
    const ms = this.#ms + Math.max(0, now - this.#notedAt - leastMs);
    if (this.#records <= 0 || ms < leastMs) return { leftRecords };
    return { leftRecords, etaMs: Math.round((leftRecords * ms) / this.#records) };
  }
}
