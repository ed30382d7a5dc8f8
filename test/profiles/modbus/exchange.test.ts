import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { decodeExample } from '../../../src/profiles/examples.ts';
import { checksumOf } from '../../../src/profiles/framing/checksums.ts';
import { readProfile } from '../../../src/profiles/language/load.ts';
import { exchangeReader } from '../../../src/profiles/modbus/exchange.ts';

const withCrc = (hex: string): string => {
  const bytes = Buffer.from(hex.replaceAll(' ', ''), 'hex');
  const sum = checksumOf('crc16-modbus', bytes);
  return Buffer.from([...bytes, sum & 0xff, sum >> 8]).toString('hex');
};

/** What an exchange of a profile with these registers becomes. */
function decode(modbus: string, request: string, answer: string) {
  const example = `source: mine, requestHex: "${withCrc(request)}", payloadHex: "${withCrc(answer)}"`;
  const text = `name: A meter\nversion: 1\nmodbus: { ${modbus} }\nexamples: [{ ${example} }]\n`;
  const read = readProfile(text, 'acme/meter', 'p.yaml', []);
  assert.ok(!('errors' in read), JSON.stringify(read));
  const decoded = decodeExample(read.compiled, read.options.examples[0]!);
  const fields = decoded.measurements.flatMap((one) => one.fields);
  return { ...decoded, values: fields.map(({ name, value, unit = '' }) => `${name} ${String(value)} ${unit}`.trim()) };
}

test('a request and its answer give fields with units', () => {
  const registers =
    'registers: [{ address: 1, name: t, type: int16, scale: 0.1, unit: Cel }, { address: 2, name: on, words: { "1": true } }]';
  const decoded = decode(registers, '05 03 0001 0002', '05 03 04 ff33 0001');
  assert.deepEqual(decoded.values, ['t -20.5 Cel', 'on true']);
  assert.equal(decoded.kind, 'measurement');
  assert.equal(decoded.keepPayload, false);
});

test('a register beyond its range is left out, and the exchange is kept', () => {
  const decoded = decode(
    'registers: [{ address: 0, name: a }, { address: 1, name: b, range: [0, 5] }]',
    '01 03 0000 0002',
    '01 03 04 0001 0009',
  );
  assert.deepEqual(decoded.values, ['a 1']);
  assert.equal(decoded.keepPayload, true);
});

test("a value is multiplied by its register's power of ten", () => {
  const registers =
    'registers: [{ address: 0, name: power, type: int16, unit: W, except: -32768, exponentAt: 1 }, { address: 2, name: u, exponentAt: 3 }]';
  assert.deepEqual(decode(registers, '01 03 0000 0004', '01 03 08 006c 0001 0958 ffff').values, [
    'power 1080 W',
    'u 239.2',
  ]);
  // 0x8000 is how SunSpec says that there is none, of the power as of the value.
  assert.deepEqual(decode(registers, '01 03 0000 0004', '01 03 08 006c 8000 0958 fffe').values, ['u 23.92']);
  assert.deepEqual(decode(registers, '01 03 0000 0004', '01 03 08 8000 0001 0958 fffe').values, ['u 23.92']);
  // Without it the number means nothing.
  assert.deepEqual(decode(registers, '01 03 0000 0001', '01 03 02 006c').values, []);
});

test('what is known of the device is no field', () => {
  const registers =
    'registers: [{ address: 0, name: serial_number, type: text, length: 4 }, { address: 2, name: a }], attributes: { serial: serial_number }';
  const decoded = decode(registers, '01 03 0000 0003', '01 03 06 41423132 0007');
  assert.deepEqual(decoded.values, ['a 7']);
  assert.deepEqual(decoded.sightings?.[0]?.attributes, [['serial', 'AB12']]);
});

test('what is wrong is told in words', () => {
  const failureOf = (request: string, answer: string) =>
    decode('registers: [{ address: 0, name: a }]', request, answer).failure;
  assert.match(failureOf('01 03 0000 0001', '01 83 02') ?? '', /exception 2, illegal data address/);
  assert.match(failureOf('01 03 0000 0001', '02 03 02 0001') ?? '', /there is no whole answer/);
  assert.match(failureOf('01 06 0000 0001', '01 06 0000 0001') ?? '', /does not begin with a Modbus request to read/);
});

test('a profile whose registers are wrong is told so', () => {
  const rows: readonly (readonly [string, string])[] = [
    [
      '{ address: 0, name: a, unit: Vv }',
      'p.yaml:3:55: `modbus.registers[0].unit` is "Vv", but there is no such unit; did you mean `V`?',
    ],
    [
      '{ address: 0, name: a, type: text }',
      'p.yaml:3:55: `modbus.registers[0].type` is "text", which needs a `length` in bytes.',
    ],
    [
      '{ address: 0, name: a, range: [2, 1] }',
      'p.yaml:3:56: `modbus.registers[0].range` is from 2 to 1: the smaller number comes first.',
    ],
  ];
  for (const [register, expected] of rows) {
    const read = readProfile(
      `name: A\nversion: 1\nmodbus: { registers: [ ${register} ] }\nexamples: [{ source: x, payloadHex: "00" }]\n`,
      'a/b',
      'p.yaml',
      [],
    );
    assert.ok('errors' in read);
    assert.equal(read.errors[0]?.replace(/:\d+:\d+:/, ''), expected.replace(/:\d+:\d+:/, ''));
  }
  const none = readProfile('name: A\nversion: 1\nexamples: [{ source: x, payloadHex: "00" }]\n', 'a/b', 'p.yaml', []);
  assert.ok(
    'errors' in none && none.errors.some((line) => line.includes('needs `messages`, or `modbus` for a Modbus device.')),
  );
});

test('any bytes are read or refused, and nothing breaks', () => {
  const read = exchangeReader({ registers: [{ name: 'a', address: 0, type: 'float64', exponentAt: 4 }], rest: 'keep' });
  const request = fc.tuple(
    fc.constantFrom('0103', '0104', '0101', '0102'),
    fc.integer({ min: 0, max: 5 }),
    fc.integer({ min: 0, max: 130 }),
  );
  fc.assert(
    fc.property(request, fc.uint8Array({ maxLength: 300 }), ([head, address, count], data) => {
      const hex = (value: number) => value.toString(16).padStart(4, '0');
      const asked = withCrc(`${head}${hex(address)}${hex(count)}`);
      const answer = withCrc(
        `${head}${(data.length & 0xff).toString(16).padStart(2, '0')}${Buffer.from(data).toString('hex')}`,
      );
      const found = read(Buffer.from(asked + answer, 'hex'));
      assert.ok('failure' in found ? found.failure.length < 300 : found.trees.length === 1);
    }),
  );
  fc.assert(fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => assert.ok(read(bytes) !== undefined)));
});
