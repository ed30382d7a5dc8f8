import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  type Evidence,
  learnGap,
  newRhythm,
  ownPresence,
  type Parent,
  type Presence,
  presenceBehind,
  type Rhythm,
  silenceOf,
} from '../../src/registry/presence.ts';

const second = 1_000;
const minute = 60 * second;
const hour = 60 * minute;
const day = 24 * hour;

test('presence by what was said and by silence', () => {
  const silence = { staleMs: 3 * minute, offlineMs: 15 * minute };
  const heard: Evidence = { said: undefined, heardAtMs: 0, sinceMs: -hour, silence };
  const never: Evidence = { ...heard, heardAtMs: undefined, sinceMs: 0 };
  const rows: readonly (readonly [what: string, evidence: Evidence, now: number, Presence])[] = [
    ['just heard', heard, 0, 'online'],
    ['silent, but not for longer than usual', heard, 3 * minute - 1, 'online'],
    ['silent for longer than usual', heard, 3 * minute, 'stale'],
    ['not for long enough to be gone', heard, 15 * minute - 1, 'stale'],
    ['gone', heard, 15 * minute, 'offline'],
    ['its will was published', { ...heard, said: 'offline' }, 0, 'offline'],
    ['it said that it is there, and nothing since', { ...heard, said: 'online' }, 30 * day, 'online'],
    ['not heard since the start', never, 15 * minute - 1, 'unknown'],
    ['not heard since the start, for too long', never, 15 * minute, 'offline'],
    ['said to be gone before the start', { ...never, said: 'offline' }, 0, 'offline'],
    ['said to be there, and never heard', { ...never, said: 'online' }, 0, 'unknown'],
  ];
  for (const [what, evidence, now, expected] of rows) assert.equal(ownPresence(evidence, now), expected, what);
});

test('what is offline hides what is reached through it, unless that was heard since', () => {
  const gone: Parent = { presence: 'offline', sinceMs: 100 };
  const there: Parent = { presence: 'online', sinceMs: 0 };
  const rows: readonly (readonly [own: Presence, heardAtMs: number | undefined, parents: Parent[], Presence])[] = [
    ['online', 50, [there], 'online'],
    ['online', 50, [gone], 'unknown'],
    ['online', 100, [gone], 'unknown'],
    ['online', 101, [gone], 'online'],
    ['stale', 50, [gone], 'unknown'],
    ['offline', 50, [gone], 'offline'],
    ['unknown', undefined, [gone], 'unknown'],
    ['online', 50, [there, gone], 'unknown'],
    ['online', 50, [{ presence: 'stale', sinceMs: 100 }], 'online'],
    ['online', 50, [{ presence: 'unknown', sinceMs: 100 }], 'online'],
    ['online', 50, [], 'online'],
  ];
  for (const [own, heardAtMs, parents, expected] of rows) {
    assert.equal(presenceBehind(own, heardAtMs, parents), expected, JSON.stringify([own, heardAtMs, parents]));
  }
});

/** What a device's presence was meanwhile, one letter a second: how often it was not online, and what is usual then. */
function watch(gapsMs: Iterable<number>): {
  readonly rhythm: Rhythm;
  readonly stale: number;
  readonly offline: number;
} {
  const rhythm = newRhythm();
  let stale = 0;
  let offline = 0;
  for (const gap of gapsMs) {
    const silence = silenceOf(rhythm, undefined);
    if (gap >= silence.offlineMs) offline++;
    else if (gap >= silence.staleMs) stale++;
    learnGap(rhythm, gap, silence.offlineMs);
  }
  return { rhythm, stale, offline };
}

const times = (count: number, gaps: (index: number) => readonly number[]): number[] =>
  Array.from({ length: count }, (_, index) => gaps(index)).flat();

test('a device that keeps to any rhythm never comes and goes', () => {
  const rows: readonly (readonly [what: string, gaps: readonly number[]])[] = [
    ['every second', times(2_000, () => [second])],
    ['every ten minutes', times(500, () => [10 * minute])],
    ['every hour, by battery', times(200, () => [hour])],
    ['every hour, give or take ten minutes', times(200, (i) => [hour + ((i * 7) % 20) * minute - 10 * minute])],
    ['every hour, with five messages a second apart', times(200, () => [second, second, second, second, hour])],
    ['every three seconds with a pause of 25 s now and then', times(500, (i) => [i % 40 === 0 ? 25_000 : 3_000])],
  ];
  for (const [what, gaps] of rows) {
    const { stale, offline } = watch(gaps);
    assert.deepEqual([stale, offline], [0, 0], what);
  }
});

test('a device that is heard once a day is stale on its first day, and never gone', () => {
  const { stale, offline } = watch(times(60, () => [day]));
  assert.deepEqual([stale, offline], [1, 0]);
});

test('a burst of a minute each hour is no rhythm, once it is known', () => {
  const hours = (count: number) => times(count, () => [...Array<number>(60).fill(second), hour]);
  const learning = watch(hours(4));
  assert.ok(learning.offline + learning.stale <= 2, 'the hour was taken for an absence, twice at the most');
  const all = watch(hours(100));
  assert.equal(all.offline + all.stale, learning.offline + learning.stale, 'and never again');
});

test('a fast device that falls silent is noticed after a quarter of an hour, and one absence changes nothing', () => {
  const { rhythm } = watch(times(100, () => [10 * second]));
  assert.deepEqual(silenceOf(rhythm, undefined), { staleMs: minute, offlineMs: 15 * minute });
  learnGap(rhythm, day, 15 * minute);
  assert.deepEqual(silenceOf(rhythm, undefined), { staleMs: minute, offlineMs: 15 * minute });
  // Off every night: between two nights there are twelve hours full of messages.
  for (const night of [1, 2, 3, 4]) {
    for (let i = 0; i < 4_320; i++) learnGap(rhythm, 10 * second, silenceOf(rhythm, undefined).offlineMs);
    learnGap(rhythm, 12 * hour, silenceOf(rhythm, undefined).offlineMs);
    assert.equal(silenceOf(rhythm, undefined).offlineMs, 15 * minute, `night ${night}`);
  }
});

test('a device that changes to a slower rhythm is offline twice at the most, and to a faster one is believed in time', () => {
  const slower = watch([...times(100, () => [10 * second]), ...times(50, () => [hour])]);
  assert.ok(slower.offline <= 2, `${slower.offline} times`);
  const faster = watch([...times(50, () => [hour]), ...times(6 * 60 * 10, () => [10 * second])]);
  assert.equal(silenceOf(faster.rhythm, undefined).offlineMs, 15 * minute);
});

test('a device of which little is known gets a day', () => {
  assert.deepEqual(silenceOf(newRhythm(), undefined), { staleMs: 3 * hour, offlineMs: 25 * hour });
  const { rhythm } = watch(times(3, () => [2 * hour]));
  assert.deepEqual(silenceOf(rhythm, undefined), { staleMs: 6 * hour, offlineMs: 25 * hour });
});

test('what its profile says counts for more than what was learnt', () => {
  const { rhythm } = watch(times(100, () => [10 * second]));
  assert.deepEqual(silenceOf(rhythm, 3 * hour), { staleMs: 1.5 * hour, offlineMs: 3 * hour });
});
