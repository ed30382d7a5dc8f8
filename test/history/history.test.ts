import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { test } from 'node:test';
import type { BucketSeries, HistoryAnswer, RawSeries } from '../../src/history/queries.ts';
import { memoryDir } from '../support/small-disk.ts';
import { eventually } from '../support/wait.ts';
import { Site } from './fixtures.ts';

function raw(answer: HistoryAnswer): readonly RawSeries[] {
  assert.equal(answer.kind, 'raw');
  return answer.series as readonly RawSeries[];
}

function buckets(answer: HistoryAnswer): readonly BucketSeries[] {
  assert.equal(answer.kind, 'buckets');
  return answer.series as readonly BucketSeries[];
}

test('a window that memory has is told point by point, and the disk is left alone', async (t) => {
  const site = await Site.open(t, memoryDir(t));
  const start = site.time.now();
  for (let i = 0; i < 5; i++) {
    site.take({
      fields: { temperature: 20 + i, door: i % 2 === 0, mode: i < 3 ? 'auto' : 'off', id: new Uint8Array(2) },
    });
    await site.time.advance(7_000);
  }
  const answer = raw(await site.query({ fromMs: start }));
  assert.deepEqual(
    answer.map(({ field, kind, values }) => [field, kind, values]),
    [
      ['temperature', 'number', [20, 21, 22, 23, 24]],
      ['door', 'boolean', [true, false, true, false, true]],
      ['mode', 'text', ['auto', 'off']],
    ],
  );
  assert.deepEqual(
    answer[0]!.times,
    [0, 1, 2, 3, 4].map((i) => start + i * 7_000),
  );
  assert.ok(!existsSync(site.path));
  const part = raw(await site.query({ fromMs: start + 7_000, toMs: start + 21_000, fields: ['temperature'] }));
  assert.deepEqual(part[0]!.values, [21, 22]);
});

test('a window that memory has not is told in buckets, with a gap where nothing was measured', async (t) => {
  const site = await Site.open(t, memoryDir(t));
  const start = site.time.now();
  site.take({ fields: { power: 10 }, unit: 'W' });
  site.take({ fields: { power: 30 }, unit: 'W' });
  await site.time.advance(120_000);
  site.take({ fields: { power: 5 }, unit: 'W' });
  const query = { fromMs: start, widthMs: 60_000 } as const;
  const wanted: BucketSeries[] = [
    {
      ...{ field: 'power', tags: '', unit: 'W', kind: 'number' },
      times: [start, start + 120_000],
      ...{ min: [10, 5], max: [30, 5], avg: [20, 5], count: [2, 1], first: [10, 5], last: [30, 5] },
    },
  ];
  assert.deepEqual(buckets(await site.query(query)), wanted);
  // Asked again, and after a restart, it is the same: nothing counts twice.
  assert.deepEqual(buckets(await site.query(query)), wanted);
  await site.restart();
  assert.deepEqual(buckets(await site.query(query)), wanted);
  const [older] = buckets(await site.query({ fromMs: start - 3_600_000 }));
  assert.deepEqual(older!.times, [start, start + 120_000]);
});

test('more points than memory keeps of a series are told in buckets', async (t) => {
  const site = await Site.open(t, memoryDir(t), { recentPoints: 64, recentBytes: 4_096 });
  const start = site.time.now();
  for (let i = 0; i < 200; i++) {
    site.take({ fields: { a: i, b: -i } });
    site.time.sleep(1_000);
  }
  assert.equal((await site.query({ fromMs: start })).kind, 'buckets');
  const recent = raw(await site.query({ fromMs: site.time.now() - 5_000 }));
  assert.deepEqual(recent[1]!.values, [-195, -196, -197, -198, -199]);
  assert.equal(raw(await site.query({ fromMs: site.time.now() - 5_000, points: 5 })).length, 2);
  assert.equal((await site.query({ fromMs: site.time.now() - 5_000, points: 4 })).kind, 'buckets');
});

test('series are told apart by unit and tags, whatever topic they come on', async (t) => {
  const site = await Site.open(t, memoryDir(t));
  const start = site.time.now();
  for (const topic of ['a', 'b']) {
    site.take({ topic, fields: { t: 1 }, unit: 'Cel' });
    site.take({ topic, fields: { t: 2 }, unit: 'degF' });
    site.take({ topic, fields: { t: 3, u: 4 }, tags: [['room', '1']] });
    site.take({ topic, fields: { u: 5, t: 6 }, tags: [['room', '2']] });
  }
  const found = raw(await site.query({ fromMs: start }));
  assert.deepEqual(
    found.map(({ field, unit, tags, values }) => [field, unit, tags, values]),
    [
      ['t', 'Cel', '', [1, 1]],
      ['t', 'degF', '', [2, 2]],
      ['t', '', 'room=1', [3, 3]],
      ['u', '', 'room=1', [4, 4]],
      ['u', '', 'room=2', [5, 5]],
      ['t', '', 'room=2', [6, 6]],
    ],
  );
});

