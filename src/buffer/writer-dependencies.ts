import type { MonotonicMs } from '../core/time.ts';
import type { Log } from '../lib/log.ts';
import type { Batch } from './batch.ts';
import type { Lane } from './lane.ts';
import type { Lanes } from './lanes.ts';

/** What the writer is given. */
export interface WriterDependencies {
  readonly lanes: Lanes;
  readonly maxBatchBytes: number;
  /** Size at which a lane's segments are sealed. */
  readonly segmentBytesOf: (lane: Lane) => number;
  /** Monotonic time, summed over all runs. */
  readonly operating: () => MonotonicMs;
  /** Whether a record that is sent now is likely to be confirmed soon, and how soon; undefined: there is no uplink. */
  readonly delivery: () => { readonly isLive: boolean; readonly acknowledgeMs: number };
  readonly log: Log;
  /** A batch may be sent. */
  readonly onReady: (batch: Batch) => void;
  /** The disk has taken something, or refused it. `hasTaken`: records, all that there were. */
  readonly onWritten: (hasTaken: boolean) => void;
  /** There was no space for a lane's batches; they are queued again. */
  readonly onFull: (lane: Lane, freeBytes: number) => void;
  readonly onCommit?: ((ms: number, records: number, bytes: number) => void) | undefined;
}
