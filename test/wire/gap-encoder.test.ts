import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { dropReasons, type Gap } from '../../src/core/handling.ts';
import { readBatch } from '../../src/wire/batch-reader.ts';
import { encodeGap } from '../../src/wire/gap-encoder.ts';
import { gapReasonNumber, gapReasons, gapReasonText } from '../../src/wire/gap-reasons.ts';
import { Batch, GapReason } from '../../src/wire/generated/headgate/v1/record.ts';
import { RecordEncoder } from '../../src/wire/record-encoder.ts';
import { RecordJson } from '../../src/wire/record-json.ts';
import { RecordReader } from '../../src/wire/record-reader.ts';

const envelope = { receivedAtMs: Date.UTC(2026, 10, 22, 18, 35, 13, 125), clockQuality: 'synced' } as const;

/** One entry of `Batch.records`, as bytes of its own. */
function entryOf(gap: Gap, about: Parameters<typeof encodeGap>[1] = envelope): Buffer {
  const { bytes, start, end } = encodeGap(gap, about);
  return bytes.subarray(start, end);
}

/** A batch with these entries as it goes up, from sequence 7 on. */
function batchOf(...entries: Buffer[]): Buffer {
  return Buffer.concat([Batch.encode(Batch.create({ firstSequence: 7n, count: entries.length })).finish(), ...entries]);
}

test('the reasons of the proto are those of the gateway', () => {
  const ours = dropReasons.map((reason) => `GAP_REASON_${reason.toUpperCase().replaceAll('-', '_')}`);
  const known = Object.keys(GapReason).filter((name) => name !== 'GAP_REASON_UNSPECIFIED' && name !== 'UNRECOGNIZED');
  assert.deepEqual(known.sort(), ours.sort());
  for (const reason of dropReasons) {
    const name = `GAP_REASON_${reason.toUpperCase().replaceAll('-', '_')}`;
    assert.equal(gapReasons[reason], GapReason[name as keyof typeof GapReason], reason);
  }
});

test('a reason is read as it was written, also one that this version does not know', () => {
  for (const reason of dropReasons) assert.equal(gapReasonText(gapReasons[reason]), reason);
  for (const number of [0, 1, 8, 9, 99, -1]) assert.equal(gapReasonNumber(gapReasonText(number)), number);
  for (const text of ['', 'constructor', 'because']) assert.equal(gapReasonNumber(text), 0, text);
});

const safe = fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER });
// The years 1 to 9999: what a Timestamp holds.
const anyTime = fc.oneof(
  fc.integer({ min: -62_135_596_800_000, max: 253_402_300_799_999 }),
  fc.integer({ min: 1_700_000_000_000, max: 1_900_000_000_000 }),
);
const anyGap = fc
  .record(
    {
      reason: fc.constantFrom(...dropReasons),
      rule: fc.string({ unit: 'grapheme', maxLength: 100 }),
      device: fc.string({ unit: 'grapheme', minLength: 1, maxLength: 100 }),
      count: fc.oneof(fc.constant(0), safe),
      firstSequence: safe,
      lastSequence: safe,
      firstAtMs: anyTime,
      lastAtMs: anyTime,
    },
    { requiredKeys: ['reason', 'rule', 'count', 'firstAtMs', 'lastAtMs'] },
  )
  .map((gap): Gap => gap);

