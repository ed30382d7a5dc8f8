import assert from 'node:assert/strict';
import { test } from 'node:test';
import Database from 'better-sqlite3';
import fc from 'fast-check';
import { ProgressTable, progressSchema } from '../../src/collector/progress-table.ts';
import { Intervals } from '../../src/lib/intervals.ts';

const run = fc
  .tuple(fc.integer({ min: 1, max: 60 }), fc.integer({ min: 0, max: 12 }))
  .map(([first, more]) => ({ first, last: first + more }));

test('the table holds the runs that the set in memory holds, whatever order they come in', () => {
  const db = new Database(':memory:');
  db.exec(progressSchema);
  const table = new ProgressTable(db);
  let gateway = 0;
  fc.assert(
    fc.property(fc.array(run, { maxLength: 30 }), (runs) => {
      const key = table.create(`gw ${gateway++}`, 'e');
      const other = table.create(`gw ${gateway++}`, 'e');
      table.add(other, { first: 1, last: 3 });
      const memory = new Intervals();
      for (const one of runs) {
        table.add(key, one);
        memory.add(one.first, one.last);
        const rows = db.prepare('SELECT first, last FROM progress WHERE gateway_key = ? ORDER BY first').all(key);
        assert.deepEqual(rows, [...memory]);
      }
      assert.deepEqual([...table.load(key)], [...memory]);
      assert.deepEqual([...table.load(other)], [{ first: 1, last: 3 }]);
    }),
    { numRuns: 400 },
  );
  db.close();
});
