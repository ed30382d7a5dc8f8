import assert from 'node:assert/strict';
import { test } from 'node:test';
import { deflateSync, gzipSync } from 'node:zlib';
import type { FieldValue } from '../../../src/core/measurement.ts';
import { createSparkplugCodec } from '../../../src/profiles/codecs/sparkplug/sparkplug.ts';
import { bytesOf, fieldsOf, inputOf } from './codec-support.ts';
import {
  dataSetOf,
  type MetricSpec,
  payloadOf,
  specDeviceData,
  specNodeData,
  templateOf,
} from './sparkplug-payloads.ts';

const decode = (payload: Uint8Array, topic = 'spBv1.0/G/NBIRTH/E') =>
  createSparkplugCodec().decode(inputOf(payload, { topic }));

type Row = readonly [about: string, metric: MetricSpec, fields: Record<string, FieldValue>, isComplete?: boolean];

const allOnes = 2n ** 64n - 1n;

/** Of a metric named m. */
const rows: readonly Row[] = [
  ['Int8', { type: 1, int: 0xe9 }, { m: -23 }],
  ['Int8, as 32 bits', { type: 1, int: 0xffff_ffe9 }, { m: -23 }],
  ['Int8, as 64 bits', { type: 1, int: allOnes }, { m: -1 }],
  ['Int16', { type: 2, int: 0x8000 }, { m: -32768 }],
  ['Int32', { type: 3, int: 0xffff_ffff }, { m: -1 }],
  ['Int32, as 64 bits', { type: 3, int: allOnes - 1n }, { m: -2 }],
  ['Int32 in the long field', { type: 3, long: allOnes }, { m: -1 }],
  ['Int64', { type: 4, long: allOnes }, { m: -1 }],
  ['the lowest Int64', { type: 4, long: 2n ** 63n }, { m: -(2n ** 63n) }],
  ['the largest Int64', { type: 4, long: 2n ** 63n - 1n }, { m: 2n ** 63n - 1n }],
  ['UInt8', { type: 5, int: 255 }, { m: 255 }],
  ['UInt16', { type: 6, int: 65_535 }, { m: 65_535 }],
  ['UInt32', { type: 7, int: 4_294_967_295 }, { m: 4_294_967_295 }],
  ['UInt32 in the long field', { type: 7, long: 4_294_967_295 }, { m: 4_294_967_295 }],
  ['UInt64', { type: 8, long: allOnes }, { m: allOnes }],
  ['UInt64 up to 2^53', { type: 8, long: 2n ** 53n - 1n }, { m: 2 ** 53 - 1 }],
  ['Float', { type: 9, float: Math.fround(12.3) }, { m: 12.3 }],
  ['Float that is no number', { type: 9, float: Number.NaN }, {}, false],
  ['Double', { type: 10, double: 12.300000190734863 }, { m: 12.300000190734863 }],
  ['infinity', { type: 10, double: Number.POSITIVE_INFINITY }, {}, false],
  ['Boolean', { type: 11, boolean: true }, { m: true }],
  ['Boolean as a number', { type: 11, int: 0 }, { m: false }],
  ['String', { type: 12, text: 'é' }, { m: 'é' }],
  ['DateTime', { type: 13, long: 1486144502122 }, { m: 1486144502122 }],
  ['Text', { type: 14, text: '' }, { m: '' }],
  ['UUID', { type: 15, text: '123e4567-e89b-12d3-a456-426614174000' }, { m: '123e4567-e89b-12d3-a456-426614174000' }],
  ['Bytes', { type: 17, bytes: bytesOf('00ff') }, { m: new Uint8Array([0, 255]) }],
  ['File with a description', { type: 18, bytes: bytesOf('01'), description: 'x' }, { m: new Uint8Array([1]) }, false],
  ['no datatype', { int: 4_294_967_295 }, { m: 4_294_967_295 }],
  ['another field than its datatype has', { type: 12, double: 1.5 }, { m: 1.5 }],
  ['null', { type: 10, isNull: true }, {}, false],
  ['no value', { type: 10 }, {}, false],
  ['a unit', { type: 10, double: 1, unit: '°C' }, { 'm [Cel]': 1 }],
  ['a good quality', { type: 10, double: 1, quality: 192 }, { m: 1 }],
  ['a stale quality', { type: 10, double: 1, quality: 500 }, { m: 1 }, false],
  // Sparkplug 3.0.0 § 6.4.16: its examples of arrays
  ['Int8Array', { type: 22, bytes: bytesOf('e97b') }, { 'm.0': -23, 'm.1': 123 }],
  ['Int16Array', { type: 23, bytes: bytesOf('308a3075') }, { 'm.0': -30160, 'm.1': 30000 }],
  ['Int32Array', { type: 24, bytes: bytesOf('ffffffff01000000') }, { 'm.0': -1, 'm.1': 1 }],
  ['Int64Array', { type: 25, bytes: bytesOf('ffffffffffffffff 0000000000000080') }, { 'm.0': -1, 'm.1': -(2n ** 63n) }],
  ['UInt8Array', { type: 26, bytes: bytesOf('17fa') }, { 'm.0': 23, 'm.1': 250 }],
  ['UInt16Array', { type: 27, bytes: bytesOf('1e00308a') }, { 'm.0': 30, 'm.1': 35376 }],
  ['UInt32Array', { type: 28, bytes: bytesOf('ffffffff') }, { 'm.0': 4_294_967_295 }],
  ['UInt64Array', { type: 29, bytes: bytesOf('ffffffffffffffff') }, { 'm.0': allOnes }],
  ['FloatArray', { type: 30, bytes: bytesOf('cdcc4441 0000c07f') }, { 'm.0': 12.3 }, false],
  ['DoubleArray', { type: 31, bytes: bytesOf('000000000000f83f') }, { 'm.0': 1.5 }],
  [
    'BooleanArray',
    { type: 32, bytes: bytesOf('0c000000 34d0') },
    Object.fromEntries([...'001101001101'].map((bit, i) => [`m.${i}`, bit === '1'])),
  ],
  [
    'a BooleanArray that claims more',
    { type: 32, bytes: bytesOf('ffffffff 80') },
    Object.fromEntries([...'10000000'].map((bit, i) => [`m.${i}`, bit === '1'])),
    false,
  ],
  ['StringArray', { type: 33, bytes: Buffer.from('ABC\0hello\0') }, { 'm.0': 'ABC', 'm.1': 'hello' }],
  ['a StringArray that does not end', { type: 33, bytes: Buffer.from('ABC') }, { 'm.0': 'ABC' }, false],
  [
    'DateTimeArray',
    { type: 34, bytes: bytesOf('c7d0907524010000 b8bab89781010000') },
    { 'm.0': 1256102875335, 'm.1': 1656107875000 },
  ],
  ['an array that is cut off', { type: 23, bytes: bytesOf('010002') }, { 'm.0': 1 }, false],
  ['an empty array', { type: 23, bytes: bytesOf('') }, {}, false],
  ['a unit of an array', { type: 26, bytes: bytesOf('17'), unit: 'V' }, { 'm.0 [V]': 23 }],
  [
    'a data set',
    { type: 16, dataSet: dataSetOf(false) },
    { 'm.0.time': 1486144502122, 'm.0.level': -1, 'm.1.time': 1486144502123 },
    false,
  ],
  [
    'a data set with packed types',
    { type: 16, dataSet: dataSetOf(true) },
    { 'm.0.time': 1486144502122, 'm.0.level': -1, 'm.1.time': 1486144502123 },
    false,
  ],
  [
    'a template and one in it',
    {
      type: 19,
      template: templateOf([
        { name: 'RPM', type: 3, int: 0xffff_ffff, unit: 'rpm' },
        { name: 'In', type: 19, template: templateOf([{ name: 'A', type: 11, boolean: true }]) },
      ]),
    },
    { 'm/RPM [1/min]': -1, 'm/In/A': true },
  ],
  [
    'the definition of a template',
    { type: 19, template: templateOf([{ name: 'RPM', type: 3, int: 0 }], true) },
    {},
    false,
  ],
];

