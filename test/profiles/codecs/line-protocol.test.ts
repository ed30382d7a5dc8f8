import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { CodecOutput } from '../../../src/profiles/codec.ts';
import { createLineProtocolCodec } from '../../../src/profiles/codecs/line-protocol/line-protocol.ts';
import { assertSurvives, fieldsOf, inputOf } from './codec-support.ts';

const codec = createLineProtocolCodec();
const decode = (text: string) => codec.decode(inputOf(text));

/** `fields @ms+nanos {tags}` of each part. */
function told({ parts }: CodecOutput): unknown[] {
  return parts.map(({ fields, tags, timeMs, timeNanos }) => [
    Object.fromEntries(fields.map(({ name, value }) => [name, value])),
    ...(timeMs === undefined ? [] : [timeMs]),
    ...(timeNanos === undefined ? [] : [timeNanos]),
    ...(tags === undefined ? [] : [Object.fromEntries(tags)]),
  ]);
}

const value42 = { 'cpu.value': 42 };
const long = 'k'.repeat(990);

/** The first block: influxdata/telegraf, plugins/parsers/influx/parser_test.go. */
const rows: readonly (readonly [text: string, parts: readonly unknown[]])[] = [
  ['cpu value=42 0', [[value42, 0]]],
  ['cpu value=42 0\n', [[value42, 0]]],
  ['c\\ pu value=42', [[{ 'c pu.value': 42 }]]],
  ['c\\,pu value=42', [[{ 'c,pu.value': 42 }]]],
  ['cpu,cpu=cpu0,host=localhost value=42', [[value42, { cpu: 'cpu0', host: 'localhost' }]]],
  ['cpu,ho\\st=localhost value=42', [[value42, { 'ho\\st': 'localhost' }]]],
  ['cpu,ho\\=st=localhost value=42', [[value42, { 'ho=st': 'localhost' }]]],
  ['cpu,ho\\,st=localhost value=42', [[value42, { 'ho,st': 'localhost' }]]],
  ['cpu,host=two\\ words value=42', [[value42, { host: 'two words' }]]],
  ['cpu,host=two\\\\ words value=42', [[value42, { host: 'two\\ words' }]]],
  ['cpu,host=two\\\\\\ words value=42', [[value42, { host: 'two\\\\ words' }]]],
  ['cpu va\\lue=42', [[{ 'cpu.va\\lue': 42 }]]],
  ['cpu va\\=lue=42', [[{ 'cpu.va=lue': 42 }]]],
  ['cpu va\\,lue=42', [[{ 'cpu.va,lue': 42 }]]],
  ['cpu va\\ lue=42', [[{ 'cpu.va lue': 42 }]]],
  ['cpu value=42i', [[value42]]],
  ['cpu value=9223372036854775807i', [[{ 'cpu.value': 9223372036854775807n }]]],
  ['cpu value=42u', [[value42]]],
  ['cpu value=18446744073709551615u', [[{ 'cpu.value': 18446744073709551615n }]]],
  ['cpu value=true', [[{ 'cpu.value': true }]]],
  ['cpu value="42"', [[{ 'cpu.value': '42' }]]],
  ['cpu value="how\\"dy"', [[{ 'cpu.value': 'how"dy' }]]],
  ['cpu value="how\\\\dy"', [[{ 'cpu.value': 'how\\dy' }]]],
  ['cpu value="4\n2"', [[{ 'cpu.value': '4\n2' }]]],
  ['cpu value=42\ncpu value=42', [[value42], [value42]]],
  ['cpu value=1 1234567890123123123', [[{ 'cpu.value': 1 }, 1234567890123, 123123]]],
  // InfluxDB's documentation, "Line protocol"
  [
    'myMeasurement,tag1=value1,tag2=value2 fieldKey="fieldValue" 1556813561098000000',
    [[{ 'myMeasurement.fieldKey': 'fieldValue' }, 1556813561098, { tag1: 'value1', tag2: 'value2' }]],
  ],
  ['m🍭 🚀="launch"', [[{ 'm🍭.🚀': 'launch' }]]],
  [
    'm a=-1.234456e+78,b=1.e3,c=.5,d=+2,e=-0i',
    [[{ 'm.a': -1.234456e78, 'm.b': 1000, 'm.c': 0.5, 'm.d': 2, 'm.e': -0 }]],
  ],
  [
    'm a=t,b=T,c=True,d=TRUE,e=f,g=F,h=false,i=False,j=FALSE',
    [
      [
        {
          'm.a': true,
          'm.b': true,
          'm.c': true,
          'm.d': true,
          'm.e': false,
          'm.g': false,
          'm.h': false,
          'm.i': false,
          'm.j': false,
        },
      ],
    ],
  ],
  [
    'm a=9007199254740991i,b=9007199254740993i,c=-9223372036854775808i',
    [[{ 'm.a': 9007199254740991, 'm.b': 9007199254740993n, 'm.c': -9223372036854775808n }]],
  ],
  ['m a="x,y z=\\n\\", d"', [[{ 'm.a': 'x,y z=\\n", d' }]]],
  ['# a comment\r\n\r\n  \t\r\nm a=1\r\n# another\r\nm b=2 \r\n', [[{ 'm.a': 1, 'm.b': 2 }]]],
  ['\ufeffm a=1', [[{ 'm.a': 1 }]]],
  ['  m,t=1   a=1   5  ', [[{ 'm.a': 1 }, 0, 5, { t: '1' }]]],
  ['m a=1 -1', [[{ 'm.a': 1 }, -1, 999999]]],
  ['m a=1 -9223372036854775808', [[{ 'm.a': 1 }, -9223372036855, 224192]]],
  ['m a=1 9223372036854775807', [[{ 'm.a': 1 }, 9223372036854, 775807]]],
  ['__proto__ __proto__=1', [[{ '__proto__.__proto__': 1 }]]],
  ['m=n a=1', [[{ 'm=n.a': 1 }]]],
  ['m\\=n a=1', [[{ 'm\\=n.a': 1 }]]],
  // One part for lines of one instant and series; a new one where a name would come twice.
  [
    'cpu,h=a u=1 5\nmem,h=a f=2 5\ncpu,h=b u=3 5',
    [
      [{ 'cpu.u': 1, 'mem.f': 2 }, 0, 5, { h: 'a' }],
      [{ 'cpu.u': 3 }, 0, 5, { h: 'b' }],
    ],
  ],
  [
    'm a=1 1\nm a=2 2\nm b=3 2',
    [
      [{ 'm.a': 1 }, 0, 1],
      [{ 'm.a': 2, 'm.b': 3 }, 0, 2],
    ],
  ],
];

