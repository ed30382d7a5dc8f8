import assert from 'node:assert/strict';
import { symlinkSync, unlinkSync } from 'node:fs';
import { test } from 'node:test';
import { HeadgateError } from '../../../src/core/errors.ts';
import type { Bearer, Message } from '../../../src/core/message.ts';
import type { Profile } from '../../../src/profiles/library.ts';
import { type SerialLine, serialLineOf } from '../../../src/profiles/serial-line.ts';
import { groupName, openFailureText } from '../../../src/sources/serial/node.ts';
import { serialFaults } from '../../../src/sources/serial/option-checks.ts';
import { PseudoTerminal } from '../../support/pseudo-terminal.ts';
import { randomOf } from '../../support/random.ts';
import { eventually } from '../../support/wait.ts';
import { library, SerialSite } from './site.ts';

const frame = Buffer.from('aac0d4043a0aa1601dab', 'hex');
const request = Buffer.from('ff0186000000000079', 'hex');
const answer = Buffer.from('ff8601f40000000085', 'hex');

const node = { identity: '1', gid: 20 };
const failure = { path: '/dev/ttyUSB0', node, group: 'dialout', user: 'pi', isMember: false };
for (const [said, about, expected] of [
  ['Error: No such file or directory, cannot open', { node: undefined }, /^There is no \/dev\/ttyUSB0: plug/],
  ['Error: Permission denied, cannot open', {}, /not in the group dialout\. Run `usermod -aG dialout pi`/],
  ['Error: Permission denied, cannot open', { isMember: true }, /^The user pi may not open .*: its permissions/],
  ['Error: Device or resource busy, cannot open', {}, /^Another program uses \/dev\/ttyUSB0: stop it/],
  ['Error Resource temporarily unavailable Cannot lock port', {}, /^Another program uses/],
  ['Error: Operation not permitted, cannot open', {}, /a service's sandbox forbids it/],
  ['Error: Inappropriate ioctl for device setting custom baud rate of 9600', {}, /^\/dev\/ttyUSB0 is no serial port/],
  ['Error: Is a directory, cannot open /dev', {}, /^\/dev\/ttyUSB0 is no serial port/],
  ['Error: Unknown baud rate', {}, /^\/dev\/ttyUSB0 could not be opened: Unknown baud rate\.$/],
] as const) {
  test(`a port that can’t be opened: ${said} ${JSON.stringify(about)}`, () => {
    assert.match(openFailureText({ ...failure, ...about, error: new Error(said) }), expected);
  });
}

test('the group of a node is named', () => {
  assert.equal(groupName(20, 'root:x:0:\ndialout:x:20:pi,gps\n'), 'dialout');
  assert.equal(groupName(21, 'root:x:0:\ndialout:x:20:pi\n'), undefined);
});

test('two ports have neither a name nor a path in common', () => {
  const port = { name: 'a', path: '/dev/a', profile: 'x/y' };
  assert.deepEqual(serialFaults({ ports: [port, { ...port, name: 'b', path: '/dev/b' }] }), []);
  const places = serialFaults({ ports: [port, undefined, port] }).map(({ path }) => path);
  assert.deepEqual(places, [
    ['ports', 2, 'name'],
    ['ports', 2, 'path'],
  ]);
});

test('a port that is not there is waited for, and what is wrong with a profile is told', async (t) => {
  const device = await PseudoTerminal.create(t, { plugIn: false });
  const site = await SerialSite.start(t, [
    { name: 'dust', path: device.path, profile: 'nova/sds011' },
    { name: 'other', path: device.path, profile: 'no/such' },
    { name: 'mqtt', path: device.path, profile: 'tasmota/tasmota' },
  ]);
  await eventually('all to be told', () => site.source.status().ports.every(({ reason }) => reason !== null));
  assert.match(site.port(0).reason!, /^There is no /);
  assert.match(site.port(1).reason!, /^There is no profile no\/such/);
  assert.match(site.port(2).reason!, /says nothing of how frames are told apart/);
  await device.plugIn();
  await site.opened();
  await device.send(frame);
  await eventually('a record', () => site.messages.length === 1);
});

test('a port that another program uses is told of, and read from when that one is done', async (t) => {
  const device = await PseudoTerminal.create(t);
  const ports = [{ name: 'dust', path: device.path, profile: 'nova/sds011' }];
  const other = await SerialSite.start(t, ports);
  await other.opened();
  const site = await SerialSite.start(t, ports);
  await eventually('it to wait', () => site.port().reason?.startsWith('Another program uses'));
  await other.source.stop();
  await site.opened();
});

test('a device whose node is gone is opened anew although the port itself says nothing', async (t) => {
  const [first, second] = [await PseudoTerminal.create(t), await PseudoTerminal.create(t)];
  const link = `${first.path}-link`;
  symlinkSync(first.path, link);
  const site = await SerialSite.start(t, [{ name: 'dust', path: link, profile: 'nova/sds011' }]);
  await site.opened();
  // The first one still stands, as a device does of which the kernel noticed nothing.
  unlinkSync(link);
  symlinkSync(second.path, link);
  await site.opened(2);
  await second.send(frame);
  await eventually('a record of the second', () => site.messages.length === 1);
});

test('a device that has to be asked is asked, and asked again when it does not answer', async (t) => {
  const device = await PseudoTerminal.create(t);
  const site = await SerialSite.start(t, [{ name: 'co2', path: device.path, profile: 'winsen/mh-z19' }]);
  await eventually('the request', () => device.written.equals(request));
  await device.send(answer.subarray(0, 4));
  await device.send(answer.subarray(4));
  await eventually('the answer', () => site.messages.length === 1);
  assert.deepEqual(site.values('co2'), [500]);
  assert.deepEqual([site.port().requests, site.port().unanswered], [1, 0]);
});

test('a profile whose line has changed holds at once, and one that is lost or only says other things changes nothing', async (t) => {
  const device = await PseudoTerminal.create(t);
  const profile = library.profiles.get('nova/sds011')!;
  let now: Profile | undefined = profile;
  let asked = 0;
  const site = await SerialSite.start(t, [{ name: 'dust', path: device.path, profile: 'nova/sds011' }], {
    lineOf: (name) => {
      asked++;
      return serialLineOf(name, now);
    },
  });
  await site.opened();
  const again = async () => {
    const before = asked;
    await eventually('it to be looked at', () => asked > before + 1);
  };
  now = { ...profile, options: { ...profile.options, about: 'Another text' } };
  await again();
  now = undefined;
  await again();
  assert.equal(site.port().opened, 1);
  now = { ...profile, options: { ...profile.options, serial: { baud: [19_200], format: '8N1' } } };
  await site.opened(2);
  assert.equal(site.port().line, '19200 8N1');
});

test('a device that answers is asked as often as its profile says, and nothing counts as unanswered', async (t) => {
  const device = await PseudoTerminal.create(t);
  const line = serialLineOf('winsen/mh-z19', library.profiles.get('winsen/mh-z19')) as SerialLine;
  // So long that a busy machine does not pass for a device that does not answer; the next request comes at once.
  const polls = [{ request, everyMs: 1, timeoutMs: 10_000 }];
  device.onWritten = () => void device.send(answer);
  const site = await SerialSite.start(t, [{ name: 'co2', path: device.path, profile: 'winsen/mh-z19' }], {
    lineOf: () => ({ ...line, polls }),
  });
  await eventually('ten answers', () => site.messages.length >= 10);
  assert.equal(site.port().unanswered, 0);
  assert.ok(site.port().requests <= site.messages.length + 1);
});

test('a port that was unplugged while it was paused goes on with what is read then', async (t) => {
  const device = await PseudoTerminal.create(t);
  const waiting: Bearer[] = [];
  const site = await SerialSite.start(t, [{ name: 'dust', path: device.path, profile: 'nova/sds011' }], {
    maxInFlight: 1,
    take: (_message, bearer) => waiting.push(bearer),
  });
  await site.opened();
  await device.send(frame);
  await eventually('the port to be paused', () => site.port().isPaused);
  await device.unplug();
  await eventually('the loss to be noticed', () => site.port().state === 'waiting');
  await device.plugIn();
  await site.opened(2);
  await device.send(frame);
  waiting[0]!.taken(1);
  await eventually('the second frame', () => waiting.length === 2);
});

test('an answer that comes late, and then twice, is a record each time and disturbs no other', async (t) => {
  const device = await PseudoTerminal.create(t);
  const line = serialLineOf('winsen/mh-z19', library.profiles.get('winsen/mh-z19')) as SerialLine;
  const polls = [{ request, everyMs: 150, timeoutMs: 30 }];
  const site = await SerialSite.start(t, [{ name: 'co2', path: device.path, profile: 'winsen/mh-z19' }], {
    lineOf: () => ({ ...line, polls }),
  });
  await eventually('the first to be given up', () => site.port().unanswered >= 1);
  await device.send(Buffer.concat([answer, answer, answer.subarray(0, 5)]));
  await eventually('both', () => site.messages.length === 2);
  await eventually('the next request', () => site.port().requests >= 2);
  await device.send(answer);
  await eventually('its answer', () => site.messages.length >= 3);
  assert.ok(site.values('co2').every((value) => value === 500));
});

test('frames that only pauses tell apart are taken when the line falls silent', async (t) => {
  const device = await PseudoTerminal.create(t);
  const site = await SerialSite.start(t, [{ name: 'meter', path: device.path, profile: 'test/pauses' }]);
  await site.opened();
  await device.send(Uint8Array.of(1, 2, 3));
  await eventually('the first', () => site.messages.length === 1);
  await device.send(Uint8Array.of(4));
  await eventually('the second', () => site.messages.length === 2);
  assert.deepEqual(
    site.messages.map(({ payload }) => [...payload]),
    [[1, 2, 3], [4]],
  );
});

test('while frames wait for the disk nothing is read, and none is lost', async (t) => {
  const device = await PseudoTerminal.create(t);
  const waiting: [Message, Bearer][] = [];
  const site = await SerialSite.start(t, [{ name: 'dust', path: device.path, profile: 'nova/sds011' }], {
    maxInFlight: 4,
    take: (...one) => waiting.push(one),
  });
  await site.opened();
  const count = 20_000;
  const sent = device.send(Buffer.concat(Array.from({ length: count }, () => frame)));
  await eventually('the port to be paused', () => site.port().isPaused);
  // What one read had in it is there, and no more.
  assert.ok(waiting.length <= 1 + 4096 / frame.length, `${waiting.length}`);
  let settled = 0;
  await eventually(
    'all of them',
    () => {
      for (; settled < waiting.length; settled++) waiting[settled]![1].taken(settled + 1);
      return settled === count;
    },
    { everyMs: 1 },
  );
  await sent;
  assert.equal(site.port().isPaused, false);
});

test('frames that are refused are offered again, in their order', async (t) => {
  const device = await PseudoTerminal.create(t);
  let isFull = true;
  const taken: number[] = [];
  const site = await SerialSite.start(t, [{ name: 'lines', path: device.path, profile: 'arduino/json-lines' }], {
    take: ({ payload }, bearer) => {
      if (isFull) return bearer.refused(new HeadgateError('buffer.full', 'full'));
      taken.push(JSON.parse(Buffer.from(payload).toString()).n);
      bearer.taken(0);
    },
  });
  await site.opened();
  const lines = Array.from({ length: 50 }, (_, n) => `{"n":${n}}\n`).join('');
  await device.send(`\n${lines}`);
  await eventually('the port to be paused', () => site.port().isPaused);
  isFull = false;
  await eventually('all of them', () => taken.length === 50);
  assert.deepEqual(
    taken,
    taken.toSorted((a, b) => a - b),
  );
  assert.equal(site.port().lost, 0);
});

test('endless garbage at full speed is counted, and does not hold the event loop', async (t) => {
  const device = await PseudoTerminal.create(t);
  const site = await SerialSite.start(t, [{ name: 'dust', path: device.path, profile: 'plantower/pms5003' }]);
  await site.opened();
  const garbage = randomOf(3).bytes(1 << 20);
  let longestMs = 0;
  let before = performance.now();
  const timer = setInterval(() => {
    longestMs = Math.max(longestMs, performance.now() - before);
    before = performance.now();
  }, 1);
  await device.send(garbage);
  await eventually('all bytes', () => site.port().bytes === garbage.length, { timeoutMs: 10_000 });
  clearInterval(timer);
  const discarded = Object.values(site.port().discarded.bytes).reduce((sum, one) => sum + one, 0);
  assert.ok(discarded > garbage.length - 8_192, `${discarded}`);
  t.diagnostic(`longest pause ${Math.round(longestMs)} ms`);
  assert.ok(longestMs < 500, `${longestMs} ms`);
});

test('a port that is set in another way is opened anew, and it alone; other ports or profiles need a restart', async (t) => {
  const [first, second] = [await PseudoTerminal.create(t), await PseudoTerminal.create(t)];
  const ports = [
    { name: 'dust', path: first.path, profile: 'nova/sds011' },
    { name: 'other', path: second.path, profile: 'nova/sds011' },
  ];
  const site = await SerialSite.start(t, ports);
  await eventually('both to be open', () => site.source.status().ports.every(({ state }) => state === 'open'));
  const follow = (...changed: typeof ports) => site.source.follow({ ports: changed, maxInFlight: 256 });
  assert.equal(follow(...ports), true);
  assert.equal(follow({ ...ports[0]!, ...{ baud: 4800 } }, ports[1]!), true);
  await site.opened(2);
  assert.deepEqual([site.port().line, site.port(1).line, site.port(1).opened], ['4800 8N1', '9600 8N1', 1]);
  await first.send(frame);
  await eventually('a record', () => site.messages.length === 1);
  assert.equal(follow(ports[0]!), false);
  assert.equal(follow(ports[0]!, { ...ports[1]!, profile: 'nova/sds198' }), false);
});
