import assert from 'node:assert/strict';
import { test } from 'node:test';
import aedesPersistence from 'aedes-persistence';
import { type MqttVersion, RawMqtt } from '../support/raw-mqtt.ts';
import { eventually } from '../support/wait.ts';
import { type BareBroker, bareBroker, publish } from './bare-broker.ts';

type Stored = (client: unknown, packet: { messageId?: number }) => Promise<unknown>;
// Its types describe an ES module, while it is a CommonJS one whose export is the function.
const createMemory = aedesPersistence as unknown as () => Record<string, Stored>;

/** Everything that a subscriber inside the process is handed. */
async function passedOn(broker: BareBroker): Promise<string[]> {
  const payloads: string[] = [];
  await new Promise<void>((resolve) => {
    broker.aedes.subscribe(
      't',
      (packet, done) => {
        payloads.push(packet.payload.toString());
        done();
      },
      resolve,
    );
  });
  return payloads;
}

test('the flow of one message asks: authorizePublish, incomingGetPacket, incomingStorePacket, … PUBREL: Get, Del', async () => {
  const calls: string[] = [];
  const persistence = createMemory();
  for (const name of ['incomingGetPacket', 'incomingStorePacket', 'incomingDelPacket']) {
    const original = persistence[name]!;
    persistence[name] = (client, packet) => {
      calls.push(`${name} ${packet.messageId}`);
      return original.call(persistence, client, packet);
    };
  }
  await using broker = await bareBroker({
    persistence,
    authorizePublish: (_client, packet, done) => {
      calls.push(`authorizePublish ${(packet as { messageId?: number }).messageId} ${packet.dup ? 'again' : 'first'}`);
      done(null);
    },
  });
  const client = await RawMqtt.connect(broker.port, 'c');
  client.send(publish(2, 9));
  await client.take('pubrec');
  client.send(publish(2, 9, { dup: true }));
  await client.take('pubrec');
  client.send({ cmd: 'pubrel', messageId: 9 });
  await client.take('pubcomp');
  assert.deepEqual(calls, [
    'authorizePublish 9 first',
    'incomingGetPacket 9',
    'incomingStorePacket 9',
    // So whoever acts in authorizePublish has to know a message that comes again by itself.
    'authorizePublish 9 again',
    'incomingGetPacket 9',
    'incomingGetPacket 9',
    'incomingDelPacket 9',
  ]);
});

test('PUBREL of a packet id that nobody knows gets PUBCOMP', async () => {
  await using broker = await bareBroker();
  const client = await RawMqtt.connect(broker.port, 'c');
  client.send({ cmd: 'pubrel', messageId: 4 });
  assert.equal((await client.take('pubcomp')).messageId, 4);
});

test('a message that comes again before the first answer is handed over twice at once', async () => {
  await using broker = await bareBroker({ hold: true });
  const payloads = await passedOn(broker);
  const first = await RawMqtt.connect(broker.port, 'c', 4, { clean: false });
  first.send(publish(2, 3));
  await eventually('the first call', () => broker.asked.length === 1);
  await first.drop();
  const second = await RawMqtt.connect(broker.port, 'c', 4, { clean: false });
  second.send(publish(2, 3, { dup: true }));
  await eventually('the second call', () => broker.asked.length === 2);
  broker.asked[0]?.answer();
  broker.asked[1]?.answer();
  await second.take('pubrec');
  assert.deepEqual(payloads, ['3', '3']);
});

// What aedes itself gets wrong: its store of open packet ids outlives the session they belong to, so that a new message
// under an old id is taken for an old one. Our store must forget them when a session starts clean.
const sessions: readonly [string, MqttVersion, object][] = [
  ['MQTT 3.1.1 clean', 4, { clean: true }],
  ['MQTT 5 clean start, session ends with the connection', 5, { clean: true }],
  ['MQTT 5 clean start, session kept', 5, { clean: true, properties: { sessionExpiryInterval: 100 } }],
];
for (const [name, version, more] of sessions) {
  test(`${name}: a packet id left open is still open in the next session, and its new message swallowed`, async () => {
    await using broker = await bareBroker();
    const payloads = await passedOn(broker);
    const first = await RawMqtt.connect(broker.port, 'c', version, more);
    first.send(publish(2, 1, { payload: 'old' }));
    await first.take('pubrec');
    await first.drop();
    const second = await RawMqtt.connect(broker.port, 'c', version, more);
    second.send(publish(2, 1, { payload: 'new' }));
    await second.take('pubrec');
    assert.equal(second.connack.sessionPresent, false);
    assert.deepEqual(
      broker.asked.map(({ packet }) => packet.payload.toString()),
      ['old', 'new'],
    );
    assert.deepEqual(payloads, ['old']);
  });
}

test('a kept session without subscriptions is announced as not present', async () => {
  await using broker = await bareBroker();
  const first = await RawMqtt.connect(broker.port, 'c', 4, { clean: false });
  first.send(publish(2, 1));
  await first.take('pubrec');
  await first.drop();
  const second = await RawMqtt.connect(broker.port, 'c', 4, { clean: false });
  assert.equal(second.connack.sessionPresent, false);
  second.send({ cmd: 'subscribe', messageId: 2, subscriptions: [{ topic: 'x', qos: 1 }] });
  await second.take('suback');
  await second.drop();
  const third = await RawMqtt.connect(broker.port, 'c', 4, { clean: false });
  assert.equal(third.connack.sessionPresent, true);
});

test('a QoS 1 or 2 PUBLISH without a packet id is handed over with -1, and 0 is taken for an id', async () => {
  await using broker = await bareBroker();
  for (const header of [0x32, 0x34]) {
    broker.asked.length = 0;
    const without = await RawMqtt.connect(broker.port, 'without');
    without.sendBytes(Buffer.from([header, 3, 0, 1, 0x74]));
    await without.ended();
    const zero = await RawMqtt.connect(broker.port, 'zero');
    zero.sendBytes(Buffer.from([header, 5, 0, 1, 0x74, 0, 0]));
    await zero.take(header === 0x32 ? 'puback' : 'pubrec');
    assert.deepEqual(
      broker.asked.map(({ packet }) => (packet as { messageId?: number }).messageId),
      [-1, 0],
    );
  }
});