for (const [text, parts] of rows) {
  test(`line protocol ${JSON.stringify(text).slice(0, 90)}`, () => {
    const output = decode(text);
    assert.deepEqual([output.kind, output.isComplete, told(output)], ['measurement', true, parts]);
  });
}

const failures: readonly (readonly [text: string, failure: string])[] = [
  ['cpu value=9223372036854775808i', 'Line 1, column 11: the value is beyond 64 bits.'],
  ['cpu value=18446744073709551616u', 'Line 1, column 11: the value is no unsigned 64 bits.'],
  [`cpu value=${'9'.repeat(100_000)}i`, 'Line 1, column 11: the value is beyond 64 bits.'],
  ['cpu value=-1u', 'Line 1, column 11: the value is no unsigned 64 bits.'],
  ['cpu', 'Line 1, column 4: fields are missing behind the measurement.'],
  ['cpu ', 'Line 1, column 5: fields are missing behind the measurement.'],
  ['', 'There is no line with fields in it.'],
  ['# only this', 'There is no line with fields in it.'],
  ['\n\ncpu value=NaN', 'Line 3, column 11: the value is no number, boolean or text in quotes.'],
  ['cpu value=', 'Line 1, column 11: a field has no value.'],
  ['cpu value', 'Line 1, column 10: a field has no value.'],
  ['cpu =1', 'Line 1, column 5: a field has no name.'],
  [',a=b value=1', 'Line 1, column 1: the measurement has no name.'],
  ['cpu,a value=1', 'Line 1, column 6: a tag has no value.'],
  ['cpu,a= value=1', 'Line 1, column 7: a tag has no value.'],
  ['cpu,=b value=1', 'Line 1, column 5: a tag has no name.'],
  ['cpu,a=b=c value=1', "Line 1, column 8: a tag's value has an equals sign."],
  [`m${',t=1'.repeat(101)} a=1`, 'Line 1, column 406: there are more than 100 tags.'],
  ['cpu value="x', 'Line 1, column 11: a quote is opened and never closed.'],
  ['cpu value="x"y', 'Line 1, column 14: a comma, a space or the end of the line is missing behind the value.'],
  ['cpu value=1 1.5', 'Line 1, column 13: the time is no whole number of nanoseconds.'],
  ['cpu value=1 1 2', 'Line 1, column 13: the time is no whole number of nanoseconds.'],
  ['cpu value=1 9223372036854775808', 'Line 1, column 13: the time is beyond 64 bits.'],
  ['cpu value=1e999', 'Line 1, column 11: a number is beyond what a double holds.'],
  ['cpu value=0x10', 'Line 1, column 11: the value is no number, boolean or text in quotes.'],
  [`cpu ${long}kkkkkkk=1`, "Line 1, column 5: a field's name has more than 1000 characters."],
  ['cpu value="a\nb" x', 'Line 2, column 4: the time is no whole number of nanoseconds.'],
  [Array.from({ length: 201 }, (_, i) => `m a${i}=1`).join('\n'), 'The lines have more than 200 fields in all.'],
];

