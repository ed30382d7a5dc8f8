import assert from 'node:assert/strict';
import { closeSync, mkdirSync, openSync, rmSync, statSync, writeFileSync, writeSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import type { BucketSeries } from '../../src/history/queries.ts';
import { Site } from '../history/fixtures.ts';
import { startGateway, statusOf } from '../support/gateway.ts';
import type { HeadgateProcess } from '../support/headgate-process.ts';
import { memoryDir, smallDisk } from '../support/small-disk.ts';
import { tempDir } from '../support/temp-dir.ts';
import { eventually } from '../support/wait.ts';

const minute = 60_000;

async function countOf(site: Site, fromMs: number): Promise<number> {
  const answer = await site.query({ fromMs, toMs: site.time.now() + minute, widthMs: minute });
  return (answer.series as BucketSeries[]).flatMap(({ count }) => count).reduce((a, b) => a + b, 0);
}

/** A minute with a point each second. */
async function live(site: Site): Promise<void> {
  for (let i = 0; i < 60; i++) {
    site.take({ fields: { power: i } });
    await site.time.advance(1_000);
  }
}

test('a file that is no history is put aside, and a new one begun', async (t) => {
  const directory = memoryDir(t);
  const path = join(directory, 'history', 'history.db');
  mkdirSync(dirname(path));
  writeFileSync(path, Buffer.alloc(20_000, 'garbage '));
  const site = await Site.open(t, directory);
  const start = site.time.now();
  await live(site);
  await eventually('a commit', () => site.history.status().commits > 0);
  const { state, putAside, leftPoints } = site.history.status();
  assert.deepEqual([state, putAside, leftPoints.disk], ['ready', `${path}.damaged`, 0]);
  assert.equal(statSync(`${path}.damaged`).size, 20_000);
  assert.equal(await countOf(site, start), 60);
});

test('a file that turns out damaged while it is in use is put aside; what comes is kept', async (t) => {
  const site = await Site.open(t, memoryDir(t));
  const start = site.time.now();
  // Enough that the next run does not read all of it at once.
  for (let i = 0; i < 50; i++) {
    for (let device = 0; device < 8; device++) {
      const fields = Object.fromEntries(
        Array.from({ length: 250 }, (_, n) => [`f${n}`, Math.sqrt(n * i + device + 0.5)]),
      );
      site.take({ device: `device-${device}`, fields });
    }
    await site.time.advance(minute);
    await eventually('a commit', () => site.history.status().commits === i + 1, { everyMs: 2 });
  }
  await site.restart();
  const { size } = statSync(site.path);
  assert.ok(size > 5e5, `${size} bytes`);
  await live(site);
  assert.equal(await countOf(site, site.time.now() - minute), 60);
  await eventually('a commit', () => site.history.status().commits > 0);
  const fd = openSync(site.path, 'r+');
  t.after(() => closeSync(fd));
  writeSync(fd, Buffer.alloc(size - 40_960, 0xa5), 0, undefined, 40_960);
  await assert.rejects(site.query({ device: 'device-1', fromMs: start, widthMs: minute }), {
    code: 'history.unavailable',
  });
  await eventually('a new file', async () => {
    await live(site);
    return site.history.status().putAside !== null && site.history.status().commits > 0;
  });
  const before = await countOf(site, start);
  await live(site);
  assert.equal(await countOf(site, start), before + 60);
  assert.equal(site.history.status().state, 'ready');
  assert.equal(statSync(`${site.path}.damaged`).size, size);
});

test('a disk that can not keep up costs points, which are counted and told, and nothing else', async (t) => {
  const site = await Site.open(t, memoryDir(t));
  const start = site.time.now();
  // In one turn of the event loop, so that the worker's answers can't be heard: more than may be under way.
  for (let i = 0; i < 80_000; i++) site.take({ at: start - i * 10_000, fields: { power: i } });
  assert.equal(site.history.status().points, 80_000);
  await live(site);
  await eventually('a commit', () => site.history.status().commits > 0);
  const { disk } = site.history.status().leftPoints;
  assert.ok(disk > 0 && disk < 20_000, `${disk}`);
  const { losses } = await site.query({ fromMs: start - 80_000 * 10_000, widthMs: 86_400_000 });
  assert.equal(
    losses.reduce((sum, loss) => sum + loss.points, 0),
    disk,
  );
  assert.deepEqual([...new Set(losses.map(({ reason }) => reason))], ['slow-disk']);
});

test('a full disk is left to the records; what waits in memory is written when there is room', async (t) => {
  const disk = smallDisk(t, 48 * 2 ** 20);
  if (disk === undefined) return;
  const site = await Site.open(t, disk.path);
  const start = site.time.now();
  await live(site);
  await eventually('a commit', () => site.history.status().commits === 1);
  const path = disk.fill(4 * 2 ** 20);
  await live(site);
  await eventually('its refusal', () => site.history.status().state === 'failing');
  assert.match(site.history.status().failure ?? '', /^the disk has .* left/);
  // What is not on the disk can be asked for.
  assert.equal(await countOf(site, start), 120);
  rmSync(path);
  await live(site);
  await eventually('that it is written', () => site.history.status().state === 'ready');
  assert.equal(await countOf(site, start), 180);
  await site.restart();
  assert.equal(await countOf(site, start), 180);
  assert.equal(site.history.status().leftPoints.disk, 0);
});

test('what a full disk has no room for, and memory neither, is lost, counted and told', async (t) => {
  const disk = smallDisk(t, 40 * 2 ** 20);
  if (disk === undefined) return;
  const site = await Site.open(t, disk.path);
  const start = site.time.now();
  disk.fill(4 * 2 ** 20);
  for (let round = 0; round < 3; round++) {
    for (let i = 0; i < 50_000; i++) site.take({ at: start - (round * 50_000 + i) * 10_000, fields: { power: i } });
    // The worker has taken them.
    await countOf(site, start);
  }
  await site.time.advance(minute);
  await eventually('its refusal', () => site.history.status().state === 'failing');
  const { losses } = await site.query({ fromMs: 0, widthMs: 86_400_000 * 366 });
  const lost = losses.reduce((sum, { points }) => sum + points, 0);
  assert.ok(lost >= 50_000 && lost <= 60_000, `${lost}`);
  assert.deepEqual([...new Set(losses.map(({ reason }) => reason))], ['disk']);
  assert.equal(site.history.status().leftPoints.disk, lost);
});

/** Has a gateway take in a temperature; resolves when that is durable. */
async function publish(gateway: HeadgateProcess, temperature: number): Promise<void> {
  const answer = await fetch(`http://127.0.0.1:${gateway.port('http')}/api/v1/measurements`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ device: 'hall', fields: { temperature } }),
  });
  assert.equal(answer.status, 200);
}

