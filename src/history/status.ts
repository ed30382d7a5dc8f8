import type { TierName } from './tiers.ts';

/** What the history says of itself. */
export interface HistoryStatus {
  /** `off`: it is not asked for. `failing`: nothing is written at the moment, see `failure`. */
  readonly state: 'off' | 'ready' | 'failing';
  readonly failure: string | null;
  /** Fields of devices that are followed now, and those that are on disk. */
  readonly series: number;
  readonly storedSeries: number;
  /** Points since the start that are in a bucket. */
  readonly points: number;
  /** Points since the start that are in none, by reason. */
  readonly leftPoints: Readonly<Record<LeftReason, number>>;
  /** Series that made room for others, in memory and on disk. */
  readonly evictedSeries: number;
  /** Memory of the points that are kept as they came. */
  readonly recentBytes: number;
  /** On disk: what the file takes, what of it is in use, what it may take. */
  readonly diskBytes: number;
  readonly usedBytes: number;
  readonly maxBytes: number;
  /** Bytes of rows that were written since the start, and in how many commits. */
  readonly writtenBytes: number;
  readonly commits: number;
  readonly lastCommitMs: number;
  readonly tiers: Readonly<Record<TierName, TierStatus>>;
  /** Blocks since the start that were past keeping, that had to make room, and rows that could not be read. */
  readonly expiredBlocks: number;
  readonly evictedBlocks: number;
  readonly damagedRows: number;
  /** Where a history that could not be read was put; null: nothing was wrong. */
  readonly putAside: string | null;
}

export type LeftReason =
  /** Measured longer ago than `history.maxLateness`, or before there was a Headgate while the clock is not set. */
  | 'late'
  /** Measured in the future. */
  | 'ahead'
  /** The same value at the same instant again. */
  | 'duplicate'
  /** No number that can be drawn, or of another kind than its field's. */
  | 'unusable'
  /** There are too many series. */
  | 'too-many-series'
  /** The disk was too slow, refused it, or lost it. */
  | 'disk';

export interface TierStatus {
  readonly bytes: number;
  readonly blocks: number;
  /** ISO 8601 in UTC; null: there is none. */
  readonly oldest: string | null;
}
