import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { readValue, sizeOf } from '../../../src/profiles/binary/binary.ts';
import type { ByteOrder, NumberType } from '../../../src/profiles/binary/options.ts';
import { writeValue } from '../../../src/profiles/binary/write-value.ts';

const orders: readonly ByteOrder[] = ['big', 'little', 'ABCD', 'DCBA', 'CDAB', 'BADC'];
const whole = (min: number, max: number) => fc.integer({ min, max });
const values: readonly (readonly [type: NumberType, value: fc.Arbitrary<number | string>, length?: number])[] = [
  ['uint8', whole(0, 255)],
  ['int8', whole(-128, 127)],
  ['uint16', whole(0, 65_535)],
  ['int16', whole(-32_768, 32_767)],
  ['uint24', whole(0, 2 ** 24 - 1)],
  ['int24', whole(-(2 ** 23), 2 ** 23 - 1)],
  ['uint32', whole(0, 2 ** 32 - 1)],
  ['int32', whole(-(2 ** 31), 2 ** 31 - 1)],
  ['uint64', whole(0, Number.MAX_SAFE_INTEGER)],
  ['int64', whole(Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER)],
  ['float64', fc.double({ noNaN: true, noDefaultInfinity: true })],
  ['bcd', whole(0, 999_999), 3],
  ['hex', fc.constantFrom('00ff', 'a1b2'), 2],
  ['text', fc.constantFrom('abc', 'é', 'x y')],
];

test('what is written is read again, in every type and order', () => {
  for (const [type, value, length] of values) {
    fc.assert(
      fc.property(value, fc.constantFrom(...orders), (wanted, order) => {
        const written = writeValue(wanted, type, order, length);
        assert.ok('bytes' in written, JSON.stringify(written));
        if (type !== 'text') assert.equal(written.bytes.length, sizeOf(type, length));
        const read = readValue(written.bytes, type, order);
        assert.deepEqual(read.kind === 'value' && read.value, wanted);
      }),
      { numRuns: 50 },
    );
  }
});

const unfit: readonly (readonly [
  value: boolean | number | string,
  type: NumberType,
  fault: string,
  length?: number,
])[] = [
  [256, 'uint8', '256 as it is sent, but uint8 holds 0 to 255'],
  [-1, 'uint16', '-1 as it is sent, but uint16 holds 0 to 65535'],
  [40_000, 'int16', '40000 as it is sent, but int16 holds -32768 to 32767'],
  [1.5, 'uint16', 'but must be a whole number as it is sent'],
  ['5', 'uint16', 'but must be a number'],
  [1e39, 'float32', 'more than a float32 can hold'],
  [2 ** 60, 'uint64', 'more digits than can be sent exactly'],
  [100, 'bcd', '100 as it is sent, but 2 digits without a sign can be', 1],
  ['abcd', 'text', 'of 4 bytes, but may have 3', 3],
  ['xyz', 'hex', 'but must be hexadecimal digits'],
  ['0102', 'hex', 'of 2 bytes, but must have 1', 1],
];

test('a value that does not fit its type is refused', () => {
  for (const [value, type, fault, length] of unfit)
    assert.deepEqual(writeValue(value, type, 'big', length), { fault }, `${value} ${type}`);
});
