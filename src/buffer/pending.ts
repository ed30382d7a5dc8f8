import type { UnixMs } from '../core/time.ts';
import { OpenBatch, type SealedBatch, type Settle } from './batch.ts';

/** What has been taken in and is not on its way to the disk yet: the open batch, and those before it that are full. */
export class Pending {
  readonly #maxBatchBytes: number;
  readonly #open = new OpenBatch();
  readonly #sealed: SealedBatch[] = [];

  /** @param maxBatchBytes the size at which a batch is full */
  constructor(maxBatchBytes: number) {
    this.#maxBatchBytes = maxBatchBytes;
  }

  /** Bytes in the open batch. */
  get openBytes(): number {
    return this.#open.length;
  }

  append(source: Buffer, start: number, end: number, settle: Settle | undefined, nowMs: UnixMs): void {
    this.#open.append(source, start, end, settle, nowMs);
    if (this.#open.length >= this.#maxBatchBytes) this.#sealed.push(this.#open.seal());
  }

  /** Takes the oldest batches: at least one if there is any, then as many as stay within `maxBytes`. */
  take(maxBytes: number): SealedBatch[] {
    if (this.#open.count > 0) this.#sealed.push(this.#open.seal());
    let bytes = 0;
    let count = 0;
    for (const { records } of this.#sealed) {
      bytes += records.length;
      if (count > 0 && bytes > maxBytes) break;
      count++;
    }
    return this.#sealed.splice(0, count);
  }
}
