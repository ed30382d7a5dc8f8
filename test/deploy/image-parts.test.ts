import { deepEqual, equal, throws } from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { crc32 } from 'node:zlib';
import { bootState } from '../../deploy/image/disk-image.ts';
import { uBootSettings } from '../../deploy/image/raspberry.ts';
import { slim } from '../../deploy/image/slim.ts';

test('U-Boot is given its own settings, but listens to nobody and waits for nobody', () => {
  const before = Buffer.from(
    'code\0\0bootcmd=bootflow scan\0bootdelay=2\0preboot=pci enum; usb start;\0stdin=serial,usbkbd\0list=a=b\0\0more',
  );
  const file = uBootSettings(before, 256);
  equal(file.length, 256);
  equal(file.readUInt32LE(0), crc32(file.subarray(4)));
  const end = file.indexOf('\0\0', 4);
  deepEqual(file.toString('latin1', 4, end).split('\0'), [
    'bootcmd=bootflow scan',
    'bootdelay=-2',
    'stdin=nulldev',
    'list=a=b',
  ]);
  throws(() => uBootSettings(Buffer.from('another program')), /keeps its settings elsewhere/);
});

test('of modules go those that a rule names, unless one that stays needs them', (t) => {
  const root = mkdtempSync(join(tmpdir(), 'headgate-slim-'));
  t.after(() => rmSync(root, { recursive: true }));
  const modules = 'usr/lib/modules/6.12.0';
  const needs: Readonly<Record<string, readonly string[]>> = {
    'kernel/sound/soc/card.ko.xz': ['kernel/sound/sound.ko.xz', 'kernel/sound/soc/core.ko.xz'],
    'kernel/sound/soc/core.ko.xz': ['kernel/sound/sound.ko.xz'],
    'kernel/sound/sound.ko.xz': [],
    'kernel/drivers/gpu/drm/vc4/vc4.ko.xz': ['kernel/sound/sound.ko.xz'],
    'kernel/drivers/gpu/drm/amd/amdgpu/amdgpu.ko.xz': [],
    'kernel/drivers/usb/serial/ftdi_sio.ko.xz': [],
  };
  const files = [
    ...Object.keys(needs).map((module) => `${modules}/${module}`),
    'usr/share/locale/de/x.mo',
    'usr/bin/x',
  ];
  for (const file of files) {
    mkdirSync(dirname(join(root, file)), { recursive: true });
    writeFileSync(join(root, file), '12345');
  }
  const lines = Object.entries(needs).map(([module, others]) => [`${module}:`, ...others].join(' '));
  writeFileSync(join(root, modules, 'modules.dep'), `${lines.join('\n')}\n`);

  const gone = slim(root);

  deepEqual(
    files.filter((file) => existsSync(join(root, file))),
    [
      `${modules}/kernel/sound/sound.ko.xz`,
      `${modules}/kernel/drivers/gpu/drm/vc4/vc4.ko.xz`,
      `${modules}/kernel/drivers/usb/serial/ftdi_sio.ko.xz`,
      'usr/bin/x',
    ],
  );
  equal(
    [...gone.values()].reduce((sum, bytes) => sum + bytes, 0),
    20,
    'what went is told',
  );
});

test('the boot state that an image begins with is within the sector that a power cut leaves whole, and one that RAUC reads', (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'headgate-boot-state-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const state = bootState();
  equal(Buffer.byteLength(state), 1024);
  equal(state.slice(512), '#'.repeat(512));
  writeFileSync(join(folder, 'boot.env'), state);
  writeFileSync(join(folder, 'cmdline'), 'ro headgate.slot=A quiet\n');
  const env = {
    ...process.env,
    HEADGATE_BOOT_STATE: join(folder, 'boot.env'),
    HEADGATE_BOOT_STATE_COPY: join(folder, 'copy'),
    HEADGATE_COMMAND_LINE: join(folder, 'cmdline'),
  };
  const script = join(import.meta.dirname, '../../deploy/image/root/usr/lib/headgate/boot-state');
  const ask = (...args: string[]) => spawnSync(script, args, { env, encoding: 'utf8' }).stdout.trim();
  equal(ask('get-primary'), 'A');
  equal(ask('get-state', 'A'), 'good');
  equal(ask('get-state', 'B'), 'bad');
  equal(ask('tries', 'A'), '8');
});

test('a factory reset is asked for by two names, and by none that is only alike', (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'headgate-reset-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const script = join(import.meta.dirname, '../../deploy/image/root/usr/lib/headgate/initramfs/disk');
  const asked = () =>
    spawnSync('sh', ['-c', '. "$1"; reset_file "$2"', 'sh', script, folder], { encoding: 'utf8' }).stdout.trim();
  for (const name of ['factory-reset-notes.txt', 'no-factory-reset', 'factory-reset.txt.bak', 'factory-resets'])
    writeFileSync(join(folder, name), '');
  equal(asked(), '');
  for (const name of ['factory-reset.txt', 'factory-reset']) {
    writeFileSync(join(folder, name), '');
    equal(asked(), join(folder, name));
  }
});
