import { lastSequenceOf, type StoredBatch } from '../core/batch.ts';
import { messageOf } from '../core/errors.ts';
import type { MonotonicMs } from '../core/time.ts';
import { nextBackoff } from '../lib/backoff.ts';
import { Fifo } from '../lib/fifo.ts';
import type { Interval } from '../lib/intervals.ts';
import type { Contender } from './scheduler.ts';
import type { Share } from './shares.ts';
import type { LaneView, UplinkBuffer } from './source.ts';

/** The memory that the lanes of one priority share. All of them together hold this, and one batch each, at the most. */
export interface Pool {
  readonly maxBytes: number;
  /** Held, or asked for by a read that is under way. */
  usedBytes: number;
  /** Lanes that hold something or may find something: those that share. */
  busyLanes: number;
}

/**
 * Which of a lane's batches a feed brings. They are told apart by where the connection found them: what had been given
 * its sequence by then is backlog, and so is whatever is sent again; the rest is live.
 */
export interface Stretch {
  readonly share: Share;
  /** The last sequence that had been given out when the connection stood. */
  readonly historicalUpTo: number;
}

export interface LaneFeedDependencies {
  readonly stretch: Stretch;
  readonly buffer: Pick<UplinkBuffer, 'read'>;
  readonly pool: Pool;
  readonly now: () => MonotonicMs;
  /** Records come in that a long read would hold up. */
  readonly isLive?: () => boolean;
  /** Random numbers in [0, 1), for the pauses between attempts to read. */
  readonly random: () => number;
  /** Something is held that was not, or it is known that nothing is to come for now. */
  readonly onChange: () => void;
  /** A read failed; told once, until one succeeds. */
  readonly onFailed: (lane: LaneView, reason: string) => void;
}

type Mode =
  /** All that waits is held or was taken: what becomes ready is held as it comes. */
  | { readonly name: 'following' }
  /** A read is under way; `missedUpTo` is the last sequence that became ready meanwhile, 0 when none did. */
  | { readonly name: 'reading'; readonly askedBytes: number; missedUpTo: number }
  /** The buffer has more than is held. */
  | { readonly name: 'behind' }
  /** A read failed for `reason`; the next one is due at `retryAt`. */
  | { readonly name: 'failed'; readonly reason: string; readonly retryAt: MonotonicMs }
  /** Holds nothing and never will again. */
  | { readonly name: 'stopped' };

/** While a piece is read and unpacked, the disk's thread commits nothing: what comes in fresh would have to wait for it. */
const pieceBytes = { quiet: 512 * 1024, besideLive: 128 * 1024 };
const retryLimits = { minMs: 500, maxMs: 30_000 };
/**
 * How long other lanes wait for a lower sequence of this one. A read or a commit takes milliseconds on a sound disk;
 * on a sick one the order between lanes is given up rather than the flow.
 */
export const patienceMs = 1_000;

/**
 * One lane's batches to send next, in order of sequence: those from before the connection or, in a second feed, those
 * since, so that neither waits for the other. As long as the uplink keeps up
 * they come straight from where they became ready and are never read from disk; when it falls behind they are read in
 * pieces, so that a backlog of any size takes the same memory. It starts once and stops once: a new connection makes a
 * new one.
 */
export class LaneFeed implements Contender {
  readonly view: LaneView;
  readonly #deps: LaneFeedDependencies;
  readonly #held = new Fifo<StoredBatch>();
  #heldBytes = 0;
  /** The last sequence that was held or passed over. */
  #position: number;
  #mode: Mode = { name: 'behind' };
  #isBusy = false;
  #pauseMs = 0;
  /** The sequence that others may be waiting for, and since when. */
  #awaited: { readonly sequence: number; readonly since: MonotonicMs } | undefined;

  constructor(view: LaneView, deps: LaneFeedDependencies) {
    this.view = view;
    this.#deps = deps;
    const { share, historicalUpTo } = deps.stretch;
    this.#position = share === 'live' ? historicalUpTo : 0;
  }

