import type { DropReason } from '../core/handling.ts';
import type { NoRoom } from '../core/no-room.ts';
import type { MonotonicMs, UnixMs } from '../core/time.ts';
import type { Interval } from '../lib/intervals.ts';
import type { Log } from '../lib/log.ts';
import { type Disk, failureOf } from './disk.ts';
import { DiskSpace } from './disk-space.ts';
import { type EvictableLane, type Eviction, evict, expired, stateBytes } from './evict.ts';
import type { Lane } from './lane.ts';
import type { Lanes } from './lanes.ts';
import { isKept, type MemoryRoom } from './memory-room.ts';
import { remembered } from './recent-deliveries.ts';
import type { SegmentSummary } from './worker-protocol.ts';
import type { Writer } from './writer.ts';

export interface RoomDependencies {
  readonly lanes: Lanes;
  readonly writer: Writer;
  /** What all lanes may take on disk. */
  readonly maxBytes: number;
  /** Where they are. */
  readonly directory: string;
  readonly memory: MemoryRoom;
  /** How long delivered records are kept. */
  readonly keepMs: number;
  readonly operating: () => MonotonicMs;
  readonly now: () => UnixMs;
  /** Sequences of a lane that are being sent. */
  readonly underWay: (lane: string) => readonly Interval[];
  readonly log: Log;
}

/** How often is looked for what has outlived its time. */
const sweepMs = 1_000;
/** What is freed at least when the disk itself is full. */
const fullDiskBytes = 2 ** 20;

/** Keeps the buffer within its bounds: deletes what was delivered, drops what must go, and holds back what must not. */
export class Room {
  readonly #deps: RoomDependencies;
  readonly #dropping = new Set<string>();
  /** Lanes whose segments the disk would not let go: it is asked again with the next sweep, not with every write. */
  readonly #refused = new Set<string>();
  #disk: Disk | undefined;
  #space: DiskSpace | undefined;
  #timer: NodeJS.Timeout | undefined;
  /** The disk had no space although the budget was not used up: until the next sweep, which tries again. */
  #isDiskFull = false;

  constructor(deps: RoomDependencies) {
    this.#deps = deps;
  }

  start(disk: Disk): void {
    this.#disk = disk;
    this.#space = new DiskSpace(disk, this.#deps.log);
    this.#timer = setInterval(() => this.sweep(), sweepMs);
    this.sweep();
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#disk = undefined;
  }

  /** Why records that must not be dropped wait, or others are refused; undefined: there is room. */
  get noRoom(): NoRoom | undefined {
    const { lanes, maxBytes, directory } = this.#deps;
    const freeBytes = this.#space?.shortage;
    if (freeBytes !== undefined) return { of: 'disk', directory, freeBytes };
    if (![...lanes].some(({ gate }) => gate === 'blocked')) return undefined;
    return { of: lanes.diskBytes >= maxBytes ? 'budget' : 'rule' };
  }

  /** What the buffer's files can take as of now, in bytes: the budget, or less where the disk has less left. */
  get roomBytes(): number {
    const { lanes, maxBytes } = this.#deps;
    const { freeBytes } = this.#space ?? {};
    return freeBytes === undefined ? maxBytes : Math.min(maxBytes, lanes.diskBytes + freeBytes);
  }

  /** Looks at everything that time alone changes. */
  sweep(): void {
    const { lanes, operating, writer, memory } = this.#deps;
    this.#refused.clear();
    this.#carryOut(
      expired(
        [...lanes].map((lane) => this.#evictable(lane)),
        operating(),
      ),
    );
    memory.expire();
    this.#isDiskFull = false;
    this.check();
    writer.flush();
    void this.#space?.look();
  }

  /** The disk has answered a write. @param hasTaken as of the writer */
  written(hasTaken: boolean): void {
    if (hasTaken) this.#space?.taken();
    this.check();
  }

  /** Looks at what a write or a delivery may have changed. */
  check(): void {
    const { lanes, maxBytes, operating } = this.#deps;
    for (const lane of lanes) this.#deleteDelivered(lane);
    for (const lane of lanes) this.#keepQuota(lane);
    const excess = lanes.diskBytes - maxBytes;
    if (excess > 0)
      this.#carryOut(
        evict(
          [...lanes].map((lane) => this.#evictable(lane)),
          excess,
          operating(),
        ),
      );
    this.#deps.memory.trim();
    for (const lane of lanes) this.#setGate(lane);
  }

  /** The disk had no space for a lane's batches, which are queued again. */
  full(lane: Lane, freeBytes: number): void {
    const { lanes, writer, operating } = this.#deps;
    const plan = evict(
      [...lanes].map((one) => this.#evictable(one)),
      fullDiskBytes,
      operating(),
    );
    // What is being dropped already may be enough.
    if (plan.length > 0 || this.#dropping.size > 0) {
      this.#carryOut(plan);
      return;
    }
    this.#noteFull(freeBytes);
    this.#setGate(lane);
    // In memory it may wait within bounds, and what must not be lost waits at its source.
    if (lane.isDirect) lane.retryAt = operating() + sweepMs;
    if (lane.isDirect || isKept(lane)) return;
    writer.refuseAll(lane, failureOf('it is full'));
  }

  #noteFull(freeBytes: number): void {
    const { lanes, maxBytes, directory, log } = this.#deps;
    if (this.#space?.full(freeBytes)) {
      const said = { directory, freeBytes, bufferBytes: lanes.diskBytes, maxBytes };
      const what = 'The disk is full, and there is nothing that may be dropped: make room on it.';
      log.error(said, `${what} Raising \`buffer.maxBytes\` does not help.`);
    }
    this.#isDiskFull = true;
  }

