import type { StoredBatch } from '../core/batch.ts';
import type { Priority } from '../core/priority.ts';
import type { MonotonicMs } from '../core/time.ts';
import type { Interval } from '../lib/intervals.ts';
import type { Log } from '../lib/log.ts';
import { LaneFeed, type Pool } from './lane-feed.ts';
import type { LaneView, UplinkBuffer } from './source.ts';

export interface FeedsDependencies {
  readonly buffer: Pick<UplinkBuffer, 'lanes' | 'read' | 'onReady'>;
  readonly now: () => MonotonicMs;
  readonly log: Log;
  /** Something may be sent that could not before. */
  readonly onChange: () => void;
  /** Random numbers in [0, 1). */
  readonly random?: () => number;
}

/** What is held ready in memory at the most, for each priority; beyond it, one batch for each lane. */
const poolBytes = 4 * 2 ** 20;

/** The feeds of all lanes. A lane's failure is its own: the others go on. */
export class Feeds {
  readonly #deps: FeedsDependencies;
  readonly #byKey = new Map<string, LaneFeed>();
  readonly #byPriority: Record<Priority, LaneFeed[]> = { critical: [], normal: [], bulk: [] };
  readonly #pools = newPools();
  #known: readonly LaneView[] | undefined;
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
    for (const [key, feed] of this.#byKey) this.#remove(key, feed);
  }

  /** Takes up lanes that are new, and lets go of those that are gone and hold nothing. Cheap when nothing changed. */
  refresh(): void {
    if (this.#stopListening === undefined) return;
    const lanes = this.#deps.buffer.lanes();
    if (lanes === this.#known) return;
    this.#known = lanes;
    for (const view of lanes) if (!this.#byKey.has(view.key)) this.#add(view);
    const keys = new Set(lanes.map(({ key }) => key));
    for (const [key, feed] of this.#byKey) if (!keys.has(key) && feed.isIdle) this.#remove(key, feed);
  }

  /** To be called about once a second: reads again what could not be read, and looks for lanes that came or went. */
  tick(): void {
    for (const feed of this.#byKey.values()) feed.retry();
    this.#known = undefined;
    this.refresh();
  }

  get byPriority(): Readonly<Record<Priority, readonly LaneFeed[]>> {
    return this.#byPriority;
  }

  /** The sequences of a lane that are held here. */
  held(lane: string): Interval | undefined {
    return this.#byKey.get(lane)?.heldSequences;
  }

  /** Some lane may have batches with sequences up to `upTo` that have not been taken. */
  isBehind(upTo: number): boolean {
    for (const feed of this.#byKey.values()) if (feed.isBehind(upTo)) return true;
    return false;
  }

  /** What keeps lanes from being read, in a sentence or two; undefined when nothing does. */
  get problem(): string | undefined {
    const failed = [...this.#byKey.values()].filter(({ problem }) => problem !== undefined);
    const [first] = failed;
    if (first === undefined) return undefined;
    const others = failed.length === 1 ? '' : `, and ${failed.length - 1} more`;
    return (
      `What waits in lane ${first.view.key}${others} can't be read (${first.problem}). ` +
      "It is tried again, and the other lanes go on; check the disk's health."
    );
  }

  #ready(batch: StoredBatch): void {
    // A lane that is not known yet begins with a read, which finds this batch.
    const feed = this.#byKey.get(batch.lane);
    if (feed === undefined) this.tick();
    else feed.offer(batch);
  }

  #add(view: LaneView): void {
    const { buffer, now, log, onChange, random = Math.random } = this.#deps;
    const feed = new LaneFeed(view, {
      buffer,
      pool: this.#pools[view.priority],
      now,
      random,
      onChange,
      onFailed: (lane, reason) =>
        log.warn({ lane: lane.key, reason }, "A lane can't be read: it is tried again, and the others go on."),
    });
    this.#byKey.set(view.key, feed);
    this.#byPriority[view.priority].push(feed);
    feed.start();
  }

  #remove(key: string, feed: LaneFeed): void {
    feed.stop();
    this.#byKey.delete(key);
    const lanes = this.#byPriority[feed.view.priority];
    lanes.splice(lanes.indexOf(feed), 1);
  }
}

function newPools(): Record<Priority, Pool> {
  const pool = (): Pool => ({ maxBytes: poolBytes, usedBytes: 0, busyLanes: 0 });
  return { critical: pool(), normal: pool(), bulk: pool() };
}
