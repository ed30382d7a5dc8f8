import { execFileSync } from 'node:child_process';
import { closeSync, openSync, readSync, truncateSync } from 'node:fs';

/** A partition of an MBR, in bytes. */
export interface Partition {
  readonly from: number;
  readonly to: number;
  /** As the table has it: 0x0c is FAT32, 0x83 Linux. */
  readonly type: number;
}

/** The four entries of the table in a disk's first sector; what is empty there is undefined. */
export function partitionsOf(sector: Buffer): readonly (Partition | undefined)[] {
  if (sector.readUInt16LE(510) !== 0xaa55) throw new Error('the disk has no partition table');
  return [0, 1, 2, 3].map((number) => {
    const entry = 446 + number * 16;
    const from = sector.readUInt32LE(entry + 8) * 512;
    const length = sector.readUInt32LE(entry + 12) * 512;
    return length === 0 ? undefined : { from, to: from + length, type: sector[entry + 4]! };
  });
}

/** Lays an image out as a card: unpacked if need be, and as large as the card is. */
export function flash(image: string, card: string, sizeBytes: number): void {
  if (image.endsWith('.xz'))
    execFileSync('sh', ['-c', 'xz -dc -T0 "$1" | dd of="$2" bs=1M conv=sparse status=none', '-', image, card]);
  else if (image.endsWith('.zst')) execFileSync('zstd', ['-dqf', '--sparse', image, '-o', card]);
  else execFileSync('cp', ['--sparse=always', image, card]);
  truncateSync(card, sizeBytes);
}

/** Copies a file to the card's first partition, as a person does before it goes into the machine. */
export function copyToBoot(card: string, name: string, content: string): void {
  execFileSync('mcopy', ['-o', '-i', bootOf(card), '-', `::${name}`], { input: content });
}

/** A file of the first partition. */
export function readFromBoot(card: string, name: string): Buffer {
  return execFileSync('mcopy', ['-i', bootOf(card), `::${name}`, '-'], { maxBuffer: 64 * 2 ** 20 });
}

/** A partition of a card or an image, from 1 on. @throws an Error when it has none of that number */
export function partitionOf(image: string, number: number): Partition {
  const part = partitionsOf(bytesOf(image, 0, 512))[number - 1];
  if (part === undefined) throw new Error(`${image} has no partition ${number}`);
  return part;
}

/** Bytes of a card or an image. */
export function bytesOf(image: string, from: number, length: number): Buffer {
  const bytes = Buffer.alloc(length);
  const fd = openSync(image, 'r');
  try {
    readSync(fd, bytes, 0, length, from);
  } finally {
    closeSync(fd);
  }
  return bytes;
}

function bootOf(card: string): string {
  return `${card}@@${partitionOf(card, 1).from}`;
}