  #evictable(lane: Lane): EvictableLane {
    return {
      key: lane.key,
      priority: lane.priority,
      isKept: isKept(lane),
      ttlMs: lane.info.ttlMs,
      segments: this.#dropping.has(lane.key) || this.#refused.has(lane.key) ? [] : lane.segments,
      isRemoved: (segment) => lane.isRemoved(segment),
      underWay: this.#deps.underWay(lane.key),
    };
  }

  #deleteDelivered(lane: Lane): void {
    if (this.#dropping.has(lane.key) || lane.segments.length === 0) return;
    const { keepMs, operating } = this.#deps;
    const now = operating();
    const last = lane.segments.at(-1)!;
    const firstRemembered = remembered(lane.segments, now)[0];
    const deletable: SegmentSummary[] = [];
    // Oldest first, up to the first that stays: asked after every commit, with thousands of segments at times.
    for (const segment of lane.segments) {
      if (!lane.isRemoved(segment) || (segment === firstRemembered && segment !== last)) break;
      if (keepMs > 0 && now - segment.newestAgeMs < keepMs) break;
      // The last one holds the lane's state: it only goes where much of it is of no use any more.
      const isOver = lane.handling === undefined && lane.batches.length === 0 && segment.fileBytes > stateBytes;
      if (segment === last && !isOver) break;
      deletable.push(segment);
    }
    this.#carryOut(deletable.map((segment) => ({ lane: lane.key, segment, reason: 'delivered' as const })));
  }

  /** A rule may have less than everything: what was delivered and is kept goes first, then, if it says so, the oldest. */
  #keepQuota(lane: Lane): void {
    const quota = lane.handling?.maxBytes;
    if (quota === undefined || this.#dropping.has(lane.key)) return;
    let excess = lane.diskBytes - quota;
    const { underWay } = this.#evictable(lane);
    const plan: Eviction[] = [];
    const filled = lane.segments.filter((segment) => segment.endPosition > segment.firstPosition);
    for (const segment of filled) {
      // Its gate closes as soon as it has as much as it may have.
      if (excess < 0) break;
      if (!lane.isRemoved(segment)) continue;
      excess -= segment.fileBytes;
      plan.push({ lane: lane.key, segment, reason: 'delivered' });
    }
    for (const segment of lane.handling?.whenFull === 'dropOldest' ? filled : []) {
      if (excess <= 0) break;
      if (lane.isRemoved(segment)) continue;
      if (underWay.some(({ first, last }) => first <= segment.lastSequence && last >= segment.firstSequence)) continue;
      excess -= segment.fileBytes;
      plan.push({ lane: lane.key, segment, reason: 'evicted' });
    }
    this.#carryOut(plan);
  }

  #carryOut(plan: readonly Eviction[]): void {
    const byLane = Map.groupBy(plan, ({ lane }) => lane);
    for (const [key, evictions] of byLane) {
      const lane = this.#deps.lanes.get(key);
      if (lane === undefined || this.#dropping.has(key) || this.#refused.has(key)) continue;
      // While the disk writes to a lane its last segment holds more than is known: that must not go uncounted.
      const growing = lane.isWriting ? lane.segments.at(-1)?.number : undefined;
      void this.#drop(
        lane,
        evictions.filter(({ segment }) => segment.number !== growing),
      );
    }
  }

  /** First it is noted what is lost, durably, then the files go. */
  async #drop(lane: Lane, evictions: readonly Eviction[]): Promise<void> {
    const disk = this.#disk;
    if (disk === undefined || evictions.length === 0) return;
    this.#dropping.add(lane.key);
    for (const { segment, reason } of evictions) if (reason !== 'delivered') this.lose(lane, segment, reason);
    lane.touch('removals', this.#deps.operating());
    const numbers = evictions.map(({ segment }) => segment.number);
    const { write, saved } = this.#deps.writer.writeOf(lane, []);
    const response = await disk.request({ kind: 'drop', write, segments: numbers });
    this.#dropping.delete(lane.key);
    if (response.kind !== 'dropped') this.#refused.add(lane.key);
    if (response.kind === 'dropped') {
      lane.segments = response.segments;
      if (response.isSaved) saved();
    }
    if (response.kind !== 'dropped' || !response.isSaved) lane.touch('removals', this.#deps.operating());
    this.#isDiskFull &&= response.kind !== 'dropped';
    if (response.kind === 'dropped') this.check();
    this.#deps.writer.flush();
  }

  /** Counts what waits in a segment as lost, and notes the gap. */
  lose(lane: Lane, segment: SegmentSummary, reason: DropReason): void {
    const range = { first: segment.firstPosition, last: segment.endPosition - 1 };
    const total = segment.endPosition - segment.firstPosition;
    if (total <= 0) return;
    const waiting = total - lane.ledger.removedWithin(range);
    const count = lane.ledger.drop(range, Math.round((segment.bytes * waiting) / total), reason);
    if (count === 0) return;
    lane.gaps.losses.note({
      reason,
      rule: lane.info.rule,
      count,
      firstSequence: segment.firstSequence,
      lastSequence: segment.lastSequence,
      firstAtMs: segment.oldestMs,
      lastAtMs: segment.newestMs,
    });
  }

  #setGate(lane: Lane): void {
    const { lanes, maxBytes } = this.#deps;
    const quota = lane.handling?.maxBytes ?? Number.POSITIVE_INFINITY;
    const isOverQuota = lane.diskBytes >= quota && lane.handling?.whenFull !== 'dropOldest';
    const isOver = lanes.diskBytes >= maxBytes || (this.#isDiskFull && isKept(lane));
    // Nothing more can be freed, or this rule's records are not worth freeing anything for.
    if (!isOverQuota && !(isOver && this.#dropping.size === 0)) lane.gate = 'open';
    else lane.gate = isKept(lane) ? 'blocked' : 'dropping';
  }
}
