import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import type { IPublishPacket, ISubscribePacket } from 'mqtt-packet';
import type { RawMqtt } from '../../../support/raw-mqtt.ts';
import { eventually } from '../../../support/wait.ts';
import { publish, Site } from '../site.ts';

type Subscriptions = ISubscribePacket['subscriptions'];

/** SUBSCRIBE, and what it is granted. */
async function subscribe(client: RawMqtt, subscriptions: Subscriptions, id?: number): Promise<number[]> {
  const properties = id === undefined ? {} : { properties: { subscriptionIdentifier: id } };
  client.send({ cmd: 'subscribe', messageId: 9, subscriptions, ...properties });
  return (await client.take('suback')).granted as number[];
}

/** Publishes with QoS 1, and waits until all of it is acknowledged: by then it has been passed on. */
async function say(client: RawMqtt, ...packets: readonly ReturnType<typeof publish>[]): Promise<void> {
  for (const packet of packets) {
    client.send(packet as IPublishPacket);
    if (packet.qos === 1) await client.take('puback');
  }
  await client.ping();
}

const texts = (packets: readonly { readonly payload: string | Buffer }[]) => packets.map(({ payload }) => `${payload}`);

/** Everything that was published to a client so far. */
async function published(client: RawMqtt): Promise<IPublishPacket[]> {
  await client.ping();
  const found = client.inbox.filter((packet) => packet.cmd === 'publish');
  client.inbox.length = 0;
  return found;
}

async function pair(t: TestContext, more: object = {}, options: Parameters<typeof Site.start>[1] = {}) {
  const site = await Site.start(t, options);
  const [reader, writer] = [await site.connect('reader', 5, more), await site.connect('writer', 5)];
  return { site, reader, writer };
}

test('CONNACK tells what there is, and what the client may send', async (t) => {
  const site = await Site.start(t, { maxKeepAlive: 60_000 });
  const client = await site.connect('', 5, {
    keepalive: 600,
    properties: { requestResponseInformation: true, sessionExpiryInterval: 0xffff_ffff },
  });
  const { assignedClientIdentifier, responseInformation, ...rest } = client.connack.properties ?? {};
  assert.match(assignedClientIdentifier ?? '', /^.{10,}$/);
  assert.equal(responseInformation, `response/${assignedClientIdentifier}`);
  assert.deepEqual(
    { ...rest },
    {
      topicAliasMaximum: 64,
      maximumPacketSize: 256 * 1024,
      receiveMaximum: 1000,
      serverKeepAlive: 60,
      sessionExpiryInterval: 30 * 86_400,
    },
  );
  const content = await site.connect('quick', 5, { keepalive: 30 });
  assert.equal(content.connack.properties?.serverKeepAlive, undefined);
});

test('one copy for all subscriptions that match: the best QoS, every identifier', async (t) => {
  const { reader, writer } = await pair(t);
  assert.deepEqual(await subscribe(reader, [{ topic: 'a/#', qos: 0 }], 1), [0]);
  assert.deepEqual(await subscribe(reader, [{ topic: 'a/+', qos: 1 }], 268_435_455), [1]);
  assert.deepEqual(await subscribe(reader, [{ topic: 'a/b', qos: 0 }]), [0]);
  await say(writer, publish(2, 1, 'x', { topic: 'a/b' }));
  const came = await reader.take('publish');
  assert.deepEqual([came.qos, came.properties?.subscriptionIdentifier], [1, [1, 268_435_455]]);
  await say(writer, publish(1, 2, 'y', { topic: 'a/b/c' }));
  const [deep, ...more] = await published(reader);
  assert.deepEqual([deep?.qos, deep?.properties?.subscriptionIdentifier, more.length], [0, 1, 0]);
});

