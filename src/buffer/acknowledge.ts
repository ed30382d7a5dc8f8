import type { StoredBatch } from '../core/batch.ts';
import type { MonotonicMs } from '../core/time.ts';
import { isInMemory } from './lane.ts';
import type { Lanes } from './lanes.ts';
import type { Writer } from './writer.ts';

/** The collector has a batch for good: it is on disk, on its way there, or in memory only. Counts once, however often. */
export function acknowledge(batch: StoredBatch, lanes: Lanes, writer: Writer, now: MonotonicMs): void {
  const lane = lanes.get(batch.lane);
  if (lane === undefined) return;
  const { count } = batch;
  if (!isInMemory(batch) || batch.phase === 'stored') {
    const { position } = batch as unknown as { readonly position: number };
    if (lane.ledger.deliver(position, count, batch.records.length) > 0) lane.touch('removals', now);
  } else if (batch.phase === 'writing') {
    batch.isDelivered = true;
  } else if (batch.phase === 'queued') {
    lane.ledger.deliverUnstored(count);
    lane.touch('counts', now);
    writer.released(lane, batch);
  }
}
