import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { IPublishPacket } from 'mqtt-packet';
import type { MqttVersion, RawMqtt } from '../../../support/raw-mqtt.ts';
import { eventually } from '../../../support/wait.ts';
import { publish, Site } from '../site.ts';

const expiry = (sessionExpiryInterval: number) => ({ clean: false, properties: { sessionExpiryInterval } });

async function listens(client: RawMqtt, topic = 't'): Promise<void> {
  client.send({ cmd: 'subscribe', messageId: 1, subscriptions: [{ topic, qos: 1 }] });
  await client.take('suback');
}

test('a session lives as long as its client asked, counted in operating time, and no longer', async (t) => {
  const rows: readonly (readonly [
    name: string,
    connect: object,
    version: MqttVersion,
    afterMs: number,
    isThere: boolean,
  ])[] = [
    ['ends with its connection', expiry(0), 5, 0, false],
    ['no property is 0', { clean: false }, 5, 0, false],
    ['not yet over', expiry(100), 5, 99_000, true],
    ['over', expiry(100), 5, 100_000, false],
    ['never, but for thirty days', expiry(0xffff_ffff), 5, 30 * 86_400_000 - 1, true],
    ['never, and thirty days are over', expiry(0xffff_ffff), 5, 30 * 86_400_000, false],
    ['MQTT 3.1.1 has no end', { clean: false }, 4, 400 * 86_400_000, true],
    ['MQTT 3.1.1, clean', { clean: true }, 4, 0, false],
  ];
  const site = await Site.start(t);
  for (const [name, connect, version, afterMs, isThere] of rows) {
    const first = await site.connect('c', version, connect);
    assert.equal(first.connack.sessionPresent, false, name);
    await listens(first);
    await site.lose(first);
    site.operatingMs += afterMs;
    // What is over is seen to every ten seconds, and at start.
    await site.restart();
    const again = await site.connect('c', version, { clean: false });
    assert.equal(again.connack.sessionPresent, isThere, name);
    await again.drop();
    await (await site.connect('c', version)).drop();
    site.operatingMs = 0;
  }
});

test('DISCONNECT may change how long the session lives, but not begin one', async (t) => {
  const site = await Site.start(t);
  const rows: readonly (readonly [asked: number, changed: number, isThere: boolean])[] = [
    [100, 0, false],
    [10, 1000, true],
    [0, 1000, false],
  ];
  for (const [asked, changed, isThere] of rows) {
    const first = await site.connect('c', 5, expiry(asked));
    await listens(first);
    first.send({ cmd: 'disconnect', reasonCode: 0, properties: { sessionExpiryInterval: changed } });
    await first.ended();
    await eventually('the broker to notice', () => site.source.status().connections === 0);
    site.operatingMs += 50_000;
    await site.restart();
    const again = await site.connect('c', 5, { clean: false });
    assert.equal(again.connack.sessionPresent, isThere, `${asked} ${changed}`);
    await site.lose(again);
  }
});

test('a session is there without a subscription; Clean Start forgets it', async (t) => {
  const site = await Site.start(t);
  for (const version of [4, 5] as const) {
    const keep = version === 5 ? expiry(100) : { clean: false };
    const id = `c${version}`;
    assert.equal((await site.connect(id, version, keep)).connack.sessionPresent, false);
    // The first connection is taken over by the second.
    assert.equal((await site.connect(id, version, keep)).connack.sessionPresent, true);
    assert.equal((await site.connect(id, version, { ...keep, clean: true })).connack.sessionPresent, false);
  }
});

test('a second connection takes the session over: the first is told, and nothing is lost', async (t) => {
  const site = await Site.start(t);
  const first = await site.connect('c', 5, expiry(100));
  await listens(first);
  const publisher = await site.connect('p', 5);
  publisher.send(publish(1, 1, 'unacknowledged') as IPublishPacket);
  await first.take('publish');
  const second = await site.connect('c', 5, expiry(100));
  assert.equal((await first.take('disconnect')).reasonCode, 0x8e);
  await first.ended();
  assert.equal(second.connack.sessionPresent, true);
  const again = await second.take('publish');
  assert.deepEqual([`${again.payload}`, again.dup], ['unacknowledged', true]);
  publisher.send(publish(1, 2, 'next') as IPublishPacket);
  assert.equal(`${(await second.take('publish')).payload}`, 'next');
});

test('what waits for who is away survives a crash with its order, its bounds and its QoS', async (t) => {
  const site = await Site.start(t, { maxQueuedPerClient: 3 });
  const away = await site.connect('c', 5, expiry(100));
  await listens(away, 'q/#');
  await site.lose(away);
  const publisher = await site.connect('p', 5);
  for (let i = 1; i <= 5; i++) {
    publisher.send(publish(i % 2 === 0 ? 2 : 1, i, `${i}`, { topic: `q/${i}` }) as IPublishPacket);
    await publisher.take(i % 2 === 0 ? 'pubrec' : 'puback');
  }
  publisher.send(publish(0, 0, 'not kept', { topic: 'q/0' }) as IPublishPacket);
  await publisher.ping();
  assert.equal(site.source.status().skippedDeliveries['queue-full'], 2);
  await site.crash();
  const back = await site.connect('c', 5, expiry(100));
  const came = await back.takeMany('publish', 3);
  assert.deepEqual(
    came.map(({ payload, qos, dup }) => [`${payload}`, qos, dup]),
    [
      ['3', 1, false],
      ['4', 1, false],
      ['5', 1, false],
    ],
  );
});

/** A client with a will, and who hears of it. */
async function mortal(site: Site, properties: object, connect: object = expiry(100)): Promise<RawMqtt> {
  const will = { topic: 'last', payload: Buffer.from('words'), qos: 1 as const, retain: false, properties };
  return await site.connect('mortal', 5, { ...connect, will });
}

test('wills: at once, delayed, never later than the session, and not for who is back', async (t) => {
  const site = await Site.start(t);
  const heir = await site.connect('heir', 5);
  await listens(heir, 'last');
  const heard = async (): Promise<string[]> => {
    await heir.ping();
    return heir.inbox.splice(0).flatMap((packet) => (packet.cmd === 'publish' ? [`${packet.payload}`] : []));
  };
  await site.lose(await mortal(site, { contentType: 'text/plain', userProperties: { a: 'b' } }));
  const { properties = {}, retain } = await heir.take('publish');
  assert.deepEqual(
    [{ ...properties.userProperties }, properties.contentType, retain],
    [{ a: 'b' }, 'text/plain', false],
  );
  // No later than the end of a session that ends with its connection.
  await site.lose(await mortal(site, { willDelayInterval: 3600 }, expiry(0)));
  await heir.take('publish');
  // DISCONNECT is goodbye, unless it asks for the will.
  const polite = await mortal(site, {});
  polite.send({ cmd: 'disconnect', reasonCode: 0 });
  await polite.ended();
  const bitter = await mortal(site, {});
  bitter.send({ cmd: 'disconnect', reasonCode: 4 });
  assert.equal(`${(await heir.take('publish')).payload}`, 'words');
  // Delayed, and back in time; then delayed, and not.
  await site.lose(await mortal(site, { willDelayInterval: 1 }));
  await site.lose(await mortal(site, { willDelayInterval: 1 }));
  assert.deepEqual(await heard(), []);
  await heir.take('publish', 4_000);
  assert.deepEqual(await heard(), []);
  assert.equal(site.payloads.length, 4);
});
