import assert from 'node:assert/strict';
import { test } from 'node:test';
import { salvage } from '../../../src/buffer/salvage/salvage.ts';
import { seededRandom } from '../../support/random.ts';
import { assertRows, type Plan, stateText, TestSegment } from './segments.ts';

const plans: Readonly<Record<string, Plan>> = {
  'no batches': { commits: 0, batchesPerCommit: 0, size: () => 0 },
  'empty records': { commits: 3, batchesPerCommit: 1, size: () => 0 },
  'one record at a time': { commits: 500, batchesPerCommit: 1, size: () => 60, stateBytes: 50 },
  'thousands of rows': { commits: 10, batchesPerCommit: 800, size: (random) => random.between(1, 200) },
  'around the size of a page': { commits: 40, batchesPerCommit: 2, size: (random) => random.between(3900, 4300) },
  'around two overflow pages': { commits: 40, batchesPerCommit: 2, size: (random) => random.between(8000, 8800) },
  'half a megabyte each': { commits: 6, batchesPerCommit: 1, size: () => 512 * 1024, stateBytes: 3000 },
  'all sizes': {
    commits: 60,
    batchesPerCommit: 2,
    size: (random) => Math.floor(60 + random.next() ** 6 * 300_000),
    stateBytes: 12_000,
  },
};

for (const [name, plan] of Object.entries(plans)) {
  test(`finds in a healthy segment what SQLite finds: ${name}`, (t) => {
    const segment = new TestSegment(t, seededRandom(t)).write(plan);
    segment.saveSummary(2, 'second');
    const rows = segment.rows();
    const active = segment.active();
    const sealed = segment.sealed();
    const whole = { database: sealed.database, wal: active.wal };
    for (const [how, { database, wal }] of Object.entries({ active, sealed, whole })) {
      const found = salvage(database, wal);
      assertRows(found.rows, rows, how);
      assert.deepEqual(found.metas, ['{"gateway":"hg-test"}'], how);
      const state = plan.stateBytes && stateText(plan.commits, plan.stateBytes);
      assert.equal(found.states.at(-1), state, how);
      assert.deepEqual(
        found.segments.map(({ number, json }) => [number, JSON.parse(json).text]),
        [
          [1, 'first 1'],
          [2, 'second'],
          [300, 'first 300'],
        ],
        how,
      );
    }
  });
}

test('older states are given too, the newest last', (t) => {
  const segment = new TestSegment(t, seededRandom(t));
  for (let commit = 1; commit <= 30; commit++) segment.saveState(stateText(commit, 6000));
  const { database, wal } = segment.active();
  const { states } = salvage(database, wal);
  const expected = Array.from({ length: 16 }, (_, i) => stateText(15 + i, 6000));
  assert.deepEqual(states, expected);
});

test('the tables lie where salvage takes them to be', (t) => {
  const { db } = new TestSegment(t, seededRandom(t));
  assert.equal(db.prepare("SELECT rootpage FROM sqlite_schema WHERE name = 'state'").pluck().get(), 3);
  assert.equal(db.pragma('page_size', { simple: true }), 4096);
  assert.equal(db.pragma('auto_vacuum', { simple: true }), 0);
});

test('nothing comes of nothing', () => {
  const nothing = { rows: [], states: [], metas: [], segments: [] };
  assert.deepEqual(salvage(undefined, undefined), nothing);
  assert.deepEqual(salvage(Buffer.alloc(0), new Uint8Array(0)), nothing);
});

test('bytes may lie anywhere in their memory', (t) => {
  const segment = new TestSegment(t, seededRandom(t)).write(plans['one record at a time']!);
  const rows = segment.rows();
  for (const { database, wal } of [segment.active(), segment.sealed()]) {
    const shifted = [database, wal].map((file) => new Uint8Array(Buffer.concat([Buffer.alloc(3), file])).subarray(3));
    assertRows(salvage(shifted[0], shifted[1]).rows, rows);
  }
});