test('a wildcard subscription gets no better QoS than it asked for, live, queued and retained', async (t) => {
  const keep = { clean: false, properties: { sessionExpiryInterval: 100 } };
  const { site, reader, writer } = await pair(t, keep);
  await subscribe(reader, [{ topic: 'a/+', qos: 1 }]);
  writer.send(publish(2, 1, 'live', { topic: 'a/b', retain: true }));
  await writer.take('pubrec');
  assert.equal((await reader.take('publish')).qos, 1);
  await site.lose(reader);
  writer.send(publish(2, 2, 'queued', { topic: 'a/b' }));
  await writer.take('pubrec');
  const again = await site.connect('reader', 5, keep);
  assert.deepEqual(
    (await again.takeMany('publish', 2)).map(({ qos, payload }) => [qos, `${payload}`]),
    [
      [1, 'live'],
      [1, 'queued'],
    ],
  );
  await subscribe(again, [{ topic: 'a/+', qos: 1 }]);
  const retained = await again.take('publish');
  assert.deepEqual([retained.qos, retained.retain, `${retained.payload}`], [1, true, 'live']);
});

test('a shared subscription gives each message to one member, evenly; the others go on when one is gone', async (t) => {
  const { site, reader: first, writer } = await pair(t);
  const second = await site.connect('second', 5);
  const outside = await site.connect('outside', 4);
  for (const member of [first, second])
    assert.deepEqual(await subscribe(member, [{ topic: '$share/g/s/#', qos: 1 }]), [1]);
  await subscribe(outside, [{ topic: 's/#', qos: 1 }]);
  await say(writer, ...Array.from({ length: 10 }, (_, i) => publish(1, i + 1, `${i}`, { topic: `s/${i % 3}` })));
  const [a, b, all] = await Promise.all([published(first), published(second), published(outside)]);
  assert.deepEqual([a.length, b.length, all.length], [5, 5, 10]);
  assert.deepEqual(texts([...a, ...b]).sort(), texts(all).sort());
  await site.lose(first);
  await say(writer, ...Array.from({ length: 4 }, (_, i) => publish(1, i + 1, `${i}`, { topic: 's/x' })));
  assert.equal((await published(second)).length, 4);
  // Another group of the same filter, and one that nobody is in any more.
  await subscribe(second, [{ topic: '$share/h/s/#', qos: 0 }]);
  await say(writer, publish(1, 1, 'both', { topic: 's/x' }));
  assert.deepEqual(texts(await published(second)), ['both', 'both']);
});

test('of a shared subscription, members that are away get messages only when nobody is here', async (t) => {
  const keep = { clean: false, properties: { sessionExpiryInterval: 100 } };
  const { site, reader, writer } = await pair(t, keep);
  await subscribe(reader, [{ topic: '$share/g/s', qos: 1 }]);
  const here = await site.connect('here', 5);
  await subscribe(here, [{ topic: '$share/g/s', qos: 1 }]);
  await site.lose(reader);
  await say(writer, publish(1, 1, 'a', { topic: 's' }), publish(1, 2, 'b', { topic: 's' }));
  assert.deepEqual(texts(await published(here)), ['a', 'b']);
  await site.lose(here);
  await say(writer, publish(1, 3, 'c', { topic: 's' }));
  await site.crash();
  const back = await site.connect('reader', 5, keep);
  assert.deepEqual(texts(await back.takeMany('publish', 1)), ['c']);
});

