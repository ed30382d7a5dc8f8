import assert from 'node:assert/strict';
import { test } from 'node:test';
import { generate, type IPublishPacket, type Packet } from 'mqtt-packet';
import type { RawMqtt } from '../../../support/raw-mqtt.ts';
import { eventually } from '../../../support/wait.ts';
import { publish, Site } from '../site.ts';

const bytes = (packet: Packet | object): Buffer => generate(packet as Packet, { protocolVersion: 5 });
const keep = { clean: false, properties: { sessionExpiryInterval: 100 } };

/** A client that must not notice anything. */
async function bystander(site: Site) {
  const client = await site.connect('bystander', 5);
  client.send({ cmd: 'subscribe', messageId: 1, subscriptions: [{ topic: 'calm', qos: 1 }] });
  await client.take('suback');
  return async (): Promise<void> => {
    client.send(publish(1, 2, 'well', { topic: 'calm' }) as IPublishPacket);
    const { messageId = 0 } = await client.take('publish');
    client.send({ cmd: 'puback', messageId });
    await client.take('puback');
  };
}

async function endsWith(client: RawMqtt, code: number): Promise<void> {
  assert.equal((await client.take('disconnect')).reasonCode?.toString(16), code.toString(16));
  await client.ended();
}

test('aliases for long topics and floods of user properties end their connection', async (t) => {
  const site = await Site.start(t);
  const isWell = await bystander(site);
  const bomb = await site.connect('bomb', 5);
  const long = 'x'.repeat(60_000);
  for (const topicAlias of [1, 2]) {
    bomb.sendBytes(
      bytes({
        cmd: 'publish',
        topic: `${long}${topicAlias}`,
        payload: '',
        qos: 0,
        dup: false,
        retain: false,
        properties: { topicAlias },
      }),
    );
  }
  await endsWith(bomb, 0x97);
  const usual = await site.connect('usual', 5);
  for (let topicAlias = 1; topicAlias <= 64; topicAlias++) {
    usual.send(
      publish(0, 0, 'x', { topic: `${'t'.repeat(1_000)}${topicAlias}`, properties: { topicAlias } }) as IPublishPacket,
    );
  }
  await usual.ping();
  // As short as they can be: five bytes each, and 40,000 of them.
  const pair = Buffer.from([0x26, 0, 0, 0, 0]);
  const pairs = (count: number): Buffer => {
    const length = Buffer.from([((count * 5) & 0x7f) | 0x80, (((count * 5) >> 7) & 0x7f) | 0x80, (count * 5) >> 14]);
    const rest = Buffer.concat([Buffer.from([0, 1, 0x74]), length, ...Array.from({ length: count }, () => pair)]);
    return Buffer.concat([
      Buffer.from([0x30, (rest.length & 0x7f) | 0x80, ((rest.length >> 7) & 0x7f) | 0x80, rest.length >> 14]),
      rest,
    ]);
  };
  for (const [count, isTaken] of [
    [256, true],
    [257, false],
    [40_000, false],
  ] as const) {
    const client = await site.connect('flood', 5);
    client.sendBytes(pairs(count));
    if (isTaken) await client.ping();
    else await endsWith(client, 0x97);
  }
  await isWell();
});

test('what huge properties take counts, in queues and among retained messages', async (t) => {
  const site = await Site.start(t, { maxQueuedBytes: 500_000, maxRetainedBytes: 300_000 });
  const isWell = await bystander(site);
  const away = await site.connect('away', 5, keep);
  away.send({ cmd: 'subscribe', messageId: 1, subscriptions: [{ topic: 'p/#', qos: 1 }] });
  await away.take('suback');
  await site.lose(away);
  const writer = await site.connect('writer', 5);
  const properties = { userProperties: { a: Array.from({ length: 200 }, () => 'x'.repeat(500)) } };
  for (let i = 1; i <= 10; i++) {
    writer.send(publish(1, i, '', { topic: `p/${i}`, properties }) as IPublishPacket);
    writer.send(publish(1, 100 + i, 'r', { topic: `r/${i}`, retain: true, properties }) as IPublishPacket);
    await writer.takeMany('puback', 2);
  }
  const skipped = site.source.status().skippedDeliveries;
  assert.ok((skipped['queue-full'] ?? 0) >= 5 && (skipped['retained-full'] ?? 0) >= 7, JSON.stringify(skipped));
  await isWell();
});

