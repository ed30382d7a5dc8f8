import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { ClockCorrection } from '../../src/core/time.ts';
import { readUpload } from '../../src/wire/batch-reader.ts';
import { Record } from '../../src/wire/generated/headgate/v1/record.ts';
import { ConnectRequest } from '../../src/wire/generated/headgate/v1/uplink.ts';
import { type DecodedRecord, RecordReader } from '../../src/wire/record-reader.ts';
import { encodeUpload } from '../../src/wire/upload.ts';

/** 0001-01-01 and the end of 9999, as Unix ms: beyond them a timestamp says nothing. */
const range = { min: -62_135_596_800_000, max: 253_402_300_799_999 };

function sent(record: Partial<Record>, correction?: ClockCorrection): DecodedRecord {
  const body = Record.encode(Record.create({ clockQuality: 1, ...record })).finish();
  const records = Buffer.concat([Buffer.from([0x7a, body.length]), body]);
  const encoded = encodeUpload([{ lane: 'a', firstSequence: 5, count: 1, records, isHistorical: true, correction }]);
  // What the generated code makes of it: the hand-written message is the protocol's.
  const { message } = ConnectRequest.decode(encoded.message);
  assert.equal(message?.$case, 'upload');
  const [batch] = message?.$case === 'upload' ? message.value.batches : [];
  assert.equal(batch?.clockShiftMs, BigInt(correction?.shiftMs ?? 0));
  const [read] = readUpload(encoded.upload).flatMap((one) => [...new RecordReader().records(one)]);
  return read!;
}

test('the time at which records were taken in is shifted, to the millisecond and over every border', () => {
  const nanos = fc.oneof(
    fc.integer({ min: 0, max: 999 }).map((ms) => ms * 1e6),
    fc.constant(999_999_999),
  );
  const shift = fc.oneof(fc.integer({ min: -2e12, max: 2e12 }), fc.integer({ min: -2_000, max: 2_000 }));
  fc.assert(
    fc.property(fc.integer({ min: -2e9, max: 4e9 }), nanos, shift, (seconds, nano, shiftMs) => {
      const receivedAt = { seconds: BigInt(seconds), nanos: nano };
      const got = sent({ receivedAt }, { shiftMs, quality: 'estimated' }).receivedAt;
      const ms = seconds * 1000 + Math.trunc(nano / 1e6) + shiftMs;
      if (ms < range.min || ms > range.max) assert.equal(got, undefined);
      else {
        assert.equal(got?.slice(0, 23), new Date(ms).toISOString().slice(0, 23));
        // What is below a millisecond stays.
        assert.equal(got?.slice(23), nano === 999_999_999 ? '999999Z' : 'Z');
      }
    }),
    { numRuns: 2_000 },
  );
});

test("the device's own time stays, and the quality is replaced", () => {
  const at = { seconds: 60n, nanos: 0 };
  const wrong = sent({ time: at, receivedAt: at });
  assert.deepEqual([wrong.time, wrong.receivedAt, wrong.clockQuality], [iso(60_000), iso(60_000), 1]);
  const right = sent({ time: at, receivedAt: at }, { shiftMs: 1_764_072_000_000, quality: 'estimated' });
  assert.deepEqual([right.time, right.receivedAt, right.clockQuality], [iso(60_000), iso(1_764_072_060_000), 2]);
});

test('a time that is none is not made one', () => {
  const correction: ClockCorrection = { shiftMs: 1_500, quality: 'estimated' };
  assert.equal(sent({ receivedAt: { seconds: 5n, nanos: -1 } }, correction).receivedAt, undefined);
  assert.equal(sent({ receivedAt: { seconds: 5n, nanos: 1_000_000_000 } }, correction).receivedAt, undefined);
  assert.equal(sent({}, correction).receivedAt, undefined);
});

function iso(ms: number): string {
  return new Date(ms).toISOString();
}
