import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { FlatJson } from '../../src/profiles/flat-json.ts';

const flat = new FlatJson();
const read = (text: string | Uint8Array) => flat.read(typeof text === 'string' ? Buffer.from(text) : text);

/** What JSON.parse makes of it; undefined: it is no JSON object. */
function parsed(bytes: Uint8Array): { name: string; value: unknown }[] | undefined {
  try {
    const value: unknown = JSON.parse(new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes));
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
    // In the order in which the general rules go through it.
    const names: string[] = [];
    for (const name in value) names.push(name);
    return names.map((name) => ({ name, value: (value as Record<string, unknown>)[name] }));
  } catch {
    return undefined;
  }
}

const isRead: readonly (readonly [text: string, fields: Record<string, unknown>])[] = [
  ['{"temperature":21.5,"humidity":40,"state":"idle"}', { temperature: 21.5, humidity: 40, state: 'idle' }],
  [' {\t"a" :\r\n-0.25 , "b": true,"c":false } \n', { a: -0.25, b: true, c: false }],
  ['{"zero":0,"less":-0,"point":0.0}', { zero: 0, less: -0, point: 0 }],
  ['{"n":999999999999999,"d":12345.6789012345}', { n: 999999999999999, d: 12345.6789012345 }],
  ['{"s":"a text that is too long to come again","t":""}', { s: 'a text that is too long to come again', t: '' }],
  [`{"${'n'.repeat(200)}":1}`, { ['n'.repeat(200)]: 1 }],
];
for (const [text, fields] of isRead) {
  test(`reads ${text.slice(0, 60).trim()}`, () => {
    const expected = Object.entries(fields).map(([name, value]) => ({ name, value }));
    assert.deepEqual(read(text), expected);
    assert.deepEqual(parsed(Buffer.from(text)), expected);
  });
}

const isLeft: readonly string[] = [
  // Other than JSON has them, or JSON.parse orders them otherwise.
  '{"a":1,"a":2}',
  '{"b":1,"1":2}',
  '{"":1}',
  '{"__proto__":{}}',
  // Not flat, or not plain.
  '{"a":null}',
  '{"a":{"b":1}}',
  '{"a":[1]}',
  '{"a":"\\n"}',
  '{"a":"ü"}',
  '{"ü":1}',
  '{"a":1e3}',
  '{"a":1234567890123456}',
  '{"a":0.1234567890123456}',
  '{}',
  // No JSON.
  '',
  '{',
  '{"a"',
  '{"a":',
  '{"a":1',
  '{"a":1,}',
  '{"a":1}}',
  '{"a":1} x',
  '{"a" 1}',
  '{a:1}',
  '{"a":01}',
  '{"a":-}',
  '{"a":-01}',
  '{"a":1.}',
  '{"a":.5}',
  '{"a":+1}',
  '{"a":tru}',
  '{"a":trueish}',
  '{"a":falsE}',
  '{"a":"b}',
  '{"a":"\t"}',
  '[1]',
  '1',
  `{${Array.from({ length: 17 }, (_, i) => `"n${i}":1`).join()}}`,
];
for (const text of isLeft) test(`leaves ${text.slice(0, 60)} to JSON.parse`, () => assert.equal(read(text), undefined));

const number = fc.oneof(
  fc.integer(),
  fc.double({ noNaN: true, noDefaultInfinity: true }),
  fc
    .tuple(fc.integer({ min: -999_999_999, max: 999_999_999 }), fc.integer({ min: 0, max: 6 }))
    .map(([n, d]) => n / 10 ** d),
);
const name = fc.oneof(fc.constantFrom('a', 'b', 'temperature', '1', '__proto__', ''), fc.string({ maxLength: 6 }));
const value = fc.oneof({ weight: 4, arbitrary: number }, fc.boolean(), fc.string({ maxLength: 20 }), fc.constant(null));
const objects = fc.array(fc.tuple(name, value), { maxLength: 18 }).map((entries) => {
  return `{${entries.map(([key, one]) => `${JSON.stringify(key)}:${JSON.stringify(one)}`).join(',')}}`;
});

test('what it reads is what JSON.parse makes of it, to the last bit', () => {
  let count = 0;
  fc.assert(
    fc.property(objects, (text) => {
      const fields = read(text);
      if (fields === undefined) return;
      count++;
      assert.deepEqual(fields, parsed(Buffer.from(text)));
    }),
    { numRuns: 3_000 },
  );
  assert.ok(count > 100, `read ${count} of them`);
});

test('also where bytes were changed, lost or added', () => {
  const change = fc.record({
    at: fc.nat(),
    byte: fc.constantFrom(...Buffer.from('{}":,.-0129eEtrufals \\\n\0ü')),
    isLost: fc.boolean(),
  });
  fc.assert(
    fc.property(objects, fc.array(change, { minLength: 1, maxLength: 3 }), (text, changes) => {
      const bytes = [...Buffer.from(text)];
      for (const { at, byte, isLost } of changes)
        bytes.splice(at % bytes.length, isLost ? 1 : 0, ...(isLost ? [] : [byte]));
      const fields = read(Uint8Array.from(bytes));
      if (fields !== undefined) assert.deepEqual(fields, parsed(Uint8Array.from(bytes)));
    }),
    { numRuns: 5_000 },
  );
});

test('every number of up to fifteen digits is the nearest double', () => {
  const digits = fc.tuple(fc.bigInt({ min: 0n, max: 10n ** 15n - 1n }), fc.integer({ min: 0, max: 14 }), fc.boolean());
  fc.assert(
    fc.property(digits, ([whole, decimals, isNegative]) => {
      const all = whole.toString().padStart(decimals + 1, '0');
      const point = all.length - decimals;
      const text = `${isNegative ? '-' : ''}${all.slice(0, point)}${decimals > 0 ? `.${all.slice(point)}` : ''}`;
      const [field] = read(`{"v":${text}}`) ?? [];
      assert.ok(Object.is(field?.value, Number(text)), `${text} became ${String(field?.value)}`);
    }),
    { numRuns: 2_000 },
  );
});
