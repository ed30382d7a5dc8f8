import assert from 'node:assert/strict';
import { test } from 'node:test';
import { reconnectSpreadMs } from '../../src/collector/reconnect-spread.ts';

const table: [gateways: number, perSecond: number, ms: number][] = [
  [0, 200, 0],
  [1, 200, 0],
  [19, 200, 0],
  [20, 200, 100],
  [1_000, 200, 5_000],
  [100_000, 200, 60_000],
  [3, 1, 3_000],
];
for (const [gateways, perSecond, ms] of table) {
  test(`${gateways} gateways, ${perSecond} a second: over ${ms} ms`, () => {
    assert.equal(reconnectSpreadMs(gateways, perSecond), ms);
  });
}
