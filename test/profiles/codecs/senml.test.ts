import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { CodecOutput } from '../../../src/profiles/codec.ts';
import { createSenmlCborCodec, createSenmlJsonCodec } from '../../../src/profiles/codecs/senml/senml.ts';
import { assertSurvives, bytesOf, inputOf, receivedAtMs } from './codec-support.ts';

const json = createSenmlJsonCodec();
const cbor = createSenmlCborCodec();

/** `[time in ms or ms.micros, [name, value, unit], …]` of each part. */
function told({ parts }: CodecOutput): unknown[] {
  return parts.map(({ timeMs, timeNanos, fields }) => [
    timeMs === undefined ? 'now' : timeMs + (timeNanos ?? 0) / 1e6,
    ...fields.map(({ name, value, unit }) => (unit === undefined ? [name, value] : [name, value, unit])),
  ]);
}

const ow = 'urn:dev:ow:10e2073a01080063';
const bt = 1320067464000;

type Row = readonly [about: string, text: string, parts: readonly unknown[], isComplete?: boolean];

const rows: readonly Row[] = [
  // core-wg/senml-spec, ex1.json to ex13.json (RFC 8428 § 5.1)
  ['one value', `[{ "n": "${ow}", "v":23.1, "u":"Cel" }]`, [['now', [ow, 23.1, 'Cel']]]],
  [
    'a base name',
    `[{"bn": "${ow}:", "n": "voltage", "t": 0, "u": "V", "v": 120.1 }, {"n": "current", "t": 0, "u": "A", "v": 1.2 }]`,
    [['now', [`${ow}:voltage`, 120.1, 'V'], [`${ow}:current`, 1.2, 'A']]],
  ],
  [
    'a base time with milliseconds',
    `[{"bn": "${ow}/", "bt": 1276020076.001, "bu": "A", "bver": 5},
      { "n": "voltage", "u": "V", "v": 120.1 }, { "n": "current", "t": -5, "v": 1.2 },
      { "n": "current", "t": -3, "v": 0.14e1 }, { "n": "current", "t": 0, "v": 1.7 }]`,
    [
      [1276020076001, [`${ow}/voltage`, 120.1, 'V'], [`${ow}/current`, 1.7, 'A']],
      [1276020071001, [`${ow}/current`, 1.2, 'A']],
      [1276020073001, [`${ow}/current`, 1.4, 'A']],
    ],
  ],
  [
    'one name with several units',
    `[{"bn": "${ow}", "bt": 1320067464, "bu": "%RH", "v": 20.0, "t": 0 }, { "v": 24.30621, "u": "lon", "t": 0 },
      { "v": 60.07965, "u": "lat", "t": 0 }, { "v": 20.3, "t": 60 }, { "v": 98.0, "u": "%EL", "t": 150 }]`,
    [
      [bt, [ow, 20, '%RH'], [ow, 24.30621, 'lon'], [ow, 60.07965, 'lat']],
      [bt + 60_000, [ow, 20.3, '%RH']],
      [bt + 150_000, [ow, 98, '%EL']],
    ],
  ],
  [
    'a second base name, and the first base time',
    `[{"bn": "2001:db8::2/", "bt": 1320078429, "n": "temperature", "v": 25.2, "u": "Cel" },
      { "n": "humidity", "v": 30, "u": "%RH" }, {"bn": "2001:db8::1/", "n": "temperature", "v": 12.3, "u": "Cel" }]`,
    [
      [
        1320078429000,
        ['2001:db8::2/temperature', 25.2, 'Cel'],
        ['2001:db8::2/humidity', 30, '%RH'],
        ['2001:db8::1/temperature', 12.3, 'Cel'],
      ],
    ],
  ],
  [
    'records of two instants in turn',
    `[{"bt":1.320078429e+09,"bu":"/","n":"http://[2001:db8::3]/","v":0.5}, {"n":"http://[2001:db8::4]/","t":0.1,"v":0},
      {"n":"http://[2001:db8::4]/","v":0.5}]`,
    [
      [1320078429000, ['http://[2001:db8::3]/', 0.5, '/'], ['http://[2001:db8::4]/', 0.5, '/']],
      [1320078429100, ['http://[2001:db8::4]/', 0, '/']],
    ],
  ],
  // made here after RFC 8428
  [
    'other types of values',
    '[{"bn":"d/","n":"a","vs":"on"},{"n":"b","vb":false},{"n":"c","vd":"AP-_"},{"n":"d","vd":"AP+/"},{"n":"e","vd":"aGk="}]',
    [
      [
        'now',
        ['d/a', 'on'],
        ['d/b', false],
        ['d/c', new Uint8Array([0, 255, 191])],
        ['d/d', new Uint8Array([0, 255, 191])],
        ['d/e', new Uint8Array([104, 105])],
      ],
    ],
  ],
  [
    'base values and sums',
    '[{"bn":"m","bu":"W","bv":20,"bs":100,"n":"1","v":0.1,"s":5},{"n":"2","s":7},{"n":"3","v":-20,"u":"m3/s"},{"n":"4","u":"A"}]',
    [
      [
        'now',
        ['m1', 20.1, 'W'],
        ['m1.sum', 105, 'J'],
        ['m2', 20, 'W'],
        ['m2.sum', 107, 'J'],
        ['m3', 0, 'm3/s'],
        ['m3.sum', 100, 'm3'],
        ['m4', 20, 'A'],
        ['m4.sum', 100, 'A.s'],
      ],
    ],
  ],
  ['decimals add up', '[{"n":"a","bv":0.1,"v":0.2}]', [['now', ['a', 0.3]]]],
  [
    'times relative to now, up to 2^28',
    `[{"n":"a","v":1,"t":-5.5},{"n":"a","v":2,"t":268435455},{"n":"a","v":3,"t":268435456},{"n":"a","v":4}]`,
    [
      [receivedAtMs - 5500, ['a', 1]],
      [receivedAtMs + 268435455000, ['a', 2]],
      [268435456000, ['a', 3]],
      ['now', ['a', 4]],
    ],
  ],
  ['microseconds', '[{"n":"a","t":1320078429.123456,"v":1}]', [[1320078429123.456, ['a', 1]]]],
  ['integers beyond 2^53', '[{"n":"a","v":9007199254740993}]', [['now', ['a', 9007199254740993n]]]],
  ['a version with secondary units', '[{"bver":26,"n":"a","u":"kWh","v":1}]', [['now', ['a', 1, 'kWh']]]],
  ['labels that may be ignored', '[{"n":"a","v":1,"x":2,"constructor":{"v":9}}]', [['now', ['a', 1]]], false],
  ['an update time', '[{"n":"a","v":1,"ut":60}]', [['now', ['a', 1]]], false],
  ['a record without a value', '[{"n":"a","v":1},{"n":"b","vlo":"10:03"}]', [['now', ['a', 1]]], false],
];

