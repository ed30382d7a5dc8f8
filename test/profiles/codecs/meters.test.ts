import assert from 'node:assert/strict';
import { test } from 'node:test';
import { unitCodes } from '../../../src/core/measure-units.ts';
import type { CodecOutput } from '../../../src/profiles/codec.ts';
import { createDsmrP1Codec } from '../../../src/profiles/codecs/meters/dsmr-p1.ts';
import { createIec62056Codec } from '../../../src/profiles/codecs/meters/iec-62056-21.ts';
import { meterTime } from '../../../src/profiles/codecs/meters/meter-time.ts';
import { checksumOf } from '../../../src/profiles/framing/checksums.ts';
import { payloadOf, samples } from '../samples.ts';
import { assertSurvives, fieldsOf, inputOf } from './codec-support.ts';
import { checkSamples } from './serial-samples.ts';

const p1 = (text: string) => createDsmrP1Codec().decode(inputOf(text));
const d0 = (text: string) => createIec62056Codec().decode(inputOf(Buffer.from(text, 'latin1')));
const crlf = (...lines: readonly string[]) => lines.map((line) => `${line}\r\n`).join('');
const attributesOf = ({ sightings = [] }: CodecOutput) =>
  Object.fromEntries(sightings.flatMap((one) => one.attributes ?? []));
const timesOf = ({ parts }: CodecOutput) =>
  Object.fromEntries(
    parts.flatMap(({ fields, timeMs }) =>
      timeMs === undefined ? [] : fields.map(({ name }) => [name, new Date(timeMs).toISOString()]),
    ),
  );

const p1Samples = samples.filter(({ protocol }) => protocol === 'dsmr-p1').map(payloadOf);
const d0Samples = samples.filter(({ protocol }) => protocol === 'iec-62056-21').map(payloadOf);

// ndokter/dsmr_parser test/example_telegrams.py, TELEGRAM_V3
const v3 = crlf(
  '/ISk5\\2MT382-1000',
  '',
  '0-0:96.1.1(4B384547303034303436333935353037)',
  '1-0:1.8.1(12345.678*kWh)',
  '1-0:1.7.0(001.19*kW)',
  '0-0:17.0.0(016*A)',
  '0-0:96.3.10(1)',
  '0-0:96.13.1(303132333435363738)',
  '0-1:96.1.0(3232323241424344313233343536373839)',
  '0-1:24.1.0(03)',
  '0-1:24.3.0(090212160000)(00)(60)(1)(0-1:24.2.1)(m3)',
  '(00001.001)',
  '0-1:24.4.0(1)',
  '!',
);

// A Sagemcom meter of Fluvius, as its owner's reader shows it: without CRs, its CRC left as it was
const fluvius = `/FLU5\\253769484_A

0-0:96.1.4(50217)
0-0:1.0.0(200512135409S)
1-0:1.8.1(000000.034*kWh)
1-0:1.4.0(02.351*kW)
1-0:1.6.0(200509134558S)(02.589*kW)
0-0:98.1.0(3)(1-0:1.6.0)(1-0:1.6.0)(200501000000S)(200423192538S)(03.695*kW)(200401000000S)(200305122139S)(05.980*kW)
1-0:32.7.0(234.7*V)
0-0:96.13.0()
0-1:24.1.0(003)
0-1:96.1.1(37464C4F32313139303333373333)
0-1:24.4.0(1)
0-1:24.2.3(200512134558S)(00112.384*m3)
0-2:24.1.0(007)
0-2:96.1.1(3853414731323334353637383930)
0-2:24.2.1(632525252525W)(00000.000*m3)
!`;

test('DSMR: every sample decodes to what it says', () => checkSamples('dsmr-p1', createDsmrP1Codec));

test('DSMR 3: a gas reading on the next line, in Dutch local time', () => {
  const output = p1(v3);
  assert.deepEqual(fieldsOf(output), {
    '1-0:1.8.1 [kWh]': 12345.678,
    '1-0:1.7.0 [kW]': 1.19,
    '0-0:17.0.0 [A]': 16,
    '0-0:96.3.10': 1,
    '0-0:96.13.1': '012345678',
    '0-1:24.4.0': 1,
    '0-1:24.3.0 [m3]': 1.001,
  });
  assert.deepEqual(timesOf(output), { '0-1:24.3.0': '2009-02-12T15:00:00.000Z' });
  assert.deepEqual(attributesOf(output), {
    manufacturer: 'ISk',
    model: '2MT382-1000',
    serialNumber: 'K8EG004046395507',
    '1.serialNumber': '2222ABCD123456789',
    '1.medium': 'gas',
  });
});

