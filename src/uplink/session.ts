import { lastSequenceOf, type StoredBatch } from '../core/batch.ts';
import type { MonotonicMs } from '../core/time.ts';
import { type Interval, Intervals } from '../lib/intervals.ts';

export interface SessionLimits {
  /** Unacknowledged bytes that both sides are willing to have under way. */
  readonly windowBytes: number;
  /** How long nothing may be acknowledged while something is under way. */
  readonly acknowledgeTimeoutMs: number;
}

/** What an acknowledgement settled. */
export interface Settled {
  /** Runs of whole batches that need not be sent again. */
  readonly ranges: readonly Interval[];
  readonly records: number;
  readonly bytes: number;
}

/** A new connection may be a slow one: it starts with little under way and earns more with each acknowledgement. */
const firstWindowBytes = 256 * 1024;
/** The slowest link that is still waited for, in bytes a second: the timeout grows with what is under way. */
const slowestLink = 4096;

/**
 * One connection's account of what is under way, from welcome to the end of the stream. It does no input or output
 * and asks no clock: what happens and when is told to it.
 */
export class Session {
  readonly #limits: SessionLimits;
  readonly #inFlight: { firstSequence: number; count: number; bytes: number }[] = [];
  readonly #durable = new Intervals();
  #inFlightBytes = 0;
  #windowBytes: number;
  #lastSent = 0;
  #progressAt: MonotonicMs;

  constructor(limits: SessionLimits, now: MonotonicMs) {
    this.#limits = limits;
    this.#windowBytes = Math.min(firstWindowBytes, limits.windowBytes);
    this.#progressAt = now;
  }

  get inFlightBytes(): number {
    return this.#inFlightBytes;
  }

  get inFlightCount(): number {
    return this.#inFlight.length;
  }

  /** There is room for another upload. What is sent then may exceed the window once: a batch can be larger than it. */
  get hasRoom(): boolean {
    return this.#inFlightBytes < this.#windowBytes;
  }

  sent({ firstSequence, count, records }: StoredBatch, now: MonotonicMs): void {
    const batch = { firstSequence, count, bytes: records.length };
    // What lay idle has not been failing to progress.
    if (this.#inFlight.length === 0) this.#progressAt = now;
    this.#inFlight.push(batch);
    this.#inFlightBytes += batch.bytes;
    this.#lastSent = Math.max(this.#lastSent, lastSequenceOf(batch));
  }

  /**
   * Takes the collector's acknowledgement.
   * @returns what it settled, or a complaint when it acknowledges what was never sent
   */
  acknowledged(ranges: readonly Interval[], now: MonotonicMs): Settled | { readonly complaint: string } {
    for (const { first, last } of ranges) {
      if (first < 1 || last < first || last > this.#lastSent) {
        return {
          complaint: `it acknowledged sequences ${first} to ${last}, but ${this.#lastSent} was the last one sent`,
        };
      }
      this.#durable.add(first, last);
    }
    const settled = new Intervals();
    let records = 0;
    let bytes = 0;
    let kept = 0;
    for (const batch of this.#inFlight) {
      if (this.#durable.covers(batch.firstSequence, lastSequenceOf(batch))) {
        settled.add(batch.firstSequence, lastSequenceOf(batch));
        records += batch.count;
        bytes += batch.bytes;
      } else {
        this.#inFlight[kept++] = batch;
      }
    }
    this.#inFlight.length = kept;
    if (records > 0) {
      this.#progressAt = now;
      this.#inFlightBytes -= bytes;
      this.#windowBytes = Math.min(this.#limits.windowBytes, this.#windowBytes + bytes);
    }
    return { ranges: [...settled], records, bytes };
  }

  /** How long nothing has been acknowledged while something was under way; 0 when nothing is. */
  waitedMs(now: MonotonicMs): number {
    return this.#inFlight.length === 0 ? 0 : now - this.#progressAt;
  }

  /** The acknowledgements have stopped, although the connection may look alive: dial anew. */
  isStalled(now: MonotonicMs): boolean {
    const patienceMs = this.#limits.acknowledgeTimeoutMs + (this.#inFlightBytes / slowestLink) * 1000;
    return this.waitedMs(now) > patienceMs;
  }
}
