import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { chmodSync, readFileSync, realpathSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { main } from '../../src/cli/main.ts';
import { portsText, scanText } from '../../src/cli/serial-text.ts';
import { loadConfig } from '../../src/config/load.ts';
import { openConnection } from '../../src/sources/serial/connection.ts';
import { groupName } from '../../src/sources/serial/node.ts';
import { PseudoTerminal } from '../support/pseudo-terminal.ts';
import { tempDir } from '../support/temp-dir.ts';

const frame = Buffer.from('aac0d4043a0aa1601dab', 'hex');

async function run(...args: string[]) {
  const [out, err]: [string[], string[]] = [[], []];
  const terminal = { out: (text: string) => out.push(text), err: (text: string) => err.push(text), environment: {} };
  const code = await main(['serial', ...args], terminal);
  return { code, out: out.join('\n'), err: err.join('\n') };
}

test('a port is listened to until it is clear what is on it, and what to write is told', async (t) => {
  const device = await PseudoTerminal.create(t);
  const timer = setInterval(() => void device.send(frame), 20);
  t.after(() => clearInterval(timer));
  const { code, out, err } = await run('scan', device.path);
  assert.deepEqual([code, err], [0, 'Listening at 9600 8N1 …']);
  assert.match(out, /^\d+ bytes at 9600 8N1, the first of them:\n {2}aa c0 d4 04/);
  assert.match(out, /^ {2}nova\/sds011 \(100 %\): \d+ of its frames have 100 % of the bytes; pm2\.5 123\.6 µg\/m³/m);
  assert.ok(out.endsWith(`{ name: port, path: "${device.path}", profile: nova/sds011, baud: 9600, format: "8N1" }`));

  const answer = JSON.parse((await run('scan', device.path, '--json')).out);
  assert.deepEqual([answer.path, answer.baud, answer.suggestions[0].profile], [device.path, 9600, 'nova/sds011']);
});

test('a port that says nothing, is in use, or is not there', async (t) => {
  const device = await PseudoTerminal.create(t);
  const { code, out } = await run('scan', device.path, '--baud', '9600', '--seconds', '1');
  assert.equal(code, 1);
  assert.match(out, /^Nothing was heard/);
  const user = await openConnection(device.path, { baud: 9600, format: '8N1', flowControl: 'none' }, () => {});
  assert.match((await run('scan', device.path)).err, /Another program uses /);
  user.close('The test is over.');
  await user.closed;
  await device.unplug();
  assert.match((await run('scan', device.path)).err, /There is no /);
});

test('what is told to write into the configuration is right there', (t) => {
  const example = {
    kind: 'raw',
    deviceId: 'port',
    measurements: [{ deviceId: 'port', fields: [] }],
    keepPayload: true,
  } as const;
  const line = { baud: 9600, format: '8E1' };
  for (const [profile, modbusUnit] of [
    ['nova/sds011', undefined],
    ['eastron/sdm630', 3],
  ] as const) {
    const guess = { profile, confidence: 1, reason: 'it answers', example, ...(modbusUnit && { modbusUnit }) };
    const told = scanText('/dev/serial/by-id/a', { line, bytes: Buffer.from('x'), guesses: [guess] });
    const file = join(tempDir(t), 'headgate.yaml');
    // Indented by as much as it is in what is told.
    writeFileSync(file, told.slice(told.search(/^ {2}(serial|modbus):$/m)).replaceAll(/^ {2}/gm, ''));
    const config = loadConfig({ file });
    const [port] = modbusUnit === undefined ? config.serial.ports : config.modbus.buses;
    assert.deepEqual([port?.path, port?.baud, port?.format], ['/dev/serial/by-id/a', 9600, '8E1']);
    if (modbusUnit !== undefined)
      assert.deepEqual(
        config.modbus.buses[0]?.units.map(({ unit, profile }) => [unit, profile]),
        [[3, 'eastron/sdm630']],
      );
  }
});

/** Loads what it needs as root, and is nobody from then on. */
const openAsNobody = `
  import { openConnection } from './src/sources/serial/connection.ts';
  import { explainOpenFailure } from './src/sources/serial/node.ts';
  await import('serialport');
  process.setgroups([]);
  process.setgid(65534);
  process.setuid(65534);
  const path = process.argv.at(-1);
  const line = { baud: 9600, format: '8N1', flowControl: 'none' };
  const opened = openConnection(path, line, () => {}).then(() => 'It was opened.');
  console.log(await opened.catch((error) => explainOpenFailure(path, error)));
  process.exit();
`;

const isRoot = process.getuid?.() === 0;

test('a port that this user may not open: its group is named', {
  skip: !isRoot && 'only root can be another user',
}, async (t) => {
  const device = await PseudoTerminal.create(t);
  chmodSync(dirname(device.path), 0o755);
  const node = realpathSync(device.path);
  chmodSync(node, 0o620);
  const { gid } = statSync(node);
  const group = groupName(gid, readFileSync('/etc/group', 'utf8'));
  const args = ['--input-type=module', '--eval', openAsNobody, device.path];
  const opened = spawnSync(process.execPath, args, { cwd: join(import.meta.dirname, '../..'), encoding: 'utf8' });
  assert.equal(opened.stderr, '');
  assert.equal(
    opened.stdout.trim(),
    `The user nobody may not open ${device.path}: it is not in the group ${group}. Run \`usermod -aG ${group} nobody\` as root, then start Headgate again.`,
  );
});

for (const args of [
  ['scan'],
  ['scan', '/dev/a', 'b'],
  ['sniff'],
  ['scan', '/dev/a', '--baud', 'x'],
  ['scan', '/dev/a', '--format', '9N1'],
]) {
  test(`wrong usage: serial ${args.join(' ')}`, async () => {
    assert.equal((await run(...args)).code, 2);
  });
}

test('ports are listed with what they are', () => {
  const usb = {
    vendor: '0403',
    product: '6015',
    manufacturer: 'Victron',
    name: 'VE Direct\x1b[2J cable',
    serialNumber: null,
  };
  const suggestions = [{ profile: 'victron/ve-direct', reason: '' }];
  assert.equal(
    portsText([
      { path: '/dev/serial/by-id/a', node: '/dev/ttyUSB0', usb, adapter: 'FTDI FT-X', suggestions },
      { path: '/dev/ttyAMA0', node: '/dev/ttyAMA0', usb: null, adapter: null, suggestions: [] },
    ]),
    [
      'PATH                 USB         IS                           PERHAPS',
      '/dev/serial/by-id/a  0403:6015   Victron VE Direct\ufffd[2J cable  victron/ve-direct',
      '/dev/ttyAMA0         not on USB',
    ].join('\n'),
  );
  assert.match(portsText([]), /no serial port/);
});