for (const [text, failure] of failures) {
  test(`no line protocol: ${JSON.stringify(text).slice(0, 60)}`, () => {
    const output = decode(text);
    assert.deepEqual([output.kind, output.failure], ['failed', failure]);
  });
}

test('a bad line costs its own values only, and the payload is kept', () => {
  const output = decode('m a=1\nm b=\nnonsense\nm c="open\nm d=4');
  assert.deepEqual([output.kind, output.isComplete, fieldsOf(output)], ['measurement', false, { 'm.a': 1, 'm.d': 4 }]);
});

test('bytes that are no UTF-8 are kept beside what was read of them', () => {
  const output = codec.decode(inputOf(Buffer.concat([Buffer.from('m,t=é'), Buffer.from([0xff]), Buffer.from(' a=1')])));
  assert.deepEqual([fieldsOf(output), output.isComplete], [{ 'm.a': 1 }, false]);
});

const claimed: readonly (readonly [text: string, confidence: number | undefined])[] = [
  ['cpu value=42 0', 0.97],
  ['cpu,host=a value=42', 0.97],
  ['cpu value=42', 0.9],
  ['c\\,pu value=42', 0.9],
  ['weather temperature=21.5\nweather humidity=40i\n', 0.9],
  ['[wifi] rssi=-61', undefined],
  ['-- rssi=-61', 0.6],
  ['cpu', undefined],
  ['21.5', undefined],
  ['', undefined],
  ['# comment', undefined],
  ['{"a": 1}', undefined],
  ['{"a b=1', undefined],
  ['Hello world', undefined],
  ['The door is open', undefined],
  ['temperature=21.5 humidity=40', undefined],
  ['temperature: 21.5', undefined],
  ['WiFi connected, IP=10.0.0.5', undefined],
  ['$,WindDir=338,WindSpeed=0.0,#\r\n', undefined],
  ['20;02;NewKaku;ID=0227305a;SWITCH=1;CMD=ON;\r\n', undefined],
  ['$GPGLL,4916.45,N,12311.12,W,225444,A,*1D', undefined],
  ['cpu value=42\nand a sentence', undefined],
  // it is line protocol, and wrong
  ['cpu value=9223372036854775808i', 0.9],
];

test('a topic of Telegraf makes text a suggestion, and its JSON none', () => {
  const confidences = ['telegraf/host/cpu', 'site/influx', 'influxes/x'].flatMap((topic) =>
    ['cpu', '{"a":1}'].map((text) => codec.claims?.(topic, Buffer.from(text))?.confidence),
  );
  assert.deepEqual(confidences, [0.5, undefined, 0.5, undefined, undefined, undefined]);
});

for (const [text, confidence] of claimed) {
  test(`what ${JSON.stringify(text)} looks like`, () => {
    const claim = codec.claims?.('any', Buffer.from(text));
    assert.equal(claim?.confidence, confidence);
  });
}

test('a long payload of bad lines takes time in proportion', () => {
  const bad = Buffer.from('a b="\\"\n'.repeat(300_000));
  const start = performance.now();
  assert.equal(codec.decode(inputOf(bad)).kind, 'failed');
  assert.ok(performance.now() - start < 2000);
});

test('any bytes and damaged lines', () => {
  assertSurvives(
    createLineProtocolCodec,
    rows.map(([text]) => Buffer.from(text)),
  );
});
