import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  commandMessage,
  commandsTopic,
  commandTopicOf,
  topicObstacle,
} from '../../../src/sources/mqtt/device-commands.ts';
import { MosquittoSub, mosquittoPub } from '../../support/mosquitto.ts';
import { eventually } from '../../support/wait.ts';
import { Site } from './site.ts';

const command = (payload: string | Uint8Array = '', more: object = {}) => ({
  id: 'c1',
  deviceId: 'pump',
  name: '',
  payload: Buffer.from(payload),
  priority: 'normal' as const,
  ...more,
});

const topics: readonly [topic: string, deviceId: string | undefined, commandId?: string][] = [
  ['headgate/devices/pump/commands', 'pump'],
  ['headgate/devices/site/a/pump/commands', 'site/a/pump'],
  ['headgate/devices/pump/commands/c1/result', 'pump', 'c1'],
  ['headgate/devices/a/commands/b/commands/c1/result', 'a/commands/b', 'c1'],
  ['headgate/devices/pump/measurements', undefined],
  ['headgate/devices/pump/commands/c1/progress', undefined],
  ['headgate/devices/pump/result', undefined],
  ['headgate/device/pump/commands', undefined],
  ['sensors/commands', undefined],
];

for (const [topic, deviceId, commandId] of topics) {
  test(`${topic} is ${deviceId === undefined ? 'no topic of commands' : `about ${deviceId}`}`, () => {
    const about = commandTopicOf(topic);
    assert.equal(about?.deviceId, deviceId);
    assert.equal(about?.commandId, commandId);
    if (deviceId !== undefined && commandId === undefined) assert.equal(commandsTopic(deviceId), topic);
  });
}

test('a device whose id can be no topic has none', () => {
  assert.equal(topicObstacle('site/a/pump', 20), undefined);
  for (const id of ['a+', '#', 'a\0b']) assert.match(topicObstacle(id, 20) ?? '', /a character that MQTT keeps/);
  assert.match(topicObstacle('a/'.repeat(20), 20) ?? '', /too many levels/);
});

test('a payload is there as the JSON that it is, as text, or as base64', () => {
  assert.equal(
    commandMessage(command('{"v": 1.0, "n": 12345678901234567890}')),
    '{"id":"c1","payload":{"v": 1.0, "n": 12345678901234567890}}',
  );
  assert.equal(commandMessage(command('on "now"')), '{"id":"c1","payload":"on \\"now\\""}');
  assert.equal(commandMessage(command(Uint8Array.of(0xff, 0))), '{"id":"c1","payloadBase64":"/wA="}');
  assert.equal(
    commandMessage(command('', { name: 'set', expiresAt: Date.UTC(2026, 0, 1) })),
    '{"id":"c1","name":"set","expiresAt":"2026-01-01T00:00:00.000Z"}',
  );
});

test('only a client that has asked for devices’ topics is a device, and only while it is connected', async (t) => {
  const site = await Site.start(t);
  const { devices, address } = site.source;
  const port = Number(address.split(':').at(-1));
  let changes = 0;
  site.devicesChanged = () => {
    changes++;
  };
  const onlooker = await MosquittoSub.start(t, port, [
    '-t',
    '#',
    '-t',
    'headgate/#',
    '-t',
    'headgate/devices/#',
    '-t',
    'headgate/devices/+/#',
  ]);
  assert.deepEqual([devices.reaches('pump'), changes], [false, 0]);
  assert.equal(await devices.deliver(command('on')), false);
  const device = await MosquittoSub.start(t, port, [
    '-q',
    '1',
    '-i',
    'pump',
    '-c',
    '-t',
    'headgate/devices/pump/commands',
  ]);
  assert.deepEqual([devices.reaches('pump'), devices.reaches('door'), changes], [true, false, 1]);
  assert.equal(await devices.deliver(command('on')), true);
  await eventually('the command', () => device.lines.length === 1 && onlooker.lines.length >= 1);
  assert.deepEqual(device.lines, ['headgate/devices/pump/commands 1 0 {"id":"c1","payload":"on"}']);
  await device.kill();
  await eventually('the end of its session', () => !devices.reaches('pump'));
  const many = await MosquittoSub.start(t, port, ['-q', '1', '-t', 'headgate/devices/+/commands']);
  assert.ok(devices.reaches('pump') && devices.reaches('door'));
  await many.kill();
});

for (const qos of [0, 1, 2]) {
  test(`an answer with QoS ${qos} is no record, is acknowledged when it is taken, and what is no answer is a record`, async (t) => {
    const site = await Site.start(t);
    const port = Number(site.source.address.split(':').at(-1));
    await mosquittoPub(port, ['-q', `${qos}`, '-t', 'headgate/devices/a/b/commands/c1/result', '-m', 'done']);
    await mosquittoPub(port, ['-q', `${qos}`, '-t', 'headgate/devices/a/b/commands', '-m', 'by hand']);
    await mosquittoPub(port, ['-q', `${qos}`, '-t', 'headgate/devices/a/b/else', '-m', '1']);
    await eventually('the record', () => site.records.length > 0);
    assert.deepEqual(site.answers, [{ deviceId: 'a/b', commandId: 'c1', payload: 'done' }]);
    assert.deepEqual(
      site.records.map(({ topic }) => topic),
      ['headgate/devices/a/b/else'],
    );
  });
}

test('an answer that is not taken is not acknowledged', async (t) => {
  const site = await Site.start(t);
  site.answered = async () => {
    throw new Error('the disk is full');
  };
  const port = Number(site.source.address.split(':').at(-1));
  await assert.rejects(
    mosquittoPub(port, ['-q', '1', '-t', 'headgate/devices/a/commands/c1/result', '-m', 'done']),
    /ended with/,
  );
});
