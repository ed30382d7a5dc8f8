import type { StoredBatch } from '../core/batch.ts';
import { HeadgateError } from '../core/errors.ts';
import type { Shelf } from '../core/shelf.ts';
import type { MonotonicMs } from '../core/time.ts';
import { type Disk, failureOf } from './disk.ts';
import type { HistoryBatch } from './history.ts';
import type { Lane } from './lane.ts';
import type { Lanes } from './lanes.ts';
import { Replay, type ReplayBatch, type SavedReplay } from './replay.ts';
import type { Damage } from './worker-protocol.ts';

export interface ReplaysDependencies {
  readonly lanes: Lanes;
  readonly disk: () => Disk | undefined;
  /** Where it is remembered what is still to be sent again. */
  readonly shelf: Shelf;
  readonly now: () => MonotonicMs;
  readonly onDamage: (damage: Damage) => void;
}

/** The space on the shelf. */
const space = 'buffer/replays';
/** How often its progress is noted: what came in between is sent once more after a crash, which does no harm. */
const saveMs = 1_000;

/** What is being sent again because somebody asked for it. */
export class Replays {
  readonly #deps: ReplaysDependencies;
  readonly #byKey = new Map<string, Replay>();
  readonly #savedAt = new WeakMap<Replay, MonotonicMs>();
  #lastNumber = 0;
  #joined: { readonly lanes: readonly Lane[]; readonly replays: number; readonly all: readonly (Lane | Replay)[] } = {
    lanes: [],
    replays: 0,
    all: [],
  };
  /** Goes up when a replay comes or goes. */
  #changes = 0;

  constructor(deps: ReplaysDependencies) {
    this.#deps = deps;
  }

  /** Takes up what an earlier run had not finished. @throws {HeadgateError} buffer.failed */
  async load(): Promise<void> {
    const { lanes, shelf } = this.#deps;
    const entries = await shelf.entries(space);
    // Before the first new one: they are numbered anew.
    for (const [name] of entries) shelf.delete(space, name);
    for (const [, value] of entries) {
      const saved = JSON.parse(Buffer.from(value).toString()) as SavedReplay;
      const lane = lanes.get(saved.lane);
      if (lane === undefined) continue;
      const replay = new Replay(this.#newKey(lane), lane);
      replay.load(saved);
      this.#begin(replay);
    }
  }

  get isActive(): boolean {
    return this.#byKey.size > 0;
  }

  /** Records that are still to be confirmed once more. */
  get remaining(): number {
    let records = 0;
    for (const replay of this.#byKey.values()) records += replay.remaining;
    return records;
  }

  /** The lanes and, behind them, the replays; the same array for as long as they are the same. */
  join(lanes: readonly Lane[]): readonly (Lane | Replay)[] {
    if (!this.isActive) return lanes;
    if (this.#joined.lanes !== lanes || this.#joined.replays !== this.#changes) {
      this.#joined = { lanes, replays: this.#changes, all: [...lanes, ...this.#byKey.values()] };
    }
    return this.#joined.all;
  }

  /**
   * Sends batches again. What waits is left out: it will be sent anyway. Durable when it resolves.
   * @returns records that are sent again
   * @throws {HeadgateError} buffer.failed
   */
  async add(batches: AsyncIterable<HistoryBatch>): Promise<number> {
    const { lanes, shelf } = this.#deps;
    const found = new Map<string, Replay>();
    let records = 0;
    for await (const batch of batches) {
      const lane = lanes.get(batch.lane);
      if (lane === undefined || !lane.ledger.isRemoved(batch.position)) continue;
      let replay = found.get(batch.lane);
      if (replay === undefined) {
        replay = new Replay(this.#newKey(lane), lane);
        found.set(batch.lane, replay);
      }
      replay.add(batch);
      records += batch.count;
    }
    for (const replay of found.values()) this.#begin(replay);
    if (found.size > 0) await shelf.saved();
    return records;
  }

  /** As `RecordBuffer.read`; undefined when the key is not a replay's. */
  async read(key: string, after: number, maxBytes: number): Promise<readonly ReplayBatch[] | undefined> {
    if (!isReplayKey(key)) return undefined;
    const replay = this.#byKey.get(key);
    let from = replay?.startOf(after);
    while (replay !== undefined && from !== undefined) {
      const disk = this.#deps.disk();
      if (disk === undefined) throw new HeadgateError('buffer.closed', 'The buffer is not open.');
      const { lane } = replay;
      const response = await disk.request({ kind: 'read', lane: lane.key, from, after: 0, maxBytes });
      if (response.kind !== 'batches') throw failureOf(response.kind === 'failed' ? response.message : response.kind);
      if (response.segments !== undefined) lane.segments = response.segments;
      for (const damage of response.damages) this.#deps.onDamage(damage);
      const { batches, next } = replay.take(response.batches, from, after, response.isEnd);
      this.#settled(replay);
      if (batches.length > 0) return batches;
      from = next;
    }
    return [];
  }

  /** The collector has a batch that was sent again. @returns false when it is none of a replay */
  acknowledge(batch: StoredBatch): boolean {
    if (batch.isReplay !== true) return false;
    const replay = this.#byKey.get(batch.lane);
    if (replay !== undefined) {
      replay.settle(batch as ReplayBatch);
      this.#settled(replay);
    }
    return true;
  }

  #begin(replay: Replay): void {
    this.#byKey.set(replay.key, replay);
    this.#changes++;
    this.#save(replay);
  }

  #newKey(lane: Lane): string {
    return `${lane.key}/replay-${++this.#lastNumber}`;
  }

  #settled(replay: Replay): void {
    if (replay.remaining > 0) {
      if (this.#deps.now() - (this.#savedAt.get(replay) ?? 0) >= saveMs) this.#save(replay);
      return;
    }
    if (!this.#byKey.delete(replay.key)) return;
    this.#changes++;
    this.#deps.shelf.delete(space, replay.key);
  }

  #save(replay: Replay): void {
    this.#savedAt.set(replay, this.#deps.now());
    this.#deps.shelf.put(space, replay.key, Buffer.from(JSON.stringify(replay.save())));
  }
}

/** No lane's key has a slash: it is the name of a folder. */
function isReplayKey(key: string): boolean {
  return key.includes('/replay-');
}
