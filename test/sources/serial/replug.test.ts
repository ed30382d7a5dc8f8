import assert from 'node:assert/strict';
import { symlinkSync, unlinkSync } from 'node:fs';
import { test } from 'node:test';
import { serialLineOf } from '../../../src/profiles/serial-line.ts';
import { openConnection } from '../../../src/sources/serial/connection.ts';
import { PseudoTerminal } from '../../support/pseudo-terminal.ts';
import { eventually } from '../../support/wait.ts';
import { library, quick, SerialSite } from './site.ts';

const profile = 'nova/sds011';
const frame = Buffer.from('aac0d4043a0aa1601dab', 'hex');

/** A site that tells how often the port was looked after. */
async function watched(open?: typeof openConnection) {
  let looks = 0;
  return {
    extras: {
      lineOf: () => {
        looks++;
        return serialLineOf(profile, library.profiles.get(profile));
      },
      ...(open && { open }),
    },
    lookedAfter: async (): Promise<void> => {
      const before = looks;
      await eventually('the port to be looked after', () => looks > before + 2);
    },
  };
}

test('a device that is plugged in while its port is being opened is opened once', async (t) => {
  const device = await PseudoTerminal.create(t);
  const path = `${device.path}-link`;
  let isThere = false;
  const { extras, lookedAfter } = await watched(async (...how) => {
    // Its node was looked for, and was not there. Now it is.
    if (!isThere) symlinkSync(device.path, path);
    isThere = true;
    return await openConnection(...how);
  });
  const site = await SerialSite.start(t, [{ name: 'dust', path, profile }], extras);
  await site.opened();
  await device.send(frame.subarray(0, 5));
  await lookedAfter();
  await device.send(frame.subarray(5));
  await eventually('the frame', () => site.messages.length === 1);
  assert.equal(site.port().opened, 1);
});

test('a device in whose place another one comes within a moment is opened anew, each time', async (t) => {
  const devices = [await PseudoTerminal.create(t), await PseudoTerminal.create(t)];
  const path = `${devices[0]!.path}-link`;
  symlinkSync(devices[0]!.path, path);
  const { extras, lookedAfter } = await watched();
  const site = await SerialSite.start(t, [{ name: 'dust', path, profile }], extras);
  await site.opened();
  for (let turn = 1; turn <= 4; turn++) {
    // The one before still stands, and nobody closes its port: the kernel has noticed nothing.
    await devices[(turn - 1) % 2]!.send(frame.subarray(0, 4));
    await eventually('half a frame', () => site.port().bytes === turn * 4 + (turn - 1) * frame.length);
    unlinkSync(path);
    symlinkSync(devices[turn % 2]!.path, path);
    await site.opened(turn + 1);
    await devices[turn % 2]!.send(frame);
    await eventually('a whole frame', () => site.messages.length === turn);
  }
  await lookedAfter();
  assert.equal(site.port().opened, 5);
  const { noise, cutOff } = site.port().discarded.bytes;
  assert.equal(noise + cutOff, 4 * 4);
  assert.ok(site.messages.every(({ payload }) => frame.equals(payload)));
});

test('a port that is not there is opened elsewhere as soon as another path is set, and so is one that is being opened', async (t) => {
  const devices = [await PseudoTerminal.create(t), await PseudoTerminal.create(t)];
  const ports = ['/nowhere/at-all', ...devices.map(({ path }) => path)].map((path) => ({
    name: 'dust',
    path,
    profile,
  }));
  // What nobody looks at again by itself.
  const pace = { ...quick, watchMs: 3_600_000, retryMinMs: 3_600_000, retryMaxMs: 3_600_000 };
  const set = (site: SerialSite, index: number): boolean =>
    site.source.follow({ ports: [ports[index]!], maxInFlight: 256 });
  const open: typeof openConnection = async (path, ...how) => {
    if (path === devices[0]!.path) set(site, 2);
    return await openConnection(path, ...how);
  };
  const site = await SerialSite.start(t, [ports[0]!], { pace, open });
  await eventually('it to be waited for', () => site.port().state === 'waiting');
  assert.match(site.port().reason!, /no \/nowhere\/at-all/);
  assert.equal(set(site, 1), true);
  await eventually('the last of them', () => site.port().state === 'open' && site.port().path === devices[1]!.path);
  await devices[1]!.send(frame);
  await eventually('the frame', () => site.messages.length === 1);
  assert.deepEqual(site.warnings, ['A serial port can not be read from.']);
});
