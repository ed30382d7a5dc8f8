import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  droppedNext,
  fillOf,
  growthOf,
  type Look,
  lifeYears,
  outlookOf,
  withLook,
} from '../../src/dashboard/pages/uplink/model.ts';

const dropped = { thinned: 0 };
const ledger = { received: 0, delivered: 0, waiting: 0, dropped };
const lane = (
  rule: string,
  priority: 'bulk' | 'normal' | 'critical',
  waitingRecords: number,
  oldest: string | null,
) => ({
  ...{ lane: rule, rule, priority, waitingRecords, waitingBytes: waitingRecords * 10, diskBytes: 0 },
  ...{ durability: 'local' as const, gate: 'open' as const, oldestWaitingAt: oldest, ledger },
});
const rule = (name: string, whenFull: string) => ({ name, handlings: [{ whenFull }] });
type Lanes = Parameters<typeof droppedNext>[0];
type Rules = Parameters<typeof droppedNext>[1];
const next = (lanes: unknown, rules: unknown = []) => droppedNext(lanes as Lanes, rules as Rules);

test('how full it is, by priority', () => {
  const lanes = [lane('a', 'bulk', 3, null), lane('b', 'bulk', 1, null), lane('c', 'critical', 2, null)];
  const fill = fillOf({ lanes, roomBytes: 120, waitingBytes: 60 } as never);
  assert.deepEqual(fill.records, { bulk: 4, normal: 0, critical: 2 });
  assert.deepEqual([fill.bytes.bulk, fill.share], [40, 0.5]);
});

test('rates are taken over half a minute, and begin anew with the gateway', () => {
  const look = (atMs: number, waitingBytes: number, received = atMs): Look => ({
    ...{ atMs, waitingBytes, received, delivered: 0, flashBytes: 0 },
  });
  let looks: Look[] = [];
  for (let s = 0; s <= 60; s += 2) looks = withLook(looks, look(s * 1_000, s * 100));
  assert.equal(looks[0]?.atMs, 30_000);
  assert.deepEqual(growthOf(looks), { bytes: 100, flash: 0 });
  assert.equal(growthOf([look(0, 0), look(2_000, 5)]), undefined);
  assert.deepEqual(withLook(looks, look(62_000, 0, 1)).length, 1);
});

test('what happens if all goes on as it does', () => {
  const fill = { roomBytes: 1_000_000 } as never;
  assert.deepEqual(outlookOf(fill, 500_000, { bytes: 1_000 }), { kind: 'fills', seconds: 500 });
  assert.deepEqual(outlookOf(fill, 500_000, { bytes: -1_000 }), { kind: 'empties', seconds: 500 });
  assert.deepEqual(outlookOf(fill, 500_000, { bytes: 3 }), { kind: 'steady' });
  assert.deepEqual(outlookOf(fill, 500_000, undefined), { kind: 'unknown' });
});

test('what goes first when space runs out', () => {
  const rows: [lanes: unknown, rules: unknown, rule: string | undefined][] = [
    [[], [], undefined],
    [[lane('c', 'critical', 9, '2026-01-01')], [], undefined],
    [[lane('n', 'normal', 9, '2026-01-01'), lane('b', 'bulk', 1, '2026-02-01')], [], 'b'],
    [[lane('n', 'normal', 9, '2026-01-01'), lane('b', 'bulk', 0, null)], [], 'n'],
    [[lane('x', 'bulk', 9, '2026-03-01'), lane('y', 'bulk', 1, '2026-02-01')], [], 'y'],
    [[lane('n', 'normal', 9, '2026-01-01')], [rule('n', 'block')], undefined],
  ];
  for (const [lanes, rules, expected] of rows) assert.equal(next(lanes, rules)?.rule, expected);
  assert.equal(next([lane('n', 'normal', 9, 'x')], [rule('n', 'dropNewest')])?.which, 'newest');
});

test('how long a card lasts', () => {
  assert.equal(Math.round(lifeYears(1e9, 20)), 55);
  assert.equal(lifeYears(0, 20), Number.POSITIVE_INFINITY);
});
