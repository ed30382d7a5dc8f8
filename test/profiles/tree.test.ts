import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { FieldValue } from '../../src/core/measurement.ts';
import { flattenTree } from '../../src/profiles/tree.ts';

const limits = { maxDepth: 3, maxFields: 5 };
const proto = JSON.parse('{"__proto__":{"polluted":1},"constructor":2}') as unknown;

type Row = readonly [
  name: string,
  tree: unknown,
  fields: readonly (readonly [string, FieldValue])[],
  complete: boolean,
];

const rows: readonly Row[] = [
  ['one value', 21.5, [['value', 21.5]], true],
  ['a text', 'x', [['value', 'x']], true],
  ['nothing', null, [], false],
  ['bytes', new Uint8Array([1, 2]), [['value', new Uint8Array([1, 2])]], true],
  [
    'an object',
    { a: 1, b: { c: true } },
    [
      ['a', 1],
      ['b.c', true],
    ],
    true,
  ],
  [
    'an array',
    [1, [2, 'x']],
    [
      ['0', 1],
      ['1.0', 2],
      ['1.1', 'x'],
    ],
    true,
  ],
  [
    'a map',
    new Map<unknown, unknown>([
      ['a', 1],
      [2, 3],
      [true, 4],
      [5n, 6],
    ]),
    [
      ['a', 1],
      ['2', 3],
      ['true', 4],
      ['5', 6],
    ],
    true,
  ],
  [
    'a map with a key that is no name',
    new Map<unknown, unknown>([
      ['a', 1],
      [[], 2],
    ]),
    [['a', 1]],
    false,
  ],
  ['null in it', { a: 1, b: null, c: undefined }, [['a', 1]], false],
  ['an empty object in it', { a: 1, b: {} }, [['a', 1]], false],
  ['an empty array in it', { a: 1, b: [] }, [['a', 1]], false],
  ['an empty map', new Map(), [], false],
  ['not a number', { a: Number.NaN, b: Number.POSITIVE_INFINITY, c: -0 }, [['c', -0]], false],
  ['the largest uint64', 2n ** 64n - 1n, [['value', 2n ** 64n - 1n]], true],
  ['more than 256 bits', { a: 2n ** 256n, b: -(2n ** 256n) }, [], false],
  [
    'keys that name a prototype',
    proto,
    [
      ['__proto__.polluted', 1],
      ['constructor', 2],
    ],
    true,
  ],
  ['empty keys', { '': { '': 1 } }, [['', 1]], true],
];

for (const [name, tree, fields, isComplete] of rows) {
  test(`the fields of ${name}`, () => {
    assert.deepEqual(flattenTree(tree, limits), {
      fields: fields.map(([name, value]) => ({ name, value })),
      isComplete,
    });
  });
}

const excesses: readonly (readonly [string, unknown, RegExp])[] = [
  ['too deep', { a: { b: { c: { d: 1 } } } }, /^It is nested deeper than 3 levels: a\.b\.c\.$/],
  ['too many values', [1, 2, 3, 4, 5, 6], /^It has more than 5 values\.$/],
  ['a long name', { ['k'.repeat(900)]: { ['l'.repeat(100)]: 1 } }, /^A name has more than 1000 characters: k{60}….$/],
];

for (const [name, tree, excess] of excesses) {
  test(`more than a message may become: ${name}`, () => assert.match(flattenTree(tree, limits).excess ?? '', excess));
}

test('bytes are copied', () => {
  const bytes = new Uint8Array([1]);
  const { fields } = flattenTree(bytes, limits);
  bytes[0] = 9;
  assert.deepEqual(fields[0]?.value, new Uint8Array([1]));
});

test('any tree is flattened within its limits', () => {
  const leaf = fc.oneof(fc.double(), fc.string(), fc.bigInt(), fc.constant(null), fc.uint8Array(), fc.boolean());
  const { tree } = fc.letrec((tie) => ({
    tree: fc.oneof(
      { depthSize: 'medium', withCrossShrink: true },
      leaf,
      fc.array(tie('tree')),
      fc.dictionary(fc.string(), tie('tree')),
      fc.array(fc.tuple(fc.oneof(fc.string(), fc.integer()), tie('tree'))).map((pairs) => new Map(pairs)),
    ),
  }));
  fc.assert(
    fc.property(tree, (value) => {
      const { fields, excess } = flattenTree(value, limits);
      assert.ok(fields.length <= limits.maxFields);
      if (excess === undefined) for (const { name } of fields) assert.ok(name.length <= 1000);
    }),
  );
});
