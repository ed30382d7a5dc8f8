import assert from 'node:assert/strict';
import { mock, test } from 'node:test';
import { connectPacket, RawMqtt } from '../support/raw-mqtt.ts';
import { eventually } from '../support/wait.ts';
import { bareBroker, versions } from './bare-broker.ts';

const will = { topic: 'will', payload: Buffer.from('gone'), qos: 1 as const, retain: true };

for (const version of versions) {
  test(`MQTT ${version}: a will goes through authorizePublish with its own client, and without cmd or packet id`, async () => {
    await using broker = await bareBroker();
    const client = await RawMqtt.connect(broker.port, 'c', version, { will });
    await client.drop();
    await eventually('the will', () => broker.asked.length === 1);
    const { packet, client: sender } = broker.asked[0]!;
    assert.deepEqual([packet.topic, packet.payload.toString(), packet.qos, packet.retain], ['will', 'gone', 1, true]);
    assert.deepEqual(
      [packet.cmd, packet.dup, (packet as { messageId?: number }).messageId],
      [undefined, undefined, undefined],
    );
    assert.equal(sender.id, 'c');
    assert.equal((packet as { clientId?: string }).clientId, 'c');
  });

  test(`MQTT ${version}: DISCONNECT discards the will`, async () => {
    await using broker = await bareBroker();
    const client = await RawMqtt.connect(broker.port, 'c', version, { will });
    client.send({ cmd: 'disconnect', reasonCode: 0 });
    await client.ended();
    await eventually('the broker to notice', () => broker.aedes.connectedClients === 0);
    assert.equal(broker.asked.length, 0);
  });
}

test('a will is passed on and kept only when authorizePublish answers well', async () => {
  await using broker = await bareBroker({ hold: true });
  const subscriber = await RawMqtt.connect(broker.port, 's');
  subscriber.send({ cmd: 'subscribe', messageId: 1, subscriptions: [{ topic: 'will', qos: 1 }] });
  await subscriber.take('suback');
  for (const [index, error] of [new Error('disk full'), null].entries()) {
    const client = await RawMqtt.connect(broker.port, 'c', 4, { will });
    await client.drop();
    await eventually('the will', () => broker.asked.length === index + 1);
    broker.asked[index]?.answer(error);
    if (error === null) {
      assert.equal((await subscriber.take('publish')).payload.toString(), 'gone');
    } else {
      await subscriber.ping();
      assert.equal(subscriber.inbox.filter((packet) => packet.cmd === 'publish').length, 0);
    }
  }
});

// The topic of a will is checked by nobody before authorizePublish sees it.
for (const topic of ['#', 'a/+/b', '$SYS/x', `${'a/'.repeat(150)}a`, 'a\u0000b']) {
  test(`a will to ${JSON.stringify(topic.slice(0, 12))} is accepted at CONNECT, handed over, and harms nobody`, async () => {
    await using broker = await bareBroker();
    const client = await RawMqtt.connect(broker.port, 'c', 4, { will: { ...will, topic } });
    await client.drop();
    await eventually('the will', () => broker.asked.length === 1);
    assert.equal(broker.asked[0]?.packet.topic, topic);
    const next = await RawMqtt.connect(broker.port, 'next');
    await next.ping();
  });
}

test('an empty will topic and a will of QoS 3 are handed over too', async () => {
  await using broker = await bareBroker();
  for (const [flags, topic] of [
    [0x06, []],
    [0x1e, [0x74]],
  ] as const) {
    const body = [0, 4, 77, 81, 84, 84, 4, flags, 0, 0, 0, 1, 0x63, 0, topic.length, ...topic, 0, 1, 0x78];
    const client = await RawMqtt.open(broker.port);
    client.sendBytes(Buffer.from([0x10, body.length, ...body]));
    await client.take('connack');
    await client.drop();
  }
  await eventually('both wills', () => broker.asked.length === 2);
  assert.deepEqual(
    broker.asked.map(({ packet }) => [packet.topic, packet.qos]),
    [
      ['', 0],
      ['t', 3],
    ],
  );
});

// A Raspberry Pi has no clock battery: its clock jumps by years when the time becomes known. Aedes takes the silence
// between two heartbeats for a dead broker of its cluster, itself included. Our store must give it no wills to sweep.
test('when the clock jumps ahead, aedes publishes the wills of clients that are connected', async () => {
  const heartbeatInterval = 40;
  const start = Date.now();
  let ahead = 0;
  const now = mock.method(Date, 'now', () => start + ahead);
  try {
    await using broker = await bareBroker({ heartbeatInterval });
    const client = await RawMqtt.open(broker.port);
    client.send(connectPacket('c', 4, { will }));
    await client.take('connack');
    // Keeps jumping, as the sweep has to find a heartbeat that is older than three intervals.
    await eventually(
      'the will of a living client',
      () => {
        ahead += 10 * heartbeatInterval;
        return broker.asked.length > 0;
      },
      { everyMs: 5 },
    );
    await client.ping();
  } finally {
    now.mock.restore();
  }
});