test('what long topics take counts, in queues, among retained messages, as filters and in wills', async (t) => {
  const site = await Site.start(t, { maxQueuedBytes: 500_000, maxRetainedBytes: 300_000, maxSessions: 1_000 });
  const isWell = await bystander(site);
  const away = await site.connect('away', 5, keep);
  const long = (i: number): string => `${'x'.repeat(60_000)}${i}`;
  away.send({ cmd: 'subscribe', messageId: 1, subscriptions: [{ topic: 'p/#', qos: 1 }] });
  await away.take('suback');
  await site.lose(away);
  const writer = await site.connect('writer', 5);
  for (let i = 1; i <= 10; i++) {
    writer.send(publish(1, i, '', { topic: `p/${long(i)}` }) as IPublishPacket);
    writer.send(publish(1, 100 + i, 'r', { topic: `r/${long(i)}`, retain: true }) as IPublishPacket);
    await writer.takeMany('puback', 2);
  }
  const { 'queue-full': queue = 0, 'retained-full': retained = 0 } = site.source.status().skippedDeliveries;
  assert.ok(queue >= 2 && retained >= 5, JSON.stringify([queue, retained]));
  const granted: number[] = [];
  for (let i = 1; i <= 5; i++) {
    writer.send({ cmd: 'subscribe', messageId: i, subscriptions: [{ topic: long(i), qos: 0 }] });
    granted.push(...((await writer.take('suback')).granted as number[]));
  }
  assert.deepEqual(granted, [0, 0x97, 0x97, 0x97, 0x97]);
  writer.send({ cmd: 'unsubscribe', messageId: 6, unsubscriptions: [long(1)] });
  writer.send({ cmd: 'subscribe', messageId: 7, subscriptions: [{ topic: long(2), qos: 0 }] });
  assert.deepEqual((await writer.take('suback')).granted, [0]);
  const will = { topic: long(0), payload: Buffer.alloc(60_000), qos: 0 as const, retain: false };
  const delayed = { ...keep, will: { ...will, properties: { willDelayInterval: 100 } } };
  let refused = 0;
  for (let i = 0; i < 150; i++) {
    const client = await site.connect(`dying ${i}`, 5, delayed);
    if (client.connack.reasonCode === 0x97) refused++;
    await client.drop();
  }
  assert.ok(refused >= 5 && refused < 30, `${refused}`);
  await isWell();
});

test('10,000 subscriptions, deep filters and endless SUBSCRIBEs are bounded, and harm nobody', async (t) => {
  const site = await Site.start(t, { maxSubscriptionsPerClient: 1_000 });
  const isWell = await bystander(site);
  const many = await site.connect('many', 5);
  for (let i = 0; i < 10; i++) {
    const subscriptions = Array.from({ length: 1_000 }, (_, j) => ({
      topic: `${i}/${j}/+/+/+/+/+/+/+/+/+/+/+/+/+/#`,
      qos: 0 as const,
    }));
    many.send({ cmd: 'subscribe', messageId: i + 1, subscriptions });
  }
  const granted = (await many.takeMany('suback', 10)).flatMap((packet) => packet.granted as number[]);
  assert.deepEqual(
    [granted.filter((code) => code === 0).length, granted.filter((code) => code === 0x97).length],
    [1_000, 9_000],
  );
  // All ways through twenty levels: each step is a name or any.
  const deep = await site.connect('deep', 5);
  const filters = Array.from({ length: 1_000 }, (_, i) =>
    Array.from({ length: 20 }, (__, level) => ((i >> (level % 10)) & 1 ? '+' : 'a')).join('/'),
  );
  deep.send({
    cmd: 'subscribe',
    messageId: 1,
    subscriptions: [...new Set(filters)].map((topic) => ({ topic, qos: 0 })),
  });
  await deep.take('suback');
  const writer = await site.connect('writer', 5);
  const before = performance.now();
  for (let i = 0; i < 100; i++)
    writer.send(publish(0, 0, 'x', { topic: `${'a/'.repeat(19)}${i % 2 === 0 ? 'a' : i}` }) as IPublishPacket);
  await writer.ping();
  assert.ok(performance.now() - before < 2_000);
  await deep.ping();
  assert.ok(deep.inbox.filter(({ cmd }) => cmd === 'publish').length <= 100);
  await isWell();
});

