import assert from 'node:assert/strict';
import type { EventEmitter } from 'node:events';
import { test } from 'node:test';
import { connectPacket, RawMqtt } from '../support/raw-mqtt.ts';
import { eventually } from '../support/wait.ts';
import { type BareOptions, bareBroker, publish, versions } from './bare-broker.ts';

/** What the MQTT source does to a broker and its clients, because names such as `constructor` end the process else. */
const withoutPrototypes: BareOptions = {
  onClient: (client) => Object.assign(client, { subscriptions: Object.create(null), duplicates: Object.create(null) }),
};

for (const name of ['constructor', '__proto__', 'toString']) {
  test(`with maps without prototypes, a client id and topics named ${name} are names like any other`, async () => {
    await using broker = await bareBroker(withoutPrototypes);
    Object.assign(broker.aedes, { clients: Object.create(null), brokers: Object.create(null) });
    const client = await RawMqtt.connect(broker.port, name);
    client.send({ cmd: 'unsubscribe', messageId: 1, unsubscriptions: [name] });
    await client.take('unsuback');
    client.send({ cmd: 'subscribe', messageId: 2, subscriptions: [{ topic: name, qos: 1 }] });
    assert.deepEqual((await client.take('suback')).granted, [1]);
    client.send(publish(1, 3, { topic: name, payload: 'x' }));
    assert.equal((await client.take('publish')).topic, name);
    client.send({ cmd: 'unsubscribe', messageId: 4, unsubscriptions: [name] });
    await client.take('unsuback');
    const other = await RawMqtt.connect(broker.port, name);
    await client.ended();
    await other.ping();
  });
}

for (const version of versions) {
  test(`MQTT ${version}: a second connection of the same client id ends the first`, async () => {
    await using broker = await bareBroker();
    const first = await RawMqtt.connect(broker.port, 'c', version);
    const second = await RawMqtt.connect(broker.port, 'c', version);
    if (version === 5) assert.equal((await first.take('disconnect')).reasonCode, 0x8e);
    await first.ended();
    await second.ping();
    assert.equal(second.isClosed, false);
  });

  test(`MQTT ${version}: a second CONNECT on one connection ends it`, async () => {
    await using broker = await bareBroker();
    const client = await RawMqtt.connect(broker.port, 'c', version);
    client.send(connectPacket('c', version));
    await client.ended();
  });

  test(`MQTT ${version}: a kept session gets what came while it was away, in order, and its subscriptions back`, async () => {
    await using broker = await bareBroker();
    const keep = version === 5 ? { clean: false, properties: { sessionExpiryInterval: 100 } } : { clean: false };
    const subscriber = await RawMqtt.connect(broker.port, 's', version, keep);
    subscriber.send({ cmd: 'subscribe', messageId: 1, subscriptions: [{ topic: 't', qos: 1 }] });
    await subscriber.take('suback');
    await subscriber.drop();
    await eventually('the broker to notice', () => broker.aedes.connectedClients === 0);
    const publisher = await RawMqtt.connect(broker.port, 'p');
    publisher.send(...[1, 2, 3, 4, 5].map((id) => publish(1, id)));
    await publisher.takeMany('puback', 5);
    await publisher.ping();
    const again = await RawMqtt.connect(broker.port, 's', version, keep);
    assert.equal(again.connack.sessionPresent, true);
    const came = await again.takeMany('publish', 5);
    assert.deepEqual(
      came.map((packet) => packet.payload.toString()),
      ['1', '2', '3', '4', '5'],
    );
    again.send(...came.map(({ messageId }) => ({ cmd: 'puback' as const, messageId: messageId! })));
    publisher.send(publish(1, 6));
    assert.equal((await again.take('publish')).payload.toString(), '6');
  });
}

test('MQTT 5: a session ends when its expiry interval is over, and `sessionExpired` tells', async () => {
  await using broker = await bareBroker();
  const expired: string[] = [];
  (broker.aedes as unknown as EventEmitter).on('sessionExpired', (client: { id: string }) => expired.push(client.id));
  const keep = { clean: false, properties: { sessionExpiryInterval: 1 } };
  const first = await RawMqtt.connect(broker.port, 's', 5, keep);
  first.send({ cmd: 'subscribe', messageId: 1, subscriptions: [{ topic: 't', qos: 1 }] });
  await first.take('suback');
  await first.drop();
  await eventually('the session to expire', () => expired.includes('s'));
  const second = await RawMqtt.connect(broker.port, 's', 5, keep);
  assert.equal(second.connack.sessionPresent, false);
});

test('MQTT 5: a session longer than sessionExpiryIntervalLimit is shortened, and the client told', async () => {
  await using broker = await bareBroker({ sessionExpiryIntervalLimit: 60 });
  const client = await RawMqtt.connect(broker.port, 's', 5, { properties: { sessionExpiryInterval: 0xffffffff } });
  assert.equal(client.connack.properties?.sessionExpiryInterval, 60);
});

test('an empty client id gets one, but not with a session to be kept in MQTT 3.1.1', async () => {
  await using broker = await bareBroker();
  const anonymous = await RawMqtt.connect(broker.port, '', 4);
  assert.equal(anonymous.connack.returnCode, 0);
  const named = await RawMqtt.connect(broker.port, '', 5);
  assert.ok((named.connack.properties?.assignedClientIdentifier?.length ?? 0) > 0);
  const refused = await RawMqtt.open(broker.port);
  refused.sendBytes(Buffer.from([0x10, 12, 0, 4, 77, 81, 84, 84, 4, 0, 0, 0, 0, 0]));
  assert.equal((await refused.take('connack')).returnCode, 2);
  await refused.ended();
});

test('a PUBLISH before CONNECT ends the connection and is not handed over', async () => {
  await using broker = await bareBroker();
  const client = await RawMqtt.open(broker.port);
  client.send(publish(1, 1));
  await client.ended();
  assert.equal(broker.asked.length, 0);
});
