import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Taken } from '../../../src/core/taken.ts';
import type { RawMqtt } from '../../support/raw-mqtt.ts';
import { publish, Site } from './site.ts';

const taken = (deviceId: string, more: Partial<Taken> = {}): Taken => ({
  measurement: { deviceId, timeMs: Date.UTC(2026, 0, 2), fields: [{ name: 'temperature', value: 21.5, unit: 'Cel' }] },
  kind: 'measurement',
  source: 'serial:meter',
  topic: 'serial/meter',
  receivedAtMs: Date.UTC(2026, 0, 3),
  clockQuality: 'synced',
  profile: { name: 'meter', version: 2 },
  sequence: 7,
  payload: undefined,
  ...more,
});

async function listener(site: Site, filter: string, qos: 0 | 1 | 2 = 0, more = {}): Promise<RawMqtt> {
  const client = await site.connect(`to ${filter}`, 5, more);
  client.send({ cmd: 'subscribe', messageId: 1, subscriptions: [{ topic: filter, qos }] });
  await client.take('suback');
  return client;
}

test('a measurement is told on its device’s topic, whatever it came by, and is no message that comes in', async (t) => {
  const site = await Site.start(t);
  site.source.own.taken(taken('nobody listens'));
  const one = await listener(site, 'headgate/devices/a/b/measurements');
  const all = await listener(site, 'headgate/devices/#', 1);
  site.source.own.taken(taken('a/b'));
  site.source.own.taken(taken('a', { sequence: 0, profile: undefined }));
  site.source.own.taken(taken('none', { kind: 'raw', measurement: { deviceId: 'none', fields: [] } }));
  for (const impossible of ['a+b', '#', 'a\0b', '/'.repeat(30)]) site.source.own.taken(taken(impossible));
  const { topic, payload, retain, qos } = await one.take('publish');
  assert.deepEqual([topic, retain, qos], ['headgate/devices/a/b/measurements', false, 0]);
  assert.deepEqual(JSON.parse(`${payload}`), {
    deviceId: 'a/b',
    time: '2026-01-02T00:00:00.000Z',
    receivedAt: '2026-01-03T00:00:00.000Z',
    clockQuality: 'synced',
    kind: 'measurement',
    source: 'serial:meter',
    topic: 'serial/meter',
    fields: [{ name: 'temperature', value: 21.5, unit: 'Cel' }],
    profile: { name: 'meter', version: 2 },
    sequence: 7,
  });
  const both = await all.takeMany('publish', 2);
  assert.deepEqual(
    both.map((one) => one.topic),
    ['headgate/devices/a/b/measurements', 'headgate/devices/a/measurements'],
  );
  assert.equal('sequence' in JSON.parse(`${both[1]?.payload}`), false);
  await Promise.all([one.ping(), all.ping()]);
  assert.deepEqual([one.inbox, all.inbox, site.records], [[], [], []]);
});

test('a session that is kept gets the measurements that it missed', async (t) => {
  const site = await Site.start(t);
  const keep = { clean: false, properties: { sessionExpiryInterval: 100 } };
  await site.lose(await listener(site, 'headgate/devices/+/measurements', 1, keep));
  site.source.own.taken(taken('a'));
  const again = await site.connect('to headgate/devices/+/measurements', 5, keep);
  assert.equal(JSON.parse(`${(await again.take('publish')).payload}`).sequence, 7);
});

test('whoever subscribes gets the newest values and the state as retained messages, kept nowhere', async (t) => {
  const site = await Site.start(t, { maxRetained: 1 });
  site.status = '{"state":"ready"}';
  const fields = [
    { name: 'n', value: 2n ** 60n, unit: null, at: null },
    { name: 'raw', value: Buffer.from([0]), unit: 'Cel', at: '2026-01-02T00:00:00.000Z' },
  ];
  site.latest.set('a/b', fields).set('c', fields).set('silent', []).set('d+', fields);
  const rows: readonly (readonly [filter: string, topics: readonly string[]])[] = [
    ['headgate/devices/a/b/measurements', ['headgate/devices/a/b/measurements']],
    ['headgate/devices/+/measurements', ['headgate/devices/c/measurements']],
    ['headgate/#', ['headgate/status', 'headgate/devices/a/b/measurements', 'headgate/devices/c/measurements']],
    ['#', ['headgate/status', 'headgate/devices/a/b/measurements', 'headgate/devices/c/measurements']],
    ['headgate/status', ['headgate/status']],
    ['headgate/devices/x/measurements', []],
    ['other/#', []],
    ['$share/g/headgate/#', []],
  ];
  for (const [filter, topics] of rows) {
    const client = await listener(site, filter, 1);
    await client.ping();
    const came = client.inbox.flatMap((packet) => (packet.cmd === 'publish' ? [packet] : []));
    assert.deepEqual(
      came.map(({ topic, retain }) => [topic, retain]),
      topics.map((topic) => [topic, true]),
      filter,
    );
    const last = came.at(-1);
    if (last?.topic.endsWith('measurements')) {
      assert.match(
        `${last.payload}`,
        /"fields":\[\{"name":"n","value":1152921504606846976\},\{"name":"raw","value":"AA==","unit"/,
      );
    }
    await client.drop();
  }
  assert.deepEqual(site.disk.keys('mqtt.retained'), []);
});

test('the state is told again only when it has changed', async (t) => {
  const site = await Site.start(t);
  site.source.own.tick();
  site.status = '{"state":"ready"}';
  const client = await listener(site, 'headgate/status');
  assert.equal(`${(await client.take('publish')).payload}`, '{"state":"ready"}');
  site.source.own.tick();
  site.status = '{"state":"degraded"}';
  site.source.own.tick();
  site.source.own.tick();
  const { payload, retain } = await client.take('publish');
  assert.deepEqual([`${payload}`, retain], ['{"state":"degraded"}', false]);
  await client.ping();
  assert.deepEqual(client.inbox, []);
});

test('nobody but the gateway speaks on its topics', async (t) => {
  const site = await Site.start(t);
  const all = await listener(site, 'headgate/#', 1);
  await all.ping();
  all.inbox.length = 0;
  for (const topic of ['headgate/status', 'headgate/devices/a/measurements']) {
    const client = await site.connect('forger', 5);
    client.send(
      publish(1, 1, 'x', { topic, retain: true }),
      publish(2, 2, 'x', { topic }),
      publish(0, 0, 'x', { topic }),
    );
    assert.deepEqual(
      [(await client.take('puback')).reasonCode, (await client.take('pubrec')).reasonCode],
      [0x87, 0x87],
    );
    const old = await site.connect('old forger', 4);
    old.send(publish(1, 1, 'x', { topic }));
    await old.ended();
  }
  await all.ping();
  assert.deepEqual([all.inbox, site.records], [[], []]);
});
