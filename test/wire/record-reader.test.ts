import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type EncodedBatch, readBatch, readUpload } from '../../src/wire/batch-reader.ts';
import { Timestamp } from '../../src/wire/generated/google/protobuf/timestamp.ts';
import type { Field, Gap } from '../../src/wire/generated/headgate/v1/record.ts';
import { Batch, Gap as GapCode, Record } from '../../src/wire/generated/headgate/v1/record.ts';
import { Upload } from '../../src/wire/generated/headgate/v1/uplink.ts';
import { numberText } from '../../src/wire/number-text.ts';
import { RecordJson } from '../../src/wire/record-json.ts';
import { MalformedError, RecordReader } from '../../src/wire/record-reader.ts';

const maxUint64 = 2n ** 64n - 1n;
const text = fc.oneof(
  fc.string({ unit: 'grapheme', maxLength: 20 }),
  fc.constantFrom('', '"\\\n\u2028', 'temperature'),
);
const timestamp = fc.option(
  fc.record({
    seconds: fc.oneof(
      fc.bigInt({ min: -62_135_596_800n, max: 253_402_300_799n }),
      fc.bigInt({ min: 1_700_000_000n, max: 1_900_000_000n }),
    ),
    nanos: fc.oneof(
      fc.integer({ min: 0, max: 999 }).map((ms) => ms * 1_000_000),
      fc.integer({ min: 0, max: 999_999_999 }),
    ),
  }),
  { nil: undefined },
);
const value: fc.Arbitrary<Field['value']> = fc.option(
  fc.oneof(
    fc.record({ $case: fc.constant('number' as const), value: fc.double() }),
    fc.record({ $case: fc.constant('integer' as const), value: fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }) }),
    fc.record({ $case: fc.constant('boolean' as const), value: fc.boolean() }),
    fc.record({ $case: fc.constant('text' as const), value: text }),
    fc.record({ $case: fc.constant('data' as const), value: fc.uint8Array({ maxLength: 40 }) }),
  ),
  { nil: undefined },
);
const upTo53 = fc.bigInt({ min: 0n, max: BigInt(Number.MAX_SAFE_INTEGER) });
const gap: fc.Arbitrary<Gap | undefined> = fc.option(
  fc.record({
    reason: fc.constantFrom(0, 1, 2, 3, 4, 5, 6, 7, 8),
    rule: text,
    deviceId: text,
    count: upTo53,
    firstSequence: upTo53,
    lastSequence: upTo53,
    firstAt: timestamp,
    lastAt: timestamp,
  }),
  { nil: undefined, freq: 2 },
);
const anyRecord: fc.Arbitrary<Record> = fc.record({
  sequence: fc.bigInt({ min: 1n, max: BigInt(Number.MAX_SAFE_INTEGER) - 100n }),
  deviceId: text,
  time: timestamp,
  receivedAt: timestamp,
  clockQuality: fc.constantFrom(0, 1, 2, 3),
  priority: fc.constantFrom(0, 1, 2, 3),
  source: text,
  topic: text,
  fields: fc.array(fc.record({ name: text, unit: text, value }), { maxLength: 6 }),
  payload: fc.option(fc.uint8Array({ maxLength: 200 }), { nil: undefined }),
  profile: text,
  profileVersion: fc.nat(2 ** 32 - 1),
  historical: fc.boolean(),
  gap,
  // The generated code can't hold a tag named like what every object has.
  tags: fc.dictionary(
    text.filter((name) => name !== '__proto__'),
    text,
    { maxKeys: 4, noNullPrototype: true },
  ),
  kind: fc.constantFrom(0, 1, 2, 3, 4, 5, 6, 7, 8, 9),
  supersedes: fc.array(upTo53, { maxLength: 4 }),
  message: fc.nat(2 ** 32 - 1),
  retained: fc.boolean(),
  traceId: fc.option(fc.uint8Array({ minLength: 16, maxLength: 16 }), { nil: undefined }),
});

