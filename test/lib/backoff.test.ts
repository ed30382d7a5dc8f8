import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { nextBackoff } from '../../src/lib/backoff.ts';

const limits = { minMs: 500, maxMs: 30_000 };

test('waits stay within the limits and reach both', () => {
  assert.equal(nextBackoff(limits, 0, 0), 500);
  assert.equal(nextBackoff(limits, 0, 0.999), 500);
  assert.equal(nextBackoff(limits, 1_000, 0.5), 1_750);
  assert.equal(nextBackoff(limits, 30_000, 0.999), 30_000);
  const random = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 30_000 }), random, (previous, at) => {
      const wait = nextBackoff(limits, previous, at);
      assert.ok(wait >= limits.minMs && wait <= limits.maxMs);
    }),
  );
});
