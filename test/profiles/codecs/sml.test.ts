import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { FieldValue } from '../../../src/core/measurement.ts';
import { createSmlCodec } from '../../../src/profiles/codecs/sml/sml.ts';
import { contentOf } from '../../../src/profiles/codecs/sml/transport.ts';
import { checksumOf } from '../../../src/profiles/framing/checksums.ts';
import type { ChecksumKind } from '../../../src/profiles/framing/options.ts';
import { payloadOf, samples } from '../samples.ts';
import { assertSurvives, bytesOf, fieldsOf, inputOf } from './codec-support.ts';
import { checkSamples } from './serial-samples.ts';

const decode = (bytes: Uint8Array) => createSmlCodec().decode(inputOf(bytes));
const emh = payloadOf(samples.find(({ id }) => id === 'sml-emh')!);

// OpenEMS, io.openems.edge.bridge.sml: a meter of Iskra
const iskra = bytesOf(
  '1B1B1B1B0101010176050F1A20606200620072630101760101050508B5760B090149534B000403DF63010163C4BA0076050F1A2061620062007263070177010B090149534B000403DF63070100620AFFFF7262016507AFF5DC7A77078181C78203FF010101010449534B0177070100000009FF010101010B090149534B000403DF630177070100010800FF650000018201621E52FF59000000000D637E080177070100010801FF0101621E52FF59000000000D637E080177070100010802FF0101621E52FF5900000000000000000177070100100700FF0101621B520055000000A80177070100240700FF0101621B520055000000750177070100380700FF0101621B5200550000001601770701004C0700FF0101621B5200550000001D0177078181C78205FF0101010183020C2DE05C56024E1CD45280F4A0769A95E629CAE205C55C9F1683CA5419778E1D9BCFA1C577A6B36A92709EBF05EA21BD01010163291C0076050F1A206262006200726302017101630054001B1B1B1B1A00AE84',
);
// micw/tibber-pulse-reader issue 5: a Holley DTZ541, with its own idea of times and of the CRC
const holley = bytesOf(
  '1b1b1b1b0101010176040000016200620072650000010176010107000005e370330b0a01484c59020005dc4b010163d7210076040000026200620072650000070177010b0a01484c59020005dc4b01017c77070100603201010101010104484c590177070100600100ff010101010b0a01484c59020005dc4b0177070100010800ff65000000046505e37033621e52ff6504c2bfcc0177070100020800ff65000000046505e37033621e52ff65002d3d840177070100100700ff0101621b520052000177070100200700ff0101622352ff63090301770701001f0700ff0101622152fe62000177070100510704ff010162085200620001770701000e0700ff0101622c52ff6301f30177070100000200000101010109322e30312e3030310177070100605a02010101010105303246340177070100600500ff01010101650000000401010163682f00760400000362006200726500000201710163e8230000001b1b1b1b1a021af2',
);

/** A file of one value list, with its CRC. */
function fileOf(
  entries: readonly string[],
  time = '01',
  crc: ChecksumKind = 'crc16-x25',
  server = '0901454d48000041f045',
): Buffer {
  const list = `7${entries.length.toString(16)}${entries.join('')}`;
  const message = `76 0201 6200 6200 72 630701 77 01 0b${server} 01 ${time} ${list} 01 01 630000 00`;
  const content = bytesOf(message.replaceAll(' ', ''));
  const filled = (4 - (content.length % 4)) % 4;
  const escaped = content.toString('hex').replaceAll('1b1b1b1b', '1b1b1b1b1b1b1b1b');
  const body = bytesOf(`1b1b1b1b01010101${escaped}${'00'.repeat(filled)}1b1b1b1b1a0${filled}`);
  const sum = checksumOf(crc, body);
  return Buffer.concat([body, Uint8Array.of(sum & 0xff, sum >> 8)]);
}

const entry = (code: string, value: string, unit = '01', scaler = '01', status = '01') =>
  `7707${code}${status}01${unit}${scaler}${value}01`;

test('every sample decodes to what it says', () => {
  checkSamples('sml', createSmlCodec);
  const { parts, sightings, isComplete } = decode(emh);
  assert.deepEqual(
    [parts[0]?.timeMs, isComplete, Object.fromEntries(sightings?.[0]?.attributes ?? []).manufacturer],
    [undefined, true, 'EMH'],
  );
});

