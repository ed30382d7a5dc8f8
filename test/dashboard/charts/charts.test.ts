import assert from 'node:assert/strict';
import { test } from 'node:test';
import { columnsOf } from '../../../src/dashboard/charts/columns.ts';
import { gapsIn, longestSpan } from '../../../src/dashboard/charts/gaps.ts';
import { pointAt, rowsOf, stepFrom } from '../../../src/dashboard/charts/points.ts';
import { segmentsOf } from '../../../src/dashboard/charts/strips.ts';
import { Track } from '../../../src/dashboard/charts/track.ts';
import { moved, pointsFor, zoomed } from '../../../src/dashboard/charts/windows.ts';
import { stickyRange } from '../../../src/dashboard/charts/y-range.ts';

function trackOf(points: readonly (readonly [time: number, value: unknown])[], widthMs = 0): Track {
  const track = new Track(widthMs);
  for (const [time, value] of points) track.add(time, value);
  return track;
}

const every = (stepMs: number, times: number, fromMs = 0): number[] =>
  Array.from({ length: times }, (_, i) => fromMs + i * stepMs);

test('points are kept in the order of their times, each time once', () => {
  for (const [what, points, widthMs, times, avg, min, max] of [
    [
      'in order',
      [
        [1, 5],
        [2, 6],
      ],
      0,
      [1, 2],
      [5, 6],
      [5, 6],
      [5, 6],
    ],
    [
      'late',
      [
        [1, 5],
        [3, 7],
        [2, 6],
      ],
      0,
      [1, 2, 3],
      [5, 6, 7],
      [5, 6, 7],
      [5, 6, 7],
    ],
    [
      'told again',
      [
        [1, 5],
        [1, 6],
      ],
      0,
      [1],
      [6],
      [6],
      [6],
    ],
    [
      'no number',
      [
        [1, 5],
        [2, Number.NaN],
        [3, Number.POSITIVE_INFINITY],
      ],
      0,
      [1],
      [5],
      [5],
      [5],
    ],
    [
      'no time',
      [
        [1, 5],
        [Number.NaN, 6],
      ],
      0,
      [1],
      [5],
      [5],
      [5],
    ],
    [
      'of another type',
      [
        [1, 5],
        [2, 'six'],
        [3, true],
        [4, { a: 1 }],
      ],
      0,
      [1],
      [5],
      [5],
      [5],
    ],
    [
      'in buckets',
      [
        [1, 5],
        [9, 7],
        [12, 1],
      ],
      10,
      [0, 10],
      [6, 1],
      [5, 1],
      [7, 1],
    ],
    [
      'late in buckets',
      [
        [12, 1],
        [1, 5],
        [3, 9],
      ],
      10,
      [0, 10],
      [7, 1],
      [5, 1],
      [9, 1],
    ],
  ] as const) {
    const track = trackOf(points, widthMs);
    assert.deepEqual([track.times, track.avg, track.min, track.max], [times, avg, min, max], what);
  }
});

test('a bucket from the history stands instead of what was added up live', () => {
  const track = trackOf([[1, 5]], 10);
  track.put(0, 20, 10, 30, 4);
  track.add(7, 40);
  assert.deepEqual([track.avg, track.min, track.max], [[24], [10], [40]]);
});

test('a track keeps no more than it is told to, and what it needs for its window', () => {
  const track = new Track(0, 100);
  for (const time of every(1, 1_000)) track.add(time, time);
  assert.ok(track.times.length <= 125);
  assert.equal(track.times.at(-1), 999);
  track.trim(990);
  assert.deepEqual(track.times.slice(0, 2), [989, 990]);
  const texts = new Track();
  for (const time of every(1, 1_000)) texts.add(time, `text ${time}`);
  assert.equal(texts.labels.length, 100);
  assert.equal(texts.labels.at(-1), '…');
});

test('more than three times the usual span is a gap', () => {
  const regular = every(1_000, 20);
  for (const [what, times, widthMs, gaps] of [
    ['none', regular, 0, []],
    ['three spans are none', [...regular, 22_000], 0, []],
    ['four are one', [...regular, 23_000], 0, [21_000]],
    ['two points tell nothing', [0, 50_000], 0, []],
    ['of buckets the width is the least', [0, 10, 20, 60], 10_000, []],
    ['buckets that are missing', [...every(10_000, 5), 80_000, 90_000], 10_000, [60_000]],
  ] as const) {
    assert.deepEqual(gapsIn(times, longestSpan(times, widthMs)), gaps, what);
  }
});

test('series with times of their own come onto one axis; only a gap ends a line', () => {
  const one = trackOf([...every(1_000, 5), ...every(1_000, 3, 20_000)].map((time) => [time, 1]));
  const other = trackOf(every(1_500, 4, 500).map((time) => [time, 2]));
  const { times, tracks } = columnsOf([one, other]);
  assert.deepEqual(times, [0, 500, 1_000, 2_000, 3_000, 3_500, 4_000, 5_000, 12_000, 20_000, 21_000, 22_000]);
  assert.deepEqual(tracks[0]?.avg.slice(6), [1, undefined, null, 1, 1, 1]);
  assert.deepEqual(tracks[1]?.avg.slice(0, 9), [undefined, 2, undefined, 2, undefined, 2, undefined, 2, undefined]);
  assert.equal(tracks[0]?.min, tracks[0]?.avg, 'points have no band');
  const buckets = columnsOf([
    trackOf(
      [...every(10_000, 3), 90_000].map((time) => [time, 1]),
      10_000,
    ),
  ]);
  assert.deepEqual(buckets.tracks, [{ avg: [1, 1, 1, null, 1], min: [1, 1, 1, null, 1], max: [1, 1, 1, null, 1] }]);
});