for (const [about, metric, fields, isComplete = true] of rows) {
  test(`Sparkplug value: ${about}`, () => {
    const output = decode(payloadOf([{ name: 'm', ...metric }], { seq: 0 }));
    const kind = Object.keys(fields).length > 0 ? 'measurement' : 'discovery';
    assert.deepEqual(
      [output.kind, fieldsOf(output), output.isComplete],
      [kind, fields, isComplete && kind === 'measurement'],
    );
  });
}

test('the examples of the specification', () => {
  const node = decode(specNodeData, 'spBv1.0/Sparkplug B Devices/NDATA/Raspberry Pi');
  assert.deepEqual(node.parts, [
    {
      device: 'Sparkplug B Devices/Raspberry Pi',
      timeMs: 1486144502122,
      fields: [{ name: 'Supply Voltage', value: 12.3 }],
    },
  ]);
  const device = decode(specDeviceData, 'spBv1.0/Sparkplug B Devices/DDATA/Raspberry Pi/Pibrella');
  assert.equal(device.parts[0]?.device, 'Sparkplug B Devices/Raspberry Pi/Pibrella');
  assert.deepEqual(fieldsOf(device), { 'Inputs/A': true, 'Inputs/C': true });
});

test('metrics of different times are different parts; a time before 2000 is none', () => {
  const t = Date.UTC(2026, 0, 1);
  const output = decode(
    payloadOf(
      [
        { name: 'a', time: t, double: 1 },
        { name: 'b', double: 2 },
        { name: 'c', time: t + 1, double: 3, isHistorical: true },
        { name: 'd', time: 5000, double: 4 },
        { name: 'e', time: t, double: 5 },
      ],
      { time: t + 1 },
    ),
  );
  assert.deepEqual(
    output.parts.map(({ timeMs, fields }) => [timeMs, fields.map(({ name }) => name).join('')]),
    [
      [t, 'ae'],
      [t + 1, 'bc'],
      [undefined, 'd'],
    ],
  );
});

