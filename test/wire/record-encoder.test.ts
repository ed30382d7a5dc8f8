import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { MessageKind } from '../../src/core/decoded.ts';
import type { Field, Measurement } from '../../src/core/measurement.ts';
import { Batch, MessageKind as WireKind } from '../../src/wire/generated/headgate/v1/record.ts';
import { RecordEncoder } from '../../src/wire/record-encoder.ts';
import { type Envelope, messageKinds } from '../../src/wire/record-prefix.ts';

const envelope: Envelope = {
  source: 'mqtt',
  topic: 'sensors/greenhouse',
  receivedAtMs: Date.UTC(2026, 10, 22, 18, 35, 13, 125),
  clockQuality: 'estimated',
  priority: 'normal',
};

/** What a batch of exactly this record says, by the generated decoder. */
function decoded(encoder: RecordEncoder, measurement: Measurement, about: Envelope, payload?: Uint8Array) {
  const { bytes, start, end } = encoder.encode(measurement, about, payload);
  const { records } = Batch.decode(bytes.subarray(start, end));
  assert.equal(records.length, 1);
  return records[0]!;
}

test('a record says what went in', () => {
  const record = decoded(
    new RecordEncoder(),
    {
      deviceId: 'greenhouse',
      timeMs: -1_500,
      fields: [
        { name: 'temperature', value: 21.5, unit: 'Cel' },
        { name: 'count', value: 2n ** 62n },
        { name: 'smallest', value: -(2n ** 63n) },
        { name: 'too large', value: 2n ** 63n },
        { name: 'on', value: true },
        { name: 'off', value: false },
        { name: 'état', value: 'ça va' },
        { name: 'bytes', value: new Uint8Array([1, 2, 3]) },
      ],
    },
    envelope,
    new Uint8Array([0, 255]),
  );
  assert.equal(record.sequence, 0n);
  assert.equal(record.deviceId, 'greenhouse');
  assert.deepEqual(record.time, { seconds: -2n, nanos: 500_000_000 });
  assert.deepEqual(record.receivedAt, {
    seconds: BigInt(Date.UTC(2026, 10, 22, 18, 35, 13) / 1000),
    nanos: 125_000_000,
  });
  assert.equal(record.clockQuality, 2);
  assert.equal(record.priority, 2);
  assert.equal(record.source, 'mqtt');
  assert.equal(record.topic, 'sensors/greenhouse');
  assert.deepEqual([...(record.payload ?? [])], [0, 255]);
  assert.deepEqual(
    record.fields.map((field) => [field.name, field.unit, field.value?.$case, field.value?.value]),
    [
      ['temperature', 'Cel', 'number', 21.5],
      ['count', '', 'integer', 2n ** 62n],
      ['smallest', '', 'integer', -(2n ** 63n)],
      ['too large', '', 'text', '9223372036854775808'],
      ['on', '', 'boolean', true],
      ['off', '', 'boolean', false],
      ['état', '', 'text', 'ça va'],
      ['bytes', '', 'data', Buffer.from([1, 2, 3])],
    ],
  );
});

test('a record says what kind of message it is where that does not go without saying', () => {
  const encoder = new RecordEncoder();
  const value = { deviceId: 'd', fields: [{ name: 'n', value: 1 }] };
  const none = { deviceId: 'd', fields: [] };
  const kindOf = (measurement: Measurement, kind: MessageKind) =>
    decoded(encoder, measurement, { ...envelope, kind }).kind;
  assert.deepEqual([kindOf(value, 'measurement'), kindOf(none, 'raw')], [0, 0]);
  assert.deepEqual([kindOf(none, 'measurement'), kindOf(value, 'raw')], [1, 2]);
  for (const [kind, number] of Object.entries(messageKinds).slice(2)) {
    const name = `MESSAGE_KIND_${kind.toUpperCase()}`;
    assert.equal(kindOf(none, kind as MessageKind), WireKind[name as keyof typeof WireKind], name);
    assert.equal(kindOf(none, kind as MessageKind), number);
  }
  // One that was remembered for the topic is not taken for another.
  assert.equal(kindOf(none, 'raw'), 0);
});

test('profile, tags, nanoseconds, and what it takes the place of', () => {
  const encoder = new RecordEncoder();
  const tags = Array.from({ length: 40 }, (_, i) => [`tag ${i}`, 'ä'.repeat(i)] as const);
  const measurement = { deviceId: 'd', timeMs: 1_500, timeNanos: 234_567, tags, fields: [{ name: 'n', value: 1 }] };
  const profile = { name: 'tasmota/sensor', version: 300 };
  const supersedes = [1, 300, 2 ** 53 - 1];
  const record = decoded(encoder, measurement, {
    ...envelope,
    profile,
    supersedes,
    message: 2 ** 32 - 1,
    isRetained: true,
    traceId: '0af7651916cd43dd8448eb211c80319c',
  });
  assert.deepEqual(record.time, { seconds: 1n, nanos: 500_234_567 });
  assert.deepEqual(record.tags, Object.fromEntries(tags));
  assert.deepEqual([record.profile, record.profileVersion], ['tasmota/sensor', 300]);
  assert.deepEqual([record.supersedes, record.message], [supersedes.map(BigInt), 2 ** 32 - 1]);
  assert.equal(record.retained, true);
  assert.equal(record.traceId && Buffer.from(record.traceId).toString('hex'), '0af7651916cd43dd8448eb211c80319c');
  assert.deepEqual(decoded(encoder, { ...measurement, timeMs: -1 }, envelope).time, {
    seconds: -1n,
    nanos: 999_234_567,
  });
  assert.equal(decoded(encoder, measurement, { ...envelope, profile: { ...profile, version: 0 } }).profileVersion, 0);
  assert.equal(decoded(encoder, measurement, envelope).profile, '');
  assert.equal(decoded(encoder, measurement, envelope).traceId, undefined);
});

