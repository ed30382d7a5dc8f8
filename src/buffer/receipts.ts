import type { Batch } from './batch.ts';

/** Receipts that are given in one go. */
const settledAtOnce = 500;

/** Tells those who wait for a batch, in order: an MQTT client is owed its acknowledgements as it sent (MQTT 5.0 § 4.6). */
export class Receipts {
  #last: Promise<void> = Promise.resolve();

  /** @param error why its records were not taken; undefined: they are as durable as was asked */
  settle(batch: Batch, error: Error | undefined): void {
    const { waiters } = batch;
    batch.waiters = [];
    if (!waiters.some((one) => one !== undefined)) return;
    this.#last = this.#last.then(() => tell(batch.firstSequence, waiters, error));
  }

  /** Resolves when everybody has been told. */
  async idle(): Promise<void> {
    await this.#last;
  }
}

async function tell(first: number, waiters: Batch['waiters'], error: Error | undefined): Promise<void> {
  for (let i = 0; i < waiters.length; i++) {
    waiters[i]?.settled(error, first + i);
    // A slow disk's commit holds thousands: pings and dashboards get their turn in between.
    if ((i + 1) % settledAtOnce === 0) await new Promise(setImmediate);
  }
}
