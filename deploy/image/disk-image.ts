import { cpSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Architecture, run } from '../package/program.ts';
import { raspberryFiles } from './raspberry.ts';
import { withTool } from './workshop.ts';

const here = import.meta.dirname;

/** Where things lie on the disk, in MiB. Slot B and the data partition follow; they are made at first boot (initramfs/). */
export const layout = { boot: { start: 4, size: 128 }, slot: { start: 132, size: 1024 } } as const;

/** Names that have to be the same in every build; a disk gets one of its own at first boot. */
const names = { disk: '0x48454144', fat: '48454144', fileSystem: '48656164-6761-7465-0000-00000000000a' } as const;

interface Place {
  readonly tools: string;
  /** What tools see as `/mnt`. */
  readonly work: string;
  readonly date: number;
}

/** A root file system as one ext4 file system, the size of a slot. */
export function makeSlot({ tools, work, date }: Place, rootFolder: string, target: string): void {
  // Never written to; and GRUB has to read it.
  const features = '^has_journal,^orphan_file,^metadata_csum_seed';
  rmSync(join(work, target), { force: true });
  const ids = ['-U', names.fileSystem, '-E', `hash_seed=${names.fileSystem},lazy_itable_init=0`];
  const make = ['mke2fs', '-q', '-t', 'ext4', '-O', features, '-b', '4096', '-m', '0', '-L', 'headgate-root', ...ids];
  withTool(tools, work, [...make, '-d', `/mnt/${rootFolder}`, `/mnt/${target}`, `${layout.slot.size}M`], date);
}

/** The boot partition: firmware where there is any, GRUB, its state, and the file in which people say how they want it. */
export function makeBootPartition(place: Place, architecture: Architecture, bootFiles: string, target: string): void {
  const { tools, work, date } = place;
  const folder = join(work, 'boot');
  rmSync(folder, { recursive: true, force: true });
  rmSync(join(work, target), { force: true });
  for (const path of ['EFI/BOOT', 'grub']) mkdirSync(join(folder, path), { recursive: true });
  const { format, program } = grub[architecture];
  cpSync(join(bootFiles, 'usr/lib/grub', format), join(work, 'grub-modules'), { recursive: true });
  const image = ['grub-mkimage', '--directory', '/mnt/grub-modules', '--format', format, '--prefix', '/grub'];
  withTool(tools, work, [...image, '--output', `/mnt/boot/EFI/BOOT/${program}`, ...grubModules], date);
  cpSync(join(here, 'boot/grub.cfg'), join(folder, 'grub/grub.cfg'));
  cpSync(join(here, `boot/machine.${architecture}.cfg`), join(folder, 'grub/machine.cfg'));
  writeFileSync(join(folder, 'boot.env'), bootState());
  cpSync(join(here, 'boot/headgate.yaml'), join(folder, 'headgate.yaml'));
  if (architecture === 'arm64') raspberryFiles(bootFiles, join(work, 'root'), folder);
  const sectors = layout.boot.size * 2048;
  const make = `mkfs.fat --invariant -F 32 -n HEADGATE -i ${names.fat} -C /mnt/${target} ${sectors / 2} >/dev/null
    find /mnt/boot -exec touch --no-dereference --date=@${date} {} +
    cd /mnt/boot && mcopy -s -m -i /mnt/${target} $(ls | LC_ALL=C sort) ::`;
  withTool(tools, work, ['sh', '-ec', make], date);
}

const grub: Readonly<Record<Architecture, { format: string; program: string }>> = {
  amd64: { format: 'x86_64-efi', program: 'BOOTX64.EFI' },
  arm64: { format: 'arm64-efi', program: 'BOOTAA64.EFI' },
};
const grubModules =
  'part_msdos part_gpt fat ext2 normal configfile linux loadenv test echo regexp probe serial terminal minicmd reboot search sleep'.split(
    ' ',
  );

/** GRUB's environment block. All variables are within the first sector, so a cut in the middle of writing leaves the old or the new. */
export function bootState(): string {
  return '# GRUB Environment Block\nORDER=A B\nA_LEFT=8\nB_LEFT=0\nA_GOOD=1\nB_GOOD=0\n'.padEnd(1024, '#');
}

/** The image to flash: the table of partitions, the boot partition, slot A. */
export function makeDisk({ tools, work, date }: Place, boot: string, slot: string, target: string): void {
  const file = join(work, target);
  rmSync(file, { force: true });
  run('truncate', ['--size', `${layout.slot.start + layout.slot.size}M`, file]);
  const table = `label: dos
label-id: ${names.disk}
start=${layout.boot.start * 2048}, size=${layout.boot.size * 2048}, type=c, bootable
start=${layout.slot.start * 2048}, size=${layout.slot.size * 2048}, type=83
`;
  writeFileSync(join(work, 'table'), table);
  withTool(tools, work, ['sh', '-c', `sfdisk --quiet /mnt/${target} </mnt/table`], date);
  for (const [part, at] of [
    [boot, layout.boot.start],
    [slot, layout.slot.start],
  ] as const)
    run('dd', [`if=${join(work, part)}`, `of=${file}`, 'bs=1M', `seek=${at}`, 'conv=notrunc,sparse', 'status=none']);
}

/** Packs the image for the download, and tells the bytes. */
export function pack({ tools, work, date }: Place, image: string): string {
  withTool(tools, work, ['xz', '--keep', '--force', '-6', '--threads=2', '--block-size=64MiB', `/mnt/${image}`], date);
  return `${image}.xz`;
}
