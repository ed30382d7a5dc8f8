import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type SerialLine, serialLineOf } from '../../../src/profiles/serial-line.ts';
import { PseudoTerminal } from '../../support/pseudo-terminal.ts';
import { misread } from '../../support/uart.ts';
import { eventually } from '../../support/wait.ts';
import { recorded } from './recorded.ts';
import { library, quick, SerialSite } from './site.ts';

// A pseudo-terminal has no speed: what the UART of a port that is set to another one makes of the bytes is reckoned.

const discardedOf = (site: SerialSite): number =>
  Object.values(site.port().discarded.bytes).reduce((sum, one) => sum + one, 0);

for (const [profile, sentBaud] of [
  ['plantower/pms5003', 9_600],
  ['nova/sds011', 9_600],
  ['nmea/nmea-0183', 9_600],
  ['dsmr/p1', 115_200],
  ['arduino/json-lines', 115_200],
] as const) {
  test(`${profile} at a wrong speed: nothing is delivered, all is counted, and the status says what to do`, async (t) => {
    const said = profile === 'arduino/json-lines' ? [Buffer.from('{"t":21.5,"h":40}\r\n')] : recorded(profile);
    const device = await PseudoTerminal.create(t);
    const site = await SerialSite.start(t, [{ name: 'port', path: device.path, profile, baud: sentBaud }], {
      pace: { ...quick, quietMs: 100 },
    });
    await site.opened();
    const sent = Buffer.concat(Array.from({ length: 20 }, () => said).flat());
    assert.deepEqual(misread(sent, sentBaud, sentBaud), sent);
    const garbage = Buffer.concat(
      [0.25, 0.5, 1 / 3, 2, 12].map((factor) => misread(sent, sentBaud, sentBaud * factor)),
    );
    await device.send(garbage);
    await eventually('all bytes to be given up', () => discardedOf(site) === garbage.length);
    assert.deepEqual(site.read, []);
    assert.deepEqual(site.messages, []);
    const { hint, discarded } = site.port();
    await eventually('the log to be told', () => site.warnings.length > 0);
    assert.match(hint!, /^\d+ bytes came at \d+ 8N1, .*`baud`.*headgate serial scan/);
    assert.match(discarded.sample!, /^([0-9a-f]{2})+$/);
    // At the right one all is well.
    await device.send(Buffer.concat([Buffer.from('\r\n'), ...said, ...said, ...said]));
    await eventually('a frame', () => site.read.length > 0);
    assert.equal(site.port().hint, null);
    assert.deepEqual(site.warnings, ['Nothing can be read of a serial port.']);
  });
}

test('a device that answers nothing is told of', async (t) => {
  const device = await PseudoTerminal.create(t);
  const line = serialLineOf('winsen/mh-z19', library.profiles.get('winsen/mh-z19')) as SerialLine;
  const polls = line.polls.map((one) => ({ ...one, everyMs: 1, timeoutMs: 5 }));
  const site = await SerialSite.start(t, [{ name: 'co2', path: device.path, profile: 'winsen/mh-z19' }], {
    lineOf: () => ({ ...line, polls }),
  });
  await eventually('three requests in vain', () => site.port().unanswered >= 3);
  await eventually('a hint', () => site.port().hint !== null);
  assert.match(site.port().hint!, /^It has answered none of \d+ requests\. See/);
});
