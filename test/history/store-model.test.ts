import assert from 'node:assert/strict';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import {
  begin,
  bucketSize,
  countAt,
  firstAt,
  lastAt,
  maxAt,
  minAt,
  numberAt,
  sumAt,
} from '../../src/history/buckets.ts';
import { Deltas } from '../../src/history/deltas.ts';
import { HistoryStore } from '../../src/history/history-store.ts';
import { bucketsIn, finestMs, tiers } from '../../src/history/tiers.ts';
import type { Correction, Introduction, WorkerSettings } from '../../src/history/worker-protocol.ts';
import { type Random, rounds, seededRandom } from '../support/random.ts';
import { memoryDir } from '../support/small-disk.ts';

const day = 86_700_000;
const start = Date.UTC(2026, 5, 1);

interface Point {
  readonly series: number;
  readonly ms: number;
  readonly value: number;
}

function open(t: TestContext, settings: Partial<WorkerSettings> = {}): HistoryStore {
  const path = settings.path ?? join(memoryDir(t), 'history.db');
  const store = new HistoryStore({
    isDamaged: false,
    keepMs: [400 * day, 400 * day, 400 * day, 400 * day],
    maxBytes: 1e9,
    maxSeries: 1_000,
    minFreeBytes: 0,
    turnMs: 0,
    ...settings,
    path,
  });
  t.after(() => store.close());
  return store;
}

function introduction(slot: number): Introduction {
  return { slot, device: `device-${slot % 3}`, name: `field-${slot}`, tags: '', unit: '', kind: 'number' };
}

/** Each point is a bucket of its own, which is the most that can be asked of merging. */
function tell(store: HistoryStore, points: readonly Point[], correction?: Correction): void {
  const deltas = new Deltas();
  const bucket = new Float64Array(bucketSize);
  for (const { series, ms, value } of points) {
    begin(bucket, 0, Math.floor(ms / finestMs), ms, value);
    deltas.push(series, bucket, 0);
  }
  store.take({ kind: 'deltas', series: [], ...deltas.take(), stamp: correction });
}

function commit(store: HistoryStore, nowMs: number | undefined, corrections: readonly Correction[] = []): void {
  store.commit({ kind: 'commit', nowMs, corrections, losses: [] });
  assert.equal(store.status().failure, undefined);
}

/** Number, count, minimum, maximum, sum, first and last of each bucket, as somebody would work it out who has every point. */
function model(points: readonly Point[], series: number, fromMs: number, toMs: number, widthMs: number): number[][] {
  const first = Math.floor(fromMs / widthMs);
  const end = Math.ceil(toMs / widthMs);
  const byNumber = new Map<number, Point[]>();
  for (const point of points) {
    const number = Math.floor(point.ms / widthMs);
    if (point.series !== series || number < first || number >= end) continue;
    byNumber.set(number, [...(byNumber.get(number) ?? []), point]);
  }
  return [...byNumber]
    .sort(([a], [b]) => a - b)
    .map(([number, some]) => {
      const values = some.map(({ value }) => value);
      const inOrder = some.toSorted((a, b) => a.ms - b.ms);
      const sum = values.reduce((a, b) => a + b, 0);
      const ends = [inOrder[0]!.value, inOrder.at(-1)!.value];
      return [number, some.length, Math.min(...values), Math.max(...values), Math.round(sum * 1e6) + 0, ...ends];
    });
}

function asked(
  store: HistoryStore,
  slot: number,
  fromMs: number,
  toMs: number,
  widthMs: number,
  corrections: readonly Correction[] = [],
): number[][] {
  const { device, name } = introduction(slot);
  const query = { kind: 'query', id: 1, device, fields: [name], fromMs, toMs, widthMs, maxSeries: 10 } as const;
  const [answer] = store.query({ ...query, corrections }).series;
  return Array.from({ length: answer?.length ?? 0 }, (_, i) => {
    const at = (which: number): number => answer!.buckets[i * bucketSize + which]!;
    const columns = [at(numberAt), at(countAt), at(minAt), at(maxAt), Math.round(at(sumAt) * 1e6) + 0];
    return [...columns, at(firstAt), at(lastAt)];
  });
}

/** Points at instants that differ: of two at one instant, who is last would depend on how they came. */
function pointsOf(random: Random, count: number, spanMs: number): Point[] {
  const used = new Set<number>();
  return Array.from({ length: count }, () => {
    let ms = start + random.between(0, spanMs);
    while (used.has(ms)) ms++;
    used.add(ms);
    return { series: random.between(0, 5), ms, value: random.between(-500, 500) / 10 };
  });
}

