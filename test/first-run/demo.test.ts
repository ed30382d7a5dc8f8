import assert from 'node:assert/strict';
import { test } from 'node:test';
import { simulatedDevices } from '../../src/cli/demo/simulated.ts';
import { unitSymbol } from '../../src/core/measure-units.ts';
import type { Taken } from '../../src/core/taken.ts';
import { Demo } from '../../src/first-run/demo.ts';
import { silentLog } from '../../src/lib/log.ts';
import { MemoryDisk, shelfOn } from '../support/memory-shelf.ts';

function site(t: { after(done: () => Promise<void>): void }, disk: MemoryDisk) {
  const known = new Map([
    ['lab:1', { id: 'lab:1', source: 'rest' }],
    ['demo:own', { id: 'demo:own', source: 'mqtt' }],
  ]);
  const seen: Taken[] = [];
  const demo = new Demo({
    devices: async () => simulatedDevices(1),
    heard: ({ deviceId }, { source }) => known.set(deviceId, { id: deviceId, source }),
    onlooker: () => ({ wantsPayloads: false, taken: (taken) => seen.push(taken) }),
    known: () => [...known.values()],
    forget: async (id) => known.delete(id),
    shelf: shelfOn(disk),
    clock: { now: () => Date.UTC(2026, 5, 1), monotonic: () => 0, quality: () => 'synced' },
    log: silentLog,
    everyMs: 3_600_000,
  });
  t.after(() => demo.stop());
  return { demo, known, seen };
}

const ids = ['demo:freezer', 'demo:greenhouse', 'demo:house-meter'];

test('simulated devices go on after a restart, and are gone with all that is known of them once they are removed', async (t) => {
  const disk = new MemoryDisk();
  const first = site(t, disk);
  await first.demo.start();
  assert.deepEqual(first.demo.status(), { isRunning: false, devices: [] });
  assert.deepEqual(await first.demo.begin(), { isRunning: true, devices: ids });
  assert.equal((await first.demo.begin()).devices.length, 3);
  assert.equal(first.seen.length, 3);
  assert.ok(first.seen.every(({ sequence, source }) => sequence === 0 && source === 'demo'));
  for (const { measurement } of first.seen) {
    for (const { value, unit } of measurement.fields)
      assert.ok(Number.isFinite(value) && unitSymbol(unit!) !== undefined);
  }
  const again = site(t, disk);
  await again.demo.start();
  assert.deepEqual(again.demo.status(), { isRunning: true, devices: ids });
  await again.demo.end();
  assert.deepEqual(again.demo.status(), { isRunning: false, devices: [] });
  // Nobody else's.
  assert.deepEqual([...again.known.keys()], ['lab:1', 'demo:own']);
  const after = site(t, disk);
  await after.demo.start();
  assert.equal(after.seen.length, 0);
});
