import { closeSync, fstatSync, openSync, readSync, writeSync } from 'node:fs';
import type { Random } from '../../test/support/random.ts';

/** What a card writes as one piece or not at all (SD Physical Layer Specification 6.00, section 4.3.4: blocks of 512 bytes). */
export const sectorBytes = 512;
const pageBytes = 4096;
const pageSectors = pageBytes / sectorBytes;
const bucketBytes = 2 ** 20;

/** What of the unflushed writes is on the disk when power has gone. */
export type Kept =
  /** Nothing: a card that had not begun to write any of it. */
  | 'none'
  /** Some, in no order, with sectors torn out of the middle of a block. */
  | 'some'
  /** All of it: no power cut, but the end of whoever used the disk. */
  | 'all';

/** How many sectors a cut found in the cache, and how many of those it wrote. */
export interface Cut {
  readonly volatileSectors: number;
  readonly keptSectors: number;
}

interface Page {
  readonly bytes: Buffer;
  /** One bit for each sector that is newer here than in the file. */
  dirty: number;
}

export interface VolatileDiskOptions {
  /** The file that holds what is durable; its size is the disk's, a multiple of 4,096 bytes. */
  readonly path: string;
  /** Chooses what survives a cut. */
  readonly random: Random;
  /** What the cache holds at most, in bytes; then the oldest is written, as a card does when it likes. Default 64 MiB. */
  readonly maxVolatileBytes?: number;
}

/**
 * A disk with a volatile write cache, as cards and SSDs have one: what was written is durable after the next flush, and
 * until then may or may not be, sector by sector. The host's own page cache counts as durable: the host keeps its power.
 *
 * Everything is synchronous, so that a cut is one moment. Whoever asks the kernel for something that waits for this disk
 * must do so in another process or asynchronously, or waits for ever.
 */
export class VolatileDisk {
  readonly #options: Required<VolatileDiskOptions>;
  readonly #fd: number;
  /** Oldest first. */
  readonly #pages = new Map<number, Page>();
  /** Bytes that were written, by MiB of the disk. */
  readonly #written: Float64Array;
  readonly sizeBytes: number;
  flushes = 0;
  /** Writes that were asked for, of whatever size. */
  writes = 0;

