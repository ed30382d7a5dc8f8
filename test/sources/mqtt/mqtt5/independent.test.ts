import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { MosquittoSub, mosquittoPub, runProgram } from '../../../support/mosquitto.ts';
import { eventually } from '../../../support/wait.ts';
import { Site } from '../site.ts';

/** What paho has to see, by scenario of `paho-client.py`. */
const expected = {
  connack: [0, true, null, 64, 1000, 262_144],
  sessions: [
    [0, 1, 0],
    // paho hands QoS 2 on once it is released.
    ['one', 'three', 'two'],
  ],
  overlapping: [[[0], [2], [0x8f]], 2, [1, 2], null],
  options: [null, 'kept', 1, 1, null],
  shared: [
    [[1], [1]],
    [4, 4],
    ['0', '1', '2', '3', '4', '5', '6', '7'],
  ],
  request: [
    'text/plain',
    1,
    [
      ['b', '1'],
      ['a', '2'],
      ['b', '3'],
    ],
    '4',
    [0, 255],
  ],
  expiry: 30,
  aliases: [
    ['a/long/topic', 1, 'first'],
    ['', 1, 'second'],
  ],
  limits: ['small', null],
  wills: ['dropped', [['a', 'b']], 'asked for', null, 'delayed'],
  'taken over': 0x8e,
};

test('MQTT 5 as paho sees it', async (t) => {
  const site = await Site.start(t);
  const script = join(import.meta.dirname, '../../../support/paho-client.py');
  const { stdout, stderr, code } = await runProgram('/usr/bin/python3', [script, `${site.port}`]);
  const lines = `${stdout}`.split('\n').filter((line) => line !== '');
  const seen = Object.fromEntries(lines.map((line) => JSON.parse(line)).map(({ name, saw }) => [name, saw]));
  assert.deepEqual(seen, expected, stderr);
  assert.equal(code, 0, stderr);
});

test('MQTT 5 as Mosquitto’s clients see it', async (t) => {
  const site = await Site.start(t);
  const said = ['-D', 'publish', 'content-type', 'text/plain', '-D', 'publish', 'user-property', 'a', 'b'];
  const v5 = ['-V', '5'];
  const shared = ['-q', '1', '-t', '$share/g/t/#'];
  const [one, two] = [
    await MosquittoSub.start(t, site.port, [...v5, ...shared]),
    await MosquittoSub.start(t, site.port, [...v5, ...shared]),
  ];
  const old = await MosquittoSub.start(t, site.port, ['-V', 'mqttv31', '-q', '1', '-t', 't/#']);
  const lines = Array.from({ length: 6 }, (_, i) => `${i}`);
  await mosquittoPub(site.port, [...v5, ...said, '-q', '1', '-t', 't/1', '-l'], Buffer.from(`${lines.join('\n')}\n`));
  await eventually('all of them', () => old.lines.length === 6 && one.lines.length + two.lines.length === 6);
  assert.deepEqual([one.lines.length, two.lines.length], [3, 3]);
  assert.deepEqual(
    old.lines,
    lines.map((line) => `t/1 1 0 ${line}`),
  );
  // A message that has its time over waits for nobody.
  await mosquittoPub(site.port, [
    ...v5,
    '-q',
    '1',
    '-r',
    '-D',
    'publish',
    'message-expiry-interval',
    '5',
    '-t',
    'r',
    '-m',
    'x',
  ]);
  site.operatingMs += 6_000;
  const late = await MosquittoSub.start(t, site.port, [...v5, '-q', '1', '-t', 'r']);
  await mosquittoPub(site.port, [...v5, '-q', '1', '-t', 'r', '-m', 'live']);
  await eventually('the live one', () => late.lines.length === 1);
  assert.deepEqual(late.lines, ['r 1 0 live']);
});
