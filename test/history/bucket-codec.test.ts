import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { decodeBuckets, encodeBuckets } from '../../src/history/bucket-codec.ts';
import { add, Buckets, begin, bucketSize, countAt, sumAt } from '../../src/history/buckets.ts';
import { ByteReader, ByteWriter, Damaged, packLarge, packSmall, unpack } from '../../src/history/bytes.ts';

const widthMs = 10_000;

function bucketsOf(points: readonly (readonly [ms: number, value: number])[]): Buckets {
  const buckets = new Buckets();
  const one = new Float64Array(bucketSize);
  for (const [ms, value] of points) {
    const number = Math.floor(ms / widthMs);
    begin(one, 0, number, ms, value);
    buckets.put(number, one, 0);
  }
  buckets.settle();
  return buckets;
}

function packed(buckets: Buckets): Buffer {
  const out = new ByteWriter();
  encodeBuckets(buckets, 0, buckets.length, widthMs, out);
  return Buffer.from(out.written);
}

function decoded(bytes: Buffer): number[][] {
  const found: number[][] = [];
  decodeBuckets(new ByteReader(bytes), widthMs, (bucket) => found.push([...bucket]));
  return found;
}

function rows({ data, length }: Buckets): number[][] {
  return Array.from({ length }, (_, i) => [...data.subarray(i * bucketSize, (i + 1) * bucketSize)]);
}

/** All equal but sums, in which additions lose their last digits. */
function assertAlike(found: number[][], wanted: number[][]): void {
  assert.equal(found.length, wanted.length);
  for (const [i, row] of found.entries()) {
    for (const [j, value] of row.entries()) {
      const other = wanted[i]![j]!;
      if (j === sumAt) assert.ok(Math.abs(value - other) <= 1e-9 * Math.max(1, Math.abs(other)), `${value} ${other}`);
      else assert.ok(value === other, `row ${i}, column ${j}: ${value} is not ${other}`);
    }
  }
}

const decimals = fc.integer({ min: -50_000, max: 50_000 }).map((n) => n / 100);
const values: readonly (readonly [string, fc.Arbitrary<number>])[] = [
  ['decimals', decimals],
  ['whole numbers', fc.integer()],
  ['floats', fc.float({ noNaN: true, noDefaultInfinity: true })],
  ['doubles', fc.double({ noNaN: true, noDefaultInfinity: true, min: -1e200, max: 1e200 })],
  ['what is near 2^53', fc.integer({ min: 2 ** 53 - 100, max: 2 ** 53 })],
  ['a mixture', fc.oneof(decimals, fc.constant(0.1 + 0.2), fc.constant(1e-7), fc.constant(-0), fc.constant(5e-324))],
];
const start = Date.UTC(2026, 5, 1);

for (const [name, value] of values) {
  test(`buckets of ${name} are read as they were written`, () => {
    const point = fc.tuple(fc.integer({ min: start, max: start + 600_000 }), value);
    fc.assert(
      fc.property(fc.array(point, { maxLength: 80 }), (points) => {
        const buckets = bucketsOf(points);
        assertAlike(decoded(packed(buckets)), rows(buckets));
      }),
      { numRuns: 150 },
    );
  });
}

test('an hour of a thermometer takes little', () => {
  const points = Array.from({ length: 360 }, (_, i) => {
    const value = Math.round(210 + 20 * Math.sin(i / 60) + ((i * 7919) % 3)) / 10;
    return [start + i * 10_000 + ((i * 104_729) % 50), value] as const;
  });
  const bytes = packSmall(packed(bucketsOf(points)));
  assert.ok(bytes.length < 700, `${bytes.length} bytes`);
});

test('a count of millions of points keeps its sum', () => {
  const buckets = bucketsOf([[start, 0.1]]);
  for (let i = 0; i < 1_000_000; i++) add(buckets.data, 0, start + (i % 10_000), 0.1 * (i % 100));
  assert.equal(buckets.data[countAt], 1_000_001);
  assertAlike(decoded(packed(buckets)), rows(buckets));
});

test('bytes that are not as they were written are found out, and read nothing that is not there', () => {
  const bytes = packed(bucketsOf(Array.from({ length: 40 }, (_, i) => [start + i * 7_000, Math.sqrt(i)] as const)));
  for (const pack of [packSmall, packLarge]) {
    const whole = pack(bytes);
    assert.deepEqual(unpack(whole), bytes);
    for (let i = 0; i < whole.length; i++) {
      const hurt = Buffer.from(whole);
      hurt[i]! ^= 1 << (i % 8);
      assert.throws(() => unpack(hurt), Damaged, `byte ${i}`);
      assert.throws(() => unpack(whole.subarray(0, i)), Damaged);
    }
  }
  for (let i = 0; i < bytes.length; i++) assert.throws(() => decoded(bytes.subarray(0, i)), Damaged);
});

test('any bytes are read to an end', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) => {
      try {
        decoded(Buffer.from(bytes));
      } catch (error) {
        assert.ok(error instanceof Damaged, String(error));
      }
    }),
    { numRuns: 500 },
  );
});
