import type { FieldKind } from './series.ts';

/** A series by its names. */
export interface SeriesName {
  readonly device: string;
  readonly name: string;
  /** `room=3,rack=b`; empty: none. */
  readonly tags: string;
  /** Empty: none is known. */
  readonly unit: string;
  readonly kind: FieldKind;
}

/** A time at which one thing was believed of the clock, as in `ClockCorrections`. */
export interface Stamp {
  readonly takenAtMs: number;
  readonly ageAtMs: number;
  /** Nobody knew the time. */
  readonly isUnset: boolean;
}

/** What is known of a stamp by now. */
export interface Correction extends Stamp {
  readonly shiftMs: number;
  /** The time is known, so that what was stamped so has its place for good. */
  readonly isPlaced: boolean;
}

export interface WorkerSettings {
  readonly path: string;
  /** What is there can't be used: put it aside first. */
  readonly isDamaged: boolean;
  readonly keepMs: readonly number[];
  readonly maxBytes: number;
  readonly maxSeries: number;
  /** What other programs are left of the file system: with less, nothing is written. */
  readonly minFreeBytes: number;
  /** How long it may be busy with what nobody waits for before it looks whether somebody asks something. */
  readonly turnMs: number;
}

/** Series by the number that the main thread gives them in this run. */
export interface Introduction extends SeriesName {
  readonly slot: number;
}

export interface DeltasRequest {
  readonly kind: 'deltas';
  /** New ones, or ones in the place of others. */
  readonly series: readonly Introduction[];
  /** Rows of a series' slot and a bucket of the finest tier; see `deltas.ts`. */
  readonly rows: Float64Array;
  readonly length: number;
  /** By whose clock they are: with a stamp the gateway's. */
  readonly stamp: Stamp | undefined;
}

/** Makes what was told durable. */
export interface CommitRequest {
  readonly kind: 'commit';
  /** Undefined: nobody knows. */
  readonly nowMs: number | undefined;
  readonly corrections: readonly Correction[];
  /** What was lost on the way. */
  readonly losses: readonly Loss[];
}

export interface QueryRequest {
  readonly kind: 'query';
  readonly id: number;
  readonly device: string;
  /** Empty: all of the device. */
  readonly fields: readonly string[];
  readonly fromMs: number;
  readonly toMs: number;
  readonly widthMs: number;
  readonly maxSeries: number;
  readonly corrections: readonly Correction[];
}

export type WorkerRequest = DeltasRequest | CommitRequest | QueryRequest | { readonly kind: 'close' };

/** Points that are in no bucket. */
export interface Loss {
  readonly fromMs: number;
  readonly toMs: number;
  readonly points: number;
  readonly reason: LossReason;
}

export type LossReason =
  /** The disk was too slow. */
  | 'slow-disk'
  /** The disk refused it, or had no room. */
  | 'disk'
  /** It was not as it was written. */
  | 'damaged'
  /** When it was is not known. */
  | 'clock';

/** What there is on disk. */
export interface StoreStatus {
  readonly series: number;
  /** What the file takes, and what of it is in use. */
  readonly fileBytes: number;
  readonly usedBytes: number;
  /** By tier: bytes of its rows, how many there are, and from when the oldest is. */
  readonly tiers: readonly { readonly bytes: number; readonly blocks: number; readonly oldestMs: number | undefined }[];
  /** Rows that are not in the tiers yet, and bytes of them. */
  readonly journalRows: number;
  readonly journalBytes: number;
  /** Since the worker started. */
  readonly commits: number;
  readonly lastCommitMs: number;
  /** Bytes that were given to SQLite as rows. */
  readonly writtenBytes: number;
  /** By reason: rows that were deleted. */
  readonly expiredBlocks: number;
  readonly evictedBlocks: number;
  readonly evictedSeries: number;
  readonly damagedRows: number;
  /** Points for which there was no room, neither on the disk nor in memory. */
  readonly lostPoints: number;
  /** Why it does not write; undefined: it does. */
  readonly failure: string | undefined;
}

export interface SeriesAnswer extends SeriesName {
  /** Buckets that have points, in order: in this run's `Buckets` layout. */
  readonly buckets: Float64Array;
  readonly length: number;
}

export type WorkerResponse =
  | {
      readonly kind: 'opened';
      readonly stamps: readonly Stamp[];
      readonly status: StoreStatus;
      readonly putAside: string | undefined;
    }
  /** It can't be opened, and says why; the worker ends. */
  | { readonly kind: 'open-failed'; readonly message: string }
  | { readonly kind: 'taken'; readonly length: number }
  | { readonly kind: 'committed'; readonly status: StoreStatus }
  | {
      readonly kind: 'answer';
      readonly id: number;
      readonly series: readonly SeriesAnswer[];
      readonly left: number;
      readonly losses: readonly Loss[];
    }
  | { readonly kind: 'query-failed'; readonly id: number; readonly message: string }
  /** The file is damaged: the worker ends, and is to be started anew. */
  | { readonly kind: 'damaged'; readonly message: string };
