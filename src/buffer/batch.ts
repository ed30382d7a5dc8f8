import type { StoredBatch } from '../core/batch.ts';
import type { DeliveryKey } from '../core/message.ts';
import type { MonotonicMs, UnixMs } from '../core/time.ts';
import { DeliveryKeys } from './delivery-keys.ts';

/** Whoever appended a record and waits for word of it. */
export interface Waiter {
  /** Once: with the sequence when the record is as durable as its rule asks, or with the error when it is not. */
  settled(error: Error | undefined, sequence: number): void;
}

/** Where a batch that is not on disk yet stands. */
export type Phase =
  /** It waits for its turn. */
  | 'queued'
  /** The disk works at it. */
  | 'writing'
  /** It is on disk. */
  | 'stored'
  /** It is in memory no more, because it was delivered first, dropped or refused. */
  | 'gone';

/** A batch that has its sequences, from when it is sealed until it is on disk or delivered. */
export interface Batch extends StoredBatch {
  records: Uint8Array<ArrayBuffer>;
  /** By index in the batch; undefined where nobody waits. Emptied when they have been told. */
  waiters: readonly (Waiter | undefined)[];
  readonly takenAtMs: UnixMs;
  /** The same in operating time. */
  readonly ageAtMs: MonotonicMs;
  /** When it was sealed, in operating time: none of its records is younger. */
  readonly sealedAgeMs: MonotonicMs;
  readonly answers: Uint8Array | undefined;
  phase: Phase;
  /** Its place in the lane, once it is on disk. */
  position: number;
  /** The uplink may send it. */
  isExposed: boolean;
  /** The collector confirmed it while the disk was working at it. */
  isDelivered: boolean;
  /** Its lane's when the disk was asked to write it. */
  generation: number;
  /** In the lane of reports: which gaps it tells of. */
  readonly marks: Readonly<Record<string, number>>;
}

/** What an open batch becomes. */
export interface Sealed {
  readonly count: number;
  readonly records: Uint8Array<ArrayBuffer>;
  readonly waiters: readonly (Waiter | undefined)[];
  readonly takenAtMs: UnixMs;
  readonly ageAtMs: MonotonicMs;
  readonly answers: Uint8Array | undefined;
}

/**
 * Small, because a quiet gateway commits a record or two at a time: each batch's memory is handed over, and a larger one
 * would make the garbage collector stop the world, for 10 ms, every few hundred commits.
 */
const initialCapacity = 4 * 1024;

/** The batch that records are appended to until it is sealed: one growing run of bytes. */
export class OpenBatch {
  #bytes = Buffer.allocUnsafeSlow(initialCapacity);
  #length = 0;
  #waiters: (Waiter | undefined)[] = [];
  readonly #answers = new DeliveryKeys();
  #takenAtMs: UnixMs = 0;
  #ageAtMs: MonotonicMs = 0;

  get length(): number {
    return this.#length;
  }

  get count(): number {
    return this.#waiters.length;
  }

  /** When its first record was appended, in operating time. */
  get ageAtMs(): MonotonicMs {
    return this.#ageAtMs;
  }

  /** Starts an empty batch. */
  begin(takenAtMs: UnixMs, ageAtMs: MonotonicMs): void {
    this.#takenAtMs = takenAtMs;
    this.#ageAtMs = ageAtMs;
  }

  /** Copies bytes `start` to `end` of `source`, one encoded record. */
  append(
    source: Buffer,
    start: number,
    end: number,
    waiter: Waiter | undefined,
    delivery: DeliveryKey | undefined,
  ): void {
    const size = end - start;
    if (this.#length + size > this.#bytes.length) this.#grow(this.#length + size);
    source.copy(this.#bytes, this.#length, start, end);
    this.#length += size;
    this.#waiters.push(waiter);
    if (delivery !== undefined) this.#answers.add(delivery);
  }

  /** Takes what was appended and leaves the batch empty. */
  seal(): Sealed {
    const sealed = {
      count: this.#waiters.length,
      records: new Uint8Array(this.#bytes.buffer, 0, this.#length),
      waiters: this.#waiters,
      takenAtMs: this.#takenAtMs,
      ageAtMs: this.#ageAtMs,
      answers: this.#answers.take(),
    };
    // The next batch is likely to be as large as this one.
    this.#bytes = Buffer.allocUnsafeSlow(Math.max(initialCapacity, ceilToPage(this.#length)));
    this.#length = 0;
    this.#waiters = [];
    return sealed;
  }

  #grow(needed: number): void {
    const larger = Buffer.allocUnsafeSlow(Math.max(this.#bytes.length * 2, ceilToPage(needed)));
    this.#bytes.copy(larger, 0, 0, this.#length);
    this.#bytes = larger;
  }
}

function ceilToPage(size: number): number {
  return Math.ceil(size / 4096) * 4096;
}
