import type { StoredBatch } from '../core/batch.ts';
import type { Priority } from '../core/priority.ts';
import { countOf, Intervals } from '../lib/intervals.ts';
import type { Lane } from './lane.ts';
import type { ReadBatch } from './worker-protocol.ts';

/** A replay as it is remembered over a restart: positions as [first, last]. */
export interface SavedReplay {
  readonly lane: string;
  readonly wanted: readonly (readonly [number, number])[];
  readonly done: readonly (readonly [number, number])[];
}

/** A batch that is sent again. */
export interface ReplayBatch extends StoredBatch {
  readonly position: number;
  readonly isReplay: true;
}

/**
 * Batches of one lane that are to be sent again although they were delivered. For the ledger they stay delivered: they
 * can't expire, or be lost. To the uplink they are a lane of their own, the least urgent, so that nothing waits for them
 * that is new; the records keep their own priority.
 */
export class Replay {
  readonly key: string;
  readonly lane: Lane;
  readonly priority: Priority = 'bulk';
  readonly pendingFrom = undefined;
  readonly #wanted = new Intervals();
  readonly #done = new Intervals();
  #wantedCount = 0;
  #doneCount = 0;
  /** Where the next read goes on when it asks for what is behind this sequence. */
  #mark = { sequence: 0, position: 0 };

  /** @param key under which the uplink knows it: no other lane or replay of this run has it */
  constructor(key: string, lane: Lane) {
    this.key = key;
    this.lane = lane;
  }

  load({ wanted, done }: SavedReplay): void {
    for (const [first, last] of wanted) this.#wanted.add(first, last);
    for (const [first, last] of done) this.#done.add(first, last);
    this.#wantedCount = countOf([...this.#wanted]);
    this.#doneCount = countOf([...this.#done]);
  }

  save(): SavedReplay {
    const pairs = (runs: Intervals) => Array.from(runs, ({ first, last }) => [first, last] as const);
    return { lane: this.lane.key, wanted: pairs(this.#wanted), done: pairs(this.#done) };
  }

  /** Adds a batch that has not been added. */
  add({ position, count }: { readonly position: number; readonly count: number }): void {
    this.#wanted.add(position, position + count - 1);
    this.#wantedCount += count;
  }

  /** Records that are still to be confirmed once more. */
  get remaining(): number {
    return this.#wantedCount - this.#doneCount;
  }

  /** The collector has it, or it is gone. */
  settle({ position, count }: { readonly position: number; readonly count: number }): void {
    if (this.#done.has(position)) return;
    this.#done.add(position, position + count - 1);
    this.#doneCount += count;
  }

  /** Where to read for what comes behind sequence `after`; undefined when nothing does. */
  startOf(after: number): number | undefined {
    return this.#nextWanted(after > 0 && after === this.#mark.sequence ? this.#mark.position : 0);
  }

  /**
   * Takes what was read from position `from` on. What is missing between is not on disk any more and counts as settled.
   * @param isEnd there is nothing behind it
   * @returns what of it is to be sent, and where to read on when that is nothing
   */
  take(
    batches: readonly ReadBatch[],
    from: number,
    after: number,
    isEnd: boolean,
  ): { readonly batches: ReplayBatch[]; readonly next: number | undefined } {
    const found: ReplayBatch[] = [];
    let next = from;
    for (const { position, firstSequence, count, records, takenAtMs, ageAtMs } of batches) {
      this.#missing(next, position - 1);
      next = position + count;
      const isWanted = this.#wanted.has(position) && !this.#done.has(position);
      if (!isWanted || firstSequence <= after) continue;
      found.push({ lane: this.key, position, firstSequence, count, records, takenAtMs, ageAtMs, isReplay: true });
    }
    if (isEnd) this.#missing(next, this.#wanted.last?.last ?? 0);
    const last = found.at(-1);
    if (last !== undefined) this.#mark = { sequence: last.firstSequence + last.count - 1, position: next };
    return { batches: found, next: isEnd ? undefined : this.#nextWanted(next) };
  }

  #missing(first: number, last: number): void {
    const missing = this.#wanted.since(first).filter((run) => run.first <= last);
    if (first > last || missing.length === 0) return;
    for (const run of missing) this.#done.add(run.first, Math.min(run.last, last));
    this.#doneCount = countOf([...this.#done]);
  }

  #nextWanted(from: number): number | undefined {
    let at = from;
    for (const { first, last } of this.#wanted.since(from)) {
      at = Math.max(at, first);
      for (const done of this.#done.since(at)) {
        if (done.first > at) break;
        at = done.last + 1;
      }
      if (at <= last) return at;
    }
    return undefined;
  }
}
