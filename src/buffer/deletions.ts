import type { MonotonicMs } from '../core/time.ts';
import { countOf, type Interval, Intervals } from '../lib/intervals.ts';

/** How long acknowledged batches stay on disk before a commit of records takes their deletion along … */
const alongMs = 50;
/** … and before they are deleted by a commit of their own, when no records come. */
const aloneMs = 250;

/** What the collector has and the disk too for a moment longer: deletions wait for each other and for a commit. */
export class Deletions {
  readonly #onDue: () => void;
  #ranges = new Intervals();
  #since: MonotonicMs = 0;
  #timer: NodeJS.Timeout | undefined;
  #undeleted = 0;

  /** @param onDue they have waited long enough for records to come */
  constructor(onDue: () => void) {
    this.#onDue = onDue;
  }

  /** Records that the collector has and whose deletion is not durable yet. */
  get undeleted(): number {
    return this.#undeleted;
  }

  add(ranges: readonly Interval[], now: MonotonicMs): void {
    for (const { first, last } of ranges) this.#ranges.add(first, last);
    this.#undeleted += countOf(ranges);
    if (this.#timer !== undefined) return;
    this.#since = now;
    this.#timer = setTimeout(this.#onDue, aloneMs);
  }

  /** What a commit of records takes along: nothing until it is worth the pages that it dirties. */
  takeAlong(now: MonotonicMs): Interval[] {
    return now - this.#since >= alongMs ? this.takeAll() : [];
  }

  takeAll(): Interval[] {
    this.stop();
    const ranges = [...this.#ranges];
    if (ranges.length > 0) this.#ranges = new Intervals();
    return ranges;
  }

  /** Their transaction has ended, one way or the other. */
  settled(ranges: readonly Interval[]): void {
    this.#undeleted -= countOf(ranges);
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }
}