const reader = new RecordReader();
const json = new RecordJson();
const prefix = json.prefix('gw "1"', 'epoch');

function linesOf(batch: EncodedBatch): unknown[] {
  return Array.from(reader.records(batch), (record) => JSON.parse(json.line(prefix, record)) as unknown);
}

/** What the file should say of a record, by the generated code. Its timestamps lose what is below a millisecond. */
function expected(record: Record): unknown {
  const { time, receivedAt, gap, traceId } = record;
  const others = { ...record, time: undefined, receivedAt: undefined, gap: undefined, traceId: undefined };
  const plain = Record.toJSON(others) as object;
  return {
    gateway: 'gw "1"',
    epoch: 'epoch',
    ...plain,
    ...((time ?? receivedAt) && { time: exact(time ?? receivedAt) }),
    ...(receivedAt && { receivedAt: exact(receivedAt) }),
    ...(gap && { gap: expectedGap(gap) }),
    ...(traceId && { traceId: Buffer.from(traceId).toString('hex') }),
  };
}

function expectedGap(gap: Gap): unknown {
  const { firstAt, lastAt } = gap;
  return {
    ...(GapCode.toJSON({ ...gap, firstAt: undefined, lastAt: undefined }) as object),
    ...(firstAt && { firstAt: exact(firstAt) }),
    ...(lastAt && { lastAt: exact(lastAt) }),
  };
}

/** The generated form leaves out a fraction of zero; ours has at least three digits. */
function exact(at: Timestamp | undefined): string {
  const text = Timestamp.toJSON(at!) as string;
  return text.includes('.') ? text : text.replace('Z', '.000Z');
}

test('any record has the JSON that the generated code gives it', () => {
  fc.assert(
    fc.property(fc.array(anyRecord, { maxLength: 5 }), fc.boolean(), (records, historical) => {
      const bytes = Upload.encode(
        Upload.fromPartial({
          batches: [{ firstSequence: 7n, count: records.length, historical, records }],
        }),
      ).finish();
      const [batch] = readUpload(bytes);
      const want = records.map((record) => expected({ ...record, historical: historical || record.historical }));
      assert.deepEqual(linesOf(batch!), JSON.parse(JSON.stringify(want)));
    }),
    { numRuns: 1000 },
  );
});

test('a record without a sequence is the previous one plus one', () => {
  const sequences = [0n, 0n, 20n, 0n, 3n, 0n];
  const records = sequences.map((sequence) => Record.create({ sequence }));
  const batch = readBatch(
    Batch.encode(Batch.fromPartial({ firstSequence: 5n, count: 6, historical: false, records })).finish(),
  );
  const got = Array.from(reader.records(batch), (record) => record.sequence);
  assert.deepEqual(got, [5, 6, 20, 21, 3, 4]);
});

/** As `encoded` is in a line. */
const kept = (record: Uint8Array): object => ({ encoded: Buffer.from(record).toString('base64') });

test('the order of fields changes nothing, and unknown fields of every kind are kept as they came', () => {
  const body = Record.encode(Record.create({ deviceId: 'a', historical: false })).finish();
  // Field 200 as varint, 64-bit, bytes and 32-bit, inside the record and around it.
  const unknown = hex('c00c96ffffff0f c10c0102030405060708 c20c03616263 c50c01020304');
  const record = Buffer.concat([unknown, body, unknown]);
  // Records first, then historical, count and first_sequence.
  const batch = Buffer.concat([hex('7a'), Buffer.from([record.length]), record, unknown, hex('180110010805')]);
  const upload = Buffer.concat([unknown, hex('0a'), Buffer.from([batch.length]), batch, unknown]);
  assert.deepEqual(linesOf(readUpload(upload)[0]!), [
    { gateway: 'gw "1"', epoch: 'epoch', sequence: '5', deviceId: 'a', historical: true, ...kept(record) },
  ]);
});

