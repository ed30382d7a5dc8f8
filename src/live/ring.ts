import type { MonotonicMs } from '../core/time.ts';
import type { FeedEvent } from './event.ts';

/** How much is kept. */
export interface RingBounds {
  /** What is younger than this is kept, … */
  readonly keepMs: number;
  /** … and so many in any case, … */
  readonly keepCount: number;
  /** … but never more than this. */
  readonly maxCount: number;
  readonly maxBytes: number;
}

/** The newest events, in order of their numbers, which may have gaps. */
export class EventRing {
  readonly #bounds: RingBounds;
  /** A power of two of places, of which those from `#first` on are taken, around the end. */
  #places: (FeedEvent | undefined)[] = new Array(64).fill(undefined);
  #first = 0;
  #count = 0;
  #bytes = 0;
  /** The number up to which events may have been here and are not any more. */
  #lostUpTo = 0;

  constructor(bounds: RingBounds) {
    this.#bounds = bounds;
  }

  get count(): number {
    return this.#count;
  }

  get bytes(): number {
    return this.#bytes;
  }

  get lostUpTo(): number {
    return this.#lostUpTo;
  }

  push(event: FeedEvent): void {
    if (this.#count === this.#places.length) this.#grow();
    this.#places[(this.#first + this.#count) & (this.#places.length - 1)] = event;
    this.#count++;
    this.#bytes += event.bytes;
    this.#makeRoom(event.atMs);
  }

  /** An event came that is not kept. Neither is what came before it: there would be a hole. */
  pass(number: number): void {
    if (this.#count > 0) this.clear(number);
    else this.#lostUpTo = number;
  }

  /** @param index from 0, the oldest */
  at(index: number): FeedEvent | undefined {
    return index < this.#count ? this.#places[(this.#first + index) & (this.#places.length - 1)] : undefined;
  }

  /** Index of the first event whose number is greater. */
  indexAfter(number: number): number {
    let low = 0;
    let high = this.#count;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.at(middle)!.number <= number) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** Lets go of what is too old. */
  expire(now: MonotonicMs): void {
    this.#makeRoom(now);
  }

  /** Lets go of everything. @param number everything up to it is lost */
  clear(number: number): void {
    this.#places = new Array(64).fill(undefined);
    this.#first = 0;
    this.#count = 0;
    this.#bytes = 0;
    this.#lostUpTo = number;
  }

  #makeRoom(now: MonotonicMs): void {
    const { keepMs, keepCount, maxCount, maxBytes } = this.#bounds;
    while (this.#count > 1) {
      const oldest = this.#places[this.#first]!;
      const isTooMuch = this.#count > maxCount || this.#bytes > maxBytes;
      if (!isTooMuch && (this.#count <= keepCount || now - oldest.atMs <= keepMs)) return;
      this.#places[this.#first] = undefined;
      this.#first = (this.#first + 1) & (this.#places.length - 1);
      this.#count--;
      this.#bytes -= oldest.bytes;
      this.#lostUpTo = oldest.number;
    }
  }

  #grow(): void {
    const bigger: (FeedEvent | undefined)[] = new Array(this.#places.length * 2).fill(undefined);
    for (let i = 0; i < this.#count; i++) bigger[i] = this.at(i);
    this.#places = bigger;
    this.#first = 0;
  }
}
