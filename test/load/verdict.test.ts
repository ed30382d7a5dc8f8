import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type LoadSample, type LoadState, nextLoad, unloaded } from '../../src/load/verdict.ts';

const limits = { maxLateMs: 250 };
const calm: LoadSample = { lateMs: 5, heapShare: 0.3, pendingShare: 0 };

/** The level after each of some seconds. */
function levelsOf(seconds: readonly Partial<LoadSample>[], from: LoadState = unloaded): string {
  let state = from;
  return seconds
    .map((one) => {
      state = nextLoad(state, { ...calm, ...one }, limits);
      return state.level[0];
    })
    .join('');
}

const times = (n: number, sample: Partial<LoadSample>): Partial<LoadSample>[] =>
  Array.from({ length: n }, () => sample);

test('a level is reached after two bad seconds, and left after five good ones', () => {
  const late = { lateMs: 300 };
  const rows: readonly (readonly [what: string, seconds: readonly Partial<LoadSample>[], levels: string])[] = [
    ['calm', times(3, {}), 'nnn'],
    ['one bad second is nothing', [late, {}, late, {}], 'nnnn'],
    ['two are', [late, late, late], 'nbb'],
    ['at once to the worst', times(3, { lateMs: 1_000 }), 'noo'],
    ['up by one more', [...times(2, late), ...times(2, { lateMs: 1_200 })], 'nbbo'],
    ['down a level at a time', [...times(2, { lateMs: 1_200 }), ...times(11, {})], 'nooooobbbbbnn'],
    ['memory', times(2, { heapShare: 0.85 }), 'nb'],
    ['nearly all of it', times(2, { heapShare: 0.95 }), 'no'],
    ['the disk', times(2, { pendingShare: 0.6 }), 'nb'],
    ['the disk, nearly all', times(2, { pendingShare: 0.96 }), 'no'],
    // 0.7 of a limit is not clearly better.
    ['not clearly better', [...times(2, late), ...times(8, { lateMs: 200 })], 'nbbbbbbbbb'],
    ['better, but not for long', [...times(2, late), ...times(4, {}), { lateMs: 200 }, ...times(4, {})], 'nbbbbbbbbbb'],
  ];
  for (const [what, seconds, levels] of rows) assert.equal(levelsOf(seconds), levels, what);
});

test('it does not come and go when the load stays at a limit', () => {
  const seconds = Array.from({ length: 100 }, (_, n) => ({ lateMs: n % 2 === 0 ? 260 : 240 }));
  const changes = [
    ...levelsOf(
      seconds,
      nextLoad(nextLoad(unloaded, { ...calm, lateMs: 260 }, limits), { ...calm, lateMs: 260 }, limits),
    ),
  ];
  assert.equal(new Set(changes).size, 1);
});

test('why is told while it holds', () => {
  const bad = { lateMs: 1_234.5, heapShare: 0.9, pendingShare: 0.7 };
  let state = nextLoad(nextLoad(unloaded, bad, limits), bad, limits);
  assert.match(state.reason ?? '', /1235 ms late, 90 % of the memory is in use, 70 % of what may wait/);
  for (let n = 0; n < 5; n++) state = nextLoad(state, calm, limits);
  assert.deepEqual([state.level, state.reason === undefined], ['busy', false]);
  for (let n = 0; n < 5; n++) state = nextLoad(state, calm, limits);
  assert.deepEqual([state.level, state.reason], ['normal', undefined]);
});
