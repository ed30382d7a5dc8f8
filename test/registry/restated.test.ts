import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { ShelfStore } from '../../src/buffer/shelf-store.ts';
import { ClockBook, type Period } from '../../src/clock/clock-book.ts';
import { silentLog } from '../../src/lib/log.ts';
import { DeviceShelf } from '../../src/registry/device-shelf.ts';
import { Roster } from '../../src/registry/roster.ts';
import { shelfOn } from '../support/memory-shelf.ts';
import { tempDir } from '../support/temp-dir.ts';
import { Site } from './site.ts';

const day = 24 * 3_600_000;

test('what was seen before the time was known is told by the time that was learnt later, also after that is forgotten', async (t) => {
  const site = await Site.start(t);
  const book = new ClockBook();
  site.corrections = book;
  site.quality = 'unset';
  // A board without a battery: its clock starts in 1970.
  const trueMs = site.time.now();
  site.time.jump(-trueMs + 5_000);
  const { operatingMs } = site;
  const period: Period = {
    boot: 'b1',
    fromMs: operatingMs(),
    lagMs: 0,
    offsetMs: site.time.now() - operatingMs(),
    quality: 'unset',
    source: 'system',
  };
  book.add(period);
  site.says('a');
  site.wait(10_000);
  const told = () => site.registry.describe('a')!.firstSeen;
  assert.deepEqual(told(), { at: new Date(5_000).toISOString(), clockQuality: 'unset' });
  site.time.jump(trueMs - 5_000);
  site.quality = 'synced';
  const offsetMs = site.time.now() - operatingMs();
  book.add({ ...period, fromMs: operatingMs(), offsetMs, quality: 'synced', source: 'ntp' });
  const right = { at: new Date(trueMs).toISOString(), clockQuality: 'estimated' };
  assert.deepEqual(told(), right);
  await site.restart();
  assert.deepEqual(told(), right, 'as long as it is known');
  site.wait(31 * day);
  await site.restart();
  await site.restart();
  site.corrections = { of: () => undefined, shiftsMs: [] };
  await site.restart();
  assert.deepEqual(told(), right, 'and later');
});

test('ids that a database would take for one are two', async (t) => {
  const path = join(tempDir(t), 'shelf.db');
  const ids = ['\ud800', '\udfff', '\ufffd', 'a\u0000b', 'a\u0000c', 'a', '', '"', '\\ud800'];
  const open = () => {
    const store = new ShelfStore(path);
    const disk = {
      apply: async (changes: Parameters<ShelfStore['apply']>[0]) => store.apply(changes),
      entries: async (space: string) => store.entries(space),
    };
    const shelf = new DeviceShelf(shelfOn(disk));
    const roster = new Roster({ maxDevices: 100, shelf, log: silentLog, removed: () => {} });
    return { store, shelf, roster };
  };
  const first = open();
  for (const id of ids) {
    const device = first.roster.add(id, 'mqtt', { atMs: 1, quality: 'synced' }, 0)!;
    device.toldName = JSON.stringify(id);
    first.shelf.put(device, 0);
  }
  await first.shelf.saved();
  first.store.close();
  const second = open();
  for (const found of await second.shelf.load(silentLog)) second.roster.restore(found, 0);
  assert.deepEqual(
    new Map(Array.from(second.roster.devices.values(), ({ id, toldName }) => [id, toldName])),
    new Map(ids.map((id) => [id, JSON.stringify(id)])),
  );
  second.store.close();
});
