import { lastSequenceOf, type StoredBatch } from '../core/batch.ts';
import type { Priority } from '../core/priority.ts';
import type { MonotonicMs } from '../core/time.ts';
import { type Interval, Intervals } from '../lib/intervals.ts';
import { type Flight, LaneInFlight } from './in-flight.ts';
import { Pace } from './pace.ts';
import type { Share } from './shares.ts';

export interface SessionLimits {
  /** Unacknowledged bytes that both sides are willing to have under way. */
  readonly windowBytes: number;
  /** How long nothing may be acknowledged while something is under way. */
  readonly acknowledgeTimeoutMs: number;
  /** The part of the window that a backlog leaves to live records, from 0 to 1. */
  readonly liveShare: number;
}

/** What an acknowledgement settled: batches that need not be sent again, and what they come to. */
export interface Settled {
  readonly batches: readonly StoredBatch[];
  readonly records: number;
  readonly recordsByPriority: Readonly<Record<Priority, number>>;
  readonly bytes: number;
}

/**
 * The window that a connection starts with, and keeps whatever happens. A new connection may be a slow one: it earns
 * more with each acknowledgement.
 */
const leastWindowBytes = 16 * 1024;
/** What one upload carries at the most, unless a single batch is larger. */
const maxUploadBytes = 256 * 1024;
/** The slowest link that is still waited for, in bytes a second: the timeout grows with what is under way. */
const slowestLink = 4096;
/**
 * How much longer an acknowledgement may take because of what was sent before it. Whatever is under way is in front of
 * the next critical record, whatever its priority: a second of a slow link's time, not the whole window's.
 */
const maxQueueMs = 1_000;
/** Weight of the newest acknowledgement in the smoothed time. */
const smoothing = 1 / 8;

/**
 * One connection's account of what is under way, from welcome to the end of the stream. It does no input or output
 * and asks no clock: what happens and when is told to it.
 */
export class Session {
  readonly #limits: SessionLimits;
  /** What the collector had when it said welcome. */
  readonly #durable: Intervals;
  readonly #lanes = new Map<string, LaneInFlight>();
  #inFlightCount = 0;
  #inFlightBytes = 0;
  #backlogBytes = 0;
  readonly #pace = new Pace();
  #windowBytes: number;
  /** The last sequence that the collector can know of. */
  #lastKnown: number;
  #progressAt: MonotonicMs;
  /** From sending to acknowledgement: when nothing queues, and smoothed. Infinite until there was one. */
  #leastMs = Number.POSITIVE_INFINITY;
  #smoothedMs = Number.POSITIVE_INFINITY;

  constructor(limits: SessionLimits, durable: readonly Interval[], now: MonotonicMs) {
    this.#limits = limits;
    this.#durable = new Intervals(durable);
    this.#lastKnown = durable.reduce((lastKnown, { last }) => Math.max(lastKnown, last), 0);
    this.#windowBytes = Math.min(leastWindowBytes, limits.windowBytes);
    this.#progressAt = now;
  }

  /** The last sequence that the collector can know of. */
  get lastKnown(): number {
    return this.#lastKnown;
  }

  get inFlightBytes(): number {
    return this.#inFlightBytes;
  }

  get inFlightCount(): number {
    return this.#inFlightCount;
  }

  /**
   * There is room for another upload of live records. What is sent then may exceed the window once: a batch can be larger
   * than it.
   */
  get hasRoom(): boolean {
    return this.#inFlightBytes < this.#windowBytes;
  }

