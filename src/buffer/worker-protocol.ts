import type { Durability } from '../core/handling.ts';
import type { RecentDelivery } from '../core/message.ts';
import type { Priority } from '../core/priority.ts';
import type { ShelfChange } from '../core/shelf.ts';
import type { Interval } from '../lib/intervals.ts';

// What the main thread and the disk's thread say to each other. Requests are carried out and answered in order.

/** Handed to the worker when it starts. */
export interface WorkerSettings {
  /** Where everything lives: `head.db`, `shelf.db`, a folder a lane, `damaged/`. It exists. */
  readonly directory: string;
  readonly faults: DiskFaults;
  /** How many of the newest delivery keys are told when it opens. */
  readonly maxDeliveries: number;
}

/** Faults that tests ask of the worker, to see what a sick disk does to the gateway. */
export interface DiskFaults {
  /** Every write takes this much longer, as if its fsync did. */
  readonly commitDelayMs?: number;
  /**
   * Writes fail from the n-th (from 1) on, for `count` writes. `full`: as a full disk's, cleanly; `io`: as a failed fsync,
   * after the bytes were written.
   */
  readonly failCommits?: { readonly from: number; readonly count: number; readonly kind?: 'full' | 'io' };
  /** The same for what else the disk is asked to do, each counted from the start. */
  readonly fail?: Partial<Readonly<Record<FaultyOperation, NonNullable<DiskFaults['failCommits']>>>>;
}

/** Make a segment's file; delete one; read batches; reserve sequences; save to the shelf. */
export type FaultyOperation = 'create' | 'unlink' | 'read' | 'reserve' | 'shelf';

/** What a lane is, as its files say: it outlives the rule it was made for. */
export interface LaneInfo {
  /** Name of its folder. */
  readonly key: string;
  readonly rule: string;
  readonly priority: Priority;
  readonly durability: Durability;
  readonly ttlMs?: number;
}

/** One segment file. */
export interface SegmentSummary {
  readonly number: number;
  /** Running numbers of its first record and of the one behind its last. */
  readonly firstPosition: number;
  readonly endPosition: number;
  readonly firstSequence: number;
  readonly lastSequence: number;
  /** Bytes of its records as they are sent. */
  readonly bytes: number;
  /** Bytes that its files take. */
  readonly fileBytes: number;
  /** When its first and last batch were taken in: by the wall clock, Unix ms … */
  readonly oldestMs: number;
  readonly newestMs: number;
  /** … and in operating time, ms; the first one's is absent in files of the first release. */
  readonly oldestAgeMs?: number | undefined;
  readonly newestAgeMs: number;
}

export interface NewBatch {
  readonly firstSequence: number;
  readonly count: number;
  readonly records: Uint8Array<ArrayBuffer>;
  readonly takenAtMs: number;
  readonly ageAtMs: number;
  /** Delivery keys, packed: see `delivery-keys.ts`. */
  readonly answers?: Uint8Array;
}

/** What one lane has to write. */
export interface LaneWrite {
  readonly lane: LaneInfo;
  readonly batches: readonly NewBatch[];
  /** The lane's state as JSON; left out when the one on disk will do. */
  readonly state?: string;
  /** Size at which its active segment is sealed. */
  readonly segmentBytes: number;
  /** When a write of batches has failed, those of the same lane and generation fail too, so that nothing overtakes. */
  readonly generation: number;
}

/** What became of a lane's write. */
export type LaneOutcome =
  | {
      readonly kind: 'stored';
      readonly firstPosition: number;
      readonly segment: SegmentSummary;
      readonly bytesWritten: number;
    }
  /** Nothing of it is stored, and it may be tried again. `freeBytes`: what the disk had left. */
  | { readonly kind: 'full'; readonly message: string; readonly freeBytes: number }
  /** The disk can't be trusted with it. */
  | { readonly kind: 'failed'; readonly message: string };

/** A batch as it was read. */
export interface ReadBatch {
  readonly position: number;
  readonly firstSequence: number;
  readonly count: number;
  readonly records: Uint8Array;
  readonly takenAtMs: number;
  readonly ageAtMs: number;
}

/** A file of a backup. */
export interface CopiedFile {
  /** Relative to the directory that it is copied to, with `/`. */
  readonly path: string;
  readonly bytes: number;
  /** Of its content, in hexadecimal digits. */
  readonly sha256: string;
}

