import { lastSequenceOf, type StoredBatch } from '../core/batch.ts';
import { HeadgateError } from '../core/errors.ts';
import type { MonotonicMs } from '../core/time.ts';
import { type Disk, failureOf } from './disk.ts';
import type { Lane } from './lane.ts';
import type { Lanes } from './lanes.ts';
import type { Damage, ReadBatch, WorkerResponse } from './worker-protocol.ts';

export interface ReaderDependencies {
  readonly lanes: Lanes;
  readonly disk: () => Disk | undefined;
  readonly operating: () => MonotonicMs;
  readonly onDamage: (damage: Damage) => void;
}

/** Reads what waits: from the disk first, then what is in memory only. */
export class Reader {
  readonly #deps: ReaderDependencies;

  constructor(deps: ReaderDependencies) {
    this.#deps = deps;
  }

  /** @throws {HeadgateError} buffer.closed or buffer.failed */
  async read(key: string, after: number, maxBytes: number): Promise<readonly StoredBatch[]> {
    const lane = this.#deps.lanes.get(key);
    if (lane === undefined) return [];
    let from = lane.ledger.nextWaiting(0);
    for (;;) {
      const response = await this.#ask(key, from, after, maxBytes);
      if (response.segments !== undefined) lane.segments = response.segments;
      for (const damage of response.damages) this.#deps.onDamage(damage);
      const waiting = this.#waitingOf(lane, response.batches);
      if (response.isEnd) {
        const last = lastSequenceOf(waiting.at(-1) ?? { firstSequence: after + 1, count: 0 });
        const bytes = waiting.reduce((sum, { records }) => sum + records.length, 0);
        return bytes >= maxBytes ? waiting : [...waiting, ...inMemory(lane, last, maxBytes - bytes)];
      }
      if (waiting.length > 0) return waiting;
      // All of it was delivered or has expired: on behind it.
      const last = response.batches.at(-1);
      if (last === undefined) return [];
      from = lane.ledger.nextWaiting(last.position + last.count);
    }
  }

  async #ask(
    lane: string,
    from: number,
    after: number,
    maxBytes: number,
  ): Promise<WorkerResponse & { readonly kind: 'batches' }> {
    const disk = this.#deps.disk();
    if (disk === undefined) throw new HeadgateError('buffer.closed', 'The buffer is not open.');
    const response = await disk.request({ kind: 'read', lane, from, after, maxBytes });
    if (response.kind === 'batches') return response;
    throw failureOf(response.kind === 'failed' ? response.message : response.kind);
  }

  #waitingOf(lane: Lane, batches: readonly ReadBatch[]): StoredBatch[] {
    const { ttlMs, rule } = lane.info;
    const now = this.#deps.operating();
    const waiting: StoredBatch[] = [];
    for (const batch of batches) {
      const { position, count, firstSequence, records, ageAtMs, takenAtMs } = batch;
      if (lane.ledger.isRemoved(position)) continue;
      if (ttlMs === undefined || ageAtMs + ttlMs >= now) {
        const found = { lane: lane.key, firstSequence, count, records, takenAtMs, ageAtMs, position };
        waiting.push(found as StoredBatch);
        continue;
      }
      lane.ledger.drop({ first: position, last: position + count - 1 }, records.length, 'expired');
      lane.touch('removals', now);
      lane.gaps.losses.note({
        reason: 'expired',
        rule,
        count,
        firstSequence,
        lastSequence: firstSequence + count - 1,
        firstAtMs: takenAtMs,
        lastAtMs: takenAtMs,
      });
    }
    return waiting;
  }
}

/** What may be sent although it is not on disk, behind sequence `after`: ≥ 1 batch if there is any, then up to `maxBytes`. */
function inMemory(lane: Lane, after: number, maxBytes: number): StoredBatch[] {
  const found: StoredBatch[] = [];
  let bytes = 0;
  for (const batch of lane.batches) {
    if (!batch.isExposed || batch.firstSequence <= after || batch.isDelivered) continue;
    if (bytes >= maxBytes) break;
    found.push(batch);
    bytes += batch.records.length;
  }
  return found;
}
