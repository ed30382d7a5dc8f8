import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { eventually } from '../../support/wait.ts';
import { publish, Site } from './site.ts';

const keep = { clean: false };

test('retained messages, subscriptions, and what waits for a client that is away survive a crash, in order', async (t) => {
  const site = await Site.start(t);
  await site.lose(await site.subscriber('s', 't/#'));
  const publisher = await site.connect('p', 5);
  const properties = { userProperties: { a: ['1', '2'], __proto__x: 'y' }, correlationData: Buffer.from([0, 255]) };
  publisher.send(
    ...Array.from({ length: 50 }, (_, i) => publish(1, i + 1, `${i}`, { topic: `t/${i % 3}`, properties })),
    publish(1, 60, 'kept', { topic: 'other', retain: true, properties }),
  );
  await publisher.takeMany('puback', 51);
  await site.crash();
  const again = await site.connect('s', 5, { clean: false, properties: { sessionExpiryInterval: 100 } });
  assert.equal(again.connack.sessionPresent, true);
  const came = await again.takeMany('publish', 50);
  assert.deepEqual(
    came.map(({ topic, payload }) => `${topic} ${payload}`),
    Array.from({ length: 50 }, (_, i) => `t/${i % 3} ${i}`),
  );
  const { userProperties, correlationData } = came[0]?.properties ?? {};
  assert.deepEqual({ ...userProperties }, { a: ['1', '2'], __proto__x: 'y' });
  assert.deepEqual(correlationData, Buffer.from([0, 255]));
  again.send(...came.map(({ messageId = 0 }) => ({ cmd: 'puback' as const, messageId })));
  // Its subscription is alive, not only its past.
  const next = await site.connect('p');
  next.send(publish(1, 1, 'new', { topic: 't/9' }));
  assert.equal((await again.take('publish')).payload.toString(), 'new');
  next.send({ cmd: 'subscribe', messageId: 2, subscriptions: [{ topic: '#', qos: 1 }] });
  assert.equal((await next.take('publish')).payload.toString(), 'kept');
});

test('a restart in good order keeps it too, and what was acknowledged does not come again', async (t) => {
  const site = await Site.start(t);
  const subscriber = await site.subscriber('s', 't');
  const publisher = await site.connect('p');
  publisher.send(publish(1, 1, 'one'), publish(1, 2, 'two'));
  const [one] = await subscriber.takeMany('publish', 2);
  subscriber.send({ cmd: 'puback', messageId: one?.messageId ?? 0 });
  await subscriber.ping();
  await site.restart();
  const again = await site.connect('s', 4, keep);
  const came = await again.take('publish');
  assert.equal(came.payload.toString(), 'two');
  await again.ping();
  assert.deepEqual(again.inbox, []);
});

test('an empty retained message is forgotten for good, and so is an unsubscription', async (t) => {
  const site = await Site.start(t);
  const client = await site.subscriber('s', 't');
  client.send(publish(1, 2, 'x', { retain: true }));
  const { messageId = 0 } = await client.take('publish');
  await client.take('puback');
  client.send({ cmd: 'puback', messageId });
  client.send(publish(1, 3, '', { retain: true }));
  const empty = await client.take('publish');
  client.send({ cmd: 'unsubscribe', messageId: 4, unsubscriptions: ['t'] });
  client.send({ cmd: 'puback', messageId: empty.messageId ?? 0 });
  await client.take('puback');
  await client.take('unsuback');
  await client.ping();
  // What it has acknowledged goes with the next thing that somebody waits for.
  await site.lose(await site.subscriber('else', 'u'));
  await site.crash();
  const again = await site.connect('s', 4, keep);
  // A session without subscriptions is one all the same.
  assert.equal(again.connack.sessionPresent, true);
  again.send({ cmd: 'subscribe', messageId: 5, subscriptions: [{ topic: '#', qos: 1 }] });
  await again.take('suback');
  await again.ping();
  assert.deepEqual(again.inbox, []);
});

test('neither SUBACK nor PUBACK precedes the disk, and who waits for neither is not held up', async (t) => {
  const site = await Site.start(t);
  await site.lose(await site.subscriber('s', 'wanted'));
  site.disk.hold();
  const second = await site.connect('s2', 4, keep);
  second.send({ cmd: 'subscribe', messageId: 1, subscriptions: [{ topic: 'wanted', qos: 1 }] });
  const wanted = await site.connect('p1');
  wanted.send(publish(1, 1, 'a', { topic: 'wanted' }));
  const retained = await site.connect('p2');
  retained.send(publish(1, 1, 'b', { topic: 'r', retain: true }));
  const exact = await site.connect('p3');
  exact.send(publish(2, 1, 'c', { topic: 'wanted' }));
  const free = await site.connect('p4', 4, keep);
  free.send(publish(1, 1, 'd'), publish(2, 2, 'e'), publish(0, 0, 'f', { topic: 'wanted', retain: true }));
  await free.take('puback');
  await free.take('pubrec');
  await eventually('all records', () => site.records.length === 6);
  await free.ping();
  for (const client of [second, wanted, retained, exact]) assert.deepEqual(client.inbox, []);
  site.disk.release();
  await second.take('suback');
  await wanted.take('puback');
  await retained.take('puback');
  await exact.take('pubrec');
});

