import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import type { Command, Handed, SerialWords } from '../../../src/core/command.ts';
import { nativeCommand } from '../../../src/profiles/native-command.ts';
import type { SerialLanguage } from '../../../src/sources/serial/serial-carrier.ts';
import { PseudoTerminal } from '../../support/pseudo-terminal.ts';
import { eventually } from '../../support/wait.ts';
import { library, quick, SerialSite } from './site.ts';

const command = (name: string, payload = ''): Command => ({
  id: 'c',
  deviceId: 'serial:dust',
  name,
  payload: Buffer.from(payload),
  priority: 'normal',
});

function languageOf(profile: string): SerialLanguage {
  return {
    portOf: (deviceId) => (deviceId === 'serial:dust' ? 'dust' : undefined),
    wordsFor: (told): SerialWords | undefined => {
      const native = nativeCommand(library.profiles.get(profile)!.options, new Map(), told);
      if (native.kind !== 'send') return undefined;
      const { bytes, answer } = native;
      // What takes seconds in life.
      return { bytes, ...(answer && { answer: { ...answer, timeoutMs: 300 } }) };
    },
  };
}

async function start(t: TestContext, profile: string, plugIn = true) {
  const device = await PseudoTerminal.create(t, { plugIn });
  const site = await SerialSite.start(t, [{ name: 'dust', path: device.path, profile }], {
    language: languageOf(profile),
    // So long it is listened whether the rest of a line comes.
    pace: { ...quick, quietMs: 50 },
  });
  if (plugIn) await site.opened();
  return { device, site, devices: site.source.devices };
}

const sleep = Buffer.from('aab406010000000000000000000000ffff05ab', 'hex');
const asleep = Buffer.from('aac506010000a16008ab', 'hex');
const measured = Buffer.from('aac0d4043a0aa1601dab', 'hex');

test('a device is told, and its answer is what became of it; what comes besides is a measurement as ever', async (t) => {
  const { device, site, devices } = await start(t, 'nova/sds011');
  assert.deepEqual([devices.reaches('serial:dust', 0), devices.reaches('serial:dust', 1)], [true, false]);
  assert.deepEqual([devices.reaches('serial:other', 0), devices.obstacle('serial:dust')], [false, undefined]);
  const handed = devices.deliver(command('working', 'false'), Number.POSITIVE_INFINITY);
  await eventually('the command', () => device.written.equals(sleep));
  await device.send(Buffer.concat([measured, asleep]));
  assert.deepEqual(await handed, { outcome: 'ok', result: Uint8Array.from(asleep) });
  await eventually('both frames', () => site.messages.length === 2);
  assert.deepEqual(site.values('pm2.5'), [123.6]);
});

test('a device that says no has failed, one that says nothing is waited for no longer than its profile says', async (t) => {
  const { device, devices } = await start(t, 'rflink/rflink');
  const refused = devices.deliver(command('send', 'FLY'), Number.POSITIVE_INFINITY);
  await eventually('the command', () => device.written.toString() === '10;FLY;\r\n');
  // The first line since the port was opened: it is whole, as nothing came before it for a while.
  await device.send('20;2D;CMD UNKNOWN;\r\n');
  const said = await refused;
  assert.equal(typeof said === 'object' && said.outcome === 'failed' && said.reason, 'CMD UNKNOWN');
  const silent = devices.deliver(command('ping'), Number.POSITIVE_INFINITY);
  assert.deepEqual(await silent, { outcome: 'unanswered' });
});

test('a device that never says what it makes of a command leaves it open', async (t) => {
  const { device, devices } = await start(t, 'winsen/mh-z19');
  await eventually('a request', () => device.written.length === 9);
  const handed = devices.deliver(command('range', '2000'), Number.POSITIVE_INFINITY);
  // Its request is under way: the command has its turn when that is answered.
  await device.send(Buffer.from('ff8601f40000000085', 'hex'));
  assert.deepEqual(await handed, { outcome: 'unanswered' });
  await eventually('both', () => device.written.toString('hex') === 'ff0186000000000079ff019900000007d08f');
});

test('commands go out one after the other, each when the one before is answered, and nothing is asked meanwhile', async (t) => {
  const { device, devices } = await start(t, 'voltronic/axpert');
  await eventually('a request', () => device.written.length === 8);
  const order: string[] = [];
  const told = ['solar', 'battery'].map((value) =>
    devices
      .deliver(command('output_source', value), Number.POSITIVE_INFINITY)
      .then((handed) => order.push(value) && handed),
  );
  // Another request or command would be here by now, were it not waited for.
  await device.send(Buffer.from('284e414b73730d', 'hex'));
  await eventually('the first command', () => device.written.length === 16);
  await device.send(Buffer.from('2841434b39200d', 'hex'));
  await eventually('the second command', () => device.written.length === 24);
  await device.send(Buffer.from('284e414b73730d', 'hex'));
  const outcomes = (await Promise.all(told)) as Exclude<Handed, boolean>[];
  assert.deepEqual(
    [order, outcomes.map(({ outcome }) => outcome)],
    [
      ['solar', 'battery'],
      ['ok', 'failed'],
    ],
  );
  assert.equal(device.written.subarray(8).toString('hex'), '504f503031d2690d504f503032e20b0d');
});

test('a port that is closed gets nothing, and what was written when it was lost is not answered', async (t) => {
  const { device, site, devices } = await start(t, 'nova/sds011', false);
  assert.equal(devices.reaches('serial:dust', 0), false);
  assert.equal(await devices.deliver(command('working', 'false'), Number.POSITIVE_INFINITY), false);
  await device.plugIn();
  await site.opened();
  const told = [
    devices.deliver(command('working', 'false'), Number.POSITIVE_INFINITY),
    devices.deliver(command('working', 'true'), Number.POSITIVE_INFINITY),
  ];
  await eventually('the command', () => device.written.equals(sleep));
  await device.unplug();
  assert.deepEqual(await Promise.all(told), [{ outcome: 'unanswered' }, false]);
});

test('a command whose time is over before the line is free is told to nobody', async (t) => {
  const { device, site, devices } = await start(t, 'winsen/mh-z19');
  await eventually('a request', () => device.written.length === 9);
  assert.equal(await devices.deliver(command('range', '2000'), 20), false);
  await device.send(Buffer.from('ff8601f40000000085', 'hex'));
  await eventually('the answer', () => site.messages.length === 1);
  assert.equal(device.written.toString('hex'), 'ff0186000000000079');
});

test('an answer that comes twice at once answers no further command', async (t) => {
  const { device, devices } = await start(t, 'nova/sds011');
  const told = ['false', 'false'].map((value) => devices.deliver(command('working', value), 60_000));
  await eventually('the first command', () => device.written.equals(sleep));
  await device.send(Buffer.concat([asleep, asleep]));
  await eventually('the second command', () => device.written.length === 2 * sleep.length);
  assert.deepEqual(await Promise.all(told), [
    { outcome: 'ok', result: Uint8Array.from(asleep) },
    { outcome: 'unanswered' },
  ]);
});
