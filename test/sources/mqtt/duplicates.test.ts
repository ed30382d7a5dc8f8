import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { eventually } from '../../support/wait.ts';
import { publish, Site } from './site.ts';

const keep = { clean: false };
const acknowledgement = { 1: 'puback', 2: 'pubrec' } as const;

for (const version of [4, 5] as const) {
  for (const qos of [1, 2] as const) {
    const name = `MQTT ${version}, QoS ${qos}`;
    const session = version === 5 ? { clean: false, properties: { sessionExpiryInterval: 100 } } : keep;

    test(`${name}: what comes again after a crash gets its acknowledgement and makes no second record`, async (t) => {
      const site = await Site.start(t);
      const first = await site.connect('p', version, session);
      first.send(publish(qos, 5, 'a'), publish(qos, 6, 'b'));
      await first.takeMany(acknowledgement[qos], 2);
      await site.crash();
      const second = await site.connect('p', version, session);
      second.send(publish(qos, 5, 'a', { dup: true }), publish(qos, 6, 'b', { dup: true }));
      // Under the same id, another payload, another client, or said to be new: other messages.
      const again = await second.takeMany(acknowledgement[qos], 2);
      assert.deepEqual(
        again.map(({ messageId, reasonCode = 0 }) => [messageId, reasonCode]),
        [
          [5, 0],
          [6, 0],
        ],
      );
      second.send(publish(qos, 7, 'a', { dup: true }));
      second.send(publish(qos, 5, 'c', { dup: true }));
      await second.takeMany(acknowledgement[qos], 2);
      const other = await site.connect('q', version, session);
      other.send(publish(qos, 5, 'a', { dup: true }));
      await other.take(acknowledgement[qos]);
      assert.deepEqual(site.payloads, ['a', 'b', 'a', 'c', 'a']);
      assert.equal(site.source.status().duplicates, 2);
    });

    test(`${name}: the same again on a new connection, after a lost acknowledgement`, async (t) => {
      const site = await Site.start(t);
      for (const dup of [false, true, true]) {
        const client = await site.connect('p', version, { ...session, clean: true });
        client.send(publish(qos, 5, 'a', { dup }));
        await client.take(acknowledgement[qos]);
        await client.drop();
      }
      assert.deepEqual(site.payloads, ['a']);
    });

    test(`${name}: a copy waits for the first one's receipt`, async (t) => {
      const site = await Site.start(t);
      site.isHolding = true;
      const first = await site.connect('p', version, session);
      first.send(publish(qos, 5, 'a'));
      await eventually('the first', () => site.held.length === 1);
      await first.drop();
      const second = await site.connect('p', version, session);
      second.send(publish(qos, 5, 'a', { dup: true }));
      const third = await site.connect('q', version, session);
      await third.ping();
      assert.deepEqual([second.inbox, site.held.length], [[], 1]);
      site.held[0]?.settle();
      await second.take(acknowledgement[qos]);
      assert.deepEqual(site.payloads, ['a']);
    });

    test(`${name}: a copy is not lost when the first one is not taken in`, async (t) => {
      const site = await Site.start(t);
      site.isHolding = true;
      const first = await site.connect('p', version, session);
      first.send(publish(qos, 5, 'a'));
      await eventually('the first', () => site.held.length === 1);
      await first.drop();
      const second = await site.connect('p', version, session);
      second.send(publish(qos, 5, 'a', { dup: true }));
      // When it is here, it waits; a third client's ping tells that it must be.
      await (await site.connect('q', version, session)).ping();
      site.isHolding = false;
      site.held[0]?.settle(new Error('disk full'));
      await eventually(
        'an acknowledgement, or an end that asks for another try',
        () => second.inbox.length > 0 || second.isClosed,
      );
      if (!second.commands.includes(acknowledgement[qos])) {
        const third = await site.connect('p', version, session);
        third.send(publish(qos, 5, 'a', { dup: true }));
        await third.take(acknowledgement[qos]);
      }
      assert.deepEqual(site.payloads, ['a']);
    });
  }
}

test('a sensor that says the same again under the same id is heard each time', async (t) => {
  const site = await Site.start(t);
  const client = await site.connect('p');
  for (let i = 0; i < 5; i++) {
    client.send(publish(1, 1, '21.5'));
    await client.take('puback');
  }
  assert.equal(site.records.length, 5);
});

