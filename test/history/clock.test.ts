import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { BucketSeries, HistoryAnswer, RawSeries } from '../../src/history/queries.ts';
import { memoryDir } from '../support/small-disk.ts';
import { eventually } from '../support/wait.ts';
import { Site } from './fixtures.ts';

const hour = 3_600_000;
/** What a clock without a battery says after its machine has started. */
const unsetMs = Date.UTC(1970, 0, 1, 0, 1);
const known = Date.UTC(2026, 5, 1, 12);

function last({ series: [first] }: HistoryAnswer): readonly (number | boolean | string)[] {
  return (first as RawSeries).values ?? (first as BucketSeries).last;
}

/** Says something each ten seconds, by a clock that is not set, and then knows the time. */
async function learn(site: Site, values: readonly number[]): Promise<void> {
  for (const value of values) {
    site.take({ fields: { power: value } });
    await site.time.advance(10_000);
  }
  const shiftMs = known - unsetMs;
  site.correction = (takenAtMs) => (takenAtMs < known - hour ? { shiftMs, quality: 'estimated' } : undefined);
  site.time.jump(shiftMs);
  site.quality = 'estimated';
}

test('what was stamped before the time was known is where it belongs, in memory and on disk, and stays there', async (t) => {
  const site = await Site.open(t, memoryDir(t), {}, { wallMs: unsetMs, quality: 'unset' });
  await learn(site, [1, 2, 3, 4, 5, 6, 7]);
  site.take({ fields: { power: 8 } });
  const window = { fromMs: known, toMs: known + hour };
  const points = await site.query(window);
  assert.equal(points.kind, 'raw');
  assert.deepEqual(last(points), [1, 2, 3, 4, 5, 6, 7, 8]);
  assert.deepEqual((points.series[0] as RawSeries).times[1], known + 10_000);
  assert.deepEqual(last(await site.query({ ...window, widthMs: 10_000 })), [1, 2, 3, 4, 5, 6, 7, 8]);
  // Another run, which asks the clock's book as this one did.
  await site.restart();
  assert.deepEqual(last(await site.query({ ...window, widthMs: 60_000 })), [6, 8]);
  // Put in its place, it is not corrected again.
  await site.time.advance(2 * hour, hour);
  await eventually('what was told to be in its place', async () => {
    await site.time.advance(60_000);
    return site.history.status().tiers['10s'].blocks > 0;
  });
  assert.deepEqual(last(await site.query({ ...window, widthMs: 10_000 })), [1, 2, 3, 4, 5, 6, 7, 8]);
  assert.deepEqual(last(await site.query({ ...window, widthMs: hour })), [8]);
});

test('what an earlier run has on disk is told by one that began without knowing the time', async (t) => {
  const site = await Site.open(t, memoryDir(t), {}, { wallMs: known - 600_000 });
  site.take({ fields: { power: 1 } });
  site.quality = 'unset';
  site.time.jump(unsetMs - site.time.now());
  await site.restart();
  await learn(site, [2]);
  const answer = await site.query({ fromMs: known - hour, toMs: known + hour });
  assert.deepEqual([answer.kind, last(answer)], ['buckets', [1, 2]]);
});

test('a device that knows the time is believed while the gateway does not know it', async (t) => {
  const site = await Site.open(t, memoryDir(t), {}, { wallMs: unsetMs, quality: 'unset' });
  site.take({ at: known + 5_000, fields: { power: 3 } });
  // Before there was a Headgate: a clock that is not set either.
  site.take({ at: unsetMs, fields: { power: 4 } });
  await learn(site, [1]);
  assert.equal(site.history.status().leftPoints.late, 1);
  const [power] = (await site.query({ fromMs: known, toMs: known + hour, widthMs: 10_000 })).series as BucketSeries[];
  assert.deepEqual([power!.count, power!.min, power!.max], [[2], [1], [3]]);
});

test('a clock that jumps makes neither a hole nor a second copy', async (t) => {
  const site = await Site.open(t, memoryDir(t));
  const start = site.time.now();
  for (const jump of [0, -2 * hour, 2 * hour, 5_000, -5_000]) {
    site.time.jump(jump);
    site.take({ fields: { power: 1 } });
    site.take({ fields: { power: 2 } });
    await site.time.advance(30_000);
  }
  const answer = await site.query({ fromMs: start - 3 * hour, toMs: start + hour, widthMs: hour });
  const [power] = answer.series as BucketSeries[];
  assert.equal(
    power!.count.reduce((a, b) => a + b, 0),
    10,
  );
});

test('a clock that was wrong and is put right moves what it has stamped, and nothing after that', async (t) => {
  const wrongMs = known - 3 * hour;
  const site = await Site.open(t, memoryDir(t), {}, { wallMs: wrongMs, quality: 'estimated' });
  site.take({ fields: { power: 1 } });
  await site.time.advance(10_000);
  site.time.jump(3 * hour);
  site.correction = (takenAtMs) => (takenAtMs < known - hour ? { shiftMs: 3 * hour, quality: 'estimated' } : undefined);
  site.take({ fields: { power: 2 } });
  const window = { fromMs: known - 4 * hour, toMs: known + 4 * hour, widthMs: 60_000 };
  const told = async (): Promise<unknown> => {
    const [power] = (await site.query(window)).series as BucketSeries[];
    return [power!.times, power!.count, power!.first, power!.last];
  };
  const wanted = [[known], [2], [1], [2]];
  assert.deepEqual(await told(), wanted);
  // The next run writes before its disk has said what there is to be corrected: nothing gets its place by that.
  await site.restart();
  site.time.sleep(2 * hour);
  site.take({ device: 'other', fields: { power: 3 } });
  await site.time.advance(60_000);
  assert.deepEqual(await told(), wanted);
  await eventually('what was told to be in its place', async () => {
    await site.time.advance(60_000);
    return site.history.status().tiers['1m'].blocks > 0;
  });
  assert.deepEqual(await told(), wanted);
});
