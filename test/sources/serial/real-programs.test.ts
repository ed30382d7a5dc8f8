import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { ended, portPair } from '../../support/port-pair.ts';
import { accepts, freePort } from '../../support/tcp-port.ts';
import { tempDir } from '../../support/temp-dir.ts';
import { eventually } from '../../support/wait.ts';
import { searchPath } from '../../system-programs.ts';
import { recorded } from './recorded.ts';
import { SerialSite } from './site.ts';

// Other people's programs at the device's end of the line.

const env = { ...process.env, PATH: searchPath() };

/** What a receiver says for ten seconds: the sentences of SignalK/nmea0183-signalk's tests (RMC.ts, GGA.ts), on the move. */
function log(): string[] {
  return Array.from({ length: 10 }, (_, second) => [
    `GPRMC,0854${12 + second}.000,A,5222.3${198 + second},N,00454.5784,E,0.58,251.34,030414,,,A`,
    `GPGGA,0854${12 + second}.000,5222.3${198 + second},N,00454.5784,E,1,08,1.2,18.893,M,46.9,M,,`,
  ])
    .flat()
    .map((text) => `$${text}*${sumOf(text)}`);
}

function sumOf(text: string): string {
  let sum = 0;
  for (const byte of Buffer.from(text)) sum ^= byte;
  return sum.toString(16).toUpperCase().padStart(2, '0');
}

/**
 * gpsfake plays a log to a gpsd of its own, whose pseudo-terminal nobody else may read. gpspipe is gpsd's own way to be a GPS on a
 * serial port: it says what gpsd hears, behind some lines of JSON about gpsd itself.
 */
async function startGps(t: TestContext, file: string, port: string): Promise<void> {
  const tcp = await freePort();
  const gpsfake = spawn('gpsfake', ['--quiet', '--nowait', '--cycle', '0.02', '--port', `${tcp}`, file], {
    env,
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  t.after(() => ended(gpsfake));
  let said = '';
  gpsfake.stderr.on('data', (bytes: Buffer) => {
    said += bytes.toString();
  });
  await eventually('gpsd to listen', () => accepts(tcp), {
    timeoutMs: 10_000,
    giveUp: () => (gpsfake.exitCode === null ? undefined : `gpsfake has ended with ${gpsfake.exitCode}: ${said}`),
  });
  const gpspipe = spawn('gpspipe', ['-r', '-s', port, `127.0.0.1:${tcp}`], { env, stdio: 'ignore' });
  t.after(() => ended(gpspipe));
}

test('a log that gpsfake plays, and gpspipe says on a serial port, becomes records', async (t) => {
  const { near, far } = await portPair(t);
  const file = join(tempDir(t), 'log.nmea');
  const sentences = log();
  writeFileSync(file, `${sentences.join('\r\n')}\r\n`);
  const site = await SerialSite.start(t, [{ name: 'gps', path: near, profile: 'nmea/nmea-0183' }]);
  await site.opened();
  await startGps(t, file, far);
  const heard = () => new Set(site.messages.map(({ payload }) => Buffer.from(payload).toString().trim()));
  // It is played again and again, and gpspipe may come in anywhere.
  const missing = () => sentences.filter((sentence) => !heard().has(sentence));
  await eventually('the whole log', () => assert.deepEqual(missing(), []), { timeoutMs: 30_000 });
  assert.deepEqual([...heard()].toSorted(), sentences.toSorted());
  const latitudes = new Set(site.values('latitude').map((value) => Math.round((value as number) * 6e6)));
  assert.equal(latitudes.size, 10);
  // Of gpsd itself.
  const { bytes } = site.port().discarded;
  assert.ok(bytes.noise > 0 && bytes.checksum === 0, JSON.stringify(bytes));
});

for (const [profile, baud, field] of [
  ['plantower/pms5003', 9_600, 'pm2.5'],
  ['dsmr/p1', 115_200, undefined],
  ['nova/sds011', 9_600, 'pm2.5'],
] as const) {
  test(`what ${profile} said, as fast as its line is, from python3-serial, becomes records`, async (t) => {
    const { near, far } = await portPair(t);
    const site = await SerialSite.start(t, [{ name: 'port', path: near, profile }]);
    await site.opened();
    const frames = recorded(profile);
    const said = Array.from({ length: 6 }, (_, index) => frames[index % frames.length]!);
    const script = join(import.meta.dirname, '../../support/replay.py');
    const python = spawn('/usr/bin/python3', [script, far, `${baud}`, '0.05'], { stdio: ['pipe', 'pipe', 'inherit'] });
    t.after(() => ended(python));
    python.stdin.write(`${said.map((bytes) => bytes.toString('hex')).join('\n')}\nend\n`);
    await new Promise((resolve) => python.stdout.once('data', resolve));
    await eventually('all frames', () => site.messages.length === said.length);
    assert.equal(site.port().line, `${baud} 8N1`);
    if (field !== undefined) assert.equal(site.values(field).length, said.length);
    assert.ok(site.measurements.every(({ fields }) => fields.length > 0));
    for (const [index, { payload }] of site.messages.entries())
      assert.equal(Buffer.from(payload).toString('latin1').trim(), said[index]!.toString('latin1').trim());
    assert.deepEqual(Object.values(site.port().discarded.bytes), [0, 0, 0, 0, 0]);
  });
}