test('Belgium: peaks have their own time, past months are left in the payload, a meter never heard gives no reading', () => {
  const output = p1(fluvius);
  assert.deepEqual(timesOf(output), {
    '1-0:1.8.1': '2020-05-12T11:54:09.000Z',
    '1-0:1.4.0': '2020-05-12T11:54:09.000Z',
    '1-0:32.7.0': '2020-05-12T11:54:09.000Z',
    '0-1:24.4.0': '2020-05-12T11:54:09.000Z',
    '1-0:1.6.0': '2020-05-09T11:45:58.000Z',
    '0-1:24.2.3': '2020-05-12T11:45:58.000Z',
  });
  assert.equal(output.isComplete, false);
  assert.deepEqual(attributesOf(output), {
    manufacturer: 'FLU',
    model: '253769484_A',
    protocol: '50217',
    '1.medium': 'gas',
    '1.serialNumber': '7FLO2119033733',
    '2.medium': 'water',
    '2.serialNumber': '8SAG1234567890',
  });
});

test('other countries', () => {
  // ndokter/dsmr_parser test/example_telegrams.py, TELEGRAM_SAGEMCOM_T210_D_R (Austria), some lines
  const austria = crlf(
    '/EST5\\253710000_A',
    '',
    '0-0:1.0.0(221006155014S)',
    '1-0:1.8.0(006545766*Wh)',
    '1-0:3.7.0(000000166*var)',
    '!',
  );
  assert.deepEqual(fieldsOf(p1(austria)), { '1-0:1.8.0 [Wh]': 6545766, '1-0:3.7.0 [var]': 166 });
  // Lines of Hungarian and Luxembourgish telegrams
  const lines = [
    '0-0:96.14.0(0001)',
    '1-0:13.7.0(0.336)',
    '1-0:14.7.0(49.99*Hz)',
    '1-0:3.8.0(000018.858*kVArh)',
    '0-0:96.50.68(ON)',
  ];
  const other = crlf(
    '/AUX59902759',
    '',
    '0-0:42.0.0(AUX1030303218166)',
    ...lines,
    '0-0:98.1.0(230801000000S)(000663.924*kWh)',
    '!',
  );
  assert.deepEqual(fieldsOf(p1(other)), {
    '0-0:96.14.0': 1,
    '1-0:13.7.0': 0.336,
    '1-0:14.7.0 [Hz]': 49.99,
    '1-0:3.8.0 [kvarh]': 18.858,
    '0-0:96.50.68': 'ON',
    '0-0:98.1.0 [kWh]': 663.924,
  });
  assert.equal(attributesOf(p1(other)).serialNumber, 'AUX1030303218166');
});

