import assert from 'node:assert/strict';
import { test } from 'node:test';
import { connectPacket, RawMqtt } from '../support/raw-mqtt.ts';
import { eventually } from '../support/wait.ts';
import { bareBroker, publish, versions } from './bare-broker.ts';

for (const version of versions) {
  for (const way of ['declared', 'complete'] as const) {
    test(`MQTT ${version}: a packet over maximumPacketSize ends the connection, when ${way}`, async () => {
      await using broker = await bareBroker({ maximumPacketSize: 1_000 });
      const client = await RawMqtt.connect(broker.port, 'c', version);
      if (version === 5) assert.equal(client.connack.properties?.maximumPacketSize, 1_000);
      if (way === 'complete') client.send(publish(1, 1, { payload: Buffer.alloc(1_000) }));
      // 256 MiB announced, 2 bytes sent.
      else client.sendBytes(Buffer.from([0x32, 0xff, 0xff, 0xff, 0x7f, 0, 1]));
      if (version === 5) assert.equal((await client.take('disconnect')).reasonCode, 0x95);
      await client.ended();
      assert.equal(broker.asked.length, 0);
      assert.deepEqual(broker.errors, ['packet too large']);
    });
  }
}

test('a packet of exactly maximumPacketSize is taken', async () => {
  await using broker = await bareBroker({ maximumPacketSize: 1_000 });
  const client = await RawMqtt.connect(broker.port, 'c');
  // Fixed header 1 + 2, topic 2 + 1, packet id 2.
  client.send(publish(1, 1, { payload: Buffer.alloc(1_000 - 8) }));
  await client.take('puback');
});

test('before CONNECT a packet over maximumPacketSize ends the connection too', async () => {
  await using broker = await bareBroker({ maximumPacketSize: 1_000 });
  const client = await RawMqtt.open(broker.port);
  client.sendBytes(Buffer.from([0x10, 0xff, 0xff, 0xff, 0x7f, 0, 4]));
  await client.ended();
});

test('what comes behind CONNECT waits for CONNACK; more than queueLimit of it ends the connection', async () => {
  for (const [extra, isWelcome] of [
    [0, true],
    [1, false],
  ] as const) {
    await using broker = await bareBroker({ queueLimit: 20 });
    const client = await RawMqtt.open(broker.port);
    client.send(connectPacket('c'), ...Array.from({ length: 20 + extra }, (_, i) => publish(1, i + 1)));
    if (isWelcome) {
      await client.take('connack');
      const ids = (await client.takeMany('puback', 20)).map((ack) => ack.messageId);
      assert.deepEqual(
        ids,
        Array.from({ length: 20 }, (_, i) => i + 1),
      );
    } else {
      await client.ended();
      assert.deepEqual(client.commands, []);
      assert.deepEqual(broker.errors, ['Client queue limit reached']);
    }
  }
});

test('a connection that never says CONNECT is ended after connectTimeout', async () => {
  await using broker = await bareBroker({ connectTimeout: 50 });
  const silent = await RawMqtt.open(broker.port);
  const half = await RawMqtt.open(broker.port);
  half.sendBytes(Buffer.from([0x10]));
  await Promise.all([silent.ended(), half.ended()]);
});

test('keepalive: silence of one and a half times of it ends the connection, any packet prolongs it', async () => {
  await using broker = await bareBroker();
  const client = await RawMqtt.connect(broker.port, 'c', 4, { keepalive: 1 });
  const started = performance.now();
  await client.ended(4_000);
  const silence = performance.now() - started;
  assert.ok(silence > 1_400, `${silence} ms`);
  assert.deepEqual(broker.errors, ['keep alive timeout']);
});

test('receiveMaximum is announced to MQTT 5 clients and enforced on nobody', async () => {
  await using broker = await bareBroker({ receiveMaximum: 3, hold: true });
  const client = await RawMqtt.connect(broker.port, 'c', 5);
  assert.equal(client.connack.properties?.receiveMaximum, 3);
  client.send(...Array.from({ length: 10 }, (_, i) => publish(1, i + 1)));
  await eventually('all 10', () => broker.asked.length === 10);
});

