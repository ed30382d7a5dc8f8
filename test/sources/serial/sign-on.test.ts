import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { type TestContext, test } from 'node:test';
import { serialLineOf } from '../../../src/profiles/serial-line.ts';
import { openConnection } from '../../../src/sources/serial/connection.ts';
import { proposalOf } from '../../../src/sources/serial/sign-on.ts';
import { PseudoTerminal } from '../../support/pseudo-terminal.ts';
import { eventually } from '../../support/wait.ts';
import { library, SerialSite } from './site.ts';

const proposals: readonly (readonly [identification: string, reply: string | undefined, baud: number])[] = [
  ['/SIE32WR5', '\x06030\r\n', 2400],
  ['/ISk5MT174-0001', '\x06050\r\n', 9600],
  ['/ACE0\\3k260V01.18', '\x06000\r\n', 300],
  ['/ABC6x', '\x06060\r\n', 19_200],
  ['/ABC9x', '\x06000\r\n', 300],
  ['/SIEC2WR5', undefined, 2400],
  ['/ABCAx', undefined, 600],
  ['/ABCGx', undefined, 300],
  ['/ESY@x', undefined, 300],
  ['/ABC', undefined, 300],
];

test('what an identification proposes is answered, or followed', () => {
  for (const [identification, reply, baud] of proposals) {
    const proposal = proposalOf(identification);
    assert.deepEqual([proposal.reply && Buffer.from(proposal.reply).toString(), proposal.baud], [reply, baud]);
  }
});

const readout = '6.8(0029.055*MWh)6.26(01589.28*m3)9.20(64030874)6.33(001.476*m3ph)0.0(00010213)!\r\n';

interface Meter {
  readonly identification: string;
  /** What it waits for; undefined: it goes on by itself. */
  readonly waitsFor?: string;
  readonly telegram: string;
  /** The head sends back what it is given. */
  readonly isEchoed?: boolean;
  readonly everyMs?: number;
}

/** A meter on a pseudo-terminal, read by the profile for optical heads, and what was asked of the port. */
async function start(t: TestContext, { identification, waitsFor, telegram, isEchoed = false, everyMs = 100 }: Meter) {
  const device = await PseudoTerminal.create(t);
  const asked: (number | string)[] = [];
  const profile = library.profiles.get('iec62056/d0')!;
  const [poll] = profile.options.poll!;
  const often = { ...profile, options: { ...profile.options, poll: [{ ...poll!, every: everyMs }] } };
  let said = '';
  device.onWritten = (bytes) => {
    if (isEchoed) void device.send(bytes);
    said += bytes.toString('latin1');
    if (!said.endsWith('\r\n')) return;
    const line = said;
    said = '';
    asked.push(line);
    if (line === '/?!\r\n') void device.send(`${identification}\r\n${waitsFor === undefined ? telegram : ''}`);
    else if (line === waitsFor) {
      const speed = () => execFileSync('stty', ['-F', device.path, 'speed'], { encoding: 'utf8' }).trim();
      void eventually('the speed to be changed', () => speed() !== '300').then(() => {
        asked.push(`speed ${speed()}`);
        void device.send(telegram);
      });
    }
  };
  const site = await SerialSite.start(t, [{ name: 'meter', path: device.path, profile: 'iec62056/d0' }], {
    lineOf: (name) => serialLineOf(name, often),
    open: async (...args) => {
      const connection = await openConnection(...args);
      const setBaud = async (baud: number): Promise<void> => {
        asked.push(baud);
        await connection.setBaud(baud);
      };
      return { ...connection, setBaud };
    },
  });
  return { site, device, asked };
}

test('a meter in mode C is told to go on at the speed that it proposes, and the line goes back to its own', async (t) => {
  // The dialogue of Apollon77/smartmeter-obis, test/testSerialRequestResponseD0WithAck.js, shortened.
  const { site, asked } = await start(t, {
    identification: '/SIE32WR5',
    waitsFor: '\x06030\r\n',
    telegram: readout,
  });
  await eventually('two readouts', () => site.messages.length === 2, { timeoutMs: 10_000 });
  assert.deepEqual(asked.slice(0, 7), [300, '/?!\r\n', '\x06030\r\n', 2400, 'speed 2400', 9600, 300]);
  assert.deepEqual(site.values('6.8'), [29.055, 29.055]);
  assert.equal(Buffer.from(site.messages[0]!.payload).toString(), `/SIE32WR5\r\n${readout}`);
  assert.equal(site.port().unanswered, 0);
});

test('a meter in mode B is followed without a word, and a head may echo what it is given', async (t) => {
  // The same, test/testSerialRequestResponseD0.js.
  const { site, asked } = await start(t, {
    identification: '/SIEC2WR5',
    telegram: `\x02${readout}\x03X`,
    isEchoed: true,
  });
  await eventually('a readout', () => site.messages.length === 1);
  assert.deepEqual(asked.slice(0, 3), [300, '/?!\r\n', 2400]);
  await eventually('the speed of before', () => asked.includes(9600));
});

test('an echo of the answer is no part of the telegram', async (t) => {
  const { site } = await start(t, {
    identification: '/SIE32WR5',
    waitsFor: '\x06030\r\n',
    telegram: readout,
    isEchoed: true,
  });
  await eventually('a readout', () => site.messages.length === 1);
  assert.equal(Buffer.from(site.messages[0]!.payload).toString(), `/SIE32WR5\r\n${readout}`);
});

test('a meter that reports by itself is never asked', async (t) => {
  const { site, device, asked } = await start(t, { identification: '/NO', telegram: '', everyMs: 60_000 });
  await site.opened();
  const telegram = `/HAG5eHZ010C\r\n\r\n1-0:1.8.0*255(000285.4*kWh)\r\n!\r\n`;
  for (let count = 1; count <= 5; count++) {
    await device.send(telegram);
    await eventually(`telegram ${count}`, () => site.messages.length === count);
  }
  assert.deepEqual(asked, []);
});
