import type { StoredBatch } from '../core/batch.ts';
import type { Interval } from '../lib/intervals.ts';

// What the main thread and the disk's thread say to each other. Requests are carried out and answered in order.

/** Handed to the worker when it starts. */
export interface WorkerSettings {
  readonly path: string;
  readonly checkpointBytes: number;
  readonly faults: DiskFaults;
}

/** Faults that tests ask of the worker, to see what a sick disk does to the gateway. */
export interface DiskFaults {
  /** Every commit takes this much longer, as if its fsync did. */
  readonly commitDelayMs?: number;
  /** Commits fail, as if the disk were full, from the n-th (from 1) on, for `failCommits.count` commits. */
  readonly failCommits?: { readonly from: number; readonly count: number };
}

export interface NewBatch extends StoredBatch {
  readonly records: Uint8Array<ArrayBuffer>;
  readonly openedAtMs: number;
}

export type WorkerRequest =
  /**
   * Append these batches and delete what was acknowledged, in one transaction. Answered by `committed` or `failed`. When
   * one has failed, those of its generation that hold batches fail too.
   */
  | {
      readonly kind: 'commit';
      readonly generation: number;
      readonly batches: readonly NewBatch[];
      readonly acknowledged: readonly Interval[];
    }
  /** Write and fsync something that changes nothing. Answered by `committed` without batches, or `failed`. */
  | { readonly kind: 'probe' }
  /** Read batches behind sequence `after`, in order: at least one if there is any, then up to `maxBytes`. */
  | { readonly kind: 'read'; readonly after: number; readonly maxBytes: number }
  /** Close the database and end the thread. */
  | { readonly kind: 'close' };

export type WorkerResponse =
  | { readonly kind: 'opened'; readonly identity: Identity; readonly totals: Totals }
  | { readonly kind: 'open-failed'; readonly code: string; readonly message: string }
  /** `batches` are the same bytes as in the request, handed back. */
  | { readonly kind: 'committed'; readonly batches: readonly NewBatch[]; readonly ms: number; readonly totals: Totals }
  | { readonly kind: 'failed'; readonly message: string }
  | { readonly kind: 'batches'; readonly batches: readonly StoredBatch[] }
  | { readonly kind: 'read-failed'; readonly message: string };

/** Who this data directory belongs to; made when it is made, and never changed. */
export interface Identity {
  readonly gateway: string;
  readonly epoch: string;
}

/** What the store holds, known without counting. */
export interface Totals {
  readonly waitingRecords: number;
  readonly waitingBytes: number;
  /** 0 when nothing waits. */
  readonly firstWaiting: number;
  /** The highest sequence ever stored in this epoch. */
  readonly lastSequence: number;
  /** When the oldest waiting batch was opened, Unix ms. */
  readonly oldestMs?: number;
}
