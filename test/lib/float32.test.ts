import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { plainFloat32 } from '../../src/lib/float32.ts';

test('a float32 is the decimal that it was made of', () => {
  for (const decimal of [12.3, 0.1, -21.05, 1013.25, 1.5e-7, 2.71829, 0, 5, 123456.7, 9.999999]) {
    assert.equal(plainFloat32(Math.fround(decimal)), decimal);
  }
});

test('a float32 of more digits, and what is no finite number, stays as it is', () => {
  for (const value of [Math.fround(Math.PI * 1e-5), 3.4028234663852886e38, Number.NaN, Number.POSITIVE_INFINITY]) {
    assert.equal(plainFloat32(value), value);
  }
});

test('it always stands for the same float32, and is found for every fraction of six digits', () => {
  fc.assert(fc.property(fc.float({ noNaN: true }), (value) => assert.equal(Math.fround(plainFloat32(value)), value)));
  const decimal = fc.tuple(fc.integer({ min: -999_999, max: 999_999 }), fc.integer({ min: -20, max: -1 }));
  fc.assert(
    fc.property(decimal, ([digits, exponent]) => {
      const value = Number(`${digits}e${exponent}`);
      if (!Number.isInteger(value)) assert.equal(plainFloat32(Math.fround(value)), value);
    }),
  );
});
