import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Drain } from '../../src/uplink/drain.ts';

const batch = (firstSequence: number, count = 100) => [{ firstSequence, count }];

test('how long the rest takes follows the pace of the last seconds, and is not said before there is one', () => {
  const drain = new Drain(10_000, 10_000, 0);
  assert.deepEqual(drain.status(10_000, 5_000), { leftRecords: 10_000 });
  for (let second = 1; second <= 10; second++) {
    drain.acknowledged(batch(second), second * 1_000);
    if (second === 1) assert.deepEqual(drain.status(9_900, 1_000), { leftRecords: 9_900 });
  }
  // 100 a second so far, and 9,000 left.
  assert.deepEqual(drain.status(9_000, 10_000), { leftRecords: 9_000, etaMs: 90_000 });
  for (let second = 11; second <= 60; second++) drain.acknowledged(batch(second, 10), second * 1_000);
  const { leftRecords, etaMs = 0 } = drain.status(8_500, 60_000);
  assert.equal(leftRecords, 8_500);
  assert.ok(etaMs > 600_000 && etaMs < 850_000, `${etaMs}`);
});

test('live records are no part of it, what was dropped meanwhile is not waited for, and silence makes it longer', () => {
  const drain = new Drain(1_000, 1_000, 0);
  drain.acknowledged(batch(1, 100), 2_000);
  drain.acknowledged(batch(1_001, 100), 2_000);
  assert.deepEqual(drain.status(1_000, 2_000), { leftRecords: 900, etaMs: 18_000 });
  assert.deepEqual(drain.status(450, 2_000), { leftRecords: 450, etaMs: 9_000 });
  assert.deepEqual(drain.status(450, 14_000), { leftRecords: 450, etaMs: 54_000 });
});
