import type { StoredBatch } from '../core/batch.ts';
import type { Priority } from '../core/priority.ts';
import type { MonotonicMs } from '../core/time.ts';
import type { Interval } from '../lib/intervals.ts';
import type { Log } from '../lib/log.ts';
import { LaneFeed, type Pool } from './lane-feed.ts';
import type { Share } from './shares.ts';
import type { LaneView, UplinkBuffer } from './source.ts';

export interface FeedsDependencies {
  readonly buffer: Pick<UplinkBuffer, 'lanes' | 'read' | 'onReady'>;
  /** The last sequence that had been given out when the connection stood: up to it is backlog, from there on live. */
  readonly historicalUpTo: number;
  readonly now: () => MonotonicMs;
  readonly log: Log;
  /** Something may be sent that could not before. */
  readonly onChange: () => void;
  /** Random numbers in [0, 1). */
  readonly random?: () => number;
}

/** What is held ready in memory at the most, for each priority; beyond it, one batch for each lane. */
const poolBytes: Readonly<Record<Share, number>> = { live: 4 * 2 ** 20, backlog: 2 * 2 ** 20 };

/** A lane's two readers: one for what waited when the connection stood, one that follows what comes. */
type Pair = Readonly<Record<Share, LaneFeed>>;

/** After so long without a live batch a backlog is read in large pieces again. */
const liveForMs = 1_000;

type ByPriority = Readonly<Record<Priority, readonly LaneFeed[]>>;

const shares: readonly Share[] = ['live', 'backlog'];

/** The feeds of all lanes, two of each. A lane's failure is its own: the others go on. */
export class Feeds {
  readonly #deps: FeedsDependencies;
  readonly #byKey = new Map<string, Pair>();
  readonly #byShare = {
    live: { critical: [], normal: [], bulk: [] } as Record<Priority, LaneFeed[]>,
    backlog: { critical: [], normal: [], bulk: [] } as Record<Priority, LaneFeed[]>,
  };
  readonly #pools = { live: newPools(poolBytes.live), backlog: newPools(poolBytes.backlog) };
  #known: readonly LaneView[] | undefined;
  /** When a live batch became ready last. */
  #liveAt = Number.NEGATIVE_INFINITY;
  #stopListening: (() => void) | undefined;

  constructor(deps: FeedsDependencies) {
    this.#deps = deps;
  }

  /** Begins to read, from the oldest batch that waits in each lane. To be started once. */
  start(): void {
    this.#stopListening = this.#deps.buffer.onReady((batch) => this.#ready(batch));
    this.refresh();
  }

  /** Lets go of all that is held. */
  stop(): void {
    this.#stopListening?.();
    this.#stopListening = undefined;
    for (const [key, pair] of this.#byKey) this.#remove(key, pair);
  }

  /** Takes up lanes that are new, and lets go of those that are gone and hold nothing. Cheap when nothing changed. */
  refresh(): void {
    if (this.#stopListening === undefined) return;
    const lanes = this.#deps.buffer.lanes();
    if (lanes === this.#known) return;
    this.#known = lanes;
    for (const view of lanes) if (!this.#byKey.has(view.key)) this.#add(view);
    const keys = new Set(lanes.map(({ key }) => key));
    for (const [key, pair] of this.#byKey) {
      if (!keys.has(key) && pair.live.isIdle && pair.backlog.isIdle) this.#remove(key, pair);
    }
  }

  /** To be called about once a second: reads again what could not be read, and looks for lanes that came or went. */
  tick(): void {
    for (const pair of this.#byKey.values()) for (const share of shares) pair[share].retry();
    this.#known = undefined;
    this.refresh();
  }

  /** The feeds of one share. The same object, as long as these feeds exist. */
  of(share: Share): ByPriority {
    return this.#byShare[share];
  }

  /** The sequences of a lane that are held here, from the first to the last: of its backlog, and of what is live. */
  held(lane: string): readonly Interval[] {
    const pair = this.#byKey.get(lane);
    return pair === undefined ? [] : shares.flatMap((share) => pair[share].heldSequences ?? []);
  }

  /** Some lane may have batches from before the connection, up to sequence `upTo`, that have not been taken. */
  isBehind(upTo: number): boolean {
    for (const { backlog } of this.#byKey.values()) if (backlog.isBehind(upTo)) return true;
    return false;
  }

  /** What keeps lanes from being read, in a sentence or two; undefined when nothing does. */
  get problem(): string | undefined {
    const failed = [...this.#byKey.values()].flatMap(
      (pair) => shares.map((share) => pair[share]).find(({ problem }) => problem !== undefined) ?? [],
    );
    const [first] = failed;
    if (first === undefined) return undefined;
    const others = failed.length === 1 ? '' : `, and ${failed.length - 1} more`;
    return (
      `What waits in lane ${first.view.key}${others} can't be read (${first.problem}). ` +
      "It is tried again, and the other lanes go on; check the disk's health."
    );
  }

  #ready(batch: StoredBatch): void {
    if (batch.firstSequence > this.#deps.historicalUpTo && !batch.isReplay) this.#liveAt = this.#deps.now();
    // A lane that is not known yet begins with a read, which finds this batch.
    const pair = this.#byKey.get(batch.lane);
    if (pair === undefined) this.tick();
    else for (const share of shares) pair[share].offer(batch);
  }

  #add(view: LaneView): void {
    const { buffer, historicalUpTo, now, log, onChange, random = Math.random } = this.#deps;
    const feedOf = (share: Share): LaneFeed =>
      new LaneFeed(view, {
        stretch: { share, historicalUpTo },
        buffer,
        pool: this.#pools[share][view.priority],
        now,
        isLive: () => now() - this.#liveAt < liveForMs,
        random,
        onChange,
        onFailed: (lane, reason) =>
          log.warn({ lane: lane.key, reason }, "A lane can't be read: it is tried again, and the others go on."),
      });
    const pair = { live: feedOf('live'), backlog: feedOf('backlog') };
    this.#byKey.set(view.key, pair);
    for (const share of shares) {
      this.#byShare[share][view.priority].push(pair[share]);
      pair[share].start();
    }
  }

  #remove(key: string, pair: Pair): void {
    this.#byKey.delete(key);
    for (const share of shares) {
      pair[share].stop();
      const lanes = this.#byShare[share][pair[share].view.priority];
      lanes.splice(lanes.indexOf(pair[share]), 1);
    }
  }
}

function newPools(maxBytes: number): Record<Priority, Pool> {
  const pool = (): Pool => ({ maxBytes, usedBytes: 0, busyLanes: 0 });
  return { critical: pool(), normal: pool(), bulk: pool() };
}