for (const [about, text, parts, isComplete = true] of rows) {
  test(`SenML with ${about}`, () => {
    const output = json.decode(inputOf(text));
    assert.equal(output.failure, undefined);
    assert.deepEqual([output.kind, output.isComplete, told(output)], ['measurement', isComplete, parts]);
  });
}

const failures: readonly (readonly [text: string, failure: string])[] = [
  ['', 'The payload is not a JSON list of objects, as SenML is.'],
  ['{"n":"a","v":1}', 'The payload is not a JSON list of objects, as SenML is.'],
  ['[1]', 'The payload is not a JSON list of objects, as SenML is.'],
  ['[]', 'The payload is not a JSON list of objects, as SenML is.'],
  ['[{"v":1}]', 'Record 1 has no name, and no base name is before it.'],
  ['[{"n":"a","v":1},{"n":"b","v":1,"vs":"x"}]', 'Record 2 has several values.'],
  ['[{"n":"a","v":"1"}]', 'Record 1 has a v that is not a number.'],
  ['[{"n":"a","vb":1}]', 'Record 1 has a vb that is not true or false.'],
  ['[{"n":"a","vd":"?"}]', 'Record 1 has a vd that is not data.'],
  ['[{"n":1,"v":1}]', 'Record 1 has a n that is not a text.'],
  ['[{"n":"a","v":1,"x_":2}]', 'Record 1 has the label "x_", which has to be understood and is not.'],
  ['[{"n":"a","v":1,"__proto__":2}]', 'Record 1 has the label "__proto__", which has to be understood and is not.'],
  ['[{"n":"a","v":1,"bver":11}]', 'Record 1 is of version 11, which is not known.'],
  ['[{"bn":"a"}]', 'No record has a value.'],
  [
    '[{"n":"a","v":1,"bt":1320078429000000}]',
    'Record 1 has the time 1320078429000000, which is no number of seconds since 1970.',
  ],
  [`[{"bn":"${'x'.repeat(1000)}","v":1}]`, 'Record 1 has a name of 1000 characters.'],
  [`[{"bn":"a"}${',{}'.repeat(800)}]`, 'Record 801 is one too many: a message may have 800.'],
  [`[{"bn":"a"}${',{"v":1}'.repeat(201)}]`, 'There are more than 200 values.'],
];

