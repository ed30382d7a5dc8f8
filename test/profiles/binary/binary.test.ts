import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type BinaryRead, createBinaryReader } from '../../../src/profiles/binary/binary.ts';
import type { BinaryValueOptions } from '../../../src/profiles/binary/options.ts';

const value = (one: number | bigint | string): BinaryRead => ({ kind: 'value', value: one });
const failed = (failure: string): BinaryRead => ({ kind: 'failed', failure });
const absent: BinaryRead = { kind: 'absent' };

type Row = readonly [frame: string, options: BinaryValueOptions, read: BinaryRead];

const rows: readonly Row[] = [
  ['ff', { at: 0, type: 'uint8' }, value(255)],
  ['ff', { at: 0, type: 'int8' }, value(-1)],
  ['00fffe', { at: 1, type: 'uint16' }, value(65534)],
  ['00fffe', { at: 1, type: 'int16' }, value(-2)],
  ['feff', { at: 0, type: 'int16', order: 'little' }, value(-2)],
  ['123456', { at: 0, type: 'uint24' }, value(0x123456)],
  ['fffffe', { at: 0, type: 'int24' }, value(-2)],
  ['ffffffff', { at: 0, type: 'uint32' }, value(4294967295)],
  ['80000000', { at: 0, type: 'int32' }, value(-2147483648)],
  ['01020304', { at: 0, type: 'uint32', order: 'ABCD' }, value(0x01020304)],
  ['01020304', { at: 0, type: 'uint32', order: 'DCBA' }, value(0x04030201)],
  ['01020304', { at: 0, type: 'uint32', order: 'CDAB' }, value(0x03040102)],
  ['01020304', { at: 0, type: 'uint32', order: 'BADC' }, value(0x02010403)],
  ['0000000000000007', { at: 0, type: 'uint64' }, value(7)],
  ['0007000000000000', { at: 0, type: 'uint64', order: 'CDAB' }, value(7)],
  ['0020000000000001', { at: 0, type: 'uint64' }, value(9007199254740993n)],
  ['8000000000000000', { at: 0, type: 'int64' }, value(-(2n ** 63n))],
  ['8000000000000000', { at: 0, type: 'uint64' }, failed('9223372036854775808 is more than 2^63 - 1')],
  ['4366199a', { at: 0, type: 'float32' }, value(230.1)],
  ['199a4366', { at: 0, type: 'float32', order: 'CDAB' }, value(230.1)],
  ['66439a19', { at: 0, type: 'float32', order: 'BADC' }, value(230.1)],
  ['4b800001', { at: 0, type: 'float32' }, value(16777218)],
  // More digits than a float32 carries say nothing: then it is the float's own value.
  ['43663334', { at: 0, type: 'float32' }, value(230.20001220703125)],
  ['3ff8000000000000', { at: 0, type: 'float64' }, value(1.5)],
  ['7fc00000', { at: 0, type: 'float32' }, absent],
  ['ff800000', { at: 0, type: 'float32' }, absent],
  ['001234', { at: 1, type: 'bcd', length: 2 }, value(1234)],
  ['3412', { at: 0, type: 'bcd', length: 2, order: 'little' }, value(1234)],
  ['12a4', { at: 0, type: 'bcd', length: 2 }, failed('0xa4 is no pair of decimal digits')],
  ['4142200043', { at: 0, type: 'text', length: 5 }, value('AB')],
  ['c3a9', { at: 0, type: 'text', length: 2 }, value('é')],
  ['e941', { at: 0, type: 'text', length: 2 }, value('éA')],
  ['202000', { at: 0, type: 'text', length: 3 }, absent],
  ['0abc', { at: 0, type: 'hex', length: 2 }, value('0abc')],
  // from the end
  ['01020304', { at: -2, type: 'uint16' }, value(0x0304)],
  ['01020304', { at: -1, type: 'uint16' }, failed('it takes bytes 3 to 4, and the frame has 4')],
  ['01020304', { at: -5, type: 'uint8' }, failed('it takes bytes -1 to -1, and the frame has 4')],
  ['0102', { at: 1, type: 'uint16' }, failed('it takes bytes 1 to 2, and the frame has 2')],
  ['', { at: 0, type: 'uint8' }, failed('it takes bytes 0 to 0, and the frame has 0')],
  // some of the bits
  ['75', { at: 0, type: 'uint8', mask: 0x70 }, value(7)],
  ['80', { at: 0, type: 'int8', mask: 0x80 }, value(1)],
  ['8001', { at: 0, type: 'uint16', mask: 0x8000 }, value(1)],
  ['ffffffff', { at: 0, type: 'uint32', mask: 0xff000000 }, value(255)],
  ['ffffffffffffffff', { at: 0, type: 'uint64', mask: 0xf }, value(15)],
  // conditions
  ['0102', { at: 1, type: 'uint8', when: { at: 0, equals: '01' } }, value(2)],
  ['0202', { at: 1, type: 'uint8', when: { at: 0, equals: '01' } }, absent],
  ['0102', { at: 0, type: 'uint8', when: { at: -1, equals: '02' } }, value(1)],
  ['01', { at: 0, type: 'uint8', when: { at: 1, equals: '02' } }, absent],
  ['0102', { at: 0, type: 'uint8', when: { length: 2 } }, value(1)],
  ['010203', { at: 0, type: 'uint8', when: { length: 2 } }, absent],
];

test('values are read from frames by type, order, place and condition', () => {
  for (const [frame, options, read] of rows) {
    const found = createBinaryReader(options)(Buffer.from(frame, 'hex'));
    assert.deepEqual(found, read, `${frame} ${JSON.stringify(options)}`);
  }
});

const types = ['uint8', 'int8', 'uint16', 'int16', 'uint24', 'int24', 'uint32', 'int32', 'uint64', 'int64'] as const;

test('numbers come back as they were written, in every order', () => {
  const orders = ['big', 'little', 'CDAB', 'BADC'] as const;
  fc.assert(
    fc.property(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }), fc.constantFrom(...orders), (whole, order) => {
      const bytes = Buffer.alloc(8);
      bytes.writeBigInt64BE(whole);
      if (order === 'little') bytes.reverse();
      else if (order === 'BADC') bytes.swap16();
      else if (order === 'CDAB') bytes.reverse().swap16();
      const read = createBinaryReader({ at: 0, type: 'int64', order })(bytes);
      assert.ok(read.kind === 'value' && BigInt(read.value as bigint) === whole);
    }),
  );
});

test('no frame makes reading throw', () => {
  const anyOptions = fc.record(
    {
      at: fc.integer({ min: -20, max: 20 }),
      type: fc.constantFrom(...types, 'float32' as const, 'bcd' as const, 'text' as const, 'hex' as const),
      order: fc.constantFrom('big' as const, 'little' as const, 'CDAB' as const, 'BADC' as const),
      length: fc.integer({ min: 1, max: 12 }),
      mask: fc.integer({ min: 1, max: 0xffffffff }),
    },
    { requiredKeys: ['at', 'type'] },
  );
  fc.assert(
    fc.property(anyOptions, fc.uint8Array({ maxLength: 24 }), (options, frame) => {
      const read = createBinaryReader(options)(frame);
      if (read.kind === 'value') assert.notEqual(read.value, undefined);
    }),
  );
});
