import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { jetstreamManager } from '@nats-io/jetstream';
import { connect } from '@nats-io/transport-node';
import { Record } from '../../src/wire/generated/headgate/v1/record.ts';
import { Upload } from '../../src/wire/generated/headgate/v1/uplink.ts';
import { NatsServer } from '../support/nats-server.ts';
import { rounds } from '../support/random.ts';
import { TcpProxy } from '../support/tcp-proxy.ts';
import { tempDir } from '../support/temp-dir.ts';
import { eventually } from '../support/wait.ts';
import { deliveryOf, recordOf } from './fixtures.ts';
import { assertHolds, consumed, forgotten, insist, sinkAt, told } from './nats-support.ts';

const run = (first: number, last: number): number[] => Array.from({ length: last - first + 1 }, (_, i) => first + i);
const count = 24;
const failed = { code: 'sink.failed' };

test('a collector cut off after any number of bytes: the next one finishes what it left, however late', async (t) => {
  const server = await NatsServer.start(t);
  const proxy = await TcpProxy.start(t, server.port);
  const url = `nats://127.0.0.1:${proxy.port}`;
  const options = { duplicateWindow: 100 };
  const deliver = (gateway: string) => [
    deliveryOf(gateway, 'e', [run(1, 9)]),
    deliveryOf(gateway, 'e', [run(10, count)]),
  ];
  const attempt = async (gateway: string) => {
    const sink = await sinkAt(t, { url }, options);
    try {
      return told(await sink.commit(deliver(gateway)));
    } finally {
      await sink.close();
    }
  };
  let whole = 0;
  const bytes = await eventually('a whole attempt', async () => {
    const before = proxy.bytesUp;
    assert.deepEqual(await attempt(`whole ${whole++}`), ['1-9', '10-24']);
    return proxy.bytesUp - before;
  });

  const cuts = rounds(60, 600);
  const gateways = Array.from({ length: cuts }, (_, i) => `cut ${i}`);
  let failures = 0;
  for (const [i, gateway] of gateways.entries()) {
    await proxy.set({ kind: 'reset', afterBytes: Math.round((bytes * (i + 0.5)) / cuts) });
    await attempt(gateway).catch((error: { code?: string }) => {
      assert.equal(error.code, 'sink.failed', String(error));
      failures++;
    });
  }
  // The last cuts fall into what says that all is done.
  assert.ok(failures > cuts * 0.7, `${failures} attempts failed`);
  const left = await consumed(server);
  const partly = gateways.filter((gateway) => {
    const found = left.filter((record) => record.gateway === gateway).length;
    return found > 0 && found < count;
  });
  assert.ok(partly.length >= 3, `${partly.length} were cut among their records`);

  await forgotten(server);
  const next = await sinkAt(t, server, options);
  for (const gateway of gateways) {
    assert.ok((await next.progress(gateway, 'e', 1, 99)).length <= 1);
    assert.deepEqual(told(await insist(next, deliver(gateway))), ['1-9', '10-24']);
    await assertHolds(server, gateway, 'e', count);
  }
});

test('what was noted and left is not forgotten when the gateway sends something else first', async (t) => {
  const server = await NatsServer.start(t);
  const proxy = await TcpProxy.start(t, server.port);
  const options = { duplicateWindow: 100 };
  const first = await sinkAt(t, { url: `nats://127.0.0.1:${proxy.port}` }, options);
  await insist(first, [deliveryOf('gw', 'e', [[1]])]);
  // The answers do not come any more: all is published, and it does not know.
  await proxy.set({ kind: 'black-hole', direction: 'down' });
  const lost = first.commit([deliveryOf('gw', 'e', [run(2, 5)])]);
  const lostToo = assert.rejects(lost, failed);
  const second = await sinkAt(t, server, options);
  await second.progress('gw', 'e', 1, 9);
  assert.deepEqual(told(await insist(second, [deliveryOf('gw', 'e', [run(8, 9)])])), ['8-9']);
  await proxy.set({ kind: 'refuse' });
  await lostToo;
  await forgotten(server);
  assert.deepEqual(told(await insist(second, [deliveryOf('gw', 'e', [run(1, 9)])])), ['1-9']);
  await assertHolds(server, 'gw', 'e', 9);
});

test('what arrives late, from a collector that another one has replaced, changes nothing', async (t) => {
  const server = await NatsServer.start(t);
  const proxy = await TcpProxy.start(t, server.port);
  const first = await sinkAt(t, { url: `nats://127.0.0.1:${proxy.port}` });
  await first.progress('gw', 'e', 1, 9);
  await first.commit([deliveryOf('gw', 'e', [run(1, 3)])]);
  await proxy.set({ kind: 'linger', ms: 200 });
  const late = assert.rejects(first.commit([deliveryOf('gw', 'e', [run(4, 9)])]), failed);
  const second = await sinkAt(t, server);
  assert.deepEqual(await second.progress('gw', 'e', 1, 9), [{ first: 1, last: 3 }]);
  assert.deepEqual(told(await second.commit([deliveryOf('gw', 'e', [run(3, 7)])])), ['3-7']);
  await late;
  await proxy.set({ kind: 'none' });
  assert.deepEqual(told(await second.commit([deliveryOf('gw', 'e', [run(6, 9)])])), ['6-9']);
  await assertHolds(server, 'gw', 'e', 9);
});