export type WorkerRequest =
  /** Append and save; one transaction and one fsync a lane. Answered by `written`. */
  | { readonly kind: 'write'; readonly lanes: readonly LaneWrite[] }
  /** Save a lane's state, then delete these segments. Answered by `dropped` or `failed`. */
  | { readonly kind: 'drop'; readonly write: LaneWrite; readonly segments: readonly number[] }
  /** Make sequences up to here safe to use, whatever is lost. Answered by `done` or `failed`. */
  | { readonly kind: 'reserve'; readonly upTo: number; readonly operatingMs: number }
  /** Write and fsync something that changes nothing. Answered by `done` or `failed`. */
  | { readonly kind: 'probe' }
  /** What the disk has left. Answered by `space`. */
  | { readonly kind: 'space' }
  /** Read batches at or behind a position, behind sequence `after`: ≥ 1 if there is any, then up to `maxBytes`. */
  | {
      readonly kind: 'read';
      readonly lane: string;
      readonly from: number;
      readonly after: number;
      readonly maxBytes: number;
    }
  /**
   * Read batches of a lane at or behind position `from` that were taken in from `fromMs` up to, but not at, `toMs`, whether
   * they wait or not: those of one segment, up to `maxBytes`. Answered by `window` or `failed`.
   */
  | {
      readonly kind: 'window';
      readonly lane: string;
      readonly from: number;
      readonly fromMs: number;
      readonly toMs: number;
      readonly maxBytes: number;
    }
  /** Save changes of the shelf. Answered by `done` or `failed`. */
  | { readonly kind: 'shelf'; readonly changes: readonly ShelfChange[] }
  /** Answered by `entries`. */
  | { readonly kind: 'shelf-entries'; readonly space: string }
  /**
   * Copy the next piece of everything into a directory that exists and is empty; to be asked again until it `isDone`.
   * Answered by `copied` or `failed`.
   */
  | { readonly kind: 'backup'; readonly directory: string }
  /** Close everything and end the thread. `usedUpTo`: the last sequence that was given out. */
  | { readonly kind: 'close'; readonly usedUpTo: number; readonly operatingMs: number };

/** Something was wrong with the files. */
export interface Damage {
  /** In words, with the file. */
  readonly message: string;
  /** Its lane; absent when it is none's. */
  readonly lane?: string;
  /** Positions that are lost by it, as far as they are known. */
  readonly holes: readonly Interval[];
  /** It is certain that nothing but `holes` is lost. */
  readonly isComplete?: boolean;
}

/** A lane as it was found. */
export interface FoundLane {
  readonly lane: LaneInfo;
  /** Oldest first. */
  readonly segments: readonly SegmentSummary[];
  /** Where its next batch goes. */
  readonly nextPosition: number;
  /** The newest state that could be read; absent: none. */
  readonly state?: string;
  /** The state is older than the lane, as a newer one was damaged: what it does not know of was delivered, most likely. */
  readonly isStateOld?: boolean;
}

export type WorkerResponse =
  | {
      readonly kind: 'opened';
      readonly identity: Identity;
      /** No sequence up to here may be given out again. */
      readonly usedUpTo: number;
      readonly operatingMs: number;
      readonly lanes: readonly FoundLane[];
      readonly damages: readonly Damage[];
      /** Oldest first. */
      readonly deliveries: readonly RecentDelivery[];
    }
  | { readonly kind: 'space'; readonly freeBytes: number }
  | { readonly kind: 'open-failed'; readonly code: string; readonly message: string }
  /** `batches` of the request are handed back in `lanes`' order. */
  | {
      readonly kind: 'written';
      readonly outcomes: readonly LaneOutcome[];
      readonly records: readonly Uint8Array<ArrayBuffer>[];
      readonly ms: number;
      readonly flashBytes: number;
    }
  | {
      readonly kind: 'batches';
      readonly batches: readonly ReadBatch[];
      readonly isEnd: boolean;
      readonly damages: readonly Damage[];
      /** The lane's segments as they are now, when something was damaged. */
      readonly segments?: readonly SegmentSummary[];
    }
  /** `next`: where to go on; absent: there is no more. Empty pieces may come before full ones. */
  | {
      readonly kind: 'window';
      readonly batches: readonly ReadBatch[];
      readonly next?: number;
      readonly damages: readonly Damage[];
      /** The lane's segments as they are now, when something was damaged. */
      readonly segments?: readonly SegmentSummary[];
    }
  | { readonly kind: 'copied'; readonly files: readonly CopiedFile[]; readonly isDone: boolean }
  /** The lane's segments as they are now; `isSaved`: so is its state. */
  | { readonly kind: 'dropped'; readonly isSaved: boolean; readonly segments: readonly SegmentSummary[] }
  | { readonly kind: 'entries'; readonly entries: readonly (readonly [string, Uint8Array])[] }
  | { readonly kind: 'done' }
  | { readonly kind: 'failed'; readonly message: string };

/** Who this data directory belongs to; made when it is made, and never changed. */
export interface Identity {
  readonly gateway: string;
  readonly epoch: string;
}