test('what the disk refuses is not acknowledged, and makes no second record when it comes again', async (t) => {
  const site = await Site.start(t);
  await site.lose(await site.subscriber('s', 't', 2));
  for (const qos of [1, 2] as const) {
    site.disk.refusal = 'disk full';
    const first = await site.connect('p', 4, keep);
    first.send(publish(qos, 7, `q${qos}`));
    await first.ended();
    assert.deepEqual(first.inbox, []);
    site.disk.refusal = undefined;
    const second = await site.connect('p', 4, keep);
    second.send(publish(qos, 7, `q${qos}`, { dup: true }));
    await second.take(qos === 1 ? 'puback' : 'pubrec');
    await site.lose(second);
  }
  assert.deepEqual(site.payloads, ['q1', 'q2']);
  assert.equal(site.source.status().duplicates, 2);
  assert.equal(site.source.status().refused['not-taken'], 2);
  await site.crash();
  const subscriber = await site.connect('s', 4, keep);
  const seen = (await subscriber.takeMany('publish', 2)).map(({ payload }) => payload.toString());
  assert.ok(seen.includes('q1') || seen.includes('q2'));
});

test('a subscription that the disk refuses ends its connection', async (t) => {
  const site = await Site.start(t);
  site.disk.refusal = 'disk full';
  const client = await site.connect('s', 4, keep);
  client.send({ cmd: 'subscribe', messageId: 1, subscriptions: [{ topic: 't', qos: 1 }] });
  await client.ended();
  assert.deepEqual(client.commands, ['connack']);
});

test('a session that starts afresh has nothing left after a crash', async (t) => {
  const site = await Site.start(t);
  await site.lose(await site.subscriber('s', 't'));
  const publisher = await site.connect('p');
  publisher.send(publish(1, 1, 'old'));
  await publisher.take('puback');
  await site.lose(await site.connect('s', 4, { clean: true }));
  // Nobody waits for it: it goes with the next thing that somebody waits for.
  await site.lose(await site.subscriber('else', 'u'));
  await site.crash();
  const again = await site.connect('s', 4, keep);
  assert.equal(again.connack.sessionPresent, false);
  await again.ping();
  assert.deepEqual(again.inbox, []);
  assert.deepEqual(site.disk.keys('mqtt.queued'), []);
});

test('a QoS 2 message goes to its subscriber under the same packet id again, and its release after it', async (t) => {
  const site = await Site.start(t);
  const subscriber = await site.subscriber('s', 't', 2);
  const publisher = await site.connect('p');
  publisher.send(publish(2, 1, 'exact'));
  const { messageId = 0, dup } = await subscriber.take('publish');
  assert.equal(dup, false);
  await site.crash();
  const second = await site.connect('s', 4, keep);
  const again = await second.take('publish');
  assert.deepEqual([again.messageId, again.dup, again.payload.toString()], [messageId, true, 'exact']);
  second.send({ cmd: 'pubrec', messageId });
  await second.take('pubrel');
  await site.crash();
  const third = await site.connect('s', 4, keep);
  assert.equal((await third.take('pubrel')).messageId, messageId);
  await third.ping();
  assert.deepEqual(third.inbox, []);
  third.send({ cmd: 'pubcomp', messageId });
  await third.ping();
  await site.restart();
  const last = await site.connect('s', 4, keep);
  await last.ping();
  assert.deepEqual(last.inbox, []);
});

test('PUBREL is not sent before it is durable that it was', async (t) => {
  const site = await Site.start(t);
  const subscriber = await site.subscriber('s', 't', 2);
  const publisher = await site.connect('p');
  publisher.send(publish(2, 1, 'exact'));
  const { messageId = 0 } = await subscriber.take('publish');
  site.disk.hold();
  subscriber.send({ cmd: 'pubrec', messageId });
  await eventually('the disk to be asked', () =>
    site.disk.batches.at(-1)?.some(({ space }) => space === 'mqtt.queued'),
  );
  await turn();
  assert.deepEqual(subscriber.inbox, []);
  site.disk.release();
  await subscriber.take('pubrel');
});