for (const version of versions) {
  test(`MQTT ${version}: a topic or filter over maxTopicLevels ends the connection`, async () => {
    await using broker = await bareBroker({ maxTopicLevels: 5 });
    const deep = 'a/b/c/d/e/f';
    for (const packet of [
      publish(1, 1, { topic: deep }),
      { cmd: 'subscribe' as const, messageId: 1, subscriptions: [{ topic: deep, qos: 0 as const }] },
      { cmd: 'unsubscribe' as const, messageId: 1, unsubscriptions: [deep] },
    ]) {
      const client = await RawMqtt.connect(broker.port, 'c', version);
      client.send(packet);
      await client.ended();
    }
    assert.equal(broker.asked.length, 0);
    const client = await RawMqtt.connect(broker.port, 'c', version);
    client.send(publish(1, 1, { topic: 'a/b/c/d/e' }));
    await client.take('puback');
  });
}

// Bytes after the fixed header's first one are written by hand, as no encoder would.
const malformed: readonly [string, number[]][] = [
  ['an empty topic', [0x32, 4, 0, 0, 0, 1]],
  ['a wildcard #', [0x32, 5, 0, 1, 0x23, 0, 1]],
  ['a wildcard +', [0x32, 5, 0, 1, 0x2b, 0, 1]],
  ['a topic longer than its packet', [0x32, 5, 0, 9, 0x74, 0, 1]],
  ['QoS 3', [0x36, 5, 0, 1, 0x74, 0, 1]],
  ['a length of five bytes', [0x32, 0xff, 0xff, 0xff, 0xff, 1]],
  ['the reserved packet type 0', [0, 0]],
  ['AUTH', [0xf0, 0]],
  ['a CONNACK from the client', [0x20, 2, 0, 0]],
  ['a SUBSCRIBE of nothing', [0x82, 2, 0, 1]],
  ['PUBREL without a packet id', [0x62, 0]],
];
for (const [name, bytes] of malformed) {
  test(`${name} ends its connection, is never handed over, and harms nobody`, async () => {
    await using broker = await bareBroker();
    const neighbour = await RawMqtt.connect(broker.port, 'neighbour');
    const client = await RawMqtt.connect(broker.port, 'c');
    client.sendBytes(Buffer.from(bytes));
    await client.ended();
    assert.equal(broker.asked.length, 0);
    await neighbour.ping();
  });
}

const letThrough: readonly [string, number[], string][] = [
  ['bytes that are not UTF-8', [0x32, 6, 0, 2, 0xff, 0xfe, 0, 1], '\ufffd\ufffd'],
  ['NUL', [0x32, 6, 0, 2, 0x61, 0, 0, 1], 'a\0'],
  ['$SYS/', [0x32, 9, 0, 5, 0x24, 0x53, 0x59, 0x53, 0x2f, 0, 1], '$SYS/'],
];
for (const [name, bytes, topic] of letThrough) {
  test(`a topic with ${name} is handed over: refusing it is up to us`, async () => {
    await using broker = await bareBroker();
    const client = await RawMqtt.connect(broker.port, 'c');
    client.sendBytes(Buffer.from(bytes));
    await client.take('puback');
    assert.equal(broker.asked[0]?.packet.topic, topic);
  });
}

for (const version of [0, 1, 2, 6, 127]) {
  test(`CONNECT of protocol version ${version} ends the connection`, async () => {
    await using broker = await bareBroker();
    const client = await RawMqtt.open(broker.port);
    client.sendBytes(Buffer.from([0x10, 13, 0, 4, 77, 81, 84, 84, version, 2, 0, 0, 0, 1, 0x63]));
    await client.ended();
  });
}
