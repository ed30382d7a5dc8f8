import assert from 'node:assert/strict';
import { test } from 'node:test';
import { eventually } from '../../support/wait.ts';
import { publish, Site } from './site.ts';

const keep = { clean: false };
const hour = { clean: false, properties: { sessionExpiryInterval: 3600 } };

/** A session that ends an hour after its connection, with a message in it. */
async function siteWithSession(t: Parameters<typeof Site.start>[0]): Promise<Site> {
  const site = await Site.start(t);
  const client = await site.connect('s', 5, hour);
  client.send({ cmd: 'subscribe', messageId: 1, subscriptions: [{ topic: 't', qos: 1 }] });
  await client.take('suback');
  return site;
}

function runFor(site: Site, ms: number): void {
  site.operatingMs += ms;
}

const rows: readonly (readonly [string, (site: Site) => Promise<void>, boolean])[] = [
  ['lives on within its time', async (site) => runFor(site, 3_599_000), true],
  ['ends when the gateway has run for as long', async (site) => runFor(site, 3_601_000), false],
  [
    'does not begin anew with each restart',
    async (site) => {
      site.operatingMs = 2_000_000;
      await site.restart();
      site.operatingMs = 3_601_000;
      await site.crash();
    },
    false,
  ],
  [
    'counts from the last connection',
    async (site) => {
      site.operatingMs = 3_000_000;
      await site.lose(await site.connect('s', 5, hour));
      site.operatingMs = 6_000_000;
    },
    true,
  ],
  [
    'ends with the life that its client gave it last',
    async (site) => {
      await site.lose(await site.connect('s', 5, { clean: false, properties: { sessionExpiryInterval: 10 } }));
      site.operatingMs = 11_000;
    },
    false,
  ],
  [
    'never ends by itself when MQTT 3 made it so',
    async (site) => {
      await site.lose(await site.connect('s', 4, keep));
      site.operatingMs = 1e12;
    },
    true,
  ],
];
for (const [name, live, isAlive] of rows) {
  test(`an MQTT 5 session that was left by a restart ${name}`, async (t) => {
    const site = await siteWithSession(t);
    await site.restart();
    await live(site);
    // Whoever starts looks for sessions that are over.
    await site.restart();
    const publisher = await site.connect('p');
    publisher.send(publish(1, 1, 'a'));
    await publisher.take('puback');
    const again = await site.connect('s', 5, hour);
    assert.equal(again.connack.sessionPresent, isAlive);
    if (isAlive) await again.take('publish');
    await again.ping();
    assert.deepEqual(again.inbox, []);
    await site.source.stop();
    assert.equal(site.disk.keys('mqtt.subscriptions').length, isAlive ? 1 : 0);
  });
}

test('a clock of operating time that has lost some makes a session live longer, not shorter', async (t) => {
  const site = await siteWithSession(t);
  site.operatingMs = 5_000_000;
  await site.restart();
  site.operatingMs = 1_000_000;
  await site.restart();
  site.operatingMs = 4_000_000;
  await site.restart();
  assert.equal((await site.connect('s', 5, hour)).connack.sessionPresent, true);
});

const will = { topic: 'will', payload: Buffer.from('gone'), qos: 1 as const, retain: true };

test('the wills of clients that a crash cut off are published once when the gateway is back', async (t) => {
  const site = await Site.start(t);
  await site.connect('c', 4, { will });
  const polite = await site.connect('polite', 4, { will: { ...will, topic: 'polite' } });
  // Wills are saved with the next thing that somebody waits for.
  await site.lose(await site.subscriber('s', 'will'));
  await site.crash();
  await eventually('both wills', () => site.records.length === 2);
  await polite.ended();
  const subscriber = await site.connect('s', 4, keep);
  assert.equal((await subscriber.take('publish')).payload.toString(), 'gone');
  await site.restart();
  assert.deepEqual(site.records.map(({ topic }) => topic).sort(), ['polite', 'will']);
});

test('no will is published for who said goodbye, or was cut off by a stop in good order and heard then', async (t) => {
  const site = await Site.start(t);
  const polite = await site.connect('polite', 4, { will });
  polite.send({ cmd: 'disconnect' });
  await polite.ended();
  await site.connect('cut', 4, { will: { ...will, topic: 'cut' } });
  await site.restart();
  await site.crash();
  await (await site.connect('p')).ping();
  assert.deepEqual(
    site.records.map(({ topic }) => topic),
    ['cut'],
  );
});

test('a new connection that takes an old one over keeps its will', async (t) => {
  const site = await Site.start(t);
  const first = await site.connect('c', 4, { will: { ...will, payload: Buffer.from('first') } });
  await site.connect('c', 4, { will: { ...will, payload: Buffer.from('second') } });
  await first.ended();
  await eventually('the first will', () => site.records.length === 1);
  await site.lose(await site.subscriber('s', 'x'));
  await site.crash();
  await eventually('the second will', () => site.records.length === 2);
  assert.deepEqual(site.payloads, ['first', 'second']);
});

test('a delayed will waits for its client after a crash, and is not published when it is back', async (t) => {
  const site = await Site.start(t);
  const delayed = { ...will, properties: { willDelayInterval: 60 } };
  const session = { ...hour, will: delayed };
  await site.connect('back', 5, session);
  await site.connect('gone', 5, { ...session, will: { ...delayed, topic: 'other' } });
  await site.lose(await site.subscriber('s', 'x'));
  await site.crash();
  const back = await site.connect('back', 5, hour);
  await back.ping();
  assert.deepEqual(site.records, []);
  // Restarts do not make it due, and it is not forgotten by them.
  await site.restart();
  await (await site.connect('p')).ping();
  assert.deepEqual(site.records, []);
});

test('what does not fit the limits of the next run is left out, counted, and gone for good', async (t) => {
  const site = await Site.start(t);
  for (const id of ['a', 'b', 'c']) await site.lose(await site.subscriber(id, 't'));
  const publisher = await site.connect('p');
  for (let i = 1; i <= 5; i++) publisher.send(publish(1, i, `${i}`, { retain: true, topic: i < 5 ? `r/${i}` : 't' }));
  publisher.send(...[6, 7].map((i) => publish(1, i, `${i}`)));
  await publisher.takeMany('puback', 7);
  await site.crash({ maxSessions: 2, maxRetained: 3, maxQueuedPerClient: 2 });
  assert.deepEqual(site.source.status().skippedDeliveries, {
    'slow-subscriber': 0,
    'queue-full': 2,
    'retained-full': 2,
    'sessions-full': 1,
    'too-many-requests': 0,
    expired: 0,
    'too-large': 0,
  });
  const a = await site.connect('a', 4, keep);
  assert.deepEqual(
    (await a.takeMany('publish', 2)).map(({ payload }) => payload.toString()),
    ['6', '7'],
  );
  assert.equal((await site.connect('c', 4, keep)).connack.sessionPresent, false);
  await site.source.stop();
  const count = (space: string) => site.disk.keys(`mqtt.${space}`).length;
  assert.deepEqual([count('subscriptions'), count('retained'), count('queued')], [2, 3, 4]);
});