  /** Begins to read. */
  start(): void {
    this.#settle();
  }

  /** Lets go of everything; the answer to a read that is under way is ignored. */
  stop(): void {
    if (this.#mode.name === 'reading') this.#deps.pool.usedBytes -= this.#mode.askedBytes;
    this.#deps.pool.usedBytes -= this.#heldBytes;
    this.#held.clear();
    this.#heldBytes = 0;
    this.#enter({ name: 'stopped' });
  }

  /** A batch of this lane may be sent now. One that is not of this feed's stretch is left to the other. */
  offer(batch: StoredBatch): void {
    if (!this.#isOurs(batch)) return;
    if (this.#mode.name === 'reading') this.#mode.missedUpTo = lastSequenceOf(batch);
    // What came with the answer to a read is not held a second time.
    if (this.#mode.name !== 'following' || batch.firstSequence <= this.#position) return;
    if (this.#held.length > 0 && batch.records.length > this.#roomBytes()) {
      this.#enter({ name: 'behind' });
      return;
    }
    this.#hold(batch);
    this.#settle();
    this.#deps.onChange();
  }

  get head(): number | undefined {
    return this.#held.first?.firstSequence;
  }

  /** Bytes of the batch that comes next; 0 when none is held. */
  get headBytes(): number {
    return this.#held.first?.records.length ?? 0;
  }

  obstacle(now: MonotonicMs): number | undefined {
    const sequence = this.#nextUnheld();
    if (sequence === undefined) {
      this.#awaited = undefined;
      return undefined;
    }
    if (this.#awaited?.sequence !== sequence) this.#awaited = { sequence, since: now };
    return now - this.#awaited.since < patienceMs ? sequence : undefined;
  }

  /** Takes the next batches: one if any is held, then those that stay within `maxBytes` and below sequence `before`. */
  take(maxBytes: number, before: number): StoredBatch[] {
    const taken: StoredBatch[] = [];
    let bytes = 0;
    for (let next = this.#held.first; next !== undefined; next = this.#held.first) {
      const { length } = next.records;
      if (taken.length > 0 && (bytes + length > maxBytes || next.firstSequence >= before)) break;
      taken.push(next);
      bytes += length;
      this.#held.shift();
    }
    this.#heldBytes -= bytes;
    this.#deps.pool.usedBytes -= bytes;
    this.#settle();
    return taken;
  }

  /** Reads again when a failed read is due. */
  retry(): void {
    if (this.#mode.name !== 'failed' || this.#deps.now() < this.#mode.retryAt) return;
    this.#mode = { name: 'behind' };
    this.#settle();
  }

  /** The sequences that it holds, from the first to the last. */
  get heldSequences(): Interval | undefined {
    const { first, last } = this.#held;
    return first && last && { first: first.firstSequence, last: lastSequenceOf(last) };
  }

  /** It may have batches with sequences up to `upTo` that have not been taken. */
  isBehind(upTo: number): boolean {
    return (this.head ?? (this.#isReadOut ? Number.POSITIVE_INFINITY : this.#position + 1)) <= upTo;
  }

  /** It holds nothing and waits for nothing: it can be forgotten when its lane is gone. */
  get isIdle(): boolean {
    return !this.#isBusy;
  }

  /** Why it can't go on at present; undefined when it can. */
  get problem(): string | undefined {
    return this.#mode.name === 'failed' ? this.#mode.reason : undefined;
  }

  get #isReadOut(): boolean {
    return this.#mode.name === 'following' || this.#mode.name === 'stopped';
  }

  #nextUnheld(): number | undefined {
    switch (this.#mode.name) {
      case 'reading':
        return this.#position + 1;
      case 'following': {
        const { pendingFrom } = this.view;
        const { share, historicalUpTo } = this.#deps.stretch;
        if (pendingFrom === undefined) return undefined;
        if (share === 'backlog')
          return pendingFrom > this.#position && pendingFrom <= historicalUpTo ? pendingFrom : undefined;
        // What comes behind a pending batch of the backlog is not known: it may be a live one, and commits are quick.
        if (pendingFrom <= historicalUpTo) return this.#position + 1;
        return pendingFrom > this.#position ? pendingFrom : undefined;
      }
      case 'behind':
      case 'failed':
      case 'stopped':
        return undefined;
    }
  }

  #isOurs(batch: StoredBatch): boolean {
    const { share, historicalUpTo } = this.#deps.stretch;
    return (batch.isReplay === true || batch.firstSequence <= historicalUpTo) === (share === 'backlog');
  }

  /** What it may hold beyond what it holds: its share, as far as the others of its priority have left it any. */
  #roomBytes(): number {
    const { maxBytes, usedBytes } = this.#deps.pool;
    return Math.min(this.#shareBytes() - this.#heldBytes, maxBytes - usedBytes);
  }

  get #pieceBytes(): number {
    return this.#deps.isLive?.() === true ? pieceBytes.besideLive : pieceBytes.quiet;
  }

  #shareBytes(): number {
    const { maxBytes, busyLanes } = this.#deps.pool;
    return maxBytes / Math.max(1, busyLanes);
  }

  #hold(batch: StoredBatch): void {
    this.#held.push(batch);
    this.#heldBytes += batch.records.length;
    this.#deps.pool.usedBytes += batch.records.length;
    this.#position = lastSequenceOf(batch);
  }

  /** Holds what a read has found. @returns whether there was nothing more of this stretch */
  #take(batches: readonly StoredBatch[]): boolean {
    for (const batch of batches) {
      if (this.#isOurs(batch)) this.#hold(batch);
      else if (this.#deps.stretch.share === 'backlog') return true;
      else this.#position = lastSequenceOf(batch);
    }
    return batches.length === 0;
  }

  #enter(mode: Mode): void {
    this.#mode = mode;
    this.#settle();
  }

  /** After every change: counts itself among those that share, and reads when there is something to read and room. */
  #settle(): void {
    const isBusy = this.#held.length > 0 || !this.#isReadOut;
    if (isBusy !== this.#isBusy) {
      this.#isBusy = isBusy;
      this.#deps.pool.busyLanes += isBusy ? 1 : -1;
    }
    if (this.#mode.name !== 'behind') return;
    const room = this.#roomBytes();
    // Half a share at once: the other half goes out while it is read. One batch is always possible, or nothing moves.
    if (this.#held.length > 0 && room < Math.min(this.#pieceBytes, this.#shareBytes() / 2)) return;
    this.#read(Math.max(1, Math.floor(Math.min(this.#pieceBytes, room))));
  }

  #read(askedBytes: number): void {
    const mode: Mode = { name: 'reading', askedBytes, missedUpTo: 0 };
    this.#mode = mode;
    this.#deps.pool.usedBytes += askedBytes;
    this.#deps.buffer.read(this.view.key, this.#position, askedBytes).then(
      (batches) => {
        if (this.#mode !== mode) return;
        this.#deps.pool.usedBytes -= askedBytes;
        this.#pauseMs = 0;
        const isPastEnd = this.#take(batches);
        // Nothing waits that is not held, up to what became ready while it was read: from here on `offer` tells. Under
        // a steady load there is always something that did, so waiting for an empty answer could take for ever.
        const isAll = mode.missedUpTo === 0 ? isPastEnd : this.#position >= mode.missedUpTo;
        this.#enter({ name: isAll ? 'following' : 'behind' });
        this.#deps.onChange();
      },
      (error) => {
        if (this.#mode !== mode) return;
        this.#deps.pool.usedBytes -= askedBytes;
        const isFirst = this.#pauseMs === 0;
        this.#pauseMs = nextBackoff(retryLimits, this.#pauseMs, this.#deps.random());
        const reason = messageOf(error);
        this.#enter({ name: 'failed', reason, retryAt: this.#deps.now() + this.#pauseMs });
        if (isFirst) this.#deps.onFailed(this.view, reason);
        this.#deps.onChange();
      },
    );
  }
}