test('any gap is read back as it was, by the generated code, by the reader and in JSON', () => {
  const reader = new RecordReader();
  const json = new RecordJson();
  const qualities = { unset: 1, estimated: 2, synced: 3 } as const;
  fc.assert(
    fc.property(anyGap, anyTime, fc.constantFrom('unset', 'estimated', 'synced'), (gap, receivedAtMs, clockQuality) => {
      const bytes = batchOf(entryOf(gap, { receivedAtMs, clockQuality }));
      const { device = '', firstSequence = 0, lastSequence = 0 } = gap;

      const [record] = Batch.decode(bytes).records;
      const ms = (at: { seconds: bigint; nanos: number } | undefined) => Number(at?.seconds) * 1000 + at!.nanos / 1e6;
      assert.equal(record?.gap?.reason, gapReasons[gap.reason]);
      assert.deepEqual(
        [record.gap.rule, record.gap.deviceId, record.gap.count, record.gap.firstSequence, record.gap.lastSequence],
        [gap.rule, device, BigInt(gap.count), BigInt(firstSequence), BigInt(lastSequence)],
      );
      assert.deepEqual(
        [ms(record.gap.firstAt), ms(record.gap.lastAt), ms(record.receivedAt)],
        [gap.firstAtMs, gap.lastAtMs, receivedAtMs],
      );
      assert.deepEqual(
        [record.source, record.priority, record.deviceId, record.topic, record.clockQuality, record.fields],
        ['headgate', 3, device, '', qualities[clockQuality], []],
      );

      const [read] = reader.records(readBatch(bytes));
      const firstAt = isoText(gap.firstAtMs);
      const lastAt = isoText(gap.lastAtMs);
      const { rule, count } = gap;
      assert.equal(read?.sequence, 7);
      assert.deepEqual(read.gap, {
        reason: gapReasons[gap.reason],
        ...{ rule, deviceId: device, count, firstSequence, lastSequence, firstAt, lastAt },
      });

      const line = JSON.parse(json.line(json.prefix('gw', 'e'), read)) as { gap: object };
      assert.deepEqual(line, {
        ...{ gateway: 'gw', epoch: 'e', sequence: '7' },
        ...(device !== '' && { deviceId: device }),
        ...{ time: isoText(receivedAtMs), receivedAt: isoText(receivedAtMs) },
        clockQuality: `CLOCK_QUALITY_${clockQuality.toUpperCase()}`,
        ...{ priority: 'PRIORITY_CRITICAL', source: 'headgate' },
        gap: {
          reason: `GAP_REASON_${gap.reason.toUpperCase().replaceAll('-', '_')}`,
          ...(rule !== '' && { rule }),
          ...(device !== '' && { deviceId: device }),
          ...(count !== 0 && { count: String(count) }),
          ...(firstSequence !== 0 && { firstSequence: String(firstSequence) }),
          ...(lastSequence !== 0 && { lastSequence: String(lastSequence) }),
          ...{ firstAt, lastAt },
        },
      });
    }),
    { numRuns: 500 },
  );
});

test('gaps and measurements stand in one batch, each with its sequence', () => {
  const encoder = new RecordEncoder();
  const about = { source: 'mqtt', topic: 't', priority: 'normal', ...envelope } as const;
  const { bytes, start, end } = encoder.encode({ deviceId: 'd', fields: [] }, about, undefined);
  const gap: Gap = { reason: 'full', rule: 'alarms', count: 3, firstAtMs: 1000, lastAtMs: 2000 };
  const batch = batchOf(entryOf(gap), Buffer.from(bytes.subarray(start, end)), entryOf({ ...gap, count: 4 }));
  const read = Array.from(new RecordReader().records(readBatch(batch)), ({ sequence, source, gap: loss }) => [
    sequence,
    source,
    loss?.count,
  ]);
  assert.deepEqual(read, [
    [7, 'headgate', 3],
    [8, 'mqtt', undefined],
    [9, 'headgate', 4],
  ]);
});

test('what was encoded before stays as it was', () => {
  const gap: Gap = { reason: 'evicted', rule: 'a', count: 1, firstAtMs: 0, lastAtMs: 0 };
  const first = encodeGap(gap, envelope);
  const copy = Buffer.from(first.bytes.subarray(first.start, first.end));
  encodeGap({ ...gap, rule: 'another' }, envelope);
  assert.deepEqual(first.bytes.subarray(first.start, first.end), copy);
});

/** RFC 3339 with milliseconds. */
function isoText(ms: number): string {
  return new Date(ms).toISOString();
}
