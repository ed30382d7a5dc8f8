import assert from 'node:assert/strict';
import { test } from 'node:test';
import { generate, type IConnectPacket, type IPublishPacket, type Packet } from 'mqtt-packet';
import { connectPacket, RawMqtt } from '../../../support/raw-mqtt.ts';
import { eventually } from '../../../support/wait.ts';
import { publish, Site } from '../site.ts';

const bytes = (packet: Packet | object): Buffer => generate(packet as Packet, { protocolVersion: 5 });
const say = (topic: string, properties: object = {}, qos: 0 | 1 | 2 = 1, payload: string | Buffer = 'x') =>
  bytes({ cmd: 'publish', topic, payload, qos, messageId: 1, dup: false, retain: false, properties });

test('what MQTT 5 forbids ends the connection with a reason, and no other connection', async (t) => {
  const site = await Site.start(t, { maxTopicLevels: 5, maxPacketSize: 2_000 });
  const other = await site.connect('other', 5);
  const rows: readonly (readonly [name: string, code: number, bytes: Buffer])[] = [
    ['a subscription identifier of 0', 0x82, Buffer.from([0x82, 9, 0, 1, 2, 0x0b, 0, 0, 1, 0x74, 0])],
    ['two subscription identifiers', 0x82, Buffer.from([0x82, 11, 0, 1, 4, 0x0b, 1, 0x0b, 2, 0, 1, 0x74, 0])],
    [
      'No Local for a shared one',
      0x82,
      bytes({ cmd: 'subscribe', messageId: 1, subscriptions: [{ topic: '$share/g/t', qos: 0, nl: true }] }),
    ],
    ['SUBSCRIBE without filters', 0x82, Buffer.from([0x82, 3, 0, 1, 0])],
    ['UNSUBSCRIBE without filters', 0x82, Buffer.from([0xa2, 3, 0, 1, 0])],
    ['a client’s subscription identifier in PUBLISH', 0x82, say('t', { subscriptionIdentifier: 1 })],
    [
      'a content type twice',
      0x82,
      Buffer.from([0x32, 16, 0, 1, 0x74, 0, 1, 8, 3, 0, 1, 0x61, 3, 0, 1, 0x62, 0x78, 0x79, 0x7a]),
    ],
    ['SUBSCRIBE with the packet identifier 0', 0x82, Buffer.from([0x82, 7, 0, 0, 0, 0, 1, 0x74, 0])],
    ['UNSUBSCRIBE with the packet identifier 0', 0x82, Buffer.from([0xa2, 6, 0, 0, 0, 0, 1, 0x74])],
    ['a second CONNECT', 0x82, bytes(connectPacket('second', 5))],
    ['a CONNACK', 0x82, Buffer.from([0x20, 3, 0, 0, 0])],
    ['a SUBACK', 0x82, Buffer.from([0x90, 4, 0, 1, 0, 0])],
    ['an UNSUBACK', 0x82, Buffer.from([0xb0, 4, 0, 1, 0, 0])],
    ['a PINGRESP', 0x82, Buffer.from([0xd0, 0])],
    ['AUTH', 0x82, Buffer.from([0xf0, 2, 0x18, 0])],
    ['an alias of 0', 0x94, say('t', { topicAlias: 0 })],
    ['a wildcard in a topic', 0x90, say('a/+')],
    ['too many levels', 0x90, say('1/2/3/4/5/6')],
    ['NUL in a topic', 0x90, say('a\0b')],
    ['a topic that is no UTF-8', 0x90, Buffer.from([0x30, 6, 0, 2, 0xc3, 0x28, 0, 0x78])],
    ['a wildcard in the response topic', 0x82, say('t', { responseTopic: 'a/#' })],
    ['a payload that is not as it says', 0x99, say('t', { payloadFormatIndicator: true }, 0, Buffer.from([0xff]))],
    ['QoS 3', 0x81, Buffer.from([0x36, 6, 0, 1, 0x74, 0, 1, 0])],
    ['an unknown property', 0x81, Buffer.from([0x30, 6, 0, 1, 0x74, 1, 0x7f, 0x78])],
    ['reserved flags', 0x81, Buffer.from([0x80, 6, 0, 1, 0, 0, 1, 0x74])],
    ['a packet that is too large', 0x95, say('t', {}, 0, 'x'.repeat(3_000))],
    [
      'a SUBSCRIBE that is too large',
      0x95,
      bytes({ cmd: 'subscribe', messageId: 1, subscriptions: [{ topic: 'x'.repeat(3_000), qos: 0 }] }),
    ],
  ];
  for (const [name, code, wrong] of rows) {
    const client = await site.connect('wrong', 5);
    client.sendBytes(wrong);
    const { reasonCode } = await client.take('disconnect').catch((error) => assert.fail(`${name}: ${error.message}`));
    assert.equal(reasonCode?.toString(16), code.toString(16), name);
    await client.ended();
  }
  await other.ping();
  assert.deepEqual(site.records, []);
});

