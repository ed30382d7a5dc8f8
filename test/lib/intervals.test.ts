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

test('thousands of runs are the same set, whichever way they are split and joined', () => {
  // Numbers up to 8000, so that there are more runs than one piece of memory holds, and runs that reach over several.
  const anyRun = fc
    .tuple(fc.integer({ min: 1, max: 8000 }), fc.oneof({ weight: 20, arbitrary: fc.nat(2) }, fc.nat(3000)))
    .map(([first, more]) => ({ first, last: Math.min(8000, first + more) }));
  const spread = fc.constantFrom(2, 3, 7);
  fc.assert(
    fc.property(
      spread,
      fc.constantFrom('up', 'down', 'inwards'),
      fc.array(anyRun, { maxLength: 60 }),
      (step, way, more) => {
        const model = new Uint8Array(8002);
        const intervals = new Intervals();
        const add = (first: number, last: number) => {
          intervals.add(first, last);
          model.fill(1, first, last + 1);
        };
        const starts = Array.from({ length: Math.floor(8000 / step) }, (_, i) => i * step + 1);
        if (way === 'down') starts.reverse();
        if (way === 'inwards') starts.sort((a, b) => Math.abs(b - 4000) - Math.abs(a - 4000));
        for (const start of starts) add(start, start);
        for (const { first, last } of more) add(first, last);
        const want: { first: number; last: number }[] = [];
        for (let n = 1; n <= 8000; n++) {
          if (model[n] === 1 && model[n - 1] === 1) want.at(-1)!.last = n;
          else if (model[n] === 1) want.push({ first: n, last: n });
        }
        assert.deepEqual([...intervals], want);
        assert.equal(intervals.size, want.length);
        assert.deepEqual(intervals.last, want.at(-1));
        for (let n = 1; n <= 8000; n += 13) assert.equal(intervals.has(n), model[n] === 1);
        for (const { first } of more) {
          const reached = want
            .filter(({ last }) => last >= first)
            .map((run) => ({ ...run, first: Math.max(run.first, first) }));
          assert.deepEqual(intervals.since(first), reached);
          assert.deepEqual(intervals.since(first, 5), reached.slice(0, 5));
        }
      },
    ),
    { numRuns: 60 },
  );
});

test('one more run goes in at every place between a thousand', () => {
  for (let place = 0; place <= 1030; place += place < 500 || place > 530 ? 7 : 1) {
    const runs = Array.from({ length: 1030 }, (_, i) => ({ first: i * 5 + 10, last: i * 5 + 11 }));
    const intervals = new Intervals(runs);
    const more = { first: place * 5 + 8, last: place * 5 + 8 };
    intervals.add(more.first, more.last);
    assert.deepEqual([...intervals], runs.toSpliced(place, 0, more));
  }
  // One piece that is just full.
  for (let place = 0; place <= 512; place++) {
    const runs = Array.from({ length: 512 }, (_, i) => ({ first: i * 5 + 10, last: i * 5 + 11 }));
    const intervals = new Intervals(runs);
    intervals.add(place * 5 + 8, place * 5 + 8);
    assert.equal(intervals.size, 513);
    assert.deepEqual(
      Array.from(intervals, ({ first }) => first),
      [...runs.map(({ first }) => first), place * 5 + 8].sort((a, b) => a - b),
    );
  }
});

// Were all that lies behind a run moved for each, this would take a minute. It takes half a second.
test('what lies between hundreds of thousands of runs is filled in flat time', { timeout: 10_000 }, () => {
  const intervals = new Intervals();
  const count = 200_000;
  for (let i = 0; i < count; i++) intervals.add(i * 20, i * 20 + 9);
  assert.equal(intervals.size, count);
  for (let i = 0; i < count; i++) intervals.add(i * 20 + 10, i * 20 + 19);
  assert.deepEqual([...intervals], [{ first: 0, last: count * 20 - 1 }]);
  for (let i = count; i-- > 0; ) intervals.add((count + 2 * i) * 20, (count + 2 * i) * 20);
  assert.equal(intervals.size, count);
});
