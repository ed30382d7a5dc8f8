import type { StoredBatch } from '../core/batch.ts';
import type { ClockCorrection } from '../core/time.ts';
import { ProtoCursor } from '../lib/proto-cursor.ts';
import type { EncodedBatch } from './batch-reader.ts';
import { clockQualities } from './record-prefix.ts';

/** The tag of `Batch.records`. */
const recordsTag = 0x7a;

/**
 * A batch as it lies in the buffer, for a `RecordReader`: its records are historical.
 * @param correction what of their times is still to be corrected
 * @throws {MalformedError} when it is no run of records
 */
export function storedBatch(
  { firstSequence, count, records }: Pick<StoredBatch, 'firstSequence' | 'count' | 'records'>,
  correction: ClockCorrection | undefined,
): EncodedBatch {
  const cursor = new ProtoCursor().open(records);
  const spans: number[] = [];
  while (cursor.at < cursor.end) {
    const tag = cursor.tag();
    if (tag !== recordsTag) {
      cursor.skip(tag);
      continue;
    }
    const stop = cursor.span();
    spans.push(cursor.at, stop);
    cursor.at = stop;
  }
  const corrected = correction && {
    clockShiftMs: correction.shiftMs,
    clockQuality: clockQualities[correction.quality],
  };
  return { firstSequence, count, historical: true, bytes: records, spans, ...corrected };
}
