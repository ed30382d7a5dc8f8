/** A run of records that became durable together, as it is stored and sent. */
export interface StoredBatch {
  /** The sequence of its first record; the others follow without gaps. */
  readonly firstSequence: number;
  readonly count: number;
  /** Encoded `Batch.records` entries, one after the other. */
  readonly records: Uint8Array;
}

/** The sequence of a batch's last record. */
export function lastSequenceOf(batch: Pick<StoredBatch, 'firstSequence' | 'count'>): number {
  return batch.firstSequence + batch.count - 1;
}