test('who asks for all retained messages again and again, and does not read, is not sent more than it reads', async (t) => {
  const site = await Site.start(t, { maxUnsentPerClient: 100_000, maxRetained: 1_000 });
  const isWell = await bystander(site);
  const writer = await site.connect('writer', 5);
  for (let i = 1; i <= 200; i++)
    writer.send(publish(1, i, 'x'.repeat(1_000), { topic: `r/${i}`, retain: true }) as IPublishPacket);
  await writer.takeMany('puback', 200);
  const greedy = await site.connect('greedy', 5);
  greedy.socket.pause();
  const again = bytes({ cmd: 'subscribe', messageId: 1, subscriptions: [{ topic: 'r/#', qos: 0 }] });
  for (let i = 0; i < 50; i++) greedy.sendBytes(Buffer.concat(Array.from({ length: 100 }, () => again)));
  await eventually('it to be left out', () => (site.source.status().skippedDeliveries['slow-subscriber'] ?? 0) > 0);
  await isWell();
  greedy.socket.destroy();
  await isWell();
});

test('who never acknowledges has no more under way than the window, and keeps no others of its group waiting', async (t) => {
  const site = await Site.start(t, { maxInFlight: 10, maxQueuedPerClient: 20 });
  const isWell = await bystander(site);
  const mute = await site.connect('mute', 5);
  const good = await site.connect('good', 5);
  for (const client of [mute, good]) {
    client.send({ cmd: 'subscribe', messageId: 1, subscriptions: [{ topic: '$share/g/t', qos: 1 }] });
    await client.take('suback');
  }
  const writer = await site.connect('writer', 5);
  for (let i = 1; i <= 100; i++) {
    writer.send(publish(1, i, `${i}`) as IPublishPacket);
    await writer.take('puback');
    for (const packet of good.inbox.splice(0))
      if (packet.cmd === 'publish') good.send({ cmd: 'puback', messageId: packet.messageId! });
    await good.ping();
  }
  await mute.ping();
  assert.equal(mute.inbox.filter(({ cmd }) => cmd === 'publish').length, 10);
  await isWell();
});

test('many small messages that waited are sent as they are read, however little may wait in the socket', async (t) => {
  const site = await Site.start(t, { maxUnsentPerClient: 1_000, maxRetained: 3_000, maxRetainedBytes: 1e7 });
  const writer = await site.connect('writer', 5);
  const away = await site.connect('away', 5, keep);
  away.send({ cmd: 'subscribe', messageId: 1, subscriptions: [{ topic: 'r/#', qos: 1 }] });
  await away.take('suback');
  await site.lose(away);
  for (let i = 1; i <= 1_000; i++) {
    writer.send(publish(1, i, 'x'.repeat(400), { topic: `r/${i}`, retain: true }) as IPublishPacket);
  }
  await writer.takeMany('puback', 1_000);
  const back = await site.connect('away', 5, keep);
  for (const { messageId = 0 } of await back.takeMany('publish', 1_000)) back.send({ cmd: 'puback', messageId });
  // More than the operating system takes at once.
  const again = bytes({ cmd: 'subscribe', messageId: 1, subscriptions: [{ topic: 'r/#', qos: 0 }] });
  back.socket.pause();
  back.sendBytes(Buffer.concat(Array.from({ length: 40 }, () => again)));
  for (let i = 0; i < 20; i++) await writer.ping();
  // What waits there leaves room for what is said meanwhile.
  writer.send(publish(0, 0, 'now', { topic: 'r/now' }) as IPublishPacket);
  await writer.ping();
  back.socket.resume();
  await eventually('all to come', () => back.inbox.filter(({ cmd }) => cmd === 'publish').length === 40_001);
  await back.ping();
  assert.equal(site.source.status().refused['drain-timeout'], 0);
});

test('who reads is not taken for slow when the disk lets many messages go at once', async (t) => {
  const site = await Site.start(t, { maxUnsentPerClient: 1_000 });
  const reader = await site.connect('reader', 5);
  reader.send({ cmd: 'subscribe', messageId: 1, subscriptions: [{ topic: 't', qos: 1 }] });
  await reader.take('suback');
  site.isHolding = true;
  const many = Array.from({ length: 150 }, (_, i) => publish(1, i + 1, 'x'.repeat(400)) as IPublishPacket);
  for (let i = 0; i < 6; i++) (await site.connect(`writer ${i}`, 5)).send(...many);
  await eventually('all to wait', () => site.held.length === 900);
  for (const { settle } of site.held.splice(0)) settle();
  await reader.takeMany('publish', 900);
  assert.equal(site.source.status().refused['slow-subscriber'], 0);
});