for (const [text, failure] of failures) {
  test(`no SenML: ${text.slice(0, 60)}`, () => {
    const output = json.decode(inputOf(text));
    assert.deepEqual([output.kind, output.failure], ['failed', failure]);
  });
}

/** core-wg/senml-spec, ex3.gen.cbor.hex (RFC 8428 § 6). */
const example = `87a721781b75726e3a6465763a6f773a3130653230373361303130383030363a22fb41d303a15b00106223614120050067766f6c746167
  6501615602fb405e066666666666a3006763757272656e74062402fb3ff3333333333333a3006763757272656e74062302fb3ff4cccccccccccda300
  6763757272656e74062202fb3ff6666666666666a3006763757272656e74062102f93e00a3006763757272656e74062002fb3ff999999999999aa300
  6763757272656e74060002fb3ffb333333333333`;

test('SenML in CBOR', () => {
  const output = cbor.decode(inputOf(bytesOf(example)));
  const [voltage, current] = ['voltage', 'current'].map((name) => `urn:dev:ow:10e2073a0108006:${name}`);
  assert.equal(output.isComplete, true);
  assert.deepEqual(told(output), [
    [1276020076001, [voltage, 120.1, 'V'], [current, 1.7, 'A']],
    ...[1.2, 1.3, 1.4, 1.5, 1.6].map((value, i) => [1276020071001 + 1000 * i, [current, value, 'A']]),
  ]);
});

test('SenML in CBOR with data, a decimal fraction, a float32, and labels as text', () => {
  // [{-2: "d", 8: h'0102'}, {0: "a", 2: 4([-2, 2150])}, {0: "b", 2: 21.1_1}, {"n": "c", "v": 1, "x": 2}, {0: "e", 2: NaN}]
  const hex =
    '85 a2 21 6164 08 420102 a2 00 6161 02 c4822119 0866 a2 00 6162 02 fa41a8cccd a3 616e 6163 6176 01 6178 02 a2 00 6165 02 f97e00';
  const output = cbor.decode(inputOf(bytesOf(hex)));
  assert.deepEqual(told(output), [['now', ['d', new Uint8Array([1, 2])], ['da', 21.5], ['db', 21.1], ['dc', 1]]]);
  assert.equal(output.isComplete, false);
});

test('no SenML in CBOR', () => {
  assert.equal(
    cbor.decode(inputOf(bytesOf('a10001'))).failure,
    'The payload is not a CBOR array of maps, as SenML is.',
  );
  assert.match(
    cbor.decode(inputOf(bytesOf('81a100'))).failure ?? '',
    /^The payload is no CBOR\. At byte 3: it is cut off\.$/,
  );
  assert.equal(cbor.decode(inputOf(bytesOf('81a10001'))).failure, 'Record 1 has a n that is not a text.');
});

const claimed: readonly (readonly [
  payload: string | Uint8Array,
  json: number | undefined,
  cbor: number | undefined,
])[] = [
  [rows[0]![1], 0.95, undefined],
  [rows[1]![1], 0.97, undefined],
  [rows[2]![1], 0.97, undefined],
  [bytesOf(example), undefined, 0.97],
  [bytesOf('81a2006161021801'), undefined, 0.95],
  ['[{"n":"a","v":1,"x":2}]', 0.6, undefined],
  ['[{"n":"a"}]', undefined, undefined],
  ['[{"v":1}]', undefined, undefined],
  ['[{"name":"a","value":1}]', undefined, undefined],
  ['[{"n":"a","v":"on"}]', undefined, undefined],
  ['{"n":"a","v":1}', undefined, undefined],
  ['[1,2]', undefined, undefined],
  ['[]', undefined, undefined],
  ['21.5', undefined, undefined],
  [bytesOf('83010203'), undefined, undefined],
  [bytesOf('a26161016162820203'), undefined, undefined],
];

for (const [payload, asJson, asCbor] of claimed) {
  const bytes = Buffer.from(payload);
  test(`what ${bytes
    .toString('latin1')
    .replace(/[^ -~]/g, '.')
    .slice(0, 60)} looks like`, () => {
    assert.equal(json.claims?.('x', bytes)?.confidence, asJson);
    assert.equal(cbor.claims?.('x', bytes)?.confidence, asCbor);
  });
}

test('any bytes and damaged packs', () => {
  assertSurvives(
    createSenmlJsonCodec,
    rows.map(([, text]) => Buffer.from(text)),
  );
  assertSurvives(createSenmlCborCodec, [bytesOf(example), bytesOf('81a2006161021801')]);
});
