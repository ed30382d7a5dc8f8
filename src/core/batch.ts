import type { MonotonicMs, UnixMs } from './time.ts';

/** A run of records that were taken in together, as it is stored and sent. */
export interface StoredBatch {
  /** The lane it belongs to: see `buffer/lane.ts`. */
  readonly lane: string;
  /** The sequence of its first record; the others follow without gaps. */
  readonly firstSequence: number;
  readonly count: number;
  /** Encoded `Batch.records` entries, one after the other. */
  readonly records: Uint8Array;
  /** When its first record was taken in, as it was stamped; with {@link ageAtMs} it says whether the stamp was right. */
  readonly takenAtMs?: UnixMs;
  /** The same in operating time. */
  readonly ageAtMs?: MonotonicMs;
  /** It has been delivered before, and is sent again because somebody asked for it. */
  readonly isReplay?: boolean;
}

/** The sequence of a batch's last record. */
export function lastSequenceOf(batch: Pick<StoredBatch, 'firstSequence' | 'count'>): number {
  return batch.firstSequence + batch.count - 1;
}