  /** There is room for another upload of this share. A backlog gets one at a time at the least, but for short pauses. */
  hasRoomFor(share: Share, now: MonotonicMs): boolean {
    if (share === 'live' || !this.hasRoom) return this.hasRoom;
    if (this.#pace.isPaused(now) || this.#pace.restMs(now) > 0) return false;
    return this.#backlogBytes === 0 || this.#backlogBytes < this.#backlogLimit(now);
  }

  /** How long a backlog has to wait so that live records get their turn, in milliseconds; 0 when it need not. */
  restMs(now: MonotonicMs): number {
    return this.#pace.restMs(now);
  }

  /** What the next upload should carry at the most: several fit in a window, so that acknowledgements keep coming. */
  uploadBytes(share: Share, now: MonotonicMs): number {
    const limit = share === 'live' ? this.#windowBytes : this.#backlogLimit(now);
    // At least one batch, also of a backlog that has no share of its own.
    return Math.max(1, Math.min(maxUploadBytes, limit / 4));
  }

  /** The collector had all of this batch before the connection stood. */
  isDurable(batch: StoredBatch): boolean {
    return this.#durable.covers(batch.firstSequence, lastSequenceOf(batch));
  }

  /** From the first sequence of a lane that was sent and not acknowledged to the last: of live ones, and of its backlog. */
  underWay(lane: string): readonly Interval[] {
    return shares.flatMap((share) => this.#lanes.get(keyOf(share, lane))?.sequences ?? []);
  }

  /** A batch has been sent, as one of this share. */
  sent(batch: StoredBatch, priority: Priority, share: Share, now: MonotonicMs): void {
    // What lay idle has not been failing to progress.
    if (this.#inFlightCount === 0) this.#progressAt = now;
    const key = keyOf(share, batch.lane);
    let lane = this.#lanes.get(key);
    if (lane === undefined) {
      lane = new LaneInFlight();
      this.#lanes.set(key, lane);
    }
    const bytes = batch.records.length;
    lane.add({ batch, priority, share, bytes, sentAt: now });
    this.#inFlightCount++;
    this.#inFlightBytes += bytes;
    if (share === 'backlog') {
      this.#backlogBytes += bytes;
      this.#pace.backlog(bytes, now);
    }
    if (share === 'live') this.#pace.live(now, this.#backlogBytes);
    this.#lastKnown = Math.max(this.#lastKnown, lastSequenceOf(batch));
  }

  /**
   * Takes the collector's acknowledgement. It settles what is under way and wholly durable; what it names beside that
   * settles nothing, now or later.
   *
   * @returns what it settled, or a complaint when it acknowledges what the collector can't know of
   */
  acknowledged(ranges: readonly Interval[], now: MonotonicMs): Settled | { readonly complaint: string } {
    for (const { first, last } of ranges) {
      if (first >= 1 && last >= first && last <= this.#lastKnown) continue;
      return {
        complaint: `it acknowledged sequences ${first} to ${last}, but ${this.#lastKnown} was the last one sent`,
      };
    }
    const flights: Flight[] = [];
    for (const [key, lane] of this.#lanes) {
      for (const range of ranges) lane.settle(range, flights);
      if (lane.isEmpty) this.#lanes.delete(key);
    }
    const settled = { records: 0, recordsByPriority: { critical: 0, normal: 0, bulk: 0 }, bytes: 0 };
    const backlogBytes = this.#backlogBytes;
    let oldest = now;
    for (const { batch, priority, share, bytes, sentAt } of flights) {
      settled.records += batch.count;
      settled.recordsByPriority[priority] += batch.count;
      settled.bytes += bytes;
      oldest = Math.min(oldest, sentAt);
      if (share === 'backlog') this.#backlogBytes -= bytes;
      else this.#pace.liveTook(now - sentAt, sentAt, now, backlogBytes);
    }
    if (flights.length > 0) this.#progressed(flights.length, settled.bytes, now - oldest, now);
    return { batches: flights.map(({ batch }) => batch), ...settled };
  }

  /** How long nothing has been acknowledged while something was under way; 0 when nothing is. */
  waitedMs(now: MonotonicMs): number {
    return this.#inFlightCount === 0 ? 0 : now - this.#progressAt;
  }

  /** How long an acknowledgement takes, smoothed, and no less than one has been waited for. Infinite before the first. */
  acknowledgeMs(now: MonotonicMs): number {
    return Math.max(this.#smoothedMs, this.waitedMs(now));
  }

  /** The acknowledgements have stopped, although the connection may look alive: dial anew. */
  isStalled(now: MonotonicMs): boolean {
    const patienceMs = this.#limits.acknowledgeTimeoutMs + (this.#inFlightBytes / slowestLink) * 1000;
    return this.waitedMs(now) > patienceMs;
  }

  /** What of a backlog may be under way. */
  #backlogLimit(now: MonotonicMs): number {
    return Math.min(this.#windowBytes * (1 - this.#limits.liveShare), this.#pace.limitBytes(now));
  }

  #progressed(count: number, bytes: number, tookMs: number, now: MonotonicMs): void {
    const least = Math.min(leastWindowBytes, this.#limits.windowBytes);
    // With the least window hardly anything queues: what it takes then is what link and sink take.
    if (tookMs < this.#leastMs || this.#windowBytes === least) this.#leastMs = tookMs;
    const isUsed = this.#inFlightBytes >= this.#windowBytes / 2 || this.#backlogBytes >= this.#backlogLimit(now) / 2;
    if (tookMs > this.#leastMs + maxQueueMs) this.#windowBytes = Math.max(least, this.#windowBytes - bytes / 2);
    else if (isUsed) this.#windowBytes = Math.min(this.#limits.windowBytes, this.#windowBytes + bytes);
    this.#smoothedMs =
      this.#smoothedMs === Number.POSITIVE_INFINITY
        ? tookMs
        : this.#smoothedMs + (tookMs - this.#smoothedMs) * smoothing;
    this.#progressAt = now;
    this.#inFlightCount -= count;
    this.#inFlightBytes -= bytes;
  }
}

const shares: readonly Share[] = ['backlog', 'live'];

/** Each share goes in order of sequence by itself. */
function keyOf(share: Share, lane: string): string {
  return `${share} ${lane}`;
}
