import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { UnixMs } from '../../src/core/time.ts';
import { type Codec, failed, measured } from '../../src/profiles/codec.ts';
import { readerOf } from '../../src/profiles/language/formats.ts';
import { joined, type Nested, unfolded } from '../../src/profiles/nested.ts';

const json: Nested = { path: 'a.b', encoding: 'base64', codec: undefined, read: undefined };
const bytes: Nested = { path: 'frm', encoding: 'base64', codec: 'count', read: undefined };

/** Tells how many bytes there are; three can't be read. */
const count: Codec = {
  decode: ({ payload }) =>
    payload.length === 3 ? failed('three') : measured([{ fields: [{ name: 'bytes', value: payload.length }] }], true),
};
const input = {
  codecOf: (name: string) => (name === 'count' ? count : undefined),
  topic: 't',
  captures: new Map<string, string>(),
  receivedAtMs: 0 as UnixMs,
  limits: { maxDepth: 4, maxFields: 10 },
};
const around = { timeMs: 5 as UnixMs, fields: [{ name: 'rssi', value: -35 }] };

test('JSON that stands in a text is unfolded, and what is none stays', () => {
  assert.deepEqual(unfolded({ a: { b: '{"c":1}', d: 2 } }, json), { a: { b: { c: 1 }, d: 2 } });
  for (const tree of [{ a: { b: 'no JSON' } }, { a: 1 }, { a: { b: 7 } }, [], 'text', undefined])
    assert.equal(unfolded(tree, json), tree);
  const polluting = JSON.parse('{"__proto__":{"b":"{\\"c\\":1}"}}');
  assert.equal(unfolded(polluting, { ...json, path: '__proto__.b' }), polluting);
});

test('bytes are read by offsets, and what is too short for them stays', () => {
  const fields = [{ at: 0, type: 'int16' as const, name: 'temperature' }];
  const read = readerOf({ decode: 'binary', fields });
  const nested: Nested = { path: 'data', encoding: 'hex', codec: undefined, read };
  assert.deepEqual(unfolded({ data: 'ff9c', rssi: -60 }, nested), {
    data: new Map([['temperature', -100]]),
    rssi: -60,
  });
  for (const data of ['ff', 'fg9c', '', 7]) assert.deepEqual(unfolded({ data }, nested), { data });
});

test('bytes are decoded by a codec, and belong to the instant of the message around them', () => {
  const rows: [tree: unknown, nested: Nested, fields: Record<string, number> | undefined][] = [
    [{ frm: 'AAAA' + 'AA==' }, bytes, { bytes: 4, rssi: -35 }],
    [{ frm: '00ff' }, { ...bytes, encoding: 'hex' }, { bytes: 2, rssi: -35 }],
    [{ frm: '' }, bytes, { rssi: -35 }],
    [{}, bytes, { rssi: -35 }],
    [{ frm: 'AAAA' }, bytes, undefined],
    [{ frm: '00f' }, { ...bytes, encoding: 'hex' }, undefined],
    [{ frm: 'not base64!' }, bytes, undefined],
    [{ frm: 12 }, bytes, undefined],
    [{ frm: 'AAAAAA==' }, { ...bytes, codec: 'none' }, undefined],
  ];
  for (const [tree, nested, fields] of rows) {
    const found = joined(around, tree, nested, input);
    const shown = found?.map((one) => ({
      at: one.timeMs,
      ...Object.fromEntries(one.fields.map((f) => [f.name, f.value])),
    }));
    assert.deepEqual(shown, fields && [{ at: 5, ...fields }], JSON.stringify(tree));
  }
});
