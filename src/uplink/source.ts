import type { StoredBatch } from '../core/batch.ts';
import type { Priority } from '../core/priority.ts';
import type { ClockCorrections } from '../core/time.ts';

/** What the uplink needs of the buffer. */
export interface UplinkBuffer {
  /**
   * All lanes that exist now. Lanes may be added at any time, and go away when a rule has changed and the old one's
   * records are delivered. The same array, as long as the lanes are the same, saves the uplink a look at each.
   */
  lanes(): readonly LaneView[];
  /**
   * The batches of a lane behind sequence `after` that wait, neither removed nor expired, in order of sequence: at
   * least one if there is any, then as many as stay within `maxBytes`. Saved ones first, then those only in memory.
   * Rejects when they can't be read; the uplink asks again later.
   */
  read(lane: string, after: number, maxBytes: number): Promise<readonly StoredBatch[]>;
  /**
   * Tells of each batch once it may be sent, in order of sequence within its lane. Its bytes stay as they are for as
   * long as somebody holds it. Returns how to stop.
   */
  onReady(listener: (batch: StoredBatch) => void): () => void;
  /** The collector has these batches for good. They are the objects that were read or told of. */
  acknowledge(batches: readonly StoredBatch[]): void;
  /** What is known now of the clock by which batches were stamped; undefined: nobody asks. Who stands before a buffer must not forget it. */
  readonly corrections: ClockCorrections | undefined;
  readonly totals: UplinkTotals;
}

/** What of the buffer concerns the collector. */
export interface UplinkTotals {
  /** The lowest sequence that waits; 0 when nothing does. */
  readonly firstWaiting: number;
  /**
   * The last sequence that a batch was given. After a start: the last one that an earlier run may have given, which is
   * the end of the block that it had reserved.
   */
  readonly lastSequence: number;
  readonly waitingRecords: number;
}

/** One lane, as it is now: the same object for as long as the lane exists. */
export interface LaneView {
  readonly key: string;
  readonly priority: Priority;
  /**
   * The lowest sequence that has been given to a batch which may not be sent yet, because its commit is under way;
   * undefined when there is none. A batch is pending until `onReady` tells of it or its commit has failed. Asked for
   * with nearly every batch that is sent, so it must cost nothing.
   */
  readonly pendingFrom: number | undefined;
}
