import type { Fact } from '../core/live.ts';
import type { Taken } from '../core/taken.ts';
import type { MonotonicMs } from '../core/time.ts';
import type { Audience } from './audience.ts';
import { FeedEvent, isReplaceable } from './event.ts';
import { EventRing, type RingBounds } from './ring.ts';
import { type Series, SeriesBook } from './series.ts';

export interface FeedBounds {
  readonly measured: RingBounds;
  readonly lasting: RingBounds;
  readonly maxSeries: number;
}

/**
 * All events in one order, the newest of them kept: measurements apart from what lasts, so that many of the ones push out none of
 * the others; and of each series the newest, for those who can't follow.
 */
export class Feed {
  /** What a newer one of its series replaces. */
  readonly measured: EventRing;
  /** What nothing replaces. */
  readonly lasting: EventRing;
  readonly series: SeriesBook;
  #number = 0;

  /** @param audiencesOf who wants a series that is heard for the first time */
  constructor({ measured, lasting, maxSeries }: FeedBounds, audiencesOf: (series: Series) => readonly Audience[]) {
    this.measured = new EventRing(measured);
    this.lasting = new EventRing(lasting);
    this.series = new SeriesBook(maxSeries, audiencesOf);
  }

  /** That of the newest event; 0: there was none. */
  get number(): number {
    return this.#number;
  }

  /** Counts an event that nobody reads and that is not kept. */
  pass(): void {
    this.#number++;
  }

  /** @param isFlood it is not kept for those who come back, only as the newest of its series */
  addTaken(taken: Taken, atMs: MonotonicMs, isFlood = false): FeedEvent {
    const series = this.series.of(taken);
    const event = new FeedEvent(++this.#number, taken, undefined, series, atMs);
    this.series.note(series, event);
    if (!isReplaceable(event)) this.lasting.push(event);
    else if (isFlood) this.measured.pass(event.number);
    else this.measured.push(event);
    return event;
  }

  addFact(fact: Fact, atMs: MonotonicMs): FeedEvent {
    const event = new FeedEvent(++this.#number, undefined, fact, undefined, atMs);
    this.lasting.push(event);
    return event;
  }

  /** Whether everything after a number is kept. */
  covers(number: number): boolean {
    return number >= this.measured.lostUpTo && number >= this.lasting.lostUpTo;
  }

  /**
   * Events after a number, in order, until `visit` says that this was the last.
   * @returns the number up to which it came; everything, when nobody stopped it
   */
  walk(after: number, visit: (event: FeedEvent) => boolean): number {
    const { measured, lasting } = this;
    let i = measured.indexAfter(after);
    let j = lasting.indexAfter(after);
    for (;;) {
      const one = measured.at(i);
      const other = lasting.at(j);
      if (one === undefined && other === undefined) return this.#number;
      const isOne = other === undefined || (one !== undefined && one.number < other.number);
      const event = isOne ? one! : other;
      if (isOne) i++;
      else j++;
      if (!visit(event)) return event.number;
    }
  }

  /** Lets go of what is too old. */
  expire(now: MonotonicMs): void {
    this.measured.expire(now);
    this.lasting.expire(now);
  }

  /** Lets go of everything: nobody reads. */
  clear(): void {
    this.measured.clear(this.#number);
    this.lasting.clear(this.#number);
    this.series.clear(this.#number);
  }
}