test('what is odd but not malformed is kept, or left out', () => {
  const odd: [name: string, record: Uint8Array, want: object][] = [
    ['a trace id that is too short is none', hex('a201030a0b0c'), {}],
    ['an unknown enum value stays a number', hex('2863'), { clockQuality: 99 }],
    ['a known field of another wire type is nothing that is known', hex('1005 1801'), kept(hex('1005 1801'))],
    ['the last of two wins', hex('12016112 0162'), { deviceId: 'b' }],
    ['bytes that are no UTF-8', hex('1202c328'), { deviceId: '\uFFFD(' }],
    ['a time of the year 10000', Record.encode(Record.create({ time: { seconds: 253_402_300_800n } })).finish(), {}],
    ['a time with too many nanos', Record.encode(Record.create({ time: { nanos: 1_000_000_000 } })).finish(), {}],
    ['a time with negative nanos', Record.encode(Record.create({ time: { seconds: 5n, nanos: -1 } })).finish(), {}],
    ['an empty payload', Record.encode(Record.create({ payload: new Uint8Array() })).finish(), { payload: '' }],
    ['a negative enum', hex('28ffffffffffffffffff01'), { clockQuality: -1 }],
    ['a kind that is new', hex('800163'), { kind: 99 }],
    ['sequences that are not packed', hex('880105 880106 8a01020708'), { supersedes: ['5', '6', '7', '8'] }],
    [
      'a tag twice, and one that says nothing',
      hex('7a060a01611201317a060a01611201327a00'),
      { tags: { a: '2', '': '' } },
    ],
    ['a gap that says nothing', hex('7200'), { gap: {} }],
    ['a gap for a reason that is new', hex('72020863'), { gap: { reason: 99 } }],
    [
      'a gap with more than is known',
      hex('7209 c00c96ffffff0f 2005'),
      { gap: { count: '5' }, ...kept(hex('7209 c00c96ffffff0f 2005')) },
    ],
  ];
  for (const [name, record, want] of odd) {
    const batch = Buffer.concat([hex('080110017a'), Buffer.from([record.length]), record]);
    assert.deepEqual(linesOf(readBatch(batch)), [{ gateway: 'gw "1"', epoch: 'epoch', sequence: '1', ...want }], name);
  }
});

test('malformed uploads throw one clear error', () => {
  const batchOf = (record: string) =>
    `0a${size(7 + record.length / 2 - 1)}080110017a${size(record.length / 2)}${record}`;
  const table: [upload: string, message: RegExp][] = [
    ['0a', /cut off/],
    ['0a05', /claims 5 bytes, but 0 are left/],
    ['0affffffffffffffffff7f', /larger than 2\^53/],
    ['0affffffffffffffffffff01', /longer than ten bytes/],
    ['00', /impossible tag/],
    ['07', /impossible tag/],
    ['0b', /wire type 3/],
    ['0e', /wire type 6/],
    ['0a0408011002', /batch 1 says that it holds 2 records, but holds 0/],
    ['0a0408017a00', /batch 1 says that it holds 0 records, but holds 1/],
    ['0a0410017a00', /has no sequence/],
    [batchOf('12056161'), /claims 5 bytes, but 2 are left/],
    [batchOf('08ffffffffffffffffff01'), /larger than 2\^53/],
    [batchOf('4a0a1901020304'), /claims 10 bytes/],
    [batchOf('4a051901020304'), /fixed-size value is cut off/],
    [batchOf('1a02ffff'), /cut off|wire type/],
    [batchOf('2880'), /cut off/],
    [batchOf('8a01028080'), /cut off/],
    [batchOf('8a01018001'), /cut off/],
    [batchOf('7a030a0561'), /claims 5 bytes/],
    [batchOf('7205'), /claims 5 bytes/],
    [batchOf('72021205'), /claims 5 bytes/],
    [batchOf('720b20ffffffffffffffffff01'), /larger than 2\^53/],
    [batchOf('72022b00'), /wire type 3/],
  ];
  for (const [upload, message] of table) {
    const act = () => readUpload(hex(upload)).map((batch) => [...reader.records(batch)]);
    assert.throws(act, (error: unknown) => error instanceof MalformedError && message.test(error.message), upload);
  }
});