test('what has no place is counted by why', async (t) => {
  const site = await Site.open(t, memoryDir(t), { maxLateness: 86_400_000 });
  const now = site.time.now();
  site.take({ at: now - 86_400_001, fields: { a: 1, b: 2 } });
  site.take({ at: now - 86_400_000, fields: { a: 1 } });
  site.take({ at: now + 10 * 60_000 + 1, fields: { a: 1 } });
  site.take({ at: now - 5_000, fields: { a: 7 } });
  site.take({ at: now - 5_000, fields: { a: 7 } });
  site.take({ at: now - 5_000, fields: { a: 8 } });
  for (const value of [Number.NaN, Number.POSITIVE_INFINITY, 'text', new Uint8Array(1)])
    site.take({ fields: { a: value } });
  const { points, leftPoints } = site.history.status();
  assert.equal(points, 3);
  assert.deepEqual(leftPoints, {
    ...{ late: 2, ahead: 1, duplicate: 1, unusable: 4, 'too-many-series': 0, disk: 0 },
  });
});

test('a new series takes the place of one that was silent for long, and of no other', async (t) => {
  // What they say is not on its way to the disk before one of them has to go.
  const site = await Site.open(t, memoryDir(t), { maxSeries: 3, writeEvery: 24 * 3_600_000 });
  const start = site.time.now();
  for (const device of ['a', 'b', 'c']) site.take({ device, fields: { v: 1 } });
  site.take({ device: 'd', fields: { v: 4 } });
  assert.equal(site.history.status().leftPoints['too-many-series'], 1);
  for (let i = 0; i < 70; i++) {
    await site.time.advance(10_000);
    for (const device of ['a', 'c']) site.take({ device, fields: { v: 2 } });
  }
  site.take({ device: 'd', fields: { v: 5, w: 6 } });
  const { series, evictedSeries, leftPoints } = site.history.status();
  assert.deepEqual([series, evictedSeries, leftPoints['too-many-series']], [3, 1, 2]);
  // Of what came before that, memory has not all.
  const since = { device: 'd', fromMs: start } as const;
  assert.equal((await site.query(since)).kind, 'buckets');
  site.time.sleep(1_000);
  site.take({ device: 'd', fields: { v: 7 } });
  assert.deepEqual(raw(await site.query({ ...since, fromMs: site.time.now() }))[0]!.values, [7]);
  // What b had said is on its way to the disk, under its own name.
  const [b] = buckets(await site.query({ device: 'b', fromMs: start, widthMs: 3_600_000 }));
  assert.deepEqual(b!.count, [1]);
  const [d] = buckets(await site.query({ device: 'd', fromMs: start, widthMs: 3_600_000 }));
  assert.deepEqual([d!.count, d!.last], [[2], [7]]);
});

test('a field that is a text now and was a number before keeps what it was', async (t) => {
  const site = await Site.open(t, memoryDir(t));
  site.take({ fields: { a: 1 } });
  site.take({ fields: { a: 'one' } });
  site.take({ fields: { b: 'one' } });
  site.take({ fields: { b: 1 } });
  assert.deepEqual(
    raw(await site.query({ fromMs: site.time.now() })).map(({ values }) => values),
    [[1], ['one']],
  );
  assert.equal(site.history.status().leftPoints.unusable, 2);
});

test('history that is switched off keeps nothing, and says so', async (t) => {
  const site = await Site.open(t, memoryDir(t), { enabled: false });
  site.take({ fields: { a: 1 } });
  await site.time.advance(120_000);
  const { state, points } = site.history.status();
  assert.deepEqual([state, points, existsSync(site.path)], ['off', 0, false]);
  await assert.rejects(site.query(), { code: 'history.unavailable' });
});

test('it is written once in a while and at the end, and not in between', async (t) => {
  const site = await Site.open(t, memoryDir(t), { writeEvery: 60_000 });
  for (let i = 0; i < 59; i++) {
    site.take({ fields: { a: i } });
    await site.time.advance(1_000);
  }
  assert.ok(!existsSync(site.path));
  await site.time.advance(1_000);
  await eventually('a commit', () => site.history.status().commits === 1);
  const { storedSeries, writtenBytes } = site.history.status();
  assert.equal(storedSeries, 1);
  assert.ok(writtenBytes > 0 && writtenBytes < 200, `${writtenBytes}`);
});

test('questions beyond what can wait are refused, and those that wait are answered', async (t) => {
  const site = await Site.open(t, memoryDir(t));
  const start = site.time.now();
  site.take({ fields: { a: 1 } });
  const asked = Array.from({ length: 100 }, () => site.query({ fromMs: start, widthMs: 10_000 }));
  const outcomes = await Promise.allSettled(asked);
  const refused = outcomes.flatMap((one) => (one.status === 'rejected' ? [one.reason.code] : []));
  assert.deepEqual(
    refused,
    Array.from({ length: 36 }, () => 'overload.shed'),
  );
  for (const one of outcomes) if (one.status === 'fulfilled') assert.deepEqual(buckets(one.value)[0]!.count, [1]);
  assert.deepEqual(buckets(await site.query({ fromMs: start, widthMs: 10_000 }))[0]!.count, [1]);
});
