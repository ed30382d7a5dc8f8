import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { FieldValue } from '../../../src/core/measurement.ts';
import { checksumOf } from '../../../src/profiles/framing/checksums.ts';
import { answerOf } from '../../../src/profiles/modbus/answer.ts';
import type { ModbusOptions } from '../../../src/profiles/modbus/options.ts';
import type { ReadRequest } from '../../../src/profiles/modbus/pdu.ts';
import { RegisterMap } from '../../../src/profiles/modbus/registers.ts';
import { readRequest, rtuAnswer, rtuRequest } from '../../../src/profiles/modbus/rtu.ts';
import { payloadOf, samples } from '../samples.ts';

const bytesOf = (hex: string) => Buffer.from(hex.replaceAll(' ', ''), 'hex');
const withCrc = (hex: string) => {
  const sum = checksumOf('crc16-modbus', bytesOf(hex));
  return Buffer.concat([bytesOf(hex), Uint8Array.of(sum & 0xff, sum >> 8)]);
};

function decode(request: ReadRequest, answer: Uint8Array, options?: ModbusOptions) {
  const found = rtuAnswer(request, answer);
  if (found.kind !== 'data') return found.failure;
  const { fields, faults } = new RegisterMap(options).read(request, found.data);
  const values: Record<string, FieldValue> = {};
  for (const { name, value, unit } of fields) values[unit === undefined ? name : `${name} [${unit}]`] = value;
  return faults.length > 0 ? { values, faults } : values;
}

test('every sample decodes to what it says', () => {
  const own = samples.filter(({ protocol }) => protocol === 'modbus-rtu');
  assert.equal(own.length, 3);
  const eastron: ModbusOptions = {
    registers: [{ name: 'voltage', table: 'input', address: 0, type: 'float32', unit: 'V' }],
  };
  const results = own.map((sample) => {
    const request = readRequest(bytesOf(sample.request_hex!))!;
    return decode(request, payloadOf(sample), sample.id === 'modbus-eastron-float' ? eastron : undefined);
  });
  assert.deepEqual(results, [
    { 'holding[107]': 44609, 'holding[108]': 22098, 'holding[109]': 17216 },
    'Device 17, asked for holding registers 107 to 109: exception 4, server device failure: it can not do what it was asked.',
    { 'voltage [V]': Math.fround(230.20001) },
  ]);
});

test('requests are written and read', () => {
  const request: ReadRequest = { unit: 17, table: 'holding', address: 107, count: 3 };
  assert.equal(Buffer.from(rtuRequest(request)).toString('hex'), '1103006b00037687');
  assert.deepEqual(readRequest(bytesOf('1103006b00037687')), request);
  assert.deepEqual(readRequest(bytesOf('1103006b0003')), request);
  for (const hex of ['1103006b00037688', '1106006b0003', '1103', ''])
    assert.equal(readRequest(bytesOf(hex)), undefined, hex);
});

const request: ReadRequest = { unit: 1, table: 'holding', address: 0, count: 2 };
const good = withCrc('01030400010002');

test('an answer is found behind what does not belong to it', () => {
  const values = { 'holding[0]': 1, 'holding[1]': 2 };
  assert.deepEqual(decode(request, good), values);
  // An echo of the request, noise, the end of another answer, a frame whose length goes beyond
  for (const junk of [Buffer.from(rtuRequest(request)), bytesOf('00ff00'), good.subarray(3), bytesOf('0103ff')]) {
    assert.deepEqual(decode(request, Buffer.concat([junk, good])), values, junk.toString('hex'));
  }
  assert.deepEqual(decode(request, Buffer.concat([good, bytesOf('00')])), values);
});

test('what is no answer says why', () => {
  const rows: readonly (readonly [answer: Uint8Array, failure: RegExp])[] = [
    [bytesOf(''), /: no answer came\.$/],
    [good.subarray(0, 5), /there is no whole answer in the 5 bytes that came \(0103040001\)\.$/],
    [Buffer.concat([good.subarray(0, 8), bytesOf('00')]), /its CRC is wrong\.$/],
    [withCrc('02030400010002'), /there is no whole answer/],
    [withCrc('0103020001'), /the answer has 2 bytes of data, not 4\.$/],
    [withCrc('018302'), /exception 2, illegal data address: it does not have all of these registers\.$/],
    [withCrc('01837f'), /exception 127, which Modbus does not define\.$/],
  ];
  for (const [answer, failure] of rows) assert.match(decode(request, answer) as string, failure);
  // The part that RTU and TCP have in common
  assert.deepEqual(answerOf(request, bytesOf('030400010002')), { kind: 'data', data: bytesOf('00010002') });
  assert.match((answerOf(request, bytesOf('0604')) as { failure: string }).failure, /the answer is for function 6\.$/);
});

