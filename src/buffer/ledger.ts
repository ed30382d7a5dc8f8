import { type DropReason, dropReasons, type Gap } from '../core/handling.ts';
import { type Interval, Intervals } from '../lib/intervals.ts';

/** What a lane's state says on disk. Whatever is added must be optional: the release before has to read it. */
export interface LaneState {
  /** Positions that are delivered or dropped, as [first, last]. */
  readonly removed: readonly (readonly [number, number])[];
  readonly removedBytes: number;
  readonly delivered: number;
  readonly dropped: Readonly<Record<string, number>>;
  /** Delivered or dropped without ever having been stored. */
  readonly unstored: number;
  /** Losses that have not been reported yet: those that befell the records, and those that the rule asked for. */
  readonly losses: SavedGaps;
  readonly choices: SavedGaps;
  /** In the lane of reports: by lane and kind, the number of the last gap that has become a record. */
  readonly reported?: Readonly<Record<string, number>>;
}

export interface SavedGaps {
  readonly gaps: readonly NumberedGap[];
  /** The number of the last one that was noted. */
  readonly lastNumber: number;
}

/** A loss that waits to be reported. */
export interface NumberedGap extends Gap {
  /** Counts up in its lane. */
  readonly number: number;
}

/** The counts of one lane or of all. `received = delivered + waiting + dropped`, at every moment. */
export interface LedgerCounts {
  readonly received: number;
  readonly delivered: number;
  readonly waiting: number;
  readonly dropped: Readonly<Record<DropReason, number>>;
}

/**
 * What became of each record of a lane. Stored records have a position and are either waiting or removed; what is removed
 * was delivered or dropped, never both. Those that were never stored are counted beside.
 */
export class Ledger {
  #removed = new Intervals();
  #removedCount = 0;
  #removedBytes = 0;
  #delivered = 0;
  #unstored = 0;
  readonly #dropped: Record<DropReason, number>;
  #reported: Record<string, number> = {};

  constructor() {
    this.#dropped = Object.fromEntries(dropReasons.map((reason) => [reason, 0])) as Record<DropReason, number>;
  }

  load(state: LaneState): void {
    for (const [first, last] of state.removed) this.#removed.add(first, last);
    this.#removedCount = 0;
    for (const { first, last } of this.#removed) this.#removedCount += last - first + 1;
    this.#removedBytes = state.removedBytes;
    this.#delivered = state.delivered;
    this.#unstored = state.unstored;
    for (const reason of dropReasons) this.#dropped[reason] = state.dropped[reason] ?? 0;
    this.#reported = { ...state.reported };
  }

  /** @param marks of reports that are saved with it */
  save(
    gaps: Pick<LaneState, 'losses' | 'choices'>,
    marks: readonly Readonly<Record<string, number>>[] = [],
  ): LaneState {
    const reported = Object.assign({}, this.#reported, ...marks) as Record<string, number>;
    return {
      removed: Array.from(this.#removed, ({ first, last }) => [first, last] as const),
      removedBytes: this.#removedBytes,
      delivered: this.#delivered,
      dropped: Object.fromEntries(Object.entries(this.#dropped).filter(([, count]) => count > 0)),
      unstored: this.#unstored,
      ...gaps,
      ...(Object.keys(reported).length > 0 && { reported }),
    };
  }

  get removedCount(): number {
    return this.#removedCount;
  }

  get removedBytes(): number {
    return this.#removedBytes;
  }

  get delivered(): number {
    return this.#delivered;
  }

  get unstored(): number {
    return this.#unstored;
  }

  get dropped(): Readonly<Record<DropReason, number>> {
    return this.#dropped;
  }

  /** Gaps have become records that are durable. */
  report(marks: Readonly<Record<string, number>>): void {
    Object.assign(this.#reported, marks);
  }

  isRemoved(position: number): boolean {
    return this.#removed.has(position);
  }

  /** The first position at or behind `from` that still waits. */
  nextWaiting(from: number): number {
    for (const { first, last } of this.#removed) {
      if (first > from) return from;
      if (last >= from) return last + 1;
    }
    return from;
  }

  /** How many of these positions have been removed. */
  removedWithin(range: Interval): number {
    let count = 0;
    for (const { first, last } of this.#removed) {
      if (first > range.last) break;
      count += Math.max(0, Math.min(last, range.last) - Math.max(first, range.first) + 1);
    }
    return count;
  }

  /** Stored records have been delivered. @returns how many of them had not been removed before */
  deliver(position: number, count: number, bytes: number): number {
    const fresh = this.#remove({ first: position, last: position + count - 1 }, bytes);
    this.#delivered += fresh;
    return fresh;
  }

  /** Stored records are gone. @returns how many of them had not been removed before */
  drop(range: Interval, bytes: number, reason: DropReason): number {
    const fresh = this.#remove(range, bytes);
    this.#dropped[reason] += fresh;
    return fresh;
  }

  /** Records were delivered before they were stored. */
  deliverUnstored(count: number): void {
    this.#delivered += count;
    this.#unstored += count;
  }

  dropUnstored(count: number, reason: DropReason): void {
    this.#dropped[reason] += count;
    this.#unstored += count;
  }

  /** Delivered records wait once more. @returns how many of them had been removed */
  revive(range: Interval, bytes: number): number {
    const count = this.removedWithin(range);
    const rest = new Intervals();
    for (const { first, last } of this.#removed) {
      if (first < range.first) rest.add(first, Math.min(last, range.first - 1));
      if (last > range.last) rest.add(Math.max(first, range.last + 1), last);
    }
    this.#removed = rest;
    this.#removedCount -= count;
    this.#removedBytes = Math.max(0, this.#removedBytes - bytes);
    this.#delivered -= count;
    return count;
  }

  #remove(range: Interval, bytes: number): number {
    if (range.last < range.first) return 0;
    const fresh = range.last - range.first + 1 - this.removedWithin(range);
    if (fresh === 0) return 0;
    this.#removed.add(range.first, range.last);
    this.#removedCount += fresh;
    this.#removedBytes += bytes;
    return fresh;
  }
}

export function emptyCounts(): {
  received: number;
  delivered: number;
  waiting: number;
  dropped: Record<DropReason, number>;
} {
  const dropped = Object.fromEntries(dropReasons.map((reason) => [reason, 0])) as Record<DropReason, number>;
  return { received: 0, delivered: 0, waiting: 0, dropped };
}
