import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Rates } from '../../src/instrumentation/rates.ts';

test('a rate is what came in over the last seconds', () => {
  const rates = new Rates<'in'>(5_000);
  assert.equal(rates.perSecond('in'), 0);
  rates.sample({ in: 1_000 }, 0);
  assert.equal(rates.perSecond('in'), 0);
  for (let second = 1; second <= 10; second++) rates.sample({ in: 1_000 + second * 20 }, second * 1_000);
  assert.equal(rates.perSecond('in'), 20);
  // A burst counts as long as the window looks back, and then no more.
  rates.sample({ in: 1_700 }, 11_000);
  assert.equal(rates.perSecond('in'), 116);
  for (let second = 12; second <= 16; second++) rates.sample({ in: 1_700 }, second * 1_000);
  assert.equal(rates.perSecond('in'), 0);
});

test('the first seconds are not diluted', () => {
  const rates = new Rates<'in'>(5_000);
  rates.sample({ in: 0 }, 100);
  rates.sample({ in: 5 }, 1_100);
  assert.equal(rates.perSecond('in'), 5);
});
