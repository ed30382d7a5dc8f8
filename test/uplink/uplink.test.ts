import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { tempDir } from '../support/temp-dir.ts';
import { eventually } from '../support/wait.ts';
import {
  acknowledge,
  append,
  appendTo,
  type Call,
  collected,
  connected,
  newBuffer,
  now,
  rudeCollector,
  startedCollector,
  upTo,
  welcome,
} from './fixtures.ts';

test('a backlog drains in order, fresh records follow, and both are deleted when the collector has them', async (t) => {
  const dir = tempDir(t);
  const sink = `file:${join(dir, 'records.ndjson')}`;
  const buffer = newBuffer();
  for (const n of upTo(50)) append(buffer, n);
  const collector = await startedCollector(t, sink);
  const uplink = connected(t, buffer, collector.address);
  await eventually('the backlog to drain', () => uplink.status().acknowledgedRecords === 50);
  assert.equal(uplink.status().state.name, 'live');
  append(buffer, 51);
  await eventually('nothing to wait', () => buffer.totals.waitingRecords === 0);
  const rows = await collected(sink);
  assert.deepEqual(
    rows.map(({ n }) => n),
    upTo(51),
  );
  assert.deepEqual(
    rows.map(({ sequence }) => Number(sequence)),
    upTo(51),
  );
  assert.deepEqual(
    rows.map(({ historical }) => historical),
    [...upTo(50).map(() => true), false],
  );
});

test('a collector that comes back gets the rest, and nothing twice', async (t) => {
  const dir = tempDir(t);
  const sink = `file:${join(dir, 'records.ndjson')}`;
  const buffer = newBuffer();
  const first = await startedCollector(t, sink);
  const port = Number(first.address.split(':')[1]);
  const uplink = connected(t, buffer, first.address);
  for (const n of upTo(20)) append(buffer, n);
  await eventually('the first part', () => uplink.status().acknowledgedRecords === 20);
  await first.stop(now());
  for (const n of upTo(20)) append(buffer, 20 + n);
  await eventually('the loss to be noticed', () => uplink.status().state.name === 'waiting');
  await startedCollector(t, sink, port);
  await eventually('the rest', () => buffer.totals.waitingRecords === 0);
  assert.deepEqual(
    (await collected(sink)).map(({ n }) => n),
    upTo(40),
  );
  assert.equal(uplink.status().connections, 2);
});

test('what the collector has already is not sent again', async (t) => {
  const buffer = newBuffer();
  for (const n of upTo(10)) append(buffer, n);
  const uploads: number[] = [];
  const address = await rudeCollector(t, {
    hello: (call) =>
      call.write(
        welcome([
          [1, 4],
          [7, 7],
        ]),
      ),
    upload: (call, batches) => {
      uploads.push(...batches.map(([first]) => first));
      for (const [first, last] of batches) call.write(acknowledge(first, last));
    },
  });
  connected(t, buffer, address);
  await eventually('nothing to wait', () => buffer.totals.waitingRecords === 0);
  assert.deepEqual(uploads, [5, 6, 8, 9, 10]);
});

test('acknowledgements that stop coming end the connection, although it looks alive, and all is sent again', async (t) => {
  const buffer = newBuffer();
  append(buffer, 1);
  let connections = 0;
  const address = await rudeCollector(t, {
    hello: (call) => {
      connections++;
      call.write(welcome([]));
    },
    upload: (call, batches) => {
      if (connections >= 3) for (const [first, last] of batches) call.write(acknowledge(first, last));
    },
  });
  connected(t, buffer, address, { acknowledgeTimeout: 100 });
  await eventually('the third connection to deliver', () => buffer.totals.waitingRecords === 0);
  assert.equal(connections, 3);
});

test('an acknowledgement of what was never sent deletes nothing', async (t) => {
  const buffer = newBuffer();
  append(buffer, 1);
  const address = await rudeCollector(t, {
    hello: (call) => call.write(welcome([])),
    upload: (call) => call.write(acknowledge(1, 1_000)),
  });
  const uplink = connected(t, buffer, address);
  const state = await eventually('the complaint', () => {
    const { state } = uplink.status();
    return state.name === 'rejected' && state;
  });
  assert.match(state.reason, /acknowledged sequences 1 to 1000, but 1 was the last/);
  assert.equal(buffer.totals.waitingRecords, 1);
});

test('a collector that knows more than this gateway ever sent is not believed: nothing is deleted as a duplicate', async (t) => {
  const buffer = newBuffer();
  append(buffer, 1);
  const address = await rudeCollector(t, { hello: (call) => call.write(welcome([[1, 500]])), upload: () => {} });
  const uplink = connected(t, buffer, address);
  const state = await eventually('the refusal', () => {
    const { state } = uplink.status();
    return state.name === 'rejected' && state;
  });
  assert.match(state.reason, /another machine has run as this gateway.*headgate take-over/);
  assert.equal(buffer.totals.waitingRecords, 1);
});