test('what a client has under way stays within its Receive Maximum, for QoS 1 and 2 and for what waited', async (t) => {
  const keep = { clean: false, properties: { sessionExpiryInterval: 100, receiveMaximum: 2 } };
  const { site, reader, writer } = await pair(t, keep);
  await subscribe(reader, [{ topic: 't', qos: 2 }]);
  await say(writer, publish(1, 1, 'a'), publish(0, 0, 'free'), publish(1, 2, 'b'), publish(1, 3, 'c'));
  writer.send(publish(2, 4, 'd'));
  await writer.take('pubrec');
  const first = await published(reader);
  assert.deepEqual(texts(first), ['a', 'free', 'b']);
  reader.send({ cmd: 'puback', messageId: first[0]!.messageId! });
  assert.deepEqual(texts(await reader.takeMany('publish', 1)), ['c']);
  await site.lose(reader);
  const again = await site.connect('reader', 5, keep);
  const resent = await again.takeMany('publish', 2);
  assert.deepEqual(
    resent.map(({ payload, dup }) => [`${payload}`, dup]),
    [
      ['b', true],
      ['c', true],
    ],
  );
  for (const { messageId } of resent) again.send({ cmd: 'puback', messageId: messageId! });
  const last = await again.take('publish');
  assert.deepEqual([`${last.payload}`, last.dup, last.qos], ['d', false, 2]);
  // A QoS 2 message is under way until PUBCOMP; one that the client does not want is through with its PUBREC.
  again.send({ cmd: 'pubrec', messageId: last.messageId!, reasonCode: 0x80 });
  await again.ping();
  assert.deepEqual(again.inbox, []);
  again.send({ cmd: 'pubrec', messageId: 4242 });
  assert.equal((await again.take('pubrel')).reasonCode, 0x92);
});

test('a packet larger than the client takes is left out, for this client, and counted', async (t) => {
  const { site, reader, writer } = await pair(t, { properties: { maximumPacketSize: 40 } });
  await subscribe(reader, [{ topic: 't', qos: 1 }]);
  const exact = 40 - 2 - 3 - 2 - 1;
  await say(writer, publish(1, 1, 'x'.repeat(exact)), publish(1, 2, 'x'.repeat(exact + 1)), publish(1, 3, 'after'));
  assert.deepEqual(texts(await published(reader)), ['x'.repeat(exact), 'after']);
  assert.equal(site.source.status().skippedDeliveries['too-large'], 1);
});

test('topic aliases: taken up to the maximum, scoped to the connection; given up to the client’s', async (t) => {
  const { site, reader, writer } = await pair(t, { properties: { topicAliasMaximum: 2 } });
  await subscribe(reader, [{ topic: '#', qos: 0 }]);
  const send = (topic: string, topicAlias?: number) =>
    writer.send(
      publish(0, 0, topic === '' ? 'by alias' : topic, { topic, properties: { topicAlias } }) as IPublishPacket,
    );
  send('one', 64);
  send('', 64);
  for (const topic of ['two', 'three', 'two', 'three']) send(topic);
  const came = await reader.takeMany('publish', 6);
  assert.deepEqual(
    came.map(({ topic, properties }) => [topic, properties?.topicAlias]),
    [
      ['one', 1],
      ['', 1],
      ['two', 2],
      ['three', undefined],
      ['', 2],
      ['three', undefined],
    ],
  );
  send('four', 65);
  assert.equal((await writer.take('disconnect')).reasonCode, 0x94);
  const next = await site.connect('writer', 5);
  next.send(publish(0, 0, 'x', { topic: '', properties: { topicAlias: 64 } }) as IPublishPacket);
  assert.equal((await next.take('disconnect')).reasonCode, 0x94);
  assert.deepEqual(site.payloads.slice(0, 2), ['one', 'by alias']);
  assert.deepEqual(site.records[1]?.topic, 'one');
});

test('a message’s remaining time is told, and what has expired is not delivered, whatever the clock says', async (t) => {
  const keep = { clean: false, properties: { sessionExpiryInterval: 1000 } };
  const { site, reader, writer } = await pair(t, keep);
  await subscribe(reader, [{ topic: '#', qos: 1 }]);
  const expiring = (seconds: number) => ({ properties: { messageExpiryInterval: seconds } });
  await say(writer, publish(1, 1, 'now', expiring(30)));
  const { properties, messageId } = await reader.take('publish');
  assert.equal(properties?.messageExpiryInterval, 30);
  reader.send({ cmd: 'puback', messageId: messageId! });
  await site.lose(reader);
  await say(writer, publish(1, 2, 'short', expiring(10)), publish(1, 3, 'long', expiring(60)), publish(1, 4, 'ever'));
  await say(writer, publish(1, 5, 'kept', { topic: 'r', retain: true, ...expiring(20) }));
  site.operatingMs += 15_000;
  await site.crash();
  const again = await site.connect('reader', 5, keep);
  const came = await again.takeMany('publish', 3);
  assert.deepEqual(
    came.map((one) => [`${one.payload}`, one.properties?.messageExpiryInterval]),
    [
      ['long', 45],
      ['ever', undefined],
      ['kept', 5],
    ],
  );
  await subscribe(again, [{ topic: 'r', qos: 0 }]);
  assert.equal((await again.take('publish')).properties?.messageExpiryInterval, 5);
  site.operatingMs += 6_000;
  await subscribe(again, [{ topic: 'r', qos: 0 }]);
  assert.deepEqual(await published(again), []);
  await eventually(
    'the shelf without it',
    () => !site.disk.keys('mqtt.retained').includes('r') || site.source.status().skippedDeliveries.expired === 1,
  );
});

