import type { UnixMs } from '../core/time.ts';

/** Called once, with the sequence when the record is durable or with the error when it is not. */
export type Settle = (error: Error | undefined, sequence: number) => void;

/** A batch that is ready for the disk, with those who wait for it. */
export interface SealedBatch {
  readonly count: number;
  readonly records: Uint8Array<ArrayBuffer>;
  /** By index in the batch; undefined where nobody waits. */
  readonly waiters: readonly (Settle | undefined)[];
  /** When its first record was taken in. */
  readonly openedAtMs: UnixMs;
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
  #waiters: (Settle | undefined)[] = [];
  #openedAtMs: UnixMs = 0;

  get length(): number {
    return this.#length;
  }

  get count(): number {
    return this.#waiters.length;
  }

  /** Copies bytes `start` to `end` of `source`, one encoded record. */
  append(source: Buffer, start: number, end: number, settle: Settle | undefined, nowMs: UnixMs): void {
    const size = end - start;
    if (this.#length + size > this.#bytes.length) this.#grow(this.#length + size);
    if (this.#length === 0) this.#openedAtMs = nowMs;
    source.copy(this.#bytes, this.#length, start, end);
    this.#length += size;
    this.#waiters.push(settle);
  }

  /** Takes what was appended and leaves the batch empty. */
  seal(): SealedBatch {
    const sealed = {
      count: this.#waiters.length,
      records: new Uint8Array(this.#bytes.buffer, 0, this.#length),
      waiters: this.#waiters,
      openedAtMs: this.#openedAtMs,
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