test('records that arrive late, when another collector has published them, are known by their number', async (t) => {
  const server = await NatsServer.start(t);
  const proxy = await TcpProxy.start(t, server.port);
  const connection = await connect({ servers: server.url });
  t.after(() => connection.close());
  const manager = await jetstreamManager(connection);
  const second = await sinkAt(t, server);
  const all = 12_000;
  let attempts = 0;
  for (let isLate = false; !isLate && attempts < 10; ) {
    const gateway = `late ${attempts++}`;
    await proxy.set({ kind: 'none' });
    const first = await sinkAt(t, { url: `nats://127.0.0.1:${proxy.port}` });
    const before = (await manager.streams.info('headgate')).state.messages;
    const outcome = first.commit([deliveryOf(gateway, 'e', [run(1, all)])]).then(told, () => 'late');
    await eventually(
      'the first records',
      async () => (await manager.streams.info('headgate')).state.messages > before,
      { everyMs: 1 },
    );
    await proxy.set({ kind: 'linger', ms: 600 });
    assert.deepEqual(told(await second.commit([deliveryOf(gateway, 'e', [run(1, all)])])), [`1-${all}`]);
    isLate = (await outcome) === 'late';
    await first.close();
    // The server has read all that was late when it has closed its end.
    await eventually('what was late', () => proxy.isIdle);
    await assertHolds(server, gateway, 'e', all);
  }
  assert.ok(attempts < 10, 'something was late');
});

test('a record larger than a message may be is cut, and never blocks its gateway', async (t) => {
  const config = join(tempDir(t), 'nats.conf');
  writeFileSync(config, 'max_payload: 8192\n');
  const server = await NatsServer.start(t, ['-c', config]);
  const payload = Buffer.alloc(30_000, 'å');
  const records = [recordOf('gw', 1), Record.create({ ...recordOf('gw', 2), fields: [], payload }), recordOf('gw', 3)];
  const upload = Upload.encode(Upload.fromPartial({ batches: [{ firstSequence: 1n, count: 3, records }] })).finish();
  const delivery = { gateway: 'gw', epoch: 'e', upload };
  const sink = await sinkAt(t, server, { duplicateWindow: 100 });
  assert.deepEqual(told(await insist(sink, [delivery])), ['1-3']);
  await assertHolds(server, 'gw', 'e', 3);
  const found = (await consumed(server)).find(({ sequence }) => sequence === '2');
  assert.equal(found?.payload, payload.toString('base64'));

  // The same cut off in the middle of its parts.
  const proxy = await TcpProxy.start(t, server.port);
  const other = { ...delivery, gateway: 'b' };
  await proxy.set({ kind: 'reset', afterBytes: 22_000 });
  const cut = await sinkAt(t, { url: `nats://127.0.0.1:${proxy.port}` }, { duplicateWindow: 100 });
  await assert.rejects(cut.commit([other]), failed);
  await forgotten(server);
  await sink.progress('b', 'e', 1, 9);
  assert.deepEqual(told(await insist(sink, [other])), ['1-3']);
  await assertHolds(server, 'b', 'e', 3);
});

test('a full stream takes nothing and says so; with room again all goes on', async (t) => {
  const server = await NatsServer.start(t);
  const sink = await sinkAt(t, server, { maxBytes: 20_000 });
  await sink.commit([deliveryOf('gw', 'e', [run(1, 10)])]);
  const much = [deliveryOf('gw', 'e', [run(11, 200)])];
  await assert.rejects(sink.commit(much), { code: 'sink.failed', message: /maximum bytes exceeded/ });
  await sink.close();
  await sink.open();
  await assert.rejects(sink.commit(much), { code: 'sink.failed' });
  const connection = await connect({ servers: server.url });
  const manager = await jetstreamManager(connection);
  const { config } = await manager.streams.info('headgate');
  await manager.streams.update('headgate', { ...config, max_bytes: -1 });
  await connection.close();
  await sink.close();
  await sink.open();
  assert.deepEqual(told(await sink.commit(much)), ['11-200']);
  await assertHolds(server, 'gw', 'e', 200);
});

test('a NATS server that stands still is given up, and used again when it goes on', async (t) => {
  const server = await NatsServer.start(t);
  const sink = await sinkAt(t, server, {}, () => {}, 200);
  await sink.commit([deliveryOf('gw', 'e', [[1]])]);
  server.freeze();
  await assert.rejects(sink.commit([deliveryOf('gw', 'e', [run(2, 50)])]), failed);
  await sink.close();
  server.resume();
  await sink.open();
  assert.deepEqual(told(await sink.commit([deliveryOf('gw', 'e', [run(1, 50)])])), ['1-50']);
  await assertHolds(server, 'gw', 'e', 50);
});

test('a stream that can not keep the promise is refused, and what weakens it is told', async (t) => {
  const server = await NatsServer.start(t);
  const connection = await connect({ servers: server.url });
  const manager = await jetstreamManager(connection);
  const rows: [config: object, fault: RegExp][] = [
    [{ storage: 'memory' }, /in memory/],
    [{ retention: 'workqueue' }, /deletes messages as they are read/],
    [{ no_ack: true }, /acknowledges nothing/],
    [{ subjects: ['headgate.one.*'] }, /does not take headgate\.\*\.\*, only headgate\.one\.\*/],
  ];
  for (const [config, message] of rows) {
    await manager.streams.add({ name: 'headgate', subjects: ['headgate.>'], storage: 'file', ...config });
    await assert.rejects(sinkAt(t, server), { code: 'config.invalid', message });
    await manager.streams.delete('headgate');
  }
  const weak = { discard: 'old', max_bytes: 1 << 20, max_msgs_per_subject: 5, duplicate_window: 1e9 } as const;
  await manager.streams.add({ name: 'headgate', subjects: ['headgate.>'], storage: 'file', ...weak });
  await connection.close();
  const notes: string[] = [];
  await sinkAt(t, server, {}, (message) => notes.push(message));
  assert.equal(notes.length, 3);
  assert.match(notes.join(' '), /throws its oldest records away.*newest 5 records.*for 1000 ms only/s);
});
