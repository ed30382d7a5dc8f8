import assert from 'node:assert/strict';
import { test } from 'node:test';
import { serialLineOf } from '../../../src/profiles/serial-line.ts';
import { BaudSearch } from '../../../src/sources/serial/baud-search.ts';
import { PseudoTerminal } from '../../support/pseudo-terminal.ts';
import { eventually } from '../../support/wait.ts';
import { library, quick, SerialSite } from './site.ts';

/** At 9600 baud a long frame takes 4.3 s. */
const longMs = 34_300;
const noise = (bytes: number, frames = 0) => ({ bytes, frames });

test('the next speed is tried after a while of noise alone, and the first again after the last', () => {
  const search = new BaudSearch([9600, 9600, 300], 30_000);
  search.begin(noise(1_000, 7));
  const steps: readonly (readonly [now: number, bytes: number, isNext: boolean])[] = [
    [0, 1_000, false],
    // Silence is no noise: it counts from the first byte on.
    [100_000, 1_010, false],
    [100_000 + longMs, 1_060, false],
    [100_000 + longMs, 1_064, true],
    [200_000, 1_100, false],
    [200_000 + longMs - 1_000, 2_000, false],
    [200_000 + longMs, 2_000, true],
  ];
  for (const [now, bytes, isNext] of steps) assert.equal(search.step(now, noise(bytes, 7)), isNext, `${now} ${bytes}`);
  assert.equal(search.baud, 300);
  // The half of a frame and a whole one take minutes at that speed.
  assert.equal(search.step(300_000, noise(3_000, 7)), false);
  assert.equal(search.step(400_000, noise(3_000, 7)), false);
  assert.equal(search.step(470_000, noise(3_000, 7)), true);
  assert.equal(search.baud, 9600);
});

test('at a speed at which a frame came it stays for ever', () => {
  const search = new BaudSearch([9600, 300], 30_000);
  search.begin(noise(0));
  assert.equal(search.step(0, noise(100)), false);
  assert.equal(search.step(10_000, noise(200, 1)), false);
  search.begin(noise(200, 1));
  assert.equal(search.step(20_000, noise(10_000, 1)), false);
  assert.equal(search.step(1_000_000, noise(90_000, 1)), false);
});

test('a port on which only noise is heard is set to the next speed of its profile, unless the configuration says one', async (t) => {
  const [device, fixed] = [await PseudoTerminal.create(t), await PseudoTerminal.create(t)];
  const dust = { name: 'dust', path: device.path, profile: 'nova/sds011' };
  const profile = library.profiles.get('nova/sds011')!;
  const serial = { ...profile.options.serial!, baud: [1_000_000, 9600] };
  const twoSpeeds = { ...profile, options: { ...profile.options, serial } };
  const site = await SerialSite.start(t, [dust, { ...dust, name: 'fixed', path: fixed.path, baud: 1_000_000 }], {
    lineOf: (name) => serialLineOf(name, twoSpeeds),
    pace: { ...quick, noiseMs: 50 },
  });
  await site.opened();
  assert.equal(site.port().line, '1000000 8N1');
  const babble = Buffer.alloc(100, 0x55);
  await eventually('the next speed', async () => {
    await device.send(babble);
    await fixed.send(babble);
    return site.port().line === '9600 8N1';
  });
  await device.send(Buffer.from('aac0d4043a0aa1601dab', 'hex'));
  await eventually('a frame', () => site.messages.length === 1);
  const before = site.port().bytes;
  await eventually('much noise', async () => {
    await device.send(babble);
    await fixed.send(babble);
    return site.port().bytes > before + 3_000;
  });
  assert.deepEqual([site.port().line, site.port(1).line], ['9600 8N1', '1000000 8N1']);
  assert.equal(site.port().opened, 1);
});