test('retain handling, retain as published, no local', async (t) => {
  const { reader, writer } = await pair(t);
  await say(writer, publish(1, 1, 'old', { retain: true }));
  const asked = async (rh: number) => {
    await subscribe(reader, [{ topic: 't', qos: 0, rh: rh as 0 | 1 | 2, rap: rh === 1, nl: true }]);
    return texts(await published(reader));
  };
  assert.deepEqual([await asked(2), await asked(1), await asked(0), await asked(0)], [[], [], ['old'], ['old']]);
  reader.send({ cmd: 'unsubscribe', messageId: 3, unsubscriptions: ['t', 'never'] });
  assert.deepEqual((await reader.take('unsuback')).granted, [0, 0x11]);
  assert.deepEqual(await asked(1), ['old']);
  await say(writer, publish(1, 2, 'new', { retain: true }));
  assert.equal((await reader.take('publish')).retain, true);
  await say(reader, publish(1, 3, 'own'));
  assert.deepEqual(await published(reader), []);
  await subscribe(reader, [{ topic: '+', qos: 0 }]);
  await published(reader);
  await say(reader, publish(1, 4, 'own too', { retain: true }));
  assert.deepEqual(
    (await published(reader)).map(({ payload, retain }) => [`${payload}`, retain]),
    [['own too', false]],
  );
});

test('all that a publisher says of a message reaches MQTT 5 subscribers, live, queued over a crash, and retained', async (t) => {
  const keep = { clean: false, properties: { sessionExpiryInterval: 1000 } };
  const { site, reader, writer } = await pair(t, keep);
  await subscribe(reader, [{ topic: 't', qos: 1 }], 7);
  const properties = {
    payloadFormatIndicator: true,
    contentType: 'text/plain',
    responseTopic: 'answers/1',
    correlationData: Buffer.from([0, 255]),
    userProperties: { b: ['1', ''], a: '2', 10: 'ten' },
  };
  const said = { ...properties, userProperties: { __proto__: null, b: ['1', ''], a: '2', 10: 'ten' } };
  const seen = ({ properties: { ...all } = {} }: IPublishPacket) => {
    const { subscriptionIdentifier, userProperties, ...rest } = all;
    return { ...rest, userProperties: { ...userProperties }, id: subscriptionIdentifier };
  };
  const expected = { ...said, userProperties: { b: ['1', ''], a: '2', 10: 'ten' }, id: 7 };
  await say(writer, publish(1, 1, 'live', { retain: true, properties }));
  const live = await reader.take('publish');
  assert.deepEqual(seen(live), expected);
  reader.send({ cmd: 'puback', messageId: live.messageId! });
  await site.lose(reader);
  await say(writer, publish(1, 2, 'queued', { properties }));
  await site.crash();
  const again = await site.connect('reader', 5, keep);
  assert.deepEqual(seen(await again.take('publish')), expected);
  await subscribe(again, [{ topic: 't', qos: 0 }], 7);
  assert.deepEqual(seen(await again.take('publish')), expected);
  // MQTT 3 has no properties.
  const old = await site.connect('old', 4);
  await subscribe(old, [{ topic: 't', qos: 0 }]);
  assert.equal((await old.take('publish')).properties, undefined);
});
