import { lastSequenceOf } from '../core/batch.ts';
import type { DropReason } from '../core/handling.ts';
import type { MonotonicMs } from '../core/time.ts';
import type { Interval } from '../lib/intervals.ts';
import type { Batch } from './batch.ts';
import { type Lane, lossOf } from './lane.ts';
import type { Lanes } from './lanes.ts';
import type { Writer } from './writer.ts';

export interface MemoryRoomDependencies {
  readonly lanes: Lanes;
  readonly writer: Writer;
  /** What may be in memory only. */
  readonly maxPendingBytes: number;
  readonly operating: () => MonotonicMs;
  /** Sequences of a lane that are being sent. */
  readonly underWay: (lane: string) => readonly Interval[];
}

/** Keeps what is in memory only within its bound, and drops what has grown old there. */
export class MemoryRoom {
  readonly #deps: MemoryRoomDependencies;

  constructor(deps: MemoryRoomDependencies) {
    this.#deps = deps;
  }

  expire(): void {
    for (const lane of this.#deps.lanes) this.#expireOf(lane);
  }

  /** What is in memory only has a bound of its own: the oldest goes, in the order of priority. */
  trim(): void {
    const { lanes, maxPendingBytes, writer } = this.#deps;
    let excess = -maxPendingBytes;
    // What is never to come to the disk goes before what does so in a second.
    const isTransient = ({ info }: Lane): number => Number(info.durability === 'memory');
    const early = [...lanes].filter((lane) => lane.isEarly).sort((a, b) => isTransient(b) - isTransient(a));
    for (const lane of early) excess += lane.memoryBytes;
    for (const lane of early) {
      const quota = lane.info.durability === 'memory' ? lane.handling?.maxBytes : undefined;
      if (quota !== undefined && !isKept(lane)) excess -= this.#trimLane(lane, lane.memoryBytes - quota, 'evicted');
    }
    for (const priority of ['bulk', 'normal', 'critical'] as const) {
      for (const lane of early) {
        if (lane.priority !== priority || isKept(lane) || excess <= 0) continue;
        excess -= this.#trimLane(lane, excess, writer.failure === undefined ? 'evicted' : 'disk-failed');
      }
    }
  }

  #trimLane(lane: Lane, excess: number, reason: DropReason): number {
    const { underWay, writer } = { ...this.#deps, underWay: this.#deps.underWay(lane.key) };
    let freed = 0;
    for (const batch of [...lane.batches]) {
      if (freed >= excess) break;
      if (batch.phase !== 'queued') continue;
      if (isSent(batch, underWay)) continue;
      freed += batch.records.length;
      this.discard(lane, batch, reason);
    }
    if (freed > 0) writer.flush();
    return freed;
  }

  /** A batch that was never stored is lost. */
  discard(lane: Lane, batch: Batch, reason: DropReason): void {
    const { writer, operating } = this.#deps;
    lane.ledger.dropUnstored(batch.count, reason);
    lane.gaps.losses.note(lossOf(lane, batch, reason));
    lane.touch('counts', operating());
    writer.released(lane, batch);
  }

  /** Records that were never to reach the disk end with the process. */
  discardAll(): void {
    for (const lane of this.#deps.lanes) {
      if (lane.info.durability !== 'memory') continue;
      this.#deps.writer.seal(lane);
      for (const batch of [...lane.batches]) this.discard(lane, batch, 'stopped');
    }
  }

  /** What never comes to the disk, or can't, grows old all the same. */
  #expireOf(lane: Lane): void {
    const { ttlMs } = lane.info;
    if (ttlMs === undefined || !lane.isEarly) return;
    const underWay = this.#deps.underWay(lane.key);
    for (const batch of [...lane.batches]) {
      if (batch.sealedAgeMs + ttlMs >= this.#deps.operating()) break;
      if (batch.phase === 'queued' && !isSent(batch, underWay)) this.discard(lane, batch, 'expired');
    }
  }
}

/** It is being sent right now. */
function isSent(batch: Batch, underWay: readonly Interval[]): boolean {
  return underWay.some(({ first, last }) => first <= lastSequenceOf(batch) && last >= batch.firstSequence);
}

/** Its records are never dropped to make room: their source waits. */
export function isKept({ info, handling }: Lane): boolean {
  return info.priority === 'critical' || handling?.whenFull === 'block';
}
