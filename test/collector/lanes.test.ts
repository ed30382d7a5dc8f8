// A gateway sends by priority: each batch is a run of sequences, but the batches of one lane come ahead of those of
// another that lie between them.
import assert from 'node:assert/strict';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { type TestContext, test } from 'node:test';
import { Collector } from '../../src/collector/collector.ts';
import { welcomeRuns } from '../../src/collector/welcome-runs.ts';
import { systemClock } from '../../src/core/time.ts';
import { Intervals } from '../../src/lib/intervals.ts';
import { silentLog } from '../../src/lib/log.ts';
import { collectorDefaults } from '../support/options.ts';
import { TestGateway } from './client.ts';
import {
  acknowledged,
  deliveryOf,
  kinds,
  openSink,
  range,
  sinkIn,
  storedNames,
  temporaryDirectory,
} from './fixtures.ts';

const never = new AbortController().signal;

/** Batches `from` to `to` of ten records of one of two lanes that take turns. */
function batchesOf(lane: 0 | 1, from: number, to: number): number[][] {
  return range(from, to).map((i) => range(i * 20 + lane * 10 + 1, i * 20 + lane * 10 + 10));
}

for (const kind of kinds) {
  test(`${kind}: one lane drained ahead of the other, then the other, and each record once`, (t) => {
    const address = sinkIn(temporaryDirectory(t), kind);
    let sink = openSink(address);
    t.after(() => sink.close());
    for (let i = 0; i < 600; i += 100) {
      const [outcome] = sink.commit([deliveryOf('gw', 'e', batchesOf(1, i, i + 99))]);
      assert.equal(outcome?.name === 'durable' && outcome.sequences.length, 100);
    }
    assert.equal(sink.progress('gw', 'e').size, 600);
    sink.close();
    sink = openSink(address);
    assert.equal(sink.progress('gw', 'e').size, 600);
    // Newest first within the group, half of it known already: nothing depends on the order.
    for (let i = 500; i >= 0; i -= 100) {
      const group = [deliveryOf('gw', 'e', batchesOf(0, i, i + 99)), deliveryOf('gw', 'e', batchesOf(1, i, i + 99))];
      const outcomes = sink.commit(group);
      assert.deepEqual(
        outcomes.map((outcome) => outcome.name === 'durable' && outcome.newRecords),
        [1000, 0],
      );
    }
    assert.deepEqual([...sink.progress('gw', 'e')], [{ first: 1, last: 12_000 }]);
    sink.close();
    sink = openSink(address);
    assert.deepEqual([...sink.progress('gw', 'e')], [{ first: 1, last: 12_000 }]);
    const stored = storedNames(address);
    assert.equal(stored.length, 12_000);
    assert.equal(new Set(stored).size, 12_000);
    assert.deepEqual(acknowledged(sink.commit([deliveryOf('gw', 'e', [range(101, 200), range(1, 100)])])), ['1-200']);
  });
}

test('file: runs on both sides of the checkpoint are told from each other, and added up after a crash', (t) => {
  const address = sinkIn(temporaryDirectory(t), 'file');
  const path = address.slice('file:'.length);
  const sink = openSink(address);
  // 16 MiB is some 65,000 of these records: the checkpoint is moved while runs are open on both sides of it.
  for (let i = 0; i < 4000; i += 1000) sink.commit([deliveryOf('gw', 'e', batchesOf(0, i, i + 999))]);
  for (let i = 0; i < 3900; i += 1300) sink.commit([deliveryOf('gw', 'e', batchesOf(1, i, i + 1299))]);
  // Behind the checkpoint: one run that grows one before it, one that stands alone.
  sink.commit([deliveryOf('gw', 'e', [range(78_011, 78_015), range(90_001, 90_010)])]);
  const runs = [...sink.progress('gw', 'e')];
  assert.equal(runs.length, 101);
  assert.deepEqual(runs[0], { first: 1, last: 78_015 });
  // As after a crash: the checkpoint's state, and lines behind it.
  const state = readFileSync(`${path}.state`);
  sink.close();
  const closed = readFileSync(`${path}.state`);
  assert.notDeepEqual(state, closed);
  for (const kept of [state, closed, undefined]) {
    rmSync(`${path}.state`);
    if (kept !== undefined) writeFileSync(`${path}.state`, kept);
    const again = openSink(address);
    assert.deepEqual([...again.progress('gw', 'e')], runs);
    again.close();
  }
});

test('a welcome names the first runs and the last one', () => {
  const durable = new Intervals(range(1, 10).map((i) => ({ first: i * 10, last: i * 10 + 4 })));
  const table: [from: number, limit: number, want: string][] = [
    [1, 20, '10-14 20-24 30-34 40-44 50-54 60-64 70-74 80-84 90-94 100-104'],
    [1, 10, '10-14 20-24 30-34 40-44 50-54 60-64 70-74 80-84 90-94 100-104'],
    [1, 3, '10-14 20-24 100-104'],
    [72, 3, '72-74 80-84 100-104'],
    [82, 3, '82-84 90-94 100-104'],
    [102, 3, '102-104'],
    [102, 1, '102-104'],
    [1, 1, '100-104'],
    [105, 3, ''],
  ];
  for (const [from, limit, want] of table) {
    const got = welcomeRuns(durable, from, limit).map(({ first, last }) => `${first}-${last}`);
    assert.equal(got.join(' '), want, `from ${from}, ${limit} at most`);
  }
  assert.deepEqual(welcomeRuns(new Intervals(), 1, 3), []);
});

test('of more runs than a welcome names, each record is stored once all the same', async (t) => {
  const { collector, connect } = await start(t, sinkIn(temporaryDirectory(t), 'file'));
  const first = connect();
  await first.greet();
  const even = range(1, 10_500).map((i) => i * 2);
  first.upload(even.map((sequence) => [sequence]));
  assert.equal((await first.next()).$case, 'acknowledge');
  const second = connect();
  const told = (await second.greet()).split(' ');
  assert.equal(told.length, 10_000);
  assert.deepEqual([told[0], told[9998], told[9999]], ['2-2', '19998-19998', '21000-21000']);
  // It sends what it was not told of, and what is missing between.
  second.upload(range(19_999, 20_999).map((sequence) => [sequence]));
  await second.acknowledged(19_999, 20_999);
  assert.equal(collector.status().records, 10_500 + 501);
  assert.equal((await connect().greet()).split(' ').length, 9999);
});

test('a gateway for which nothing waits hears only of what it has not given out itself', async (t) => {
  const { connect } = await start(t, sinkIn(temporaryDirectory(t), 'sqlite'));
  const gateway = connect();
  await gateway.greet();
  gateway.upload([range(1, 50)]);
  await gateway.acknowledged(1, 50);
  assert.equal(await connect().greet('gw', 0n, 50n), '');
  // It was restored from an older copy: its next record would be taken for one that is known.
  assert.equal(await connect().greet('gw', 0n, 40n), '41-50');
});

async function start(t: TestContext, sink: string): Promise<{ collector: Collector; connect(): TestGateway }> {
  const options = { ...collectorDefaults, port: 0, windowBytes: 1 << 20, sink };
  const collector = new Collector(options, silentLog, systemClock, 10_000);
  const gateways: TestGateway[] = [];
  t.after(async () => {
    for (const gateway of gateways) gateway.close();
    await collector.stop(never);
  });
  await collector.start();
  const connect = () => {
    const gateway = new TestGateway(collector.address);
    gateways.push(gateway);
    return gateway;
  };
  return { collector, connect };
}
