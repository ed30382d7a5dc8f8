import assert from 'node:assert/strict';
import { mkdirSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { loadLibrary } from '../../../src/profiles/library.ts';
import { existingPorts } from '../../../src/sources/serial/port-list.ts';
import { usbMeaning } from '../../../src/sources/serial/usb-ids.ts';
import { PseudoTerminal } from '../../support/pseudo-terminal.ts';
import { tempDir } from '../../support/temp-dir.ts';
import { SerialSite } from './site.ts';

/** A machine with two USB ports, one on its board, one that the kernel only made a node for, and a console. */
function machine(root: string) {
  const [dev, tty, devices] = [join(root, 'dev'), join(root, 'tty'), join(root, 'devices')];
  const write = (directory: string, files: Readonly<Record<string, string>>) => {
    mkdirSync(directory, { recursive: true });
    for (const [name, text] of Object.entries(files)) writeFileSync(join(directory, name), `${text}\n`);
  };
  const port = (name: string, device?: string, files: Readonly<Record<string, string>> = {}) => {
    write(join(tty, name), files);
    write(dev, { [name]: '' });
    if (device === undefined) return;
    mkdirSync(join(devices, device), { recursive: true });
    symlinkSync(join(devices, device), join(tty, name, 'device'));
  };
  write(join(devices, 'usb1/1-1'), { idVendor: '0403', idProduct: '6015', product: 'VE Direct cable', serial: 'VE1' });
  write(join(devices, 'usb1/1-2'), { idVendor: '1a86', idProduct: '7523' });
  port('ttyUSB10', 'usb1/1-1/1-1:1.0/ttyUSB10');
  port('ttyUSB2', 'usb1/1-2/1-2:1.0/ttyUSB2');
  port('ttyAMA0', 'soc/serial0');
  port('ttyS0', 'platform/serial8250', { type: '0' });
  port('tty1');
  write(join(dev, 'serial/by-id'), {});
  symlinkSync('../../ttyUSB10', join(dev, 'serial/by-id/usb-VictronEnergy_VE_Direct_cable_VE1-if00-port0'));
  symlinkSync('../../ttyUSB3', join(dev, 'serial/by-id/gone'));
  symlinkSync('ttyAMA0', join(dev, 'serial0'));
  return { dev, tty };
}

test('the ports that a machine has are told, with what their USB devices say', async (t) => {
  const places = machine(tempDir(t));
  const ports = await existingPorts(places);
  assert.deepEqual(
    ports.map(({ node }) => node.slice(places.dev.length)),
    ['/ttyAMA0', '/ttyUSB2', '/ttyUSB10'],
  );
  const [board, plain, victron] = ports;
  assert.deepEqual([board?.usb, board?.path], [null, join(places.dev, 'serial0')]);
  assert.deepEqual([plain?.path, plain?.adapter, plain?.suggestions], [plain?.node, 'WCH CH340', []]);
  assert.equal(victron?.path, join(places.dev, 'serial/by-id/usb-VictronEnergy_VE_Direct_cable_VE1-if00-port0'));
  assert.deepEqual(victron?.usb, {
    vendor: '0403',
    product: '6015',
    manufacturer: null,
    name: 'VE Direct cable',
    serialNumber: 'VE1',
  });
  assert.deepEqual(victron?.suggestions, [
    { profile: 'victron/ve-direct', reason: 'its USB device is VE Direct cable' },
  ]);
});

test('ports are told with what is configured for them, by whichever of their names', async (t) => {
  const places = machine(tempDir(t));
  const { source } = new SerialSite(
    [
      { name: 'mppt', path: join(places.dev, 'ttyUSB10'), profile: 'victron/ve-direct' },
      { name: 'dust', path: join(places.dev, 'ttyUSB7'), profile: 'nova/sds011' },
    ],
    { places },
  );
  const listed = await source.list();
  assert.deepEqual(
    listed.map(({ node, configured }) => [node?.slice(places.dev.length) ?? null, configured?.name ?? null]),
    [
      ['/ttyAMA0', null],
      ['/ttyUSB2', null],
      ['/ttyUSB10', 'mppt'],
      [null, 'dust'],
    ],
  );
});

test('a port that the machine has and that is not read from can be listened to, one at a time', async (t) => {
  const places = machine(tempDir(t));
  const device = await PseudoTerminal.create(t);
  const node = join(places.dev, 'ttyUSB2');
  rmSync(node);
  symlinkSync(device.path, node);
  const site = await SerialSite.start(t, [], { places });
  const timer = setInterval(() => void device.send(Buffer.from('aac0d4043a0aa1601dab', 'hex')), 20);
  t.after(() => clearInterval(timer));
  const { signal } = new AbortController();
  const scan = site.source.scan({ path: node }, signal);
  await assert.rejects(site.source.scan({ path: join(places.dev, 'ttyAMA0') }, signal), /Another port/);
  const { line, guesses } = await scan;
  assert.deepEqual([line, guesses[0]?.profile], [{ baud: 9600, format: '8N1' }, 'nova/sds011']);
  // A pseudo-terminal under its own name may be one that somebody types at.
  for (const path of [realpathSync(device.path), '/etc/passwd']) {
    await assert.rejects(site.source.scan({ path }, signal), /There is no serial port/);
  }
});

test('a port that is read from is not listened to', async (t) => {
  const places = machine(tempDir(t));
  const device = await PseudoTerminal.create(t);
  const site = await SerialSite.start(t, [{ name: 'dust', path: device.path, profile: 'nova/sds011' }], { places });
  await site.opened();
  const { signal } = new AbortController();
  await assert.rejects(site.source.scan({ path: device.path }, signal), /is read from already, as dust/);
});

test('profiles that USB devices suggest exist', () => {
  const { profiles } = loadLibrary();
  for (const name of ['u-blox GNSS receiver', 'Arduino Uno', 'VE.Direct cable', 'P1 converter cable']) {
    const usb = { vendor: '0403', product: '6001', manufacturer: null, name, serialNumber: null };
    const { suggestions } = usbMeaning(usb);
    assert.equal(suggestions.length, 1, name);
    assert.ok(profiles.get(suggestions[0]!.profile)?.options.framing, name);
  }
});
