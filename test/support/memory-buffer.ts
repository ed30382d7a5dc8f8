import { lastSequenceOf, type StoredBatch } from '../../src/core/batch.ts';
import type { Priority } from '../../src/core/priority.ts';
import type { LaneView, UplinkBuffer, UplinkTotals } from '../../src/uplink/source.ts';

interface MemoryLane extends LaneView {
  /** In order of sequence. Ready ones and, behind them, pending ones. */
  readonly batches: StoredBatch[];
  readonly pending: Set<StoredBatch>;
}

export interface AppendOptions {
  /** It may not be sent before {@link MemoryBuffer.commit}. Default false. */
  readonly isPending?: boolean;
  /** Leave so many sequences out before it. Default 0. */
  readonly skip?: number;
}

/** A read that waits for its answer. */
interface Asked {
  readonly lane: string;
  readonly answer: () => void;
}

/** The buffer as the uplink sees it, without a disk: says of everything when, and keeps what it was told. */
export class MemoryBuffer implements UplinkBuffer {
  readonly corrections = undefined;
  readonly identity = { gateway: 'gateway', epoch: 'epoch' };
  /** Every read there was. */
  readonly reads: { readonly lane: string; readonly after: number; readonly maxBytes: number }[] = [];
  /** Every batch that was acknowledged, in that order. */
  readonly acknowledged: StoredBatch[] = [];
  /** Lanes that can't be read. */
  readonly broken = new Set<string>();
  /** Reads wait for {@link answer}. Otherwise they are answered by themselves, but not at once. */
  isManual = false;
  #lanes: readonly MemoryLane[] = [];
  readonly #listeners = new Set<(batch: StoredBatch) => void>();
  #asked: Asked[] = [];
  #lastSequence: number;

  /** @param lastSequence the last one that an earlier run may have given out */
  constructor(lastSequence = 0) {
    this.#lastSequence = lastSequence;
  }

  addLane(key: string, priority: Priority = 'normal'): this {
    const batches: StoredBatch[] = [];
    const pending = new Set<StoredBatch>();
    const lane = {
      key,
      priority,
      batches,
      pending,
      get pendingFrom() {
        return batches.find((batch) => pending.has(batch))?.firstSequence;
      },
    };
    this.#lanes = [...this.#lanes, lane];
    return this;
  }

  removeLane(key: string): void {
    this.#lanes = this.#lanes.filter((lane) => lane.key !== key);
  }

  /** Seals a batch of `count` records: ready at once, unless it is to be pending. */
  append(
    key: string,
    records: Uint8Array,
    count = 1,
    { isPending = false, skip = 0 }: AppendOptions = {},
  ): StoredBatch {
    const lane = this.#lane(key);
    const batch = { lane: key, firstSequence: this.#lastSequence + 1 + skip, count, records };
    this.#lastSequence = lastSequenceOf(batch);
    lane.batches.push(batch);
    if (isPending) lane.pending.add(batch);
    else this.#tell(batch);
    return batch;
  }

  /** Adds a batch, ready at once, under sequences of its own: one that is to be sent again, say. */
  insert(batch: StoredBatch): void {
    const { batches, pending } = this.#lane(batch.lane);
    // It takes the place of the one with the same sequences.
    const at = batches.findIndex(({ firstSequence }) => firstSequence === batch.firstSequence);
    for (const replaced of batches.splice(at < 0 ? batches.length : at, at < 0 ? 0 : 1, batch))
      pending.delete(replaced);
    this.#tell(batch);
  }

  /** A pending batch may be sent now. */
  commit(batch: StoredBatch): void {
    this.#lane(batch.lane).pending.delete(batch);
    this.#tell(batch);
  }

  /** A pending batch's commit failed: it never was, and nobody is told. */
  refuse(batch: StoredBatch): void {
    const lane = this.#lane(batch.lane);
    lane.pending.delete(batch);
    lane.batches.splice(lane.batches.indexOf(batch), 1);
  }

  lanes(): readonly LaneView[] {
    return this.#lanes;
  }

  read(key: string, after: number, maxBytes: number): Promise<readonly StoredBatch[]> {
    this.reads.push({ lane: key, after, maxBytes });
    return new Promise((resolve, reject) => {
      const answer = (): void => {
        if (this.broken.has(key)) reject(new Error('no disk'));
        else resolve(this.#waiting(key, after, maxBytes));
      };
      if (this.isManual) this.#asked.push({ lane: key, answer });
      else setImmediate(answer);
    });
  }

  /** Answers the reads under way, of one lane or of all, and those that they lead to. */
  async answer(lane?: string): Promise<void> {
    for (;;) {
      const due = this.#asked.filter((asked) => lane === undefined || asked.lane === lane);
      if (due.length === 0) return;
      this.#asked = this.#asked.filter((asked) => !due.includes(asked));
      for (const { answer } of due) answer();
      await new Promise(setImmediate);
    }
  }

  onReady(listener: (batch: StoredBatch) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  get listeners(): number {
    return this.#listeners.size;
  }

  acknowledge(batches: readonly StoredBatch[]): void {
    for (const batch of batches) {
      const lane = this.#lane(batch.lane);
      const at = lane.batches.indexOf(batch);
      if (at < 0) throw new Error(`batch ${batch.firstSequence} of ${batch.lane} does not wait`);
      lane.batches.splice(at, 1);
      this.acknowledged.push(batch);
    }
  }

  get totals(): UplinkTotals {
    const waiting = this.#lanes.flatMap(({ batches }) => batches);
    return {
      firstWaiting: waiting.length === 0 ? 0 : Math.min(...waiting.map(({ firstSequence }) => firstSequence)),
      lastSequence: this.#lastSequence,
      waitingRecords: waiting.reduce((sum, { count }) => sum + count, 0),
    };
  }

  #tell(batch: StoredBatch): void {
    for (const listener of this.#listeners) listener(batch);
  }

  #waiting(key: string, after: number, maxBytes: number): StoredBatch[] {
    const { batches, pending } = this.#lane(key);
    const found: StoredBatch[] = [];
    let bytes = 0;
    for (const batch of batches) {
      if (batch.firstSequence <= after || pending.has(batch)) continue;
      bytes += batch.records.length;
      if (found.length > 0 && bytes > maxBytes) break;
      found.push(batch);
    }
    return found;
  }

  #lane(key: string): MemoryLane {
    const lane = this.#lanes.find((one) => one.key === key);
    if (lane === undefined) throw new Error(`there is no lane ${key}`);
    return lane;
  }
}