test('buckets equal what somebody would work out who has every point, in whatever order they come', (t) => {
  const random = seededRandom(t);
  for (let round = 0; round < rounds(6, 60); round++) {
    const path = join(memoryDir(t), 'history.db');
    let store = open(t, { path });
    const introduce = (): void => {
      for (let slot = 0; slot < 6; slot++) {
        const series = [introduction(slot)];
        store.take({ kind: 'deltas', series, rows: new Float64Array(0), length: 0, stamp: undefined });
      }
    };
    introduce();
    const spanMs = random.between(1, 5) * (round % 2 === 0 ? day : day / 12);
    const all = pointsOf(random, 800, spanMs);
    const told: Point[] = [];
    // In order of time, more or less, or in none.
    const isInOrder = random.next() < 0.5;
    const order = isInOrder ? all.toSorted((a, b) => a.ms - b.ms) : all;
    let nowMs = start;
    for (let i = 0; i < order.length; ) {
      const some = order.slice(i, i + random.between(1, 60));
      i += some.length;
      tell(store, some);
      told.push(...some);
      nowMs = Math.max(nowMs, isInOrder ? some.at(-1)!.ms : nowMs + random.between(0, spanMs / 10));
      const next = random.next();
      // Whoever asks while something is put in its place sees all of it, and none of it twice.
      const steps = store.committing({ kind: 'commit', nowMs, corrections: [], losses: [] });
      while (next < 0.7 && steps.next().done !== true) {
        const window = [start, start + spanMs, spanMs > day ? 3_600_000 : 600_000] as const;
        const one = random.between(0, 5);
        assert.deepEqual(asked(store, one, ...window), model(told, one, ...window), `round ${round}, in between`);
      }
      if (next < 0.05) {
        store.close();
        store = open(t, { path });
        introduce();
      }
      const { widthMs } = tiers[random.between(0, 3)]!;
      const width = widthMs * random.between(1, 3);
      const fromMs = start + random.between(0, spanMs);
      const toMs = Math.min(fromMs + random.between(1, spanMs), fromMs + width * 2_000);
      assert.ok(bucketsIn(fromMs, toMs, width) <= 2_002);
      const slot = random.between(0, 5);
      assert.deepEqual(
        asked(store, slot, fromMs, toMs, width),
        model(told, slot, fromMs, toMs, width),
        `round ${round}, ${told.length} points, ${width} ms`,
      );
    }
  }
});

test('what an unset clock stamped is at its place when the time is known, and not before it is put there for good', (t) => {
  const store = open(t);
  const stamp = { takenAtMs: 1_000, ageAtMs: 5_000, isUnset: true };
  const unknown: Correction = { ...stamp, shiftMs: 0, isPlaced: false };
  store.take({
    ...{ kind: 'deltas', series: [introduction(0)], rows: new Float64Array(0), length: 0, stamp: undefined },
  } as const);
  const at = (i: number): number => 2_000 + i * 60_000;
  const points = Array.from({ length: 90 }, (_, i) => ({ series: 0, ms: at(i), value: i }));
  tell(store, points.slice(0, 50), unknown);
  commit(store, undefined, [unknown]);
  tell(store, points.slice(50), unknown);
  // Hours go by in which nobody knows more: it stays where it can still be moved.
  for (let hour = 0; hour < 30; hour++) commit(store, start + hour * 3_600_000, [unknown]);
  assert.equal(store.status().journalRows, 2);
  const known: Correction = { ...stamp, shiftMs: start, isPlaced: true };
  const moved = points.map(({ series, ms, value }) => ({ series, ms: ms + start, value }));
  for (const isFolded of [false, true]) {
    if (isFolded) commit(store, start + 40 * 3_600_000, [known]);
    for (const { widthMs } of tiers) {
      const window = [start, start + 2 * 3_600_000, widthMs] as const;
      assert.deepEqual(asked(store, 0, ...window, [known]), model(moved, 0, ...window), `${widthMs}, ${isFolded}`);
    }
  }
  assert.deepEqual(asked(store, 0, 0, 3_600_000, 10_000, [known]), []);
});

test('each tier goes when its time is over, and the oldest when there is no room', (t) => {
  const store = open(t, { keepMs: [day, 3 * day, 10 * day, 400 * day], maxBytes: 700_000 });
  for (let slot = 0; slot < 6; slot++) {
    const series = [introduction(slot)];
    store.take({ kind: 'deltas', series, rows: new Float64Array(0), length: 0, stamp: undefined });
  }
  for (let hour = 0; hour < 24 * 14; hour++) {
    const points: Point[] = [];
    for (let i = 0; i < 60; i++) {
      const ms = start + hour * 3_600_000 + i * 60_000;
      for (let series = 0; series < 6; series++) points.push({ series, ms, value: Math.sin(ms + series) });
    }
    tell(store, points);
    commit(store, start + (hour + 1) * 3_600_000 + 180_000);
  }
  const { tiers: kept, expiredBlocks, evictedBlocks, usedBytes } = store.status();
  const nowMs = start + 14 * day;
  const ages = kept.map(({ oldestMs }) => (nowMs - oldestMs!) / day);
  assert.ok(ages[0]! <= 1.2 && ages[1]! <= 3.2 && ages[2]! <= 11.2, ages.join());
  assert.ok(ages[3]! > 13, ages.join());
  assert.ok(expiredBlocks > 0 && evictedBlocks > 0 && usedBytes <= 700_000, `${evictedBlocks} ${usedBytes}`);
});

test('series that were silent for longest make room on disk, with all that was of them', (t) => {
  const store = open(t, { maxSeries: 3 });
  const all = Array.from({ length: 6 }, (_, slot) => introduction(slot));
  for (const [i, one] of all.entries()) {
    // All of them in one place, one after the other.
    const series = [{ ...one, slot: 0 }];
    store.take({ kind: 'deltas', series, rows: new Float64Array(0), length: 0, stamp: undefined });
    tell(store, [{ series: 0, ms: start + i * day, value: i }]);
    commit(store, start + i * day + 1_000);
  }
  commit(store, start + 9 * day);
  const { series, evictedSeries } = store.status();
  assert.equal(series, 3);
  assert.equal(evictedSeries, 3);
  const found = all.map((_, slot) => asked(store, slot, start, start + 9 * day, 3_600_000).length);
  assert.deepEqual(found, [0, 0, 0, 1, 1, 1]);
});