test('meters of other makers', () => {
  assert.deepEqual(fieldsOf(decode(iskra)), {
    '1-0:1.8.0 [kWh]': 22462.4136,
    '1-0:1.8.0.status': 386,
    '1-0:1.8.1 [kWh]': 22462.4136,
    '1-0:1.8.2 [kWh]': 0,
    '1-0:16.7.0 [W]': 168,
    '1-0:36.7.0 [W]': 117,
    '1-0:56.7.0 [W]': 22,
    '1-0:76.7.0 [W]': 29,
  });
  const output = decode(holley);
  assert.deepEqual(fieldsOf(output), {
    '1-0:1.8.0 [kWh]': 7987.1948,
    '1-0:1.8.0.status': 4,
    '1-0:2.8.0 [kWh]': 296.4868,
    '1-0:2.8.0.status': 4,
    '1-0:16.7.0 [W]': 0,
    '1-0:32.7.0 [V]': 230.7,
    '1-0:31.7.0 [A]': 0,
    '1-0:81.7.4 [deg]': 0,
    '1-0:14.7.0 [Hz]': 49.9,
    '1-0:96.5.0': 4,
  });
  assert.deepEqual(output.sightings?.[0]?.attributes?.slice(0, 3), [
    ['serialNumber', '1HLY0200384075'],
    ['manufacturer', 'HLY'],
    ['firmware', '2.01.001'],
  ]);
  const serials = [emh, iskra].map(
    (file) => Object.fromEntries(decode(file).sightings?.[0]?.attributes ?? []).serialNumber,
  );
  assert.deepEqual(serials, ['1EMH0004321349', '1ISK0067362659']);
});

test('values of every width, sign, scale and unit', () => {
  const rows: readonly (readonly [entry: string, fields: Record<string, FieldValue>])[] = [
    [entry('0100010800ff', '62ff'), { '1-0:1.8.0': 255 }],
    [entry('0100010800ff', '52ff'), { '1-0:1.8.0': -1 }],
    [entry('0100010800ff', '530100'), { '1-0:1.8.0': 256 }],
    [entry('0100010800ff', '54ff0000'), { '1-0:1.8.0': -65536 }],
    [entry('0100010800ff', '5680000000'.padEnd(12, '0')), { '1-0:1.8.0': -(2 ** 39) }],
    [entry('0100010800ff', '597fffffffffffffff'), { '1-0:1.8.0': 2n ** 63n - 1n }],
    [entry('0100100700ff', '55fffffe0c', '621b', '52ff'), { '1-0:16.7.0 [W]': -50 }],
    [entry('0100100700ff', '6205', '621b', '5202'), { '1-0:16.7.0 [W]': 500 }],
    [entry('0100200700ff', '6308fc', '6223', '52ff'), { '1-0:32.7.0 [V]': 230 }],
    [entry('01000e0700ff', '6301f4', '622c', '52ff'), { '1-0:14.7.0 [Hz]': 50 }],
    [entry('010001080060', '6201', '621e', '01'), { '1-0:1.8.0*96 [kWh]': 0.001 }],
    [entry('0100010800ff', '4201'), { '1-0:1.8.0': true }],
    [entry('0100010800ff', '6201', '62ff'), { '1-0:1.8.0': 1 }],
    // what looks like an escape
    [entry('0100010800ff', '651b1b1b1b'), { '1-0:1.8.0': 0x1b1b1b1b }],
  ];
  for (const [one, fields] of rows) {
    const output = decode(fileOf([one]));
    assert.deepEqual(fieldsOf(output), fields, `${one} ${output.failure}`);
    assert.equal(output.isComplete, true);
  }
  // More than an int64 holds stays in the payload.
  const large = decode(fileOf([entry('0100010800ff', '69ffffffffffffffff'), entry('0100020800ff', '6201')]));
  assert.deepEqual([fieldsOf(large), large.isComplete], [{ '1-0:2.8.0': 1 }, false]);
});

test('a power that old meters of DZG cut so far that it looks negative', () => {
  const power = (serial: number, value: string) => {
    const server = `0a01445a4700${serial.toString(16).padStart(8, '0')}`;
    const file = fileOf([entry(powerCode, value, '621b', '52fe')], '01', 'crc16-x25', server);
    return fieldsOf(decode(file))['1-0:16.7.0 [W]'];
  };
  const powerCode = '0100100700ff';
  // volkszaehler/libsml issue 105 and devZer0/libsml-testing pull requests 15 and 16
  assert.equal(power(45_000_000, '538b28'), 356.24);
  assert.equal(power(45_000_000, '55fffe1393'), -1260.61);
  assert.equal(power(60_000_000, '53d6ca'), -105.5);
  assert.equal(power(45_000_000, '533b28'), 151.44);
});

