import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { FieldValue } from '../../src/core/measurement.ts';
import { createDeviceNamer } from '../../src/profiles/device-id.ts';
import { createGeneralDecoder } from '../../src/profiles/general.ts';

const options = { deviceTopics: [], maxDepth: 4, maxFields: 5, maxBytes: 1e7 };
const decode = createGeneralDecoder(options);
const message = (payload: string | Uint8Array) => ({
  source: 'mqtt',
  topic: 'sensors/a',
  payload: typeof payload === 'string' ? Buffer.from(payload) : payload,
});

type Row = readonly [payload: string | Uint8Array, fields: Record<string, FieldValue>, keepPayload: boolean];

const rows: readonly Row[] = [
  // bare values
  ['21.5', { value: 21.5 }, false],
  [' -3e2\r\n', { value: -300 }, false],
  ['0', { value: 0 }, false],
  ['true', { value: true }, false],
  ['false', { value: false }, false],
  // not numbers, whatever they look like: kept as they came
  ['007', {}, true],
  ['1,5', {}, true],
  ['NaN', {}, true],
  ['1e999', {}, true],
  ['08:01:02', {}, true],
  ['ON', {}, true],
  ['', {}, true],
  ['   ', {}, true],
  ['null', {}, true],
  ['"text"', {}, true],
  ['[1,2]', {}, true],
  ['{"a":1', {}, true],
  ['{"a":1} trailing', {}, true],
  [new Uint8Array([0x7b, 0xff, 0x7d]), {}, true],
  [new Uint8Array([1, 2, 3]), {}, true],
  // objects
  ['{"temperature":21.5,"on":true,"name":"x"}', { temperature: 21.5, on: true, name: 'x' }, false],
  [
    '{"Time":"2017-02-16T10:13:52", "DS18B20":{"Temperature":20.6}}',
    { Time: '2017-02-16T10:13:52', 'DS18B20.Temperature': 20.6 },
    false,
  ],
  ['{"a":[1,{"b":2}]}', { 'a.0': 1, 'a.1.b': 2 }, false],
  ['{"é":"ü"}', { é: 'ü' }, false],
  // fields that don't say all of it: the payload stays beside them
  ['{"a":1,"b":null}', { a: 1 }, true],
  ['{"a":1,"b":{}}', { a: 1 }, true],
  ['{"a":1,"b":[]}', { a: 1 }, true],
  ['{"a":1,"b":1e999}', { a: 1 }, true],
  ['{"a":1,"b":123456789012345678901234567890}', { a: 1 }, true],
  ['{}', {}, true],
  // more than a double holds
  ['{"ns":1763836513123456789}', { ns: 1763836513123456789n }, false],
  ['9007199254740993', { value: 9007199254740993n }, false],
  ['-9223372036854775808', { value: -9223372036854775808n }, false],
  ['1e17', { value: 1e17 }, false],
  // limits
  ['{"a":{"b":{"c":1}}}', { 'a.b.c': 1 }, false],
  ['{"a":{"b":{"c":{"d":{"e":1}}}}}', {}, true],
  ['{"a":1,"b":2,"c":3,"d":4,"e":5,"f":6}', {}, true],
  // names that are traps in JavaScript are plain data
  ['{"__proto__":{"polluted":1},"constructor":2}', { '__proto__.polluted': 1, constructor: 2 }, false],
];

test('payloads become fields, or stay what they are', () => {
  for (const [payload, fields, keepPayload] of rows) {
    const measurement = decode(message(payload));
    const found = measurement.measurements[0].fields.map(({ name, value }) => [name, value]);
    assert.deepEqual(
      { found, keepPayload: measurement.keepPayload },
      { found: Object.entries(fields), keepPayload },
      String(payload),
    );
  }
  assert.equal((Object.prototype as { polluted?: number }).polluted, undefined);
});

test('no payload makes it throw, and what has no fields keeps its payload', () => {
  const anyPayload = fc.oneof(
    fc.uint8Array({ maxLength: 500 }),
    fc.json({ maxDepth: 8 }).map((text) => Buffer.from(text)),
    fc.string().map((text) => Buffer.from(`{${text}`)),
  );
  fc.assert(
    fc.property(anyPayload, (payload) => {
      const { measurements, keepPayload } = decode(message(payload));
      assert.ok(keepPayload || measurements[0].fields.length > 0);
    }),
    { numRuns: 2_000 },
  );
});

test('nesting of a million levels is a payload like any other', () => {
  const { measurements, keepPayload } = decode(message('{"a":'.repeat(1_000_000)));
  assert.deepEqual({ fields: measurements[0].fields, keepPayload }, { fields: [], keepPayload: true });
});

test('a device is named by the first pattern that matches its topic, or by the whole topic', () => {
  const nameOf = createDeviceNamer(['sensors/{device}/#', 'site/+/{device}/state', '{device}/tele.x']);
  const table: readonly (readonly [string, string])[] = [
    ['sensors/plant-7/climate', 'plant-7'],
    ['sensors/plant-7', 'plant-7'],
    ['sensors/plant-7/a/b', 'plant-7'],
    ['sensors', 'sensors'],
    ['site/north/pump/state', 'pump'],
    ['site/north/pump/state/x', 'site/north/pump/state/x'],
    ['d1/tele.x', 'd1'],
    ['d1/telemx', 'd1/telemx'],
    ['other/topic', 'other/topic'],
    ['sensors/plant-7/climate', 'plant-7'],
  ];
  for (const [topic, name] of table) assert.equal(nameOf(topic), name, topic);
});
