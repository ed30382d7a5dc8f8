import type { Batch } from './batch.ts';
import type { Lane } from './lane.ts';
import type { LaneWrite, NewBatch } from './worker-protocol.ts';

/** A lane's write, and what is to be called once it is durable. */
export interface PreparedWrite {
  readonly write: LaneWrite;
  readonly saved: () => void;
}

/**
 * What one lane has to write: batches, and its state where the disk does not know it.
 * @param segmentBytes size at which its active segment is sealed
 */
export function writeOf(lane: Lane, batches: readonly Batch[], segmentBytes: number): PreparedWrite {
  const hasState = lane.unsaved !== 'nothing' || batches.some(({ marks }) => Object.keys(marks).length > 0);
  if (hasState) lane.unsaved = 'nothing';
  const { numbered } = lane;
  const write = {
    lane: lane.info,
    batches: batches.map(newBatchOf),
    ...(hasState && { state: JSON.stringify(lane.state(batches)) }),
    segmentBytes,
    generation: lane.generation,
  };
  return { write, saved: () => hasState && lane.saved(numbered) };
}

function newBatchOf({ firstSequence, count, records, takenAtMs, sealedAgeMs, answers }: Batch): NewBatch {
  // Records that were taken in later must not expire with the first: that they all expire a little late is allowed.
  return { firstSequence, count, records, takenAtMs, ageAtMs: sealedAgeMs, ...(answers !== undefined && { answers }) };
}