/** How many points of the last hour a gateway knows. */
async function pointsOf(gateway: HeadgateProcess): Promise<number> {
  const url = `http://127.0.0.1:${gateway.port('http')}/api/v1/measurements?device=hall&from=-1h&bucket=1h`;
  const answer = (await (await fetch(url)).json()) as { series?: BucketSeries[] };
  return (answer.series ?? []).flatMap(({ count }) => count).reduce((a, b) => a + b, 0);
}

test('a gateway that is killed has what was written, and one whose history is broken runs as it should', async (t) => {
  const dataDir = tempDir(t);
  const set = { 'history.writeEvery': '100ms' };
  const first = await startGateway(t, { dataDir, set });
  for (let i = 0; i < 20; i++) await publish(first, i);
  assert.equal(await pointsOf(first), 20);
  await eventually('a commit', async () => (await statusOf(first)).history.storedSeries === 1);
  await first.kill();
  const second = await startGateway(t, { dataDir, set });
  assert.equal(await pointsOf(second), 20);
  await publish(second, 20);
  await second.kill();
  writeFileSync(join(dataDir, 'history', 'history.db'), 'no database at all');
  // With it everything could be read.
  rmSync(join(dataDir, 'history', 'history.db-wal'));
  const third = await startGateway(t, { dataDir, set });
  await publish(third, 21);
  assert.equal(await pointsOf(third), 1);
  const { buffer, health } = await statusOf(third);
  assert.deepEqual([buffer.state, buffer.ledger.received], ['open', 22]);
  assert.match(health.state, /ready|degraded/);
});