test('a QoS 1 copy after a crash is passed on to who was away: the first may not have been', async (t) => {
  const site = await Site.start(t);
  await site.lose(await site.subscriber('s', 't'));
  site.disk.hold();
  const first = await site.connect('p', 4, keep);
  first.send(publish(1, 5, 'a'));
  await eventually('its record', () => site.records.length === 1);
  await turn();
  assert.deepEqual(first.inbox, []);
  // It crashes between the record's commit and the copy's.
  await site.crash();
  assert.deepEqual(site.disk.keys('mqtt.queued'), []);
  const second = await site.connect('p', 4, keep);
  second.send(publish(1, 5, 'a', { dup: true }));
  await second.take('puback');
  assert.deepEqual(site.payloads, ['a']);
  const subscriber = await site.connect('s', 4, keep);
  assert.equal((await subscriber.take('publish')).payload.toString(), 'a');
});

test('a QoS 2 message reaches who is away once, wherever between record and acknowledgement the crash was', async (t) => {
  for (const isCopyDurable of [false, true]) {
    const site = await Site.start(t);
    await site.lose(await site.subscriber('s', 't', 2));
    if (!isCopyDurable) site.disk.hold();
    const first = await site.connect('p', 4, keep);
    first.send(publish(2, 5, 'a'));
    await eventually('its record', () => site.records.length === 1);
    if (isCopyDurable) await first.take('pubrec');
    else await turn();
    await site.crash();
    assert.equal(site.disk.keys('mqtt.queued').length, isCopyDurable ? 1 : 0);
    for (let again = 0; again < 2; again++) {
      const second = await site.connect('p', 4, keep);
      second.send(publish(2, 5, 'a', { dup: true }));
      await second.take('pubrec');
      await site.lose(second);
    }
    assert.deepEqual(site.payloads, ['a']);
    const subscriber = await site.connect('s', 4, keep);
    assert.equal((await subscriber.take('publish')).payload.toString(), 'a');
    await subscriber.ping();
    assert.deepEqual(subscriber.inbox, []);
    const publisher = await site.connect('p', 4, keep);
    publisher.send({ cmd: 'pubrel', messageId: 5 });
    await publisher.take('pubcomp');
    // Free for another message, even the same.
    publisher.send(publish(2, 5, 'a'));
    await publisher.take('pubrec');
    assert.deepEqual(site.payloads, ['a', 'a']);
  }
});

test('a message whose publisher is gone before its receipt still reaches who listens', async (t) => {
  const site = await Site.start(t);
  const listener = await site.connect('l');
  listener.send({ cmd: 'subscribe', messageId: 1, subscriptions: [{ topic: 't', qos: 1 }] });
  await listener.take('suback');
  site.isHolding = true;
  const publisher = await site.connect('p', 4, keep);
  publisher.send(publish(1, 5, 'a'));
  await eventually('the first', () => site.held.length === 1);
  await publisher.drop();
  await listener.ping();
  site.held[0]?.settle();
  assert.equal((await listener.take('publish')).payload.toString(), 'a');
});

test('an open QoS 2 id and the copies of its message go to the disk in one batch, under load too', async (t) => {
  const site = await Site.start(t);
  for (const id of ['s1', 's2']) await site.lose(await site.subscriber(id, 't', 2));
  const publishers = await Promise.all(['p1', 'p2', 'p3'].map((id) => site.connect(id, 4, keep)));
  for (const [index, publisher] of publishers.entries()) {
    for (let messageId = 1; messageId <= 30; messageId++) {
      publisher.send(publish(messageId % 2 === 0 ? 2 : 1, messageId, `${index} ${messageId}`));
    }
  }
  await Promise.all(publishers.map((publisher) => publisher.takeMany('pubrec', 15)));
  const inBatch = site.disk.batches.map((batch) => {
    const count = (space: string) => batch.filter((change) => change.space === space && change.value).length;
    const exact = batch.filter(
      ({ space, value }) => space === 'mqtt.queued' && value && `${Buffer.from(value)}`.includes('"qos":2'),
    );
    return { open: count('mqtt.open'), copies: exact.length };
  });
  assert.equal(
    inBatch.reduce((sum, { open }) => sum + open, 0),
    45,
  );
  for (const { open, copies } of inBatch) assert.equal(copies, open * 2);
});