test('a topic that speaks for many devices, by many profiles, has each as it is', () => {
  const encoder = new RecordEncoder();
  fc.assert(
    fc.property(
      fc.constantFrom('a', 'b', 'a\0b', ''),
      fc.constantFrom('b\0', 'c', ''),
      fc.nat(3),
      fc.nat(1),
      (device, topic, version, has) => {
        const profile = version === 0 ? undefined : { name: 'p', version };
        const about = { ...envelope, topic, profile };
        const record = decoded(
          encoder,
          { deviceId: device, fields: has ? [{ name: 'n', value: 1 }] : [] },
          { ...about, kind: 'measurement' },
        );
        assert.deepEqual(
          [record.deviceId, record.topic, record.profile, record.profileVersion, record.kind],
          [device, topic, profile?.name ?? '', version, has ? 0 : 1],
        );
      },
    ),
    { numRuns: 300 },
  );
});

test('an empty payload is kept as an empty payload, and no payload as none', () => {
  const nothing: Measurement = { deviceId: 'd', fields: [] };
  const encoder = new RecordEncoder();
  assert.deepEqual([...(decoded(encoder, nothing, envelope, new Uint8Array()).payload ?? [1])], []);
  assert.equal(decoded(encoder, nothing, envelope).payload, undefined);
});

/** The generated decoder gives bytes as a Buffer. */
const asBuffer = <T>(value: T) => (value instanceof Uint8Array ? Buffer.from(value) : value);

const anyText = fc.string({ unit: 'grapheme', maxLength: 300 });
const anyField = fc.record({
  name: anyText,
  value: fc.oneof(
    fc.double(),
    fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
    fc.boolean(),
    anyText,
    fc.uint8Array({ maxLength: 20_000 }),
  ),
  unit: fc.constantFrom('Cel', '%RH', '°'),
}) satisfies fc.Arbitrary<Field>;

test('whatever is encoded, one encoder after the other record, is read back as it was', () => {
  const encoder = new RecordEncoder();
  fc.assert(
    fc.property(
      fc.array(anyField, { maxLength: 40 }),
      anyText,
      fc.constantFrom('a', 'b', 'a/very/long/topic/'.repeat(20)),
      fc.constantFrom('unset', 'estimated', 'synced'),
      fc.constantFrom('bulk', 'normal', 'critical'),
      fc.integer({ min: 0, max: 4_102_444_800_000 }),
      fc.option(fc.uint8Array({ maxLength: 40_000 }), { nil: undefined }),
      (fields, deviceId, topic, clockQuality, priority, receivedAtMs, payload) => {
        const measurement = { deviceId, fields, keepPayload: payload !== undefined };
        const about = { source: 'mqtt', topic, receivedAtMs, clockQuality, priority } as const;
        const record = decoded(encoder, measurement, about, payload);
        assert.equal(record.deviceId, deviceId);
        assert.equal(record.topic, topic);
        assert.equal(record.clockQuality, { unset: 1, estimated: 2, synced: 3 }[clockQuality]);
        assert.equal(record.priority, { bulk: 1, normal: 2, critical: 3 }[priority]);
        const seconds = record.receivedAt?.seconds ?? 0n;
        assert.equal(Number(seconds) * 1000 + (record.receivedAt?.nanos ?? 0) / 1e6, receivedAtMs);
        assert.deepEqual(record.payload, asBuffer(payload));
        assert.deepEqual(
          record.fields.map((field) => ({ name: field.name, value: field.value?.value, unit: field.unit })),
          fields.map((field) => ({ ...field, value: asBuffer(field.value) })),
        );
      },
    ),
    { numRuns: 300 },
  );
});

test('records one after the other make a batch', () => {
  const encoder = new RecordEncoder();
  const parts = [1, 2, 3].map((value) => {
    const { bytes, start, end } = encoder.encode(
      { deviceId: 'd', fields: [{ name: 'n', value }] },
      { ...envelope, topic: `t/${value}` },
      undefined,
    );
    return Buffer.from(bytes.subarray(start, end));
  });
  const { records } = Batch.decode(Buffer.concat(parts));
  assert.deepEqual(
    records.map((record) => record.fields[0]?.value?.value),
    [1, 2, 3],
  );
});
