import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import type { StoredBatch } from '../../src/core/batch.ts';
import { HeadgateError } from '../../src/core/errors.ts';
import type { Log } from '../../src/lib/log.ts';
import { silentLog } from '../../src/lib/log.ts';
import { Canary, canaryIntervalMs } from '../../src/uplink/canary.ts';
import { FakeTime } from '../support/fake-time.ts';
import { MemoryBuffer } from '../support/memory-buffer.ts';
import { uplinkDefaults } from '../support/options.ts';

interface Nest {
  readonly time: FakeTime;
  readonly canary: Canary;
  readonly buffer: MemoryBuffer;
  /** What the collector acknowledges: the oldest that waits. */
  readonly acknowledge: () => void;
  readonly warnings: string[];
  readonly roundTrips: number[];
  isConnected: boolean;
  refusal: Error | undefined;
}

async function nest(t: TestContext, intervalMs = 60_000): Promise<Nest> {
  const time = new FakeTime();
  time.start();
  t.after(() => time.stop());
  const buffer = new MemoryBuffer().addLane('reports', 'critical');
  const sent: StoredBatch[] = [];
  buffer.onReady((batch) => sent.push(batch));
  const warnings: string[] = [];
  const log: Log = { ...silentLog, warn: (_: object, message: string) => warnings.push(message) };
  const self = { time, buffer, warnings, roundTrips: [] as number[], isConnected: true, refusal: undefined } as {
    -readonly [key in keyof Nest]: Nest[key];
  };
  self.canary = new Canary({
    intervalMs,
    timeoutMs: 30_000,
    send: async (payload) => {
      if (self.refusal !== undefined) throw self.refusal;
      buffer.append('reports', payload, 1);
      return { sequence: buffer.totals.lastSequence };
    },
    isConnected: () => self.isConnected,
    clock: time,
    log,
    onReturn: (ms) => self.roundTrips.push(ms),
  });
  const watched = self.canary.watch(buffer);
  self.acknowledge = () => watched.acknowledge(sent.splice(0, 1));
  await self.canary.start();
  t.after(() => self.canary.stop());
  return self;
}

test('one is sent each interval, and its round trip is known once the collector has it for good', async (t) => {
  const { time, canary, acknowledge, roundTrips, buffer } = await nest(t);
  assert.equal(canary.status().state.name, 'none');
  await time.advance(60_000);
  assert.deepEqual(canary.status().state, { name: 'under-way', waitedMs: 0 });
  await time.advance(1_234);
  acknowledge();
  assert.deepEqual(roundTrips, [1_234]);
  const { state, sent, returned, lastRoundTripMs } = canary.status();
  assert.deepEqual([state.name, sent, returned, lastRoundTripMs], ['returned', 1, 1, 1_234]);
  assert.equal(buffer.totals.waitingRecords, 0);
  await time.advance(58_766);
  assert.deepEqual([canary.status().state.name, canary.status().sent], ['under-way', 2]);
});

test('one that does not come back is told once, and while there is a collector the next one is sent all the same', async (t) => {
  const { time, canary, acknowledge, warnings } = await nest(t);
  await time.advance(89_000, 1_000);
  assert.deepEqual([canary.status().state.name, warnings.length], ['under-way', 0]);
  await time.advance(1_000);
  assert.deepEqual(canary.status().state, { name: 'overdue', waitedMs: 30_000 });
  assert.equal(warnings.length, 1);
  await time.advance(30_000, 1_000);
  assert.deepEqual([canary.status().state.name, canary.status().sent, warnings.length], ['under-way', 2, 1]);
  // The first one after all: it is not the one that is waited for.
  acknowledge();
  assert.equal(canary.status().returned, 0);
  acknowledge();
  assert.equal(canary.status().state.name, 'returned');
});

test('none is sent while there is no collector, and the one that was under way is waited for', async (t) => {
  const self = await nest(t);
  const { time, canary } = self;
  self.isConnected = false;
  await time.advance(600_000, 1_000);
  assert.deepEqual([canary.status().state.name, canary.status().sent], ['none', 0]);
  self.isConnected = true;
  await time.advance(1_000);
  assert.equal(canary.status().sent, 1);
  self.isConnected = false;
  await time.advance(600_000, 1_000);
  assert.deepEqual([canary.status().state.name, canary.status().sent], ['overdue', 1]);
  self.acknowledge();
  assert.deepEqual([canary.status().state.name, canary.status().lastRoundTripMs], ['returned', 600_000]);
});

test("one that this gateway's disk refuses says so, and so long as it does, nothing is said to have come back", async (t) => {
  const self = await nest(t);
  self.refusal = new HeadgateError('buffer.failed', 'no space left');
  await self.time.advance(60_000);
  await self.time.turn();
  assert.deepEqual(self.canary.status().state, { name: 'refused', reason: 'no space left' });
  self.refusal = undefined;
  await self.time.advance(60_000);
  self.acknowledge();
  assert.equal(self.canary.status().returned, 1);
  assert.equal(self.warnings.length, 0);
});

test('a metered link carries none unless it is asked to', () => {
  const { plan } = uplinkDefaults;
  assert.equal(canaryIntervalMs({ plan }), 60_000);
  assert.equal(canaryIntervalMs({ plan: { ...plan, monthly: 1e6 } }), 0);
  assert.equal(canaryIntervalMs({ plan: { ...plan, hours: ['01:00-02:00'] } }), 0);
  assert.equal(canaryIntervalMs({ plan: { ...plan, rate: 1_000 }, canary: 3_600_000 }), 3_600_000);
  assert.equal(canaryIntervalMs({ plan, canary: 0 }), 0);
});

test('one that is asked for goes at once, also without a collector and where none is sent otherwise', async (t) => {
  const self = await nest(t, 0);
  const { time, canary, acknowledge, warnings } = self;
  self.isConnected = false;
  await time.advance(600_000, 10_000);
  assert.equal(canary.told, undefined);
  assert.deepEqual(await canary.ask(), { sequence: 1 });
  await time.advance(600_000, 10_000);
  assert.deepEqual([canary.status().state.name, canary.status().sent, warnings], ['overdue', 1, []]);
  acknowledge();
  assert.deepEqual([canary.status().state.name, canary.status().returned], ['returned', 1]);
  self.refusal = new HeadgateError('buffer.failed', 'no space left');
  await assert.rejects(canary.ask(), { code: 'buffer.failed' });
  assert.equal(canary.status().state.name, 'refused');
});
