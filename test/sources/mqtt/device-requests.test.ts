import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Site } from './site.ts';

const payload = Uint8Array.of(1, 2, 3);

test('what a decoder asks of a device goes to who listens, as QoS 0, and does not come back in', async (t) => {
  const site = await Site.start(t);
  const node = await site.connect('node');
  node.send({ cmd: 'subscribe', messageId: 1, subscriptions: [{ topic: 'spBv1.0/+/NCMD/#', qos: 1 }] });
  await node.take('suback');
  site.source.requests.publish({ topic: 'spBv1.0/g/NCMD/node', payload });
  const { topic, qos, retain, payload: got } = await node.take('publish');
  assert.deepEqual([topic, qos, retain, [...Buffer.from(got)]], ['spBv1.0/g/NCMD/node', 0, false, [1, 2, 3]]);
  await node.ping();
  assert.deepEqual(site.records, []);
});

test('one topic is asked once in ten seconds, many are asked a hundred at once, and nobody forges a topic', async (t) => {
  const site = await Site.start(t);
  const listener = await site.connect('listener');
  listener.send({ cmd: 'subscribe', messageId: 1, subscriptions: [{ topic: '#', qos: 0 }] });
  await listener.take('suback');
  const heard: string[] = [];
  const ask = (topic: string): void => site.source.requests.publish({ topic, payload });
  const listen = async (count: number): Promise<void> => {
    while (heard.length < count) heard.push((await listener.take('publish')).topic);
  };
  for (let i = 0; i < 3; i++) ask('a');
  for (const topic of ['', 'a/+', '#', 'nul\0', Array(30).fill('x').join('/')]) ask(topic);
  ask('b');
  await listen(2);
  site.operatingMs += 9_999;
  ask('a');
  ask('c');
  await listen(3);
  site.operatingMs += 1;
  ask('a');
  await listen(4);
  assert.deepEqual(heard, ['a', 'b', 'c', 'a']);

  site.operatingMs += 60_000;
  for (let i = 0; i < 150; i++) ask(`many/${i}`);
  await listen(104);
  assert.equal(site.source.status().skippedDeliveries['too-many-requests'], 50);
  // Those that were left out may be asked as soon as there is room.
  site.operatingMs += 100;
  for (let i = 100; i < 150; i++) ask(`many/${i}`);
  await listen(106);
  assert.deepEqual(heard.slice(-2), ['many/100', 'many/101']);
});

test('a request to a broker that is gone is no error', async (t) => {
  const site = await Site.start(t);
  const { requests } = site.source;
  await site.restart();
  requests.publish({ topic: 'a', payload });
  // What is thrown in there would end the process.
  await new Promise(setImmediate);
  await new Promise(setImmediate);
});
