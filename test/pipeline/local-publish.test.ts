import assert from 'node:assert/strict';
import { test } from 'node:test';
import { HeadgateError } from '../../src/core/errors.ts';
import type { Bearer, Message } from '../../src/core/message.ts';
import { LocalPublish } from '../../src/pipeline/local-publish.ts';

function started() {
  const waiting: { readonly message: Message; readonly bearer: Bearer }[] = [];
  const passedOn: string[] = [];
  const publish = new LocalPublish({
    take: (message, bearer) => waiting.push({ message, bearer }),
    handOn: (topic, payload) => passedOn.push(`${topic} ${Buffer.from(payload)}`),
    maxTopicLevels: 4,
    maxPayloadBytes: 10,
  });
  const deliver = (topic: string, text: string) =>
    publish.deliver({ source: 'rest', topic, payload: Buffer.from(text) });
  return { publish, deliver, waiting, passedOn };
}

test('what was taken is passed on to MQTT subscribers, and not before', async () => {
  const { publish, waiting, passedOn } = started();
  const payload = Buffer.from('21.5');
  const delivered = publish.deliver({ source: 'rest', topic: 'a/b', payload });
  payload.fill(0);
  assert.deepEqual(passedOn, []);
  waiting[0]!.bearer.taken(7);
  assert.deepEqual(await delivered, { sequence: 7 });
  assert.deepEqual(passedOn, ['a/b 21.5']);
});

test('what was refused is passed on to nobody', async () => {
  const { deliver, waiting, passedOn } = started();
  const delivered = deliver('a', '1');
  waiting[0]!.bearer.refused(new HeadgateError('buffer.full', 'There is no room.'));
  await assert.rejects(delivered, { code: 'buffer.full' });
  assert.deepEqual(passedOn, []);
});

for (const [topic, payload, says] of [
  ['', '1', /the topic is empty/],
  ['a/+', '1', /wildcard/],
  ['a/b/c/d/e', '1', /over 4 levels/],
  ['headgate/devices/x/commands', '1', /the gateway's own/],
  ['a', '12345678901', /11 bytes, and 10 are allowed/],
] as const) {
  test(`it is held to what MQTT clients are: ${JSON.stringify(topic)}, ${payload.length} bytes`, async () => {
    const { deliver, waiting } = started();
    await assert.rejects(deliver(topic, payload), (error) => {
      assert.ok(error instanceof HeadgateError);
      assert.equal(error.code, 'request.invalid');
      assert.match(error.message, says);
      return true;
    });
    assert.equal(waiting.length, 0);
  });
}

test('what a program says of a device goes in under a topic of our own, and is passed on as a measurement only', async () => {
  const { publish, waiting, passedOn } = started();
  const said = { deviceId: 'x', fields: [{ name: 'n', value: 1 }] };
  const topic = 'headgate/devices/x/measurements';
  const delivered = publish.deliver({ source: 'rest', topic, payload: Buffer.from('a longer text'), said });
  waiting[0]!.bearer.taken(3);
  assert.deepEqual(await delivered, { sequence: 3 });
  assert.deepEqual(passedOn, []);
});