for (const [algorithm, body] of [
  ['DEFLATE', deflateSync(specNodeData)],
  ['GZIP', gzipSync(specNodeData)],
] as const) {
  test(`a payload compressed with ${algorithm}`, () => {
    const payload = payloadOf([{ name: 'algorithm', type: 12, text: algorithm }], { uuid: 'SPBV1.0_COMPRESSED', body });
    const output = decode(payload);
    assert.deepEqual([fieldsOf(output), output.isComplete], [{ 'Supply Voltage': 12.3 }, true]);
  });
}

const failures: readonly (readonly [about: string, payload: Uint8Array, failure: RegExp])[] = [
  ['text', Buffer.from('{"a":1}'), /^The payload is none of Sparkplug B: /],
  [
    'cut off',
    specNodeData.subarray(0, 20),
    /^The payload is none of Sparkplug B: a field claims 30 bytes, but 11 are left\.$/,
  ],
  [
    'a body that is not compressed',
    payloadOf([], { uuid: 'SPBV1.0_COMPRESSED', body: bytesOf('0102') }),
    /its compressed body can't be unpacked: /,
  ],
  [
    'a body that is a bomb',
    payloadOf([], { uuid: 'SPBV1.0_COMPRESSED', body: deflateSync(Buffer.alloc(5 << 20)) }),
    /its compressed body can't be unpacked: /,
  ],
  [
    'too many values',
    payloadOf(Array.from({ length: 201 }, (_, i) => ({ name: `m${i}`, int: i }))),
    /It has more than 200 values\.$/,
  ],
  ['too many metrics', payloadOf(Array.from({ length: 20_001 }, () => ({}))), /it has more than 20000 metrics\.$/],
  [
    'too many elements',
    payloadOf([{ name: 'm', type: 26, bytes: new Uint8Array(1 << 20) }]),
    /It has more than 200 values\.$/,
  ],
  ['a long name', payloadOf([{ name: 'm'.repeat(1001), int: 1 }]), /A name has more than 1000 characters\.$/],
  [
    'too many members',
    payloadOf([{ name: 'm', type: 19, template: templateOf(Array.from({ length: 801 }, () => ({}))) }]),
    /a template of more than 800 members\.$/,
  ],
  [
    'too deep templates',
    payloadOf([{ name: 'm', ...deepTemplate(9) }]),
    /Its templates are nested deeper than 8 levels\.$/,
  ],
];

function deepTemplate(depth: number): MetricSpec {
  return depth === 0 ? { int: 1 } : { type: 19, template: templateOf([{ name: 'm', ...deepTemplate(depth - 1) }]) };
}

for (const [about, payload, failure] of failures) {
  test(`no Sparkplug payload: ${about}`, () => {
    const output = decode(payload, 'spBv1.0/G/NDATA/E');
    assert.equal(output.kind, 'failed');
    assert.match(output.failure ?? '', failure);
  });
}
