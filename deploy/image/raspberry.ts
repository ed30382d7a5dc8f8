import { cpSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';

const here = import.meta.dirname;

/**
 * What a Raspberry Pi starts from, for the top of the boot partition: the firmware, which reads config.txt and hands a device tree on to U-Boot,
 * which starts GRUB as UEFI does. `bootFiles` has Debian's packages taken apart, `root` the device trees of its kernel.
 */
export function raspberryFiles(bootFiles: string, root: string, target: string): void {
  const firmware = join(bootFiles, 'usr/lib/raspi-firmware');
  for (const name of firmwareFiles) cpSync(join(firmware, name), join(target, name));
  cpSync(join(firmware, 'overlays'), join(target, 'overlays'), { recursive: true });
  const [kernel = ''] = readdirSync(join(root, 'usr/lib')).filter((name) => name.startsWith('linux-image-'));
  const trees = join(root, 'usr/lib', kernel, 'broadcom');
  for (const name of readdirSync(trees)) if (boards.test(name)) cpSync(join(trees, name), join(target, name));
  const uBoot = readFileSync(join(bootFiles, 'usr/lib/u-boot/rpi_arm64/u-boot.bin'));
  writeFileSync(join(target, 'u-boot.bin'), uBoot);
  writeFileSync(join(target, 'uboot.env'), uBootSettings(uBoot));
  cpSync(join(here, 'boot/config.txt'), join(target, 'config.txt'));
  mkdirSync(join(target, 'licences'));
  for (const name of ['raspi-firmware', 'u-boot-rpi', 'grub-efi-arm64-bin'])
    cpSync(join(bootFiles, 'usr/share/doc', name, 'copyright'), join(target, 'licences', `${name}.txt`));
}

/** bootcode.bin is for a Pi 3 and a Zero 2 W, those with a 4 for a Pi 4, 400 and CM4. */
const firmwareFiles = ['bootcode.bin', 'start.elf', 'fixup.dat', 'start4.elf', 'fixup4.dat'];
const boards = /^bcm(?:2837-rpi-(?:3-|zero-2)|2711-rpi-).*\.dtb$/;

/**
 * U-Boot's environment file: its own settings, but that it waits for nobody to press a key, as a device that sends on the serial pins would
 * stop it for good; and that it looks at USB only when there is no card. Layout: CRC-32 of the rest, little endian, then `NAME=value\0`… to
 * the size that it was built with (U-Boot, doc/usage/environment.rst; `CONFIG_ENV_SIZE` of rpi_arm64_defconfig).
 */
export function uBootSettings(uBoot: Uint8Array, size = 0x4000): Buffer {
  const all = Buffer.from(uBoot.buffer, uBoot.byteOffset, uBoot.byteLength);
  const start = all.indexOf('bootcmd=bootflow scan\0');
  const end = all.indexOf('\0\0', start);
  if (start < 0 || end < 0)
    throw new Error('This U-Boot keeps its settings elsewhere: see uBootSettings in raspberry.ts.');
  const settings = new Map(
    all
      .toString('latin1', start, end)
      .split('\0')
      .map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]),
  );
  settings.set('bootdelay', '-2');
  // Neither is GRUB's menu opened by it.
  settings.set('stdin', 'nulldev');
  settings.delete('preboot');
  const file = Buffer.alloc(size);
  file.write([...settings].map(([name, value]) => `${name}=${value}\0`).join(''), 4, 'latin1');
  file.writeUInt32LE(crc32(file.subarray(4)), 0);
  return file;
}
