import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Log } from '../../src/lib/log.ts';
import { silentLog } from '../../src/lib/log.ts';
import type { PlanSettings } from '../../src/uplink/data-plan.ts';
import { PlanGate } from '../../src/uplink/plan-gate.ts';
import { PlanKeeper } from '../../src/uplink/plan-keeper.ts';
import { WireMeter } from '../../src/uplink/wire-meter.ts';
import { MemoryDisk, shelfOn } from '../support/memory-shelf.ts';

const settings: PlanSettings = {
  monthly: 10_000_000,
  carryOver: 0,
  month: { day: 1, timeZone: 'UTC' },
  hours: [],
  exempt: ['critical'],
};

/** One run of a gateway on a disk. */
async function run(disk: MemoryDisk, others: Partial<PlanSettings> = {}, day = '2026-11-10', log: Log = silentLog) {
  const shelf = shelfOn(disk);
  const time = { unix: Date.parse(`${day}T00:00:00Z`), isSet: true };
  const keeper = new PlanKeeper({
    settings: { ...settings, ...others },
    shelf,
    clock: { now: () => time.unix, monotonic: () => 0 },
    isClockSet: () => time.isSet,
    log,
  });
  await keeper.start();
  return { keeper, shelf, time, used: () => keeper.status().usedBytes };
}

test('what was used is still used after a stop, to the byte', async () => {
  const disk = new MemoryDisk();
  const first = await run(disk);
  first.keeper.spent(1_234_567);
  first.keeper.stop();
  await first.shelf.saved();
  assert.equal((await run(disk)).used(), 1_234_567);
});

test('after a crash no less is used than was, and little more', async () => {
  const spends = fc.array(fc.integer({ min: -2_000, max: 60_000 }), { maxLength: 60 });
  await fc.assert(
    fc.asyncProperty(fc.array(spends, { minLength: 1, maxLength: 4 }), async (runs) => {
      let disk = new MemoryDisk();
      let really = 0;
      let most = 0;
      for (const all of runs) {
        const { keeper, shelf, used } = await run(disk);
        const atStart = { used: used(), really };
        assert.ok(used() >= really && used() <= most, `${used()} for ${really} to ${most}`);
        for (const bytes of all) {
          keeper.spent(Math.max(bytes, -really));
          really += Math.max(bytes, -really);
          // What is given back after a save is not worth another one.
          most = Math.max(most, atStart.used + (really - atStart.really) + keeper.slackBytes);
          // The disk has it a moment later; what is used until then is the second that a save may take.
          await shelf.saved();
        }
        disk = disk.afterCrash();
      }
    }),
    { numRuns: 50 },
  );
});

test('a month is saved a thousand times or so, not for every upload', async () => {
  const disk = new MemoryDisk();
  const { keeper, shelf } = await run(disk);
  for (let n = 0; n < 10_000; n++) {
    keeper.spent(1_000);
    await shelf.saved();
  }
  assert.ok(disk.batches.length > 500 && disk.batches.length < 3_000, `${disk.batches.length}`);
});

test('a start with a clock that is not set goes on with the month that was', async () => {
  const disk = new MemoryDisk();
  const first = await run(disk);
  first.keeper.spent(9_999_999);
  first.keeper.stop();
  await first.shelf.saved();
  const second = await run(disk, {}, '1970-01-01');
  second.time.isSet = false;
  assert.equal(second.keeper.roomBytes(), 1);
  second.keeper.spent(1);
  assert.deepEqual(second.keeper.status().waiting, { for: 'month' });
  second.time.unix = Date.parse('2026-12-01T00:00:00Z');
  second.time.isSet = true;
  assert.equal(second.keeper.roomBytes(), 10_000_000);
});

test('what another version saved is told, and counted anew', async () => {
  for (const saved of ['nonsense', '{"month":5}', '{"month":"2026-11-01","usedBytes":"9","carriedBytes":0}']) {
    const disk = new MemoryDisk();
    const shelf = shelfOn(disk);
    shelf.put('uplink.plan', 'month', Buffer.from(saved));
    await shelf.saved();
    const warned: string[] = [];
    const log = { ...silentLog, warn: (_fields: object, message: string) => warned.push(message) };
    assert.equal((await run(disk, {}, undefined, log)).used(), 0);
    assert.match(warned.join(), /counted anew/);
  }
});

test('a gate lets all lanes through while there is room, and the exempt ones when there is none', async () => {
  const { keeper } = await run(new MemoryDisk());
  const gate = new PlanGate(keeper, () => 0);
  const lanes = { critical: ['c'], normal: ['n'], bulk: [] };
  assert.equal(gate.open(lanes), lanes);
  keeper.spent(10_000_000);
  assert.deepEqual(gate.open(lanes), { critical: ['c'], normal: [], bulk: [] });
  assert.equal(gate.open({ ...lanes, critical: [] }), undefined);
  const nobody = await run(new MemoryDisk(), { exempt: [] });
  nobody.keeper.spent(10_000_000);
  assert.equal(new PlanGate(nobody.keeper, () => 0).open(lanes), undefined);
});

test('what was told of before it went is told once, and what never went is given back', async () => {
  const { keeper, used } = await run(new MemoryDisk());
  const wire = { bytes: 0 };
  const meter = new WireMeter(keeper, silentLog);
  const gate = meter.connection(() => wire.bytes);
  wire.bytes = 300;
  gate.settle();
  assert.equal(used(), 300);
  // An upload of 1,000 that was compressed to 400 and went with 20 bytes of headers.
  gate.spent(1_000);
  gate.spent(-600);
  assert.equal(used(), 700);
  gate.settle();
  assert.equal(used(), 700);
  wire.bytes = 720;
  gate.settle();
  assert.equal(used(), 720);
  // One that still lies in a socket when the connection breaks.
  gate.spent(5_000);
  wire.bytes = 1_000;
  gate.end();
  assert.equal(used(), 1_000);
  gate.spent(5_000);
  gate.end();
  assert.equal(used(), 1_000);
  const next = meter.connection(() => 50);
  assert.equal(meter.status().wireBytes, 1_050);
  next.end();
  assert.deepEqual([meter.status().wireBytes, meter.status().plan?.usedBytes], [1_050, 1_050]);
});

test('the log says when records are held back for longer, and when they may go again', async () => {
  const { keeper, time } = await run(new MemoryDisk(), { rate: 1_000, hours: [{ from: 60, to: 120 }] });
  const said: string[] = [];
  const meter = new WireMeter(keeper, { ...silentLog, info: (_fields: object, message: string) => said.push(message) });
  const at = (text: string | undefined): void => {
    time.isSet = text !== undefined;
    if (text !== undefined) time.unix = Date.parse(text);
    meter.tick();
  };
  at('2026-11-10T01:30:00Z');
  keeper.spent(20_000);
  // A rate that is used up for a moment is no news.
  at('2026-11-10T01:31:00Z');
  assert.deepEqual(said, []);
  for (const text of ['2026-11-10T02:00:00Z', '2026-11-10T03:00:00Z', undefined, '2026-11-11T01:00:00Z']) at(text);
  assert.deepEqual(said, [
    'The data plan holds records back: it is outside its hours.',
    'The data plan holds records back: it has hours, and the clock is not set.',
    'The data plan lets records go again.',
  ]);
});
