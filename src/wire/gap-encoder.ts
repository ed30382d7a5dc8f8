import type { Gap } from '../core/handling.ts';
import type { UnixMs } from '../core/time.ts';
import { gapReasons } from './gap-reasons.ts';
import type { Timestamp } from './generated/google/protobuf/timestamp.ts';
import { Batch, Priority, Record } from './generated/headgate/v1/record.ts';
import type { EncodedRecord } from './record-encoder.ts';
import { clockQualities, type Envelope } from './record-prefix.ts';

/**
 * Encodes a gap's report as one entry of `Batch.records`, as a `RecordEncoder` does with a measurement. Its bytes are
 * the caller's own. Gaps are rare, so the generated code does it.
 *
 * @param envelope when the report is written, and how far that clock can be trusted
 */
export function encodeGap(gap: Gap, envelope: Pick<Envelope, 'receivedAtMs' | 'clockQuality'>): EncodedRecord {
  const deviceId = gap.device ?? '';
  const record = Record.create({
    deviceId,
    receivedAt: timestamp(envelope.receivedAtMs),
    clockQuality: clockQualities[envelope.clockQuality],
    priority: Priority.PRIORITY_CRITICAL,
    source: 'headgate',
    gap: {
      reason: gapReasons[gap.reason],
      rule: gap.rule,
      deviceId,
      count: BigInt(gap.count),
      firstSequence: BigInt(gap.firstSequence ?? 0),
      lastSequence: BigInt(gap.lastSequence ?? 0),
      firstAt: timestamp(gap.firstAtMs),
      lastAt: timestamp(gap.lastAtMs),
    },
  });
  // A batch that says nothing but its one record is exactly that entry.
  const encoded = Batch.encode(Batch.create({ records: [record] })).finish();
  const bytes = Buffer.from(encoded.buffer, encoded.byteOffset, encoded.byteLength);
  return { bytes, start: 0, end: bytes.length };
}

function timestamp(ms: UnixMs): Timestamp {
  const seconds = Math.floor(ms / 1000);
  return { seconds: BigInt(seconds), nanos: Math.trunc((ms - seconds * 1000) * 1e6) };
}