test('numbers are written as JavaScript writes them', () => {
  const decimal = fc.tuple(fc.integer(), fc.integer({ min: 0, max: 5 })).map(([whole, digits]) => whole / 10 ** digits);
  const edges = [0, -0, 0.001, -0.001, 0.0005, 0.9995, 1e21, 1e-7, 5e-324, 2e6, 2_000_000.001, -2_000_000.5, 0.1 + 0.2];
  for (const value of edges) assert.equal(numberText(value), String(value));
  const any = fc.oneof(decimal, fc.double({ noNaN: true, noDefaultInfinity: true }));
  fc.assert(
    fc.property(any, (value) => assert.equal(numberText(value), String(value))),
    { numRuns: 20_000 },
  );
});

test('a flood of names is told apart, those that share a place in the cache too', () => {
  const records = Array.from({ length: 20_000 }, (_, i) => Record.create({ deviceId: `d${i}`, topic: `t/${i * 7}` }));
  const batch = readBatch(
    Batch.encode(Batch.fromPartial({ firstSequence: 1n, count: 20_000, historical: false, records })).finish(),
  );
  for (let round = 0; round < 2; round++) {
    let i = 0;
    for (const record of reader.records(batch)) {
      assert.equal(record.deviceId, `d${i}`);
      assert.equal((JSON.parse(json.line(prefix, record)) as { topic: string }).topic, `t/${i * 7}`);
      i++;
    }
  }
});

test('sequences beyond 2^53 - 1 are refused, not rounded', () => {
  const record = Record.encode(Record.create({ sequence: maxUint64 })).finish();
  const batch = readBatch(Buffer.concat([hex('080110017a'), Buffer.from([record.length]), record]));
  assert.throws(() => [...reader.records(batch)], MalformedError);
});

test('whatever the bytes are, reading ends: with records, or with the one error', () => {
  const valid = fc.array(anyRecord, { minLength: 1, maxLength: 3 }).map((records) => {
    const upload = { batches: [{ firstSequence: 1n, count: records.length, historical: false, records }] };
    return Buffer.from(Upload.encode(Upload.fromPartial(upload)).finish());
  });
  const damaged = fc
    .tuple(valid, fc.nat(), fc.integer({ min: 0, max: 255 }), fc.nat())
    .map(([bytes, at, byte, cut]) => {
      bytes[at % bytes.length] = byte;
      return bytes.subarray(0, cut % 3 === 0 ? at % bytes.length : bytes.length);
    });
  fc.assert(
    fc.property(fc.oneof(fc.uint8Array({ maxLength: 300 }), damaged), (bytes) => {
      try {
        for (const batch of readUpload(bytes)) for (const record of reader.records(batch)) json.line(prefix, record);
      } catch (error) {
        assert.ok(error instanceof MalformedError, String(error));
      }
    }),
    { numRuns: 5000 },
  );
});

test('nothing behind the view is read', () => {
  const bytes = Upload.encode(
    Upload.fromPartial({
      batches: [{ firstSequence: 1n, count: 1, historical: false, records: [Record.create({ deviceId: 'abc' })] }],
    }),
  ).finish();
  const memory = Buffer.alloc(bytes.length + 20, 0x41);
  memory.set(bytes, 10);
  for (let length = 0; length < bytes.length; length++) {
    const view = memory.subarray(10, 10 + length);
    if (length === 0) assert.deepEqual(readUpload(view), []);
    else assert.throws(() => readUpload(view).map((batch) => [...reader.records(batch)]), MalformedError);
  }
  assert.equal([...reader.records(readUpload(memory.subarray(10, 10 + bytes.length))[0]!)][0]!.deviceId, 'abc');
});

function hex(text: string): Buffer {
  return Buffer.from(text.replaceAll(' ', ''), 'hex');
}

function size(length: number): string {
  return length.toString(16).padStart(2, '0');
}
