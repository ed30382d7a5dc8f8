import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RawMqtt } from '../support/raw-mqtt.ts';
import { eventually } from '../support/wait.ts';
import { bareBroker, publish, versions } from './bare-broker.ts';

for (const version of versions) {
  for (const [qos, acknowledgement] of [
    [1, 'puback'],
    [2, 'pubrec'],
  ] as const) {
    test(`MQTT ${version}, QoS ${qos}: ${acknowledgement} is written only after authorizePublish has answered`, async () => {
      await using broker = await bareBroker({ hold: true });
      const client = await RawMqtt.connect(broker.port, 'c', version);
      client.send(publish(qos, 7));
      await eventually('authorizePublish', () => broker.asked.length === 1);
      // PINGREQ is answered out of turn, so all that aedes would have written for the PUBLISH has come before it.
      await client.ping();
      assert.deepEqual(client.commands, ['connack', 'pingresp']);
      broker.asked[0]?.answer();
      assert.equal((await client.take(acknowledgement)).messageId, 7);
    });
  }
}

for (const version of [3, 4] as const) {
  for (const qos of [0, 1, 2] as const) {
    test(`MQTT ${version}, QoS ${qos}: an error of authorizePublish ends the connection without an acknowledgement`, async () => {
      await using broker = await bareBroker({ hold: true });
      const client = await RawMqtt.connect(broker.port, 'c', version);
      client.send(publish(qos, 7));
      await eventually('authorizePublish', () => broker.asked.length === 1);
      broker.asked[0]?.answer(new Error('disk full'));
      await client.ended();
      assert.deepEqual(client.commands, ['connack']);
      assert.deepEqual(broker.errors, ['disk full']);
    });
  }
}

for (const [qos, acknowledgement] of [
  [1, 'puback'],
  [2, 'pubrec'],
] as const) {
  test(`MQTT 5, QoS ${qos}: an error of authorizePublish gives ${acknowledgement} 0x87 with its message, and goes on`, async () => {
    await using broker = await bareBroker({ hold: true });
    const passedOn: string[] = [];
    await new Promise<void>((resolve) => {
      broker.aedes.subscribe(
        't',
        (packet, done) => {
          passedOn.push(packet.payload.toString());
          done();
        },
        resolve,
      );
    });
    const client = await RawMqtt.connect(broker.port, 'c', 5);
    client.send(publish(qos, 7));
    await eventually('authorizePublish', () => broker.asked.length === 1);
    broker.asked[0]?.answer(new Error('disk full'));
    const refusal = await client.take(acknowledgement);
    assert.deepEqual([refusal.messageId, refusal.reasonCode], [7, 0x87]);
    assert.deepEqual(refusal.properties, { reasonString: 'disk full' });
    await client.ping();
    assert.deepEqual(passedOn, []);
    assert.deepEqual(broker.errors, ['disk full']);
  });
}

test('MQTT 5, QoS 0: an error of authorizePublish drops the message and keeps the connection', async () => {
  await using broker = await bareBroker({ hold: true });
  const client = await RawMqtt.connect(broker.port, 'c', 5);
  client.send(publish(0, 0));
  await eventually('authorizePublish', () => broker.asked.length === 1);
  broker.asked[0]?.answer(new Error('disk full'));
  await client.ping();
  assert.deepEqual(client.commands, ['connack', 'pingresp']);
});

test('authorizePublish is called synchronously for all packets of one read, in the order of the wire, QoS mixed', async () => {
  await using broker = await bareBroker({ hold: true });
  const client = await RawMqtt.connect(broker.port, 'c');
  client.send(...Array.from({ length: 30 }, (_, i) => publish((i % 3) as 0 | 1 | 2, i + 1)));
  await eventually('30 calls', () => broker.asked.length === 30);
  assert.deepEqual(
    broker.asked.map(({ packet }) => packet.payload.toString()),
    Array.from({ length: 30 }, (_, i) => `${i + 1}`),
  );
});

test('acknowledgements are written in the order of the answers, not of the wire', async () => {
  await using broker = await bareBroker({ hold: true });
  const client = await RawMqtt.connect(broker.port, 'c');
  client.send(publish(1, 1), publish(1, 2), publish(1, 3));
  await eventually('3 calls', () => broker.asked.length === 3);
  for (const index of [2, 0, 1]) broker.asked[index]?.answer();
  assert.deepEqual(
    (await client.takeMany('puback', 3)).map((ack) => ack.messageId),
    [3, 1, 2],
  );
});

test('an answer that comes when the client is gone does no harm', async () => {
  await using broker = await bareBroker({ hold: true });
  for (const version of versions) {
    for (const error of [null, new Error('disk full')]) {
      broker.asked.length = 0;
      const client = await RawMqtt.connect(broker.port, `c${version}`, version);
      client.send(publish(1, 1), publish(2, 2), publish(0, 3));
      await eventually('3 calls', () => broker.asked.length === 3);
      await client.drop();
      await eventually('the broker to notice', () => broker.aedes.connectedClients === 0);
      for (const asked of broker.asked) asked.answer(error);
    }
  }
  const client = await RawMqtt.connect(broker.port, 'next');
  await client.ping();
});

test('a retained message and its absence: kept for later subscribers, removed by an empty payload', async () => {
  await using broker = await bareBroker();
  const client = await RawMqtt.connect(broker.port, 'c');
  client.send(publish(1, 1, { retain: true, payload: 'kept' }));
  await client.take('puback');
  const later = await RawMqtt.connect(broker.port, 'later');
  later.send({ cmd: 'subscribe', messageId: 1, subscriptions: [{ topic: 't', qos: 1 }] });
  const kept = await later.take('publish');
  assert.deepEqual([kept.payload.toString(), kept.retain, kept.qos], ['kept', true, 1]);
  client.send(publish(1, 2, { retain: true, payload: '' }));
  await client.take('puback');
  const latest = await RawMqtt.connect(broker.port, 'latest');
  latest.send({ cmd: 'subscribe', messageId: 1, subscriptions: [{ topic: 't', qos: 1 }] });
  await latest.take('suback');
  await latest.ping();
  assert.deepEqual(latest.commands, ['connack', 'suback', 'pingresp']);
  assert.deepEqual(
    broker.asked.map(({ packet }) => packet.retain),
    [true, true],
  );
});

// What aedes does with a message that it has refused by itself; the source marks those that it has answered in its place.
for (const version of versions) {
  test(`MQTT ${version}: a packet marked _notAuthorized is neither acknowledged nor passed on, and what follows is`, async () => {
    await using broker = await bareBroker({ hold: true });
    const client = await RawMqtt.connect(broker.port, 'c', version);
    client.send({ cmd: 'subscribe', messageId: 9, subscriptions: [{ topic: 't', qos: 0 }] });
    await client.take('suback');
    client.send(publish(1, 1), publish(0, 0), publish(1, 2));
    await eventually('3 calls', () => broker.asked.length === 3);
    for (const [index, { packet, answer }] of broker.asked.entries()) {
      if (index < 2) (packet as unknown as { _notAuthorized: boolean })._notAuthorized = true;
      answer();
    }
    assert.equal((await client.take('puback')).messageId, 2);
    assert.equal((await client.take('publish')).payload.toString(), '2');
    await client.ping();
    assert.deepEqual(client.inbox, []);
    assert.deepEqual(broker.errors, []);
  });
}
