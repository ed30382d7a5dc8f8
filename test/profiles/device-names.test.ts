import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ProfileDecoder } from '../../src/profiles/decoder.ts';
import { compiledIn, loadLibrary } from '../../src/profiles/library.ts';

const profiles = compiledIn(loadLibrary());
const options = { deviceTopics: [], maxDepth: 8, maxFields: 200, maxBytes: 1_048_576 };
const say = (topic: string, payload: object) => ({
  source: 'mqtt',
  topic,
  payload: Buffer.from(JSON.stringify(payload)),
});
// A Shelly with a prefix of its own: only one of the two carries its id.
const status = say('hall/lamp/status/switch:0', { id: 0, output: true, apower: 4 });
const notification = say('hall/lamp/events/rpc', {
  src: 'shellyplus1pm-1',
  dst: 'hall/lamp/events',
  method: 'NotifyStatus',
  params: { ts: 1.6e9, 'switch:0': { id: 0, output: false } },
});

test('a device of two names keeps the one by which it was known first, also after a restart', () => {
  for (const [messages, id] of [
    [[notification, status], 'shelly:shellyplus1pm-1'],
    [[status, notification], 'shelly:hall/lamp'],
  ] as const) {
    const decoder = new ProfileDecoder({ options, profiles });
    const decoded = messages.map((message) => decoder.decode(message, 0));
    assert.deepEqual(
      decoded.map(({ deviceId }) => deviceId),
      [id, id],
    );
    // What was learnt is taught again: whatever comes first then, it is the same device.
    assert.equal(decoded[0]!.isLesson, true);
    const restarted = new ProfileDecoder({ options, profiles });
    restarted.teach(messages[0], 0);
    for (const message of messages.toReversed()) assert.equal(restarted.decode(message, 0).deviceId, id);
  }
});

test('a message that can not be read teaches no name', () => {
  const decoder = new ProfileDecoder({ options, profiles });
  const shelly = profiles.find(({ name }) => name === 'shelly/gen2')!;
  const broken = { ...status, payload: Buffer.from('{"id":') };
  assert.equal(decoder.decodeBy(shelly, broken, 0).kind, 'failed');
  assert.equal(decoder.decode(notification, 0).deviceId, 'shelly:shellyplus1pm-1');
});