test('a collector that says nothing, or nonsense, is left and tried again', async (t) => {
  const buffer = newBuffer();
  append(buffer, 1);
  let connections = 0;
  const address = await rudeCollector(t, {
    hello: (call) => {
      connections++;
      if (connections === 2) call.write(Buffer.from([0xff, 0xff, 0xff]));
      if (connections >= 3) call.write(welcome([]));
    },
    upload: (call, batches) => {
      for (const [first, last] of batches) call.write(acknowledge(first, last));
    },
  });
  connected(t, buffer, address, { connectTimeout: 100 });
  await eventually('the third connection to deliver', () => buffer.totals.waitingRecords === 0);
  assert.equal(connections, 3);
});

test('a URL that is none, and a port where nobody listens, are states with a reason', async (t) => {
  const buffer = newBuffer();
  for (const [address, name, reason] of [
    ['not a host', 'rejected', /must be a URL such as/],
    ['127.0.0.1:1', 'waiting', /^nobody listens there \(ECONNREFUSED 127\.0\.0\.1:1\)$/],
  ] as const) {
    const uplink = connected(t, buffer, address);
    const state = await eventually('a reason', () => {
      const { state } = uplink.status();
      return (state.name === 'waiting' || state.name === 'rejected') && state;
    });
    assert.equal(state.name, name);
    assert.match(state.reason, reason);
    await uplink.stop(now());
    assert.equal(uplink.status().state.name, 'offline');
  }
});

test('lanes of all priorities arrive, are counted by priority, and are under way until they are acknowledged', async (t) => {
  const dir = tempDir(t);
  const sink = `file:${join(dir, 'records.ndjson')}`;
  const buffer = newBuffer().addLane('alarms', 'critical').addLane('logs', 'bulk');
  const lanes = ['logs', 'a', 'alarms', 'logs', 'alarms', 'a'];
  for (const [index, lane] of lanes.entries()) appendTo(buffer, lane, index, index);
  const collector = await startedCollector(t, sink);
  const uplink = connected(t, buffer, collector.address);
  assert.deepEqual([uplink.isLive(), uplink.acknowledgeMs()], [false, Number.POSITIVE_INFINITY]);
  await eventually('all to be sent', () => buffer.totals.waitingRecords === 0);
  assert.deepEqual(uplink.status().acknowledgedByPriority, { critical: 4, normal: 4, bulk: 4 });
  assert.deepEqual((await collected(sink)).map(({ n }) => n).sort(), [0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5]);
  for (const lane of lanes) assert.deepEqual(uplink.underWay(lane), []);
  assert.equal(uplink.isLive(), true);
  assert.ok(uplink.acknowledgeMs() < 5_000);
});

test('what was under way when the connection broke is let go of, read again, and acknowledged by what the collector has', async (t) => {
  const buffer = newBuffer();
  append(buffer, 1, 2);
  append(buffer, 3);
  let connections = 0;
  const uploads: number[] = [];
  const calls: Call[] = [];
  let betweenThem: unknown;
  const address = await rudeCollector(t, {
    hello: (call) => {
      connections++;
      calls.push(call);
      if (connections === 2) betweenThem = [uplink.underWay('a'), buffer.totals.waitingRecords];
      call.write(welcome(connections === 1 ? [] : [[1, 2]]));
    },
    upload: (call, batches) => {
      uploads.push(...batches.map(([first]) => first));
      if (connections === 2) for (const [first, last] of batches) call.write(acknowledge(first, last));
    },
  });
  const uplink = connected(t, buffer, address);
  await eventually('both to be sent', () => uploads.length === 2);
  assert.deepEqual(uplink.underWay('a'), [{ first: 1, last: 3 }]);
  calls[0]!.end();
  await eventually('the rest', () => buffer.totals.waitingRecords === 0);
  assert.deepEqual(betweenThem, [[], 3]);
  assert.deepEqual(uploads, [1, 3, 3]);
  assert.equal(uplink.status().acknowledgedRecords, 1);
});

test('a lane that can not be read is a problem that is told, while the others go on', async (t) => {
  const buffer = newBuffer().addLane('sick');
  buffer.broken.add('sick');
  append(buffer, 1);
  appendTo(buffer, 'sick', 2);
  const address = await rudeCollector(t, {
    hello: (call) => call.write(welcome([])),
    upload: (call, batches) => {
      for (const [first, last] of batches) call.write(acknowledge(first, last));
    },
  });
  const uplink = connected(t, buffer, address, { acknowledgeTimeout: 100 });
  await eventually('the other lane', () => buffer.totals.waitingRecords === 1);
  await eventually('the problem', () => /lane sick can't be read \(no disk\)/.test(uplink.status().problem ?? ''));
  assert.equal(uplink.status().state.name, 'draining');
  buffer.broken.clear();
  await eventually('it to be read again', () => buffer.totals.waitingRecords === 0);
  const { problem, connections, state } = uplink.status();
  assert.deepEqual([problem, connections, state.name], [undefined, 1, 'live']);
});