test('a state is a strip until the next one, or until nothing is heard for too long', () => {
  const times = every(1_000, 10);
  for (const [what, points, segments] of [
    ['one', times.map((time) => [time, true]), [[0, 10_000, 1]]],
    [
      'two',
      times.map((time) => [time, time < 4_000]),
      [
        [0, 4_000, 1],
        [4_000, 10_000, 0],
      ],
    ],
    [
      'a gap',
      [...times, 60_000].map((time) => [time, 'on']),
      [
        [0, 10_000, 0],
        [60_000, 60_000, 0],
      ],
    ],
  ] as const) {
    const toMs = what === 'a gap' ? 60_000 : 10_000;
    const found = segmentsOf(trackOf(points as [number, unknown][]), toMs);
    assert.deepEqual(
      found.map(({ fromMs, toMs, value }) => [fromMs, toMs, value]),
      segments,
      what,
    );
  }
});

test('an axis holds still until a value is outside or most of it is empty', () => {
  for (const [what, now, min, max, lines, range] of [
    ['first', undefined, 10, 20, [], [9.2, 20.8]],
    ['inside', [0, 30], 10, 25, [], [0, 30]],
    ['outside', [9, 21], 10, 30, [], [8.4, 31.6]],
    ['mostly empty', [0, 100], 10, 20, [], [9.2, 20.8]],
    ['never changing', undefined, 20, 20, [], [19, 21]],
    ['always zero', undefined, 0, 0, [], [0, 0.5]],
    ['not below zero', undefined, 0, 10, [], [0, 10.8]],
    ['a line that is near', undefined, 10, 20, [30], [8.4, 31.6]],
    ['a line that is far', undefined, 10, 20, [80], [9.2, 20.8]],
    ['nothing', undefined, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, [], [0, 1]],
  ] as const) {
    const found = stickyRange(now, min, max, lines).map((value) => Number(value.toFixed(6)));
    assert.deepEqual(found, range, what);
  }
});

test('a span is never wider than a month, narrower than five seconds, or after now', () => {
  const span = { fromMs: 1_000_000, toMs: 1_100_000 };
  assert.deepEqual(zoomed(span, 0.5, 1_050_000, 2_000_000), { fromMs: 1_025_000, toMs: 1_075_000 });
  assert.deepEqual(zoomed(span, 0.0001, 1_000_000, 2_000_000), { fromMs: 1_000_000, toMs: 1_005_000 });
  assert.deepEqual(zoomed(span, 2, 1_000_000, 1_100_000), { fromMs: 900_000, toMs: 1_100_000 });
  const wide = zoomed(span, 1e9, 1_000_000, 2_000_000);
  assert.equal(wide.toMs - wide.fromMs, 30 * 86_400_000);
  assert.deepEqual(moved(span, 500, 1_100_200), { fromMs: 1_000_200, toMs: 1_100_200 });
  for (const [px, points] of [
    [0, 50],
    [800, 400],
    [1_001, 500],
    [9_000, 2_000],
  ] as const)
    assert.equal(pointsFor(px), points);
});

test('what somebody points at is the nearest point, and nothing in a gap', () => {
  const track = trackOf([...every(1_000, 10), 60_000].map((time) => [time, time / 1_000]));
  for (const [ms, timeMs] of [
    [0, 0],
    [1_400, 1_000],
    [1_600, 2_000],
    [11_000, 9_000],
    [30_000, undefined],
    [59_000, 60_000],
  ] as const) {
    assert.equal(pointAt(track, ms)?.timeMs, timeMs, String(ms));
  }
  const span = { fromMs: 2_000, toMs: 60_000 };
  for (const [from, step, to] of [
    [undefined, -1, 60_000],
    [undefined, 1, 2_000],
    [9_000, 1, 60_000],
    [60_000, 1, 60_000],
    [2_500, 1, 3_000],
    [2_500, -1, 2_000],
    [5_000, Number.NEGATIVE_INFINITY, 2_000],
    [5_000, Number.POSITIVE_INFINITY, 60_000],
  ] as const) {
    assert.equal(stepFrom([track], span, from, step), to, `${from} ${step}`);
  }
});

test('a table has the whole span in few rows that stay the same', () => {
  const track = trackOf(every(1_000, 600).map((time) => [time, time]));
  const rows = rowsOf([track, new Track()], { fromMs: 0, toMs: 599_000 });
  assert.equal(rows.length, 60);
  assert.deepEqual(rows.at(-1), { timeMs: 0, cells: [{ timeMs: 0, avg: 4_500, min: 0, max: 9_000 }, undefined] });
  const later = rowsOf([track, new Track()], { fromMs: 5_000, toMs: 604_000 });
  assert.equal(later[0]?.timeMs, rows[0]?.timeMs);
});