test('DSMR: a CRC counts with and without leading zeros, with LF alone, and when it is wrong', () => {
  const whole = Buffer.from(p1Samples[0]!).toString();
  assert.equal(p1(whole).kind, 'measurement');
  assert.equal(p1(whole.replaceAll('\r', '')).kind, 'measurement');
  assert.equal(p1(`junk\r\n${whole}`).kind, 'measurement');
  const rows: readonly (readonly [string, RegExp])[] = [
    [
      whole.replace('000004.426', '900004.426'),
      /^Its CRC is 6EEE, but its text comes to [0-9A-F]{4}: it was damaged on the way\.$/,
    ],
    [whole.replace('!6EEE', '!zz'), /^Behind its ! stands "zz", which is no CRC\.$/],
    [whole.slice(0, 300), /^It has no line that begins with !/],
    ['1-0:1.8.1(1*kWh)\r\n!\r\n', /^It has no line that begins with \//],
    [crlf('/ISk5x', '', '1-0:1.8.1(00kWh', '!'), /^Line 3 of the telegram is no value: 1-0:1\.8\.1\(00kWh$/],
  ];
  for (const [text, failure] of rows) assert.match(p1(text).failure ?? '', failure);
});

test("DSMR: with a right CRC a line of the meter's own way costs only itself", () => {
  // The odd lines are those of esphome/issues issue 3042 and ndokter/dsmr_parser issue 91.
  const text = `${crlf('/HLY5\\D545-METER', '', '0-0:98.1.0', '(', '1-0:15.8.0(00007137.694*kWh )', '1-0:13.7.0(0.999)')}!`;
  for (const kind of ['crc16-arc', 'crc16-x25'] as const) {
    const crc = checksumOf(kind, Buffer.from(text)).toString(16).toUpperCase().padStart(4, '0');
    const output = p1(`${text}${crc}\r\n`);
    assert.deepEqual(fieldsOf(output), { '1-0:15.8.0 [kWh]': 7137.694, '1-0:13.7.0': 0.999 });
    assert.equal(output.isComplete, false);
  }
  assert.equal(p1(`${text}\r\n`).failure, 'Line 3 of the telegram is no value: 0-0:98.1.0');
});

test('DSMR is recognised by its codes and CRC', () => {
  const { claims } = createDsmrP1Codec();
  assert.deepEqual(
    p1Samples.map((payload) => claims!('x', payload)?.confidence),
    [0.98, 0.98, 0.9, 0.98],
  );
  for (const other of ['/', '/path/to/file', '/ABC5\r\n!\r\n', '{}', ''])
    assert.equal(claims!('x', Buffer.from(other)), undefined);
});

test('times of meters', () => {
  const rows: readonly (readonly [string, string | undefined])[] = [
    ['170102192002W', '2017-01-02T18:20:02.000Z'],
    ['170702192002S', '2017-07-02T17:20:02.000Z'],
    ['170102192002', '2017-01-02T18:20:02.000Z'],
    ['170702192002', '2017-07-02T17:20:02.000Z'],
    // Across both changes of the clocks, 2017-03-26 and 2017-10-29 at 01:00 UTC
    ['170326015959', '2017-03-26T00:59:59.000Z'],
    ['170326030000', '2017-03-26T01:00:00.000Z'],
    ['171029015959', '2017-10-28T23:59:59.000Z'],
    ['171029020000', '2017-10-29T00:00:00.000Z'],
    ['171029030000', '2017-10-29T02:00:00.000Z'],
    ['632525252525W', undefined],
    ['000000000000W', undefined],
    ['170102', undefined],
  ];
  for (const [text, time] of rows) {
    const found = meterTime(text);
    assert.equal(found === undefined ? undefined : new Date(found).toISOString(), time, text);
  }
});

test('IEC 62056-21: every sample decodes to what it says', () => {
  checkSamples('iec-62056-21', createIec62056Codec);
  const { kind, sightings = [] } = d0('/ITR5EM214\r\n');
  assert.deepEqual(
    [kind, sightings[0]?.attributes],
    [
      'discovery',
      [
        ['manufacturer', 'ITR'],
        ['model', 'EM214'],
      ],
    ],
  );
});

test('IEC 62056-21: readouts of real meters', () => {
  // ndokter/dsmr_parser test/example_telegrams.py, TELEGRAM_ESY5Q3DA1004_V304, with what its gateway puts behind it
  const easy = d0(
    `${crlf('/ESY5Q3DA1004 V3.04', '', '1-0:0.0.0*255(1336001560)', '1-0:1.8.0*255(00032549.5061662*kWh)', '1-0:21.7.0*255(000557.29*W)', '1-0:96.5.5*255(80)', '0-0:96.1.255*255(1ESY1336001560)', '!', '  25818685')}\xff\xff\r\n`,
  );
  assert.deepEqual(fieldsOf(easy), { '1-0:1.8.0 [kWh]': 32549.5061662, '1-0:21.7.0 [W]': 557.29, '1-0:96.5.5': '80' });
  assert.deepEqual(attributesOf(easy), {
    manufacturer: 'ESY',
    model: 'Q3DA1004 V3.04',
    serialNumber: '1336001560',
    '0-0:96.1.255': '1ESY1336001560',
  });
  // Apollon77/smartmeter-obis test/testSerialResponseD0FastSend.js: a counter without a unit
  const emh = d0(
    crlf(
      '/EMH5----eHZ-E0018E',
      '',
      '1-0:0.0.0*255(331200-5009810)',
      '1-0:1.8.1*255(032942.0231)',
      '1-0:96.5.5*255(80)',
      '1-0:96.90.2*255(123456789012)',
      '!',
    ),
  );
  assert.deepEqual(fieldsOf(emh), { '1-0:1.8.1': 32942.0231, '1-0:96.5.5': '80', '1-0:96.90.2': '123456789012' });
  assert.equal(attributesOf(emh).serialNumber, '331200-5009810');
  // Apollon77/smartmeter-obis test/testSerialResponseD0ModeD.js: a heat meter, many values in a line
  const heat = d0(
    '/SIE32WR5\r\n6.8(0029.055*MWh)6.26(01589.28*m3)9.21(00010213)6.8*01(0028.086*MWh)F(0)6.33(001.476*m3ph)9.4(088*C&082*C)9.22(R)9.7(20000)6.8.1()6.36.1(2013-11-28)\r\n9.36(2017-01-18&01:36:47)9.2(&&)0.0(00010213)!\r\n',
  );
  assert.deepEqual(fieldsOf(heat), {
    '6.8 [MWh]': 29.055,
    '6.26 [m3]': 1589.28,
    '9.21': 10213,
    '6.8*01 [MWh]': 28.086,
    F: 0,
    '6.33 [m3/h]': 1.476,
    '9.4 [Cel]': 88,
    '9.4_2 [Cel]': 82,
    '9.22': 'R',
    '9.7': 20000,
    '6.36.1': '2013-11-28',
    '9.36': '2017-01-18',
    '9.36_2': '01:36:47',
  });
  assert.equal(attributesOf(heat).serialNumber, '00010213');
  const codes = new Set(unitCodes);
  for (const { unit } of heat.parts[0]!.fields) assert.ok(unit === undefined || codes.has(unit), unit);
});

test('IEC 62056-21: the check byte counts, and what is cut is read from its first whole line on', () => {
  const data = '1.8.0(000285.4*kWh)\r\n1.6.1(0.12*kW)(2301011200)\r\n!\r\n\x03';
  const check = String.fromCharCode(checksumOf('xor8', Buffer.from(data, 'latin1')));
  const whole = d0(`/ACE0\\3k260V01.18\r\n\x02${data}${check}`);
  assert.deepEqual(fieldsOf(whole), { '1.8.0 [kWh]': 285.4, '1.6.1 [kW]': 0.12 });
  assert.equal(whole.isComplete, false);
  const failures: readonly (readonly [string, RegExp])[] = [
    [
      `\x02${data.replace('285', '385')}${check}`,
      /^Its check byte is [0-9A-F]{2}, but the readout comes to [0-9A-F]{2}: it was/,
    ],
    ['\x021.8.0(1*kWh)\r\n2.8.0(1*k\r\n!\r\n', /^Line 2 of the readout is no value: "2\.8\.0\(1\*k"$/],
    ['7*kWh)\r\n1.8.0(1*kWh)\r\n2.8.0(1*k\r\n!\r\n', /^Line 3 of the readout/],
    ['no meter at all', /^It has no line with an OBIS code/],
    ['', /^It has no line with an OBIS code/],
  ];
  for (const [text, failure] of failures) assert.match(d0(text).failure ?? '', failure);
});

test('no payload makes them throw or break their bounds', () => {
  const crcOff = [...p1Samples, Buffer.from(v3), Buffer.from(fluvius)].map((payload) =>
    // Without its CRC a changed telegram is read on.
    Buffer.from(
      Buffer.from(payload)
        .toString('latin1')
        .replace(/![0-9A-F]+/, '!'),
      'latin1',
    ),
  );
  assertSurvives(createDsmrP1Codec, [...p1Samples, ...crcOff]);
  assertSurvives(createIec62056Codec, [...d0Samples, ...crcOff]);
  // What is no telegram by its size is not even looked at.
  for (const output of [p1('/'.repeat(1e6)), d0('\x02'.repeat(1e6))]) {
    assert.equal(output.failure, 'It has 1000000 bytes; a telegram has at most 131072.');
  }
  const many = `\x02${'1.8.0(1*kWh)'.repeat(300)}!\r\n`;
  assert.equal(d0(many).failure, 'It has 300 values; at most 200 are read.');
  assert.equal(d0(`\x021.8.0(${'1&'.repeat(300)})!\r\n`).failure, 'It has 300 values; at most 200 are read.');
});