test('a filter that is not granted says why, and the others of its SUBSCRIBE are', async (t) => {
  const site = await Site.start(t, { maxTopicLevels: 5, maxSubscriptionsPerClient: 4, maxSessions: 1 });
  const filters = [
    'a/#',
    'a/#/b',
    'a+',
    '',
    '$share/g',
    '$share//t',
    '$share/+/t',
    '$share/g\0/t',
    '1/2/3/4/5/6',
    '$share/g/1/2/3/4/5',
    'b',
    'c',
    'd',
  ];
  const subscriptions = filters.map((topic) => ({ topic, qos: 1 as const }));
  const rows = [
    [5, [1, 0x8f, 0x8f, 0x8f, 0x8f, 0x8f, 0x8f, 0x8f, 0x8f, 1, 1, 1, 0x97]],
    [4, [1, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 1, 1, 1, 0x80]],
  ] as const;
  for (const [version, granted] of rows) {
    const client = await site.connect(`c${version}`, version);
    client.send({ cmd: 'subscribe', messageId: 7, subscriptions });
    const suback = await client.take('suback');
    assert.deepEqual(suback.granted, granted);
    if (version === 5) assert.match(suback.properties?.reasonString ?? '', /maxSubscriptionsPerClient/);
    client.send({ cmd: 'unsubscribe', messageId: 8, unsubscriptions: ['b', 'b', 'a/#/b'] });
    const { granted: gone } = await client.take('unsuback');
    if (version === 5) assert.deepEqual(gone, [0, 0x11, 0x8f]);
    client.send({ cmd: 'subscribe', messageId: 9, subscriptions: [{ topic: 'e', qos: 0 }] });
    assert.deepEqual((await client.take('suback')).granted, [0]);
  }
  const quiet = await site.connect('quiet', 5, { properties: { requestProblemInformation: false } });
  quiet.send({ cmd: 'subscribe', messageId: 1, subscriptions: [{ topic: '#/a', qos: 0 }] });
  assert.equal((await quiet.take('suback')).properties, undefined);
  const keep = { clean: false, properties: { sessionExpiryInterval: 9 } };
  const [first, second] = [await site.connect('1', 5, keep), await site.connect('2', 5, keep)];
  for (const [client, code] of [
    [first, 0],
    [second, 0x97],
  ] as const) {
    client.send({ cmd: 'subscribe', messageId: 1, subscriptions: [{ topic: 't', qos: 0 }] });
    assert.deepEqual((await client.take('suback')).granted, [code]);
  }
});

test('a CONNECT that can’t be has a reason too', async (t) => {
  const site = await Site.start(t, { maxTopicLevels: 5 });
  const will = (topic: string) => ({ will: { topic, payload: Buffer.from('x'), qos: 1, retain: false } as const });
  const rows: readonly (readonly [code: number, code3: number | undefined, connect: Partial<IConnectPacket>])[] = [
    [0x82, undefined, { properties: { receiveMaximum: 0 } }],
    [0x82, undefined, { properties: { maximumPacketSize: 0 } }],
    [0x82, undefined, { properties: { authenticationData: Buffer.from('x') } }],
    [0x8c, undefined, { properties: { authenticationMethod: 'SCRAM', authenticationData: Buffer.from('x') } }],
    [0x85, 2, { clientId: 'c'.repeat(257) }],
    [0, 0, { clientId: 'c'.repeat(256) }],
    [0x85, 2, { clientId: '\0c' }],
    [0x85, 2, { clientId: 'c\ufffd' }],
    [0x90, 5, will('a/+')],
    [0x90, 5, will('1/2/3/4/5/6')],
    [0x90, 5, will('$SYS/x')],
    [0x87, 5, will('headgate/status')],
    [0x87, 5, will('headgate/devices/plug/measurements')],
    [0, 0, will('headgate/devices')],
  ];
  for (const version of [5, 4] as const) {
    for (const [code, code3, connect] of rows) {
      if (version === 4 && code3 === undefined) continue;
      const client = await RawMqtt.open(site.port);
      client.send(connectPacket('c', version, connect));
      const { reasonCode, returnCode } = await client.take('connack');
      const name = JSON.stringify([version, connect]).slice(0, 200);
      assert.equal(version === 5 ? reasonCode : returnCode, version === 5 ? code : code3, name);
      if (code === 0) await client.drop();
      else await client.ended();
    }
  }
  await eventually('those that were let in to be gone', () => site.source.status().connections === 0);
  await site.crash();
  assert.deepEqual(
    site.records.map(({ topic }) => topic),
    ['headgate/devices', 'headgate/devices'],
  );
});

test('a payload that is said to be UTF-8 and is not is refused, and its client stays', async (t) => {
  const site = await Site.start(t);
  const client = await site.connect('c', 5);
  const properties = { payloadFormatIndicator: true };
  client.sendBytes(say('t', properties, 1, Buffer.from([0xff])));
  assert.equal((await client.take('puback')).reasonCode, 0x99);
  client.sendBytes(say('t', properties, 2, Buffer.from([0xff])));
  assert.equal((await client.take('pubrec')).reasonCode, 0x99);
  client.send(publish(1, 2, 'ü', { properties }) as IPublishPacket);
  assert.equal((await client.take('puback')).reasonCode, 0);
  assert.deepEqual(site.payloads, ['ü']);
});

test('keep alive: a silent client is told that it was silent for too long', async (t) => {
  const site = await Site.start(t, { maxKeepAlive: 1_000 });
  const client = await site.connect('c', 5);
  assert.equal(client.connack.properties?.serverKeepAlive, 1);
  assert.equal((await client.take('disconnect')).reasonCode, 0x8d);
});

test('a gateway that stops says so', async (t) => {
  const site = await Site.start(t);
  const client = await site.connect('c', 5);
  await client.ping();
  await site.source.stop();
  assert.equal((await client.take('disconnect')).reasonCode, 0x8b);
});