  constructor(options: VolatileDiskOptions) {
    this.#options = { maxVolatileBytes: 64 * 2 ** 20, ...options };
    this.#fd = openSync(options.path, 'r+');
    this.sizeBytes = fstatSync(this.#fd).size;
    if (this.sizeBytes % pageBytes !== 0) {
      closeSync(this.#fd);
      throw new Error(`${options.path} has ${this.sizeBytes} bytes, which is no multiple of ${pageBytes}`);
    }
    this.#written = new Float64Array(Math.ceil(this.sizeBytes / bucketBytes));
  }

  /** Bytes that would be gone now, at the most. */
  get volatileBytes(): number {
    return this.#pages.size * pageBytes;
  }

  /** Bytes that were written to this part of the disk so far, as often as they were written. Bounds are taken to whole MiB. */
  writtenBytes(from = 0, to = this.sizeBytes): number {
    let sum = 0;
    for (let at = Math.floor(from / bucketBytes); at < Math.ceil(to / bucketBytes); at++) sum += this.#written[at] ?? 0;
    return sum;
  }

  isWithin(offset: number, length: number): boolean {
    return offset % sectorBytes === 0 && length % sectorBytes === 0 && offset + length <= this.sizeBytes;
  }

  /** What the computer sees: the cache over the file. Bounds as {@link isWithin} allows them. */
  read(offset: number, length: number): Buffer {
    const bytes = Buffer.alloc(length);
    for (let at = 0; at < length; ) {
      const count = readSync(this.#fd, bytes, at, length - at, offset + at);
      if (count === 0) throw new Error(`${this.#options.path} has become shorter`);
      at += count;
    }
    for (let number = Math.floor(offset / pageBytes); number * pageBytes < offset + length; number++) {
      const page = this.#pages.get(number);
      if (page === undefined) continue;
      for (let sector = 0; sector < pageSectors; sector++) {
        const at = number * pageBytes + sector * sectorBytes - offset;
        if ((page.dirty & (1 << sector)) === 0 || at < 0 || at >= length) continue;
        page.bytes.copy(bytes, at, sector * sectorBytes, (sector + 1) * sectorBytes);
      }
    }
    return bytes;
  }

  /** `isDurable`: as NBD_CMD_FLAG_FUA and REQ_FUA ask for, this write alone is durable when it is done. */
  write(offset: number, bytes: Buffer, isDurable = false): void {
    this.#count(offset, bytes.length);
    const first = Math.floor(offset / pageBytes);
    const last = Math.floor((offset + bytes.length - 1) / pageBytes);
    for (let number = first; number <= last; number++) {
      const from = Math.max(offset, number * pageBytes);
      const to = Math.min(offset + bytes.length, (number + 1) * pageBytes);
      const page = this.#page(number);
      bytes.copy(page.bytes, from - number * pageBytes, from - offset, to - offset);
      page.dirty |= sectorMask(from - number * pageBytes, to - from);
      if (isDurable) this.#store(number, page, sectorMask(from - number * pageBytes, to - from));
    }
    for (const [number, page] of this.#pages) {
      if (this.volatileBytes <= this.#options.maxVolatileBytes) break;
      this.#store(number, page, page.dirty);
    }
  }

  flush(): void {
    this.flushes += 1;
    for (const [number, page] of this.#pages) this.#store(number, page, page.dirty);
  }

  /** Power is gone. The next to use the disk finds what was durable, and of the rest what `kept` says. */
  cut(kept: Kept): Cut {
    const { random } = this.#options;
    // A cache writes runs of some length; which of them it had got to differs from cut to cut.
    const share = kept === 'some' ? random.next() : kept === 'all' ? 1 : 0;
    const runSectors = 2 ** random.between(0, 6);
    const runs = new Map<number, boolean>();
    let volatileSectors = 0;
    let keptSectors = 0;
    for (const [number, page] of this.#pages) {
      let mask = 0;
      for (let sector = 0; sector < pageSectors; sector++) {
        if ((page.dirty & (1 << sector)) === 0) continue;
        volatileSectors += 1;
        const run = Math.floor((number * pageSectors + sector) / runSectors);
        let isKept = runs.get(run);
        if (isKept === undefined) {
          isKept = random.next() < share;
          runs.set(run, isKept);
        }
        if (!isKept) continue;
        keptSectors += 1;
        mask |= 1 << sector;
      }
      this.#store(number, page, mask);
    }
    this.#pages.clear();
    return { volatileSectors, keptSectors };
  }

  close(): void {
    closeSync(this.#fd);
  }

  #page(number: number): Page {
    const known = this.#pages.get(number);
    if (known === undefined) {
      const page = { bytes: Buffer.alloc(pageBytes), dirty: 0 };
      this.#pages.set(number, page);
      return page;
    }
    // A card may have written an older state of it already: so that may be what a cut leaves, too.
    if (this.#options.random.next() < 1 / 16) {
      for (let sector = 0; sector < pageSectors; sector++) {
        if ((known.dirty & (1 << sector)) !== 0) this.#put(number, known, sector, 1);
      }
    }
    return known;
  }

  /** Makes these sectors of a page durable; a page with nothing else in it leaves the cache. */
  #store(number: number, page: Page, mask: number): void {
    for (let sector = 0; sector < pageSectors; ) {
      let count = 0;
      while (sector + count < pageSectors && (mask & (1 << (sector + count))) !== 0) count += 1;
      if (count > 0) this.#put(number, page, sector, count);
      sector += Math.max(1, count);
    }
    page.dirty &= ~mask;
    if (page.dirty === 0) this.#pages.delete(number);
  }

  #put(number: number, page: Page, sector: number, count: number): void {
    const at = sector * sectorBytes;
    writeSync(this.#fd, page.bytes, at, count * sectorBytes, number * pageBytes + at);
  }

  #count(offset: number, length: number): void {
    this.writes += 1;
    for (let at = offset; at < offset + length; ) {
      const bucket = Math.floor(at / bucketBytes);
      const end = Math.min(offset + length, (bucket + 1) * bucketBytes);
      this.#written[bucket]! += end - at;
      at = end;
    }
  }
}

function sectorMask(at: number, length: number): number {
  const first = at / sectorBytes;
  return ((1 << (first + length / sectorBytes)) - 1) & ~((1 << first) - 1);
}
