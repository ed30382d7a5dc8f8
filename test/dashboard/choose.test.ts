import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Choice, chosen, everything, rowsInView } from '../../src/dashboard/pages/devices/choose.ts';

const device = (
  id: string,
  presence: 'online' | 'offline',
  lastSeenMs: number | null,
  profile: string | null = null,
) => ({
  ...{ id, name: id, profile, source: 'mqtt', presence, lastSeenMs, fields: [] },
});
const all = [device('b10', 'online', 3, 'x/y'), device('b9', 'offline', 9), device('A1', 'online', null)];

test('devices are chosen and ordered', () => {
  const rows: [some: Partial<Choice>, ids: string[]][] = [
    [{}, ['A1', 'b9', 'b10']],
    [{ text: ' B ' }, ['b9', 'b10']],
    [{ presence: 'online' }, ['A1', 'b10']],
    [{ profile: '-' }, ['A1', 'b9']],
    [{ profile: 'x/y' }, ['b10']],
    [{ source: 'serial' }, []],
    [{ sort: 'heard' }, ['b9', 'b10', 'A1']],
    [{ sort: 'state' }, ['b9', 'A1', 'b10']],
  ];
  for (const [some, ids] of rows) assert.deepEqual(chosen(all, { ...everything, ...some }), ids, JSON.stringify(some));
});

test('the rows near what is seen', () => {
  assert.deepEqual(rowsInView(1_000, 50, -100, 500), { first: 0, last: 18 });
  assert.deepEqual(rowsInView(1_000, 50, 5_000, 500), { first: 90, last: 120 });
  assert.deepEqual(rowsInView(1_000, 50, 60_000, 500), { first: 1_000, last: 1_000 });
  assert.deepEqual(rowsInView(3, 50, 0, 500), { first: 0, last: 3 });
});
