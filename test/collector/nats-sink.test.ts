import assert from 'node:assert/strict';
import { test } from 'node:test';
import { NatsServer } from '../support/nats-server.ts';
import { deliveryOf, recordOf, uploadOf } from './fixtures.ts';
import { assertHolds, consumed, sinkAt, told } from './nats-support.ts';

const run = (first: number, last: number): number[] => Array.from({ length: last - first + 1 }, (_, i) => first + i);

test('a record is in the stream once, however often and in whatever batches it comes', async (t) => {
  const server = await NatsServer.start(t);
  const sink = await sinkAt(t, server);
  assert.deepEqual(await sink.progress('gw', 'e', 1, 10), []);
  const group = [
    deliveryOf('gw', 'e', [run(1, 5)]),
    deliveryOf('gw', 'e', [run(4, 9)]),
    deliveryOf('b', 'e', [run(7, 8)]),
  ];
  assert.deepEqual(told(await sink.commit(group)), ['1-5', '4-9', '7-8']);
  assert.deepEqual(told(await sink.commit([deliveryOf('gw', 'e', [run(8, 12), run(2, 3)])])), ['2-3 8-12']);
  assert.deepEqual(await sink.progress('gw', 'e', 3, 10), [{ first: 3, last: 12 }]);
  await assertHolds(server, 'gw', 'e', 12);
  const [first] = (await consumed(server)).filter(({ gateway }) => gateway === 'b');
  assert.deepEqual(first, {
    gateway: 'b',
    epoch: 'e',
    sequence: '7',
    deviceId: 'device-1',
    time: '2026-01-01T00:00:07.000Z',
    receivedAt: '2026-01-01T00:00:07.000Z',
    priority: 'PRIORITY_NORMAL',
    source: 'mqtt',
    topic: 't/b/1',
    fields: [{ name: 'value', number: 0.875 }],
  });
  assert.equal(recordOf('b', 7).deviceId, 'device-1');
});

test('a malformed delivery is refused, and takes nobody else along', async (t) => {
  const server = await NatsServer.start(t);
  const sink = await sinkAt(t, server);
  const broken = { gateway: 'bad', epoch: 'e', upload: uploadOf('bad', [[1, 2]]).subarray(0, -3) };
  const outcomes = await sink.commit([deliveryOf('gw', 'e', [[1]]), broken, deliveryOf('gw', 'e', [[2]])]);
  assert.deepEqual(told(outcomes), ['1-1', 'refused', '2-2']);
  await assertHolds(server, 'gw', 'e', 2);
  await assertHolds(server, 'bad', 'e', 0);
});

test('any collector serves any gateway: what one has stored, all know', async (t) => {
  const server = await NatsServer.start(t);
  const [one, two] = [await sinkAt(t, server), await sinkAt(t, server)];
  await one.progress('gw', 'e', 1, 10);
  await one.commit([deliveryOf('gw', 'e', [run(1, 5)])]);
  assert.deepEqual(await two.progress('gw', 'e', 1, 10), [{ first: 1, last: 5 }]);
  assert.deepEqual(told(await two.commit([deliveryOf('gw', 'e', [run(4, 8)])])), ['4-8']);
  // The stream that the gateway left behind has still something to say.
  assert.deepEqual(told(await one.commit([deliveryOf('gw', 'e', [run(6, 9)]), deliveryOf('b', 'e', [[1]])])), [
    'moved',
    '1-1',
  ]);
  assert.deepEqual(told(await one.commit([deliveryOf('gw', 'e', [run(6, 9)])])), ['moved']);
  assert.deepEqual(told(await two.commit([deliveryOf('gw', 'e', [run(6, 10)])])), ['6-10']);
  // And back again.
  assert.deepEqual(await one.progress('gw', 'e', 1, 10), [{ first: 1, last: 10 }]);
  assert.deepEqual(told(await one.commit([deliveryOf('gw', 'e', [run(9, 12)])])), ['9-12']);
  assert.deepEqual(told(await two.commit([deliveryOf('gw', 'e', [run(11, 12)])])), ['moved']);
  await assertHolds(server, 'gw', 'e', 12);
});
