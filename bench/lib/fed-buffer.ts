import type { StoredBatch } from '../../src/core/batch.ts';
import type { LaneView, UplinkBuffer, UplinkTotals } from '../../src/uplink/source.ts';

/** A buffer that has nothing of its own: what it is fed is ready at once, and `feed` resolves when a collector has it. */
export class FedBuffer implements UplinkBuffer {
  readonly corrections = undefined;
  readonly #lanes: readonly LaneView[] = [{ key: 'default', priority: 'normal', pendingFrom: undefined }];
  readonly #listeners = new Set<(batch: StoredBatch) => void>();
  readonly #waiting = new Map<StoredBatch, () => void>();

  lanes(): readonly LaneView[] {
    return this.#lanes;
  }

  async read(): Promise<readonly StoredBatch[]> {
    return [];
  }

  onReady(listener: (batch: StoredBatch) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  feed(batch: StoredBatch): Promise<void> {
    return new Promise((resolve) => {
      this.#waiting.set(batch, resolve);
      for (const listener of this.#listeners) listener(batch);
    });
  }

  acknowledge(batches: readonly StoredBatch[]): void {
    for (const batch of batches) {
      this.#waiting.get(batch)?.();
      this.#waiting.delete(batch);
    }
  }

  get totals(): UplinkTotals {
    return { firstWaiting: 0, lastSequence: 0, waitingRecords: 0 };
  }
}
