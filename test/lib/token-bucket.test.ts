import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { TokenBucket } from '../../src/lib/token-bucket.ts';

test('a burst is had at once, then as much as comes in', () => {
  const bucket = new TokenBucket(10, 20, 0);
  for (let n = 0; n < 20; n++) assert.equal(bucket.take(1, 0), 0, String(n));
  assert.equal(bucket.take(1, 0), 0.1);
  assert.equal(bucket.take(1, 100), 0);
  assert.ok(bucket.take(1, 100) > 0);
  // A pause gives no more than a burst.
  for (let n = 0; n < 20; n++) assert.equal(bucket.take(1, 60_000), 0);
  assert.ok(bucket.take(1, 60_000) > 0);
});

test('a piece that is larger than the burst is taken, and paid off', () => {
  const bucket = new TokenBucket(10, 20, 0);
  assert.equal(bucket.take(100, 0), 0);
  assert.equal(bucket.take(1, 0), 8.1);
  assert.ok(bucket.take(1, 8_000) > 0);
  assert.equal(bucket.take(1, 8_200), 0);
});

test('what is charged is paid off, and delays what is taken', () => {
  const bucket = new TokenBucket(10, 20, 0);
  assert.equal(bucket.charge(20, 0), 0);
  assert.equal(bucket.charge(5, 0), 0.5);
  assert.equal(bucket.charge(5, 0), 1);
  assert.ok(bucket.take(1, 999) > 0);
  assert.equal(bucket.charge(0, 1_000), 0);
});

test('over any time nobody gets more than the rate, a burst and the last piece', () => {
  const steps = fc.array(fc.record({ waitMs: fc.nat(5_000), amount: fc.integer({ min: 1, max: 50 }) }));
  fc.assert(
    fc.property(steps, (asked) => {
      const bucket = new TokenBucket(10, 20, 0);
      let now = 0;
      let taken = 0;
      for (const { waitMs, amount } of asked) {
        now += waitMs;
        const wait = bucket.take(amount, now);
        if (wait === 0) taken += amount;
        assert.ok(taken <= 20 + (now / 1_000) * 10 + 50);
        // Whoever waits as long as they are told gets something.
        if (wait > 0) {
          now += Math.ceil(wait * 1_000);
          assert.equal(bucket.take(1, now), 0);
          taken += 1;
        }
      }
    }),
  );
});
