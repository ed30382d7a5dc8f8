import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Intervals } from '../../src/lib/intervals.ts';

const run = fc
  .tuple(fc.integer({ min: 1, max: 60 }), fc.integer({ min: 0, max: 12 }))
  .map(([first, more]) => ({ first, last: first + more }));

test('runs are what a plain set of numbers would be', () => {
  fc.assert(
    fc.property(fc.array(run, { maxLength: 40 }), run, (added, asked) => {
      const intervals = new Intervals(added);
      const model = new Set<number>();
      for (const { first, last } of added) for (let n = first; n <= last; n++) model.add(n);
      const runs = [...intervals];
      for (let n = 0; n <= 80; n++) assert.equal(intervals.has(n), model.has(n));
      for (const [index, { first, last }] of runs.entries()) {
        assert.ok(first <= last);
        // Sorted, and with a hole between: what touches has been merged.
        if (index > 0) assert.ok(first > runs[index - 1]!.last + 1);
      }
      const range = Array.from({ length: asked.last - asked.first + 1 }, (_, i) => asked.first + i);
      assert.equal(
        intervals.covers(asked.first, asked.last),
        range.every((n) => model.has(n)),
      );
      assert.equal(
        intervals.overlaps(asked.first, asked.last),
        range.some((n) => model.has(n)),
      );
      const since = intervals
        .since(asked.first)
        .flatMap(({ first, last }) => Array.from({ length: last - first + 1 }, (_, i) => first + i));
      assert.deepEqual(
        since,
        [...model].filter((n) => n >= asked.first).sort((a, b) => a - b),
      );
    }),
  );
});

test('a million numbers in order are one run', () => {
  const intervals = new Intervals();
  for (let n = 1; n <= 1_000_000; n++) intervals.add(n, n);
  assert.deepEqual([...intervals], [{ first: 1, last: 1_000_000 }]);
});
