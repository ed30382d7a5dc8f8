import assert from 'node:assert/strict';
import { test } from 'node:test';
import { noRecent, type Recent, withValue } from '../../src/dashboard/pages/overview/recent.ts';

test('a small line keeps its span, and a value for each step of it', () => {
  let line: Recent = noRecent;
  for (const at of [0, 10, 20, 30, 40]) line = withValue(line, at, at, 25);
  assert.deepEqual(line, { times: [20, 30, 40], values: [20, 30, 40] });
  // Late ones are for the chart.
  assert.equal(withValue(line, 39, 1, 25), line);
  let dense: Recent = noRecent;
  for (let at = 0; at <= 100; at++) dense = withValue(dense, at, at, 1_000, 10);
  assert.ok(dense.times.length <= 12, String(dense.times));
  assert.equal(dense.values.at(-1), 100);
});
