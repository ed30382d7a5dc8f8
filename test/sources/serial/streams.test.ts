import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PseudoTerminal } from '../../support/pseudo-terminal.ts';
import { randomOf } from '../../support/random.ts';
import { eventually } from '../../support/wait.ts';
import { recorded } from './recorded.ts';
import { quick, SerialSite } from './site.ts';

for (const [profile, field] of [
  ['nova/sds011', 'pm2.5'],
  ['plantower/pms5003', 'pm2.5'],
  ['nmea/nmea-0183', undefined],
  ['dsmr/p1', undefined],
] as const) {
  test(`what devices of ${profile} said becomes records, byte by byte`, async (t) => {
    const device = await PseudoTerminal.create(t);
    const site = await SerialSite.start(t, [{ name: 'port', path: device.path, profile }]);
    await site.opened();
    const said = recorded(profile);
    assert.notEqual(said.length, 0);
    for (const one of said) await device.sendSlowly(one);
    await eventually('all bytes', () => site.port().bytes === Buffer.concat(said).length);
    await eventually('all frames', () => site.messages.length >= said.length);
    assert.ok(site.measurements.every(({ fields }) => fields.length > 0));
    if (field !== undefined) assert.equal(site.values(field).length, said.length);
    assert.deepEqual(Object.values(site.port().discarded.bytes), [0, 0, 0, 0, 0]);
  });
}

test('with every tenth byte damaged, what comes out is undamaged, and all else is counted', async (t) => {
  const device = await PseudoTerminal.create(t);
  const profile = 'plantower/pms5003';
  const pace = { ...quick, quietMs: 100 };
  const site = await SerialSite.start(t, [{ name: 'port', path: device.path, profile }], { pace });
  await site.opened();
  const random = randomOf(7);
  const frame = recorded(profile)[0]!;
  // Runs of damage, as a bad cable makes them: single bytes would leave hardly a frame of 32 whole.
  const sent = Buffer.concat(Array.from({ length: 500 }, () => frame));
  let damaged = 0;
  while (damaged < sent.length / 10) {
    const at = random.between(0, sent.length - 16);
    for (let i = at; i < at + 16; i++, damaged++) sent[i] = random.between(0, 255);
  }
  await device.send(sent);
  await eventually('all bytes', () => site.port().bytes === sent.length);
  await eventually('the rest to be given up', () => {
    const { bytes } = site.port().discarded;
    return Object.values(bytes).reduce((sum, one) => sum + one, site.messages.length * frame.length) === sent.length;
  });
  assert.ok(site.messages.length > 250, `${site.messages.length} frames`);
  for (const { payload } of site.messages) assert.deepEqual(Buffer.from(payload), frame);
  assert.match(site.port().discarded.sample!, /^[0-9a-f]+$/);
});

test('half a line at the start is in no record', async (t) => {
  const device = await PseudoTerminal.create(t);
  const site = await SerialSite.start(t, [{ name: 'port', path: device.path, profile: 'arduino/json-lines' }]);
  await site.opened();
  await device.send('3}\r\n{"t":21}\r\n{"t":22}\r\n');
  await eventually('two lines', () => site.messages.length === 2);
  assert.deepEqual(site.values('t'), [21, 22]);
  assert.equal(site.port().discarded.bytes.cutOff, 4);
});

test('a device that was pulled out in the middle of a frame goes on when it is back', async (t) => {
  const device = await PseudoTerminal.create(t);
  const site = await SerialSite.start(t, [{ name: 'port', path: device.path, profile: 'nova/sds011' }]);
  await site.opened();
  const [frame] = recorded('nova/sds011');
  await device.send(Buffer.concat([frame!, frame!.subarray(0, 6)]));
  await eventually('all bytes', () => site.port().bytes === frame!.length + 6);
  await device.unplug();
  await eventually('the loss to be noticed', () => site.port().state === 'waiting');
  await device.plugIn();
  await site.opened(2);
  await device.send(Buffer.concat([frame!.subarray(6), frame!]));
  await eventually('the next frame', () => site.messages.length === 2);
  const { cutOff, noise } = site.port().discarded.bytes;
  assert.deepEqual([cutOff + noise, site.port().frames], [frame!.length, 2]);
});
