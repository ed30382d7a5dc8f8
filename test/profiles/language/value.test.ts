import assert from 'node:assert/strict';
import { test } from 'node:test';
import { scaled } from '../../../src/profiles/language/value.ts';

test('scaling leaves no dust of binary fractions', () => {
  const rows: readonly (readonly [
    value: number,
    scale: number | undefined,
    offset: number | undefined,
    want: number,
  ])[] = [
    [253, 0.1, undefined, 25.3],
    [45, 0.02, undefined, 0.9],
    [30187, 0.1, -3000, 18.7],
    [2934, 0.1, -273.1, 20.3],
    [30000, 0.1, -3000, 0],
    [-1, 0.1, 0.1, 0],
    [1, undefined, 1e-9, 1.000000001],
    [1, 1e-90, undefined, 1e-90],
    [0, 0.1, 1e20, 1e20],
    [7, undefined, undefined, 7],
    [Number.POSITIVE_INFINITY, 2, 1, Number.POSITIVE_INFINITY],
  ];
  for (const [value, scale, offset, want] of rows)
    assert.equal(scaled(value, scale, offset), want, `${value} × ${scale} + ${offset}`);
});
