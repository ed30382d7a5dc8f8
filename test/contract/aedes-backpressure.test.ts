import assert from 'node:assert/strict';
import type { Socket } from 'node:net';
import { test } from 'node:test';
import { RawMqtt } from '../support/raw-mqtt.ts';
import { eventually } from '../support/wait.ts';
import { bareBroker, publish } from './bare-broker.ts';

// Aedes counts the packets that are under way and reads on when there are none, but takes a `readable` event for a
// finished packet. So it waits after a read that completed several, and never after reads that complete one each. If
// this test ever fails, aedes has learnt to wait, and the read gate below may go.
test('aedes reads on although authorizePublish answers nothing', async () => {
  await using broker = await bareBroker({ hold: true });
  const client = await RawMqtt.connect(broker.port, 'c');
  for (let id = 1; id <= 50; id++) {
    client.send(publish(1, id));
    await eventually('the call', () => broker.asked.length === id, { everyMs: 1 });
  }
});

// Why the source must not use it to push back.
test('a pause of the client while packets finish sticks for ever', async () => {
  await using broker = await bareBroker({ hold: true });
  const client = await RawMqtt.connect(broker.port, 'c');
  client.send(...Array.from({ length: 10 }, (_, i) => publish(1, i + 1)));
  await eventually('10 calls', () => broker.asked.length === 10);
  const served = broker.asked[0]?.client as unknown as { pause(): void; resume(): void; _parsingBatch: number };
  served.pause();
  for (const { answer } of broker.asked) answer();
  await client.takeMany('puback', 10);
  served.resume();
  assert.ok(served._parsingBatch > 1, 'packets that finished in the pause still count as under way');
});

test('a gate in front of `read` bounds what waits: closed it hands over nothing, opened it loses nothing', async () => {
  const limit = 20;
  let waiting = 0;
  let most = 0;
  const held: (() => void)[] = [];
  let connection: Socket | undefined;
  await using broker = await bareBroker({
    onSocket: (socket) => {
      connection = socket;
      const read = socket.read;
      socket.read = (size) => (waiting < limit ? read.call(socket, size) : null);
    },
    authorizePublish: (_client, _packet, callback) => {
      waiting += 1;
      most = Math.max(most, waiting);
      held.push(() => {
        waiting -= 1;
        callback(null);
      });
    },
  });
  const client = await RawMqtt.connect(broker.port, 'c');
  // Larger than a read (64 KiB), so that aedes itself holds nothing back.
  const count = 300;
  const payload = Buffer.alloc(70_000);
  client.send(...Array.from({ length: count }, (_, i) => publish(1, i + 1, { payload })));
  await eventually('a closed gate', () => waiting >= limit);
  await eventually(
    'everything acknowledged',
    () => {
      for (const answer of held.splice(0)) answer();
      connection?.emit('readable');
      return client.commands.filter((cmd) => cmd === 'puback').length === count;
    },
    { everyMs: 1, timeoutMs: 10_000 },
  );
  assert.ok(most >= limit && most <= limit + 1, `${most} waited`);
  assert.deepEqual(
    (await client.takeMany('puback', count)).map((ack) => ack.messageId),
    Array.from({ length: count }, (_, i) => i + 1),
  );
});