test('values come from registers by type, order, scale and words', () => {
  const rows: readonly (readonly [register: object, data: string, found: unknown])[] = [
    [{ type: 'uint16', scale: 0.1, unit: '°C' }, '00fd', { 'x [Cel]': 25.3 }],
    [{ type: 'int16', scale: 0.1, offset: -40 }, '0064', { x: -30 }],
    [{ type: 'int32' }, 'fffffffe', { x: -2 }],
    [{ type: 'uint32', order: 'CDAB' }, '00020001', { x: 0x10002 }],
    [{ type: 'float32', order: 'CDAB' }, '33334366', { x: 230.2 }],
    [{ type: 'float32', order: 'DCBA' }, '33336643', { x: 230.2 }],
    [{ type: 'float64' }, '3ff8000000000000', { x: 1.5 }],
    [{ type: 'uint64' }, '0020000000000001', { x: 9007199254740993n }],
    [{ type: 'int8' }, '00ff', { x: -1 }],
    [{ type: 'text', length: 5 }, '4142434445ff', { x: 'ABCDE' }],
    [{ type: 'bcd', length: 2 }, '1234', { x: 1234 }],
    [{ mask: 0x0f00 }, '1a34', { x: 10 }],
    [{ words: { 1: 'on', 2: 'off' } }, '0002', { x: 'off' }],
    [{ except: [65535] }, 'ffff', {}],
    [{ type: 'float32' }, '7fc00000', {}],
    [{ range: [0, 100] }, '0065', { values: {}, faults: ['x (holding[7]): 101 is beyond its range.'] }],
    [
      { type: 'bcd', length: 2 },
      '12ab',
      { values: {}, faults: ['x (holding[7]): 0xab is no pair of decimal digits.'] },
    ],
  ];
  for (const [register, data, found] of rows) {
    const size = data.length / 4;
    const asked: ReadRequest = { unit: 1, table: 'holding', address: 7, count: size };
    const options: ModbusOptions = { registers: [{ name: 'x', address: 7, ...register }] };
    const length = (size * 2).toString(16).padStart(2, '0');
    assert.deepEqual(decode(asked, withCrc(`0103${length}${data}`), options), found, JSON.stringify(register));
  }
});

test('coils are on or off; what has no name goes by its number, if it is asked for', () => {
  const coils: ReadRequest = { unit: 1, table: 'coil', address: 19, count: 10 };
  // Modbus Application Protocol 1.1b3 § 6.1
  const answer = withCrc('010102cd01');
  const all = {
    19: true,
    20: false,
    21: true,
    22: true,
    23: false,
    24: false,
    25: true,
    26: true,
    27: true,
    28: false,
  };
  const expected = Object.fromEntries(Object.entries(all).map(([at, value]) => [`coil[${at}]`, value]));
  assert.deepEqual(decode(coils, answer), expected);
  const registers = [{ name: 'pump', table: 'coil' as const, address: 19 }];
  assert.deepEqual(decode(coils, answer, { registers }), { pump: true });
  const { 'coil[19]': _, ...rest } = expected;
  assert.deepEqual(decode(coils, answer, { registers, rest: 'keep' }), { pump: true, ...rest });
});

test('neighbours are asked for together, as far as the device allows', () => {
  const at = (
    address: number,
    type: 'uint16' | 'float32' = 'uint16',
    table: 'holding' | 'input' | 'coil' = 'holding',
  ) => ({
    name: `r${address}`,
    address,
    type,
    table,
  });
  const asks = (options: ModbusOptions) =>
    new RegisterMap(options)
      .requests(3)
      .map(({ unit, table, address, count }) => `${unit} ${table} ${address}+${count}`);
  const registers = [
    at(6, 'float32'),
    at(0, 'float32'),
    at(2, 'float32'),
    at(9),
    at(0, 'uint16', 'coil'),
    at(0, 'uint16', 'input'),
  ];
  assert.deepEqual(asks({ registers }), [
    '3 coil 0+1',
    '3 holding 0+4',
    '3 holding 6+2',
    '3 holding 9+1',
    '3 input 0+1',
  ]);
  assert.deepEqual(asks({ registers, maxGap: 2 }), ['3 coil 0+1', '3 holding 0+10', '3 input 0+1']);
  assert.deepEqual(asks({ registers, maxGap: 2, maxCount: 4 }), [
    '3 coil 0+1',
    '3 holding 0+4',
    '3 holding 6+4',
    '3 input 0+1',
  ]);
  // Several values of one register
  assert.deepEqual(asks({ registers: [at(4), at(4)] }), ['3 holding 4+1']);
});

test('whatever comes, an answer is one of three things, and reading it does not throw', () => {
  const anyRequest = fc.record({
    unit: fc.integer({ min: 0, max: 255 }),
    table: fc.constantFrom('holding' as const, 'input' as const, 'coil' as const, 'discrete' as const),
    address: fc.integer({ min: 0, max: 100 }),
    count: fc.integer({ min: 1, max: 20 }),
  });
  const registers = [
    { name: 'a', address: 5, type: 'float64' as const },
    { name: 'b', address: 9, table: 'coil' as const },
    { name: 'c', address: 9, type: 'text' as const, length: 7 },
  ];
  const map = new RegisterMap({ registers, rest: 'keep' });
  fc.assert(
    fc.property(anyRequest, fc.uint8Array({ maxLength: 60 }), fc.boolean(), (asked, bytes, isRight) => {
      const code = { coil: 1, discrete: 2, holding: 3, input: 4 }[asked.table];
      const size = asked.table === 'coil' || asked.table === 'discrete' ? Math.ceil(asked.count / 8) : asked.count * 2;
      const data = Buffer.alloc(size, Buffer.from(bytes.length > 0 ? bytes : [0]));
      const head = Buffer.from([asked.unit, code, size]);
      const answer = rtuAnswer(asked, isRight ? withCrc(Buffer.concat([head, data]).toString('hex')) : bytes);
      if (isRight) assert.equal(answer.kind, 'data');
      if (answer.kind === 'data') {
        const { fields, faults } = map.read(asked, answer.data);
        assert.ok(fields.length + faults.length <= asked.count);
        for (const { value } of fields) assert.notEqual(value, undefined);
      } else assert.match(answer.failure, /^Device \d+, asked for .*\.$/);
    }),
  );
});