test('the time of a meter that knows it', () => {
  const times: readonly (readonly [node: string, time: number | undefined])[] = [
    ['7262026565f00000', 0x65f00000 * 1000],
    ['726203736565f000005200 5200'.replaceAll(' ', ''), 0x65f00000 * 1000],
    ['7262016565f00000', undefined],
    ['72620265000000ff', undefined],
    ['6565f00000', undefined],
  ];
  for (const [node, time] of times) {
    assert.equal(decode(fileOf([entry('0100010800ff', '6201')], node)).parts[0]?.timeMs, time, node);
  }
});

test('what is damaged says how', () => {
  const wrong = Uint8Array.from(emh);
  wrong[100]! ^= 1;
  assert.match(
    decode(wrong).failure ?? '',
    /^Its CRC is 66e5, but the file comes to [0-9a-f]{4}: it was damaged on the way\.$/,
  );
  assert.equal(decode(emh.subarray(0, 200)).failure, 'Its end sequence, 1b1b1b1b1a, is missing.');
  assert.equal(decode(bytesOf('0102')).failure, 'It has no start sequence, 1b1b1b1b01010101.');
  assert.equal(decode(fileOf(['7207'])).failure, 'The value at byte 35 is cut off.');
  assert.equal(
    decode(Buffer.concat([bytesOf('ffff'), emh])).kind,
    'measurement',
    'what is before the start does not count',
  );
  // Holley's meters reckon it in their own way.
  assert.equal(decode(fileOf([entry('0100010800ff', '6201')], '01', 'crc16-kermit')).kind, 'measurement');
  assert.equal(decode(fileOf([entry('0100010800ff', '6201')], '01', 'crc16-ccitt')).kind, 'failed');
});

test('it is recognised by its CRC', () => {
  const { claims } = createSmlCodec();
  assert.equal(claims!('x', emh)?.confidence, 0.98);
  assert.equal(claims!('x', emh.subarray(0, 100)), undefined);
});

test('no payload makes it throw or break its bounds', () => {
  assertSurvives(createSmlCodec, [emh, iskra, holley]);
  const deep = decode(fileOf([entry('0100010800ff', `${'71'.repeat(60_000)}01`)]));
  assert.match(deep.failure ?? '', /^The list at byte \d+ is deeper than 16 levels\.$/);
  assert.match(decode(new Uint8Array(1e6)).failure ?? '', /^It has 1000000 bytes; /);
  // Damage that the CRC does not show: it is put right after each change.
  const inner = [emh, iskra].map((file) => Uint8Array.from(file));
  const codec = createSmlCodec();
  for (const file of inner) {
    for (let at = 8; at < file.length - 8; at++) {
      for (const byte of [0x00, 0x7f, 0x8f, 0xff, 0x71]) {
        const changed = Uint8Array.from(file);
        changed[at] = byte;
        const sum = checksumOf('crc16-x25', changed, 0, changed.length - 2);
        changed[changed.length - 2] = sum & 0xff;
        changed[changed.length - 1] = sum >> 8;
        const output = codec.decode(inputOf(changed));
        assert.ok(output.parts.length <= 2);
      }
    }
  }
});

test('escapes are taken out wherever they begin', () => {
  // felixwrt/sml-rs, escape_in_user_data; and the same at the begin of a group of four
  for (const [file, content] of [
    ['1b1b1b1b 01010101 12 1b1b1b1b 1b1b1b1b 000000 1b1b1b1b 1a03be25', '121b1b1b1b'],
    ['1b1b1b1b 01010101 12345678 1b1b1b1b 1b1b1b1b 1b1b1b1b 1a00', '123456781b1b1b1b'],
  ] as const) {
    let bytes = bytesOf(file);
    if (!file.endsWith('25')) {
      const crc = checksumOf('crc16-x25', bytes);
      bytes = Buffer.concat([bytes, Uint8Array.of(crc & 0xff, crc >> 8)]);
    }
    const found = contentOf(bytes);
    assert.equal(typeof found === 'string' ? found : Buffer.from(found).toString('hex'), content);
  }
});
