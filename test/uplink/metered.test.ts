import assert from 'node:assert/strict';
import { test } from 'node:test';
import { silentLog } from '../../src/lib/log.ts';
import { PlanKeeper } from '../../src/uplink/plan-keeper.ts';
import { planSettings } from '../../src/uplink/plan-settings.ts';
import { WireMeter } from '../../src/uplink/wire-meter.ts';
import { sinkIn, temporaryDirectory } from '../collector/fixtures.ts';
import { MemoryBuffer } from '../support/memory-buffer.ts';
import { memoryShelf } from '../support/memory-shelf.ts';
import { uplinkDefaults } from '../support/options.ts';
import { TcpProxy } from '../support/tcp-proxy.ts';
import { eventually } from '../support/wait.ts';
import { appendTo, connected, newBuffer, startedCollector } from './fixtures.ts';

/** Ticks come ten times a second instead of once. */
const quickly = { acknowledgeTimeout: 400 };

function metered(plan: Partial<typeof uplinkDefaults.plan>) {
  // What the wall clock says is the test's; what has gone by is real.
  const time = { ahead: Date.parse('2026-11-30T23:00:00Z') - performance.now() };
  const clock = { now: () => performance.now() + time.ahead, monotonic: () => performance.now() };
  const settings = planSettings({ ...uplinkDefaults.plan, timeZone: 'UTC', ...plan })!;
  const keeper = new PlanKeeper({ settings, shelf: memoryShelf(), clock, isClockSet: () => true, log: silentLog });
  return { keeper, meter: new WireMeter(keeper, silentLog), clock, time };
}

test('a month that is used up holds records back, but for critical ones, until the next one', async (t) => {
  const collector = await startedCollector(t, sinkIn(temporaryDirectory(t), 'file'));
  const { keeper, meter, clock, time } = metered({ monthly: 100_000 });
  const buffer = new MemoryBuffer().addLane('a').addLane('alarms', 'critical');
  const uplink = connected(t, buffer, collector.address, quickly, { meter, clock });
  await eventually('the welcome', () => uplink.status().state.name === 'live');
  assert.equal(uplink.isLive(), true);
  keeper.spent(100_000);
  appendTo(buffer, 'a', 1, 2, 3);
  appendTo(buffer, 'alarms', 4, 5);
  await eventually('the critical ones to arrive', () => uplink.status().acknowledgedRecords === 2);
  const { plan, acknowledgedByPriority } = uplink.status();
  assert.deepEqual(acknowledgedByPriority, { critical: 2, normal: 0, bulk: 0 });
  assert.deepEqual(plan?.waiting, { for: 'month', until: Date.parse('2026-12-01T00:00:00Z') });
  // Nothing counts on being delivered soon: what may wait for the collector goes to the disk.
  assert.equal(uplink.isLive(), false);
  time.ahead += 3_600_000;
  await eventually('the rest, in December', () => buffer.totals.waitingRecords === 0);
  assert.equal(uplink.status().plan?.waiting, undefined);
});

test('hours open by themselves, and close', async (t) => {
  const collector = await startedCollector(t, sinkIn(temporaryDirectory(t), 'file'));
  const { meter, clock, time } = metered({ hours: ['01:00-02:00'] });
  const buffer = new MemoryBuffer().addLane('a');
  appendTo(buffer, 'a', 1, 2, 3);
  const uplink = connected(t, buffer, collector.address, quickly, { meter, clock });
  await eventually('the welcome', () => uplink.isConnected);
  assert.deepEqual(uplink.status().plan?.waiting, { for: 'hours', until: Date.parse('2026-12-01T01:00:00Z') });
  assert.equal(uplink.status().acknowledgedRecords, 0);
  time.ahead += 2 * 3_600_000;
  await eventually('the records', () => uplink.status().acknowledgedRecords === 3);
  time.ahead += 3_600_000;
  appendTo(buffer, 'a', 4);
  await eventually('the hours to be over', () => uplink.status().plan?.waiting?.for === 'hours');
  assert.equal(uplink.status().acknowledgedRecords, 3);
});

test('a rate is kept: what goes over the wire takes its time, and all of it arrives', async (t) => {
  const collector = await startedCollector(t, sinkIn(temporaryDirectory(t), 'file'));
  const { meter, clock } = metered({ rate: 40_000, burst: 10_000, exempt: [] });
  const buffer = new MemoryBuffer().addLane('a');
  for (let n = 0; n < 50; n++) appendTo(buffer, 'a', ...Array.from({ length: 25 }, (_, at) => at));
  const { waitingBytes } = { waitingBytes: 50 * 25 * 36 };
  const started = performance.now();
  connected(t, buffer, collector.address, quickly, { meter, clock });
  await eventually('all to arrive', () => buffer.totals.waitingRecords === 0);
  const took = performance.now() - started;
  const { wireBytes } = meter.status();
  assert.ok(wireBytes >= waitingBytes / 2);
  // What a burst and one upload may go ahead is all that may.
  assert.ok(took >= ((wireBytes - 10_000 - 16_384) / 40_000) * 1000, `${wireBytes} bytes in ${took} ms`);
});

test('what is counted is what went over the wire, over several connections', async (t) => {
  const collector = await startedCollector(t, sinkIn(temporaryDirectory(t), 'file'));
  const proxy = await TcpProxy.start(t, Number(collector.address.split(':').at(-1)));
  const { meter, clock } = metered({ monthly: 1e9 });
  const buffer = new MemoryBuffer().addLane('a');
  const uplink = connected(t, buffer, `127.0.0.1:${proxy.port}`, { ...quickly, compression: 'zstd' }, { meter, clock });
  for (let round = 1; round <= 3; round++) {
    await eventually('a connection', () => uplink.isConnected && uplink.status().connections === round);
    for (let n = 0; n < 20; n++) appendTo(buffer, 'a', ...Array.from({ length: 50 }, (_, at) => at));
    await eventually('all to arrive', () => buffer.totals.waitingRecords === 0);
    if (round < 3) uplink.redial('the test says so');
  }
  // A connection's very last bytes, by which it is closed, are not waited for.
  const isNear = (counted: number): boolean => Math.abs(counted - (proxy.bytesUp + proxy.bytesDown)) <= 200;
  await eventually('the counts to meet', () => isNear(uplink.status().wireBytes));
  await eventually('the plan to be told', () => isNear(uplink.status().plan?.usedBytes ?? 0));
});

test('an idle connection costs what its keepalive costs, and nobody else wakes the link', async (t) => {
  const collector = await startedCollector(t, sinkIn(temporaryDirectory(t), 'file'));
  const { meter, clock } = metered({ monthly: 1e9 });
  const keepalive = 500;
  const uplink = connected(t, newBuffer(), collector.address, { ...quickly, keepalive }, { meter, clock });
  await eventually('the welcome', () => uplink.isConnected);
  const welcomed = performance.now();
  await eventually('the greeting to be over', () => performance.now() - welcomed >= keepalive);
  const before = { at: performance.now(), bytes: meter.status().wireBytes };
  await eventually('five more', () => performance.now() - before.at >= 5 * keepalive);
  const perKeepalive = (meter.status().wireBytes - before.bytes) / ((performance.now() - before.at) / keepalive);
  // A ping of HTTP/2 and one of ours, with their answers: at one each 5 minutes that is 40 bytes a minute at the most.
  t.diagnostic(`${Math.round(perKeepalive)} bytes a keepalive`);
  assert.ok(perKeepalive > 30 && perKeepalive <= 200, `${perKeepalive} bytes`);
  assert.equal(uplink.isConnected, true);
});
