import type { Log } from '../lib/log.ts';
import type { Disk } from './disk.ts';

/** So much more than when it refused, and a disk is not full any more. */
const noticeableBytes = 2 ** 20;
/** Or it has taken records, and refused none for so long. */
const quietLooksAtLeast = 10;

/** A disk that had no space. */
interface Shortage {
  /** What it had left when it refused last, and what it has. */
  readonly hadBytes: number;
  readonly freeBytes: number;
  /** Whether it has taken records since, and for how many looks it has refused none. */
  readonly hasTaken: boolean;
  readonly quietLooks: number;
}

/**
 * What the disk has left, and whether it is full: until there is room for good, since what is drained from a full disk leaves
 * some for a moment, again and again.
 */
export class DiskSpace {
  readonly #disk: Disk;
  readonly #log: Log;
  #freeBytes: number | undefined;
  #shortage: Shortage | undefined;
  #isAsking = false;

  constructor(disk: Disk, log: Log) {
    this.#disk = disk;
    this.#log = log;
  }

  /** As of the last look, in bytes; undefined before the first. */
  get freeBytes(): number | undefined {
    return this.#freeBytes;
  }

  /** What a full disk has left, in bytes; undefined: it is not full. */
  get shortage(): number | undefined {
    return this.#shortage?.freeBytes;
  }

  /** It has refused a write. @returns whether that is news */
  full(freeBytes: number): boolean {
    const isNews = this.#shortage === undefined;
    this.#shortage = { hadBytes: freeBytes, freeBytes, hasTaken: false, quietLooks: 0 };
    return isNews;
  }

  /** It has taken a write. */
  taken(): void {
    if (this.#shortage !== undefined) this.#shortage = { ...this.#shortage, hasTaken: true };
  }

  /** Others fill the disk and make room on it, also when nobody sends. A disk that takes its time is asked once. */
  async look(): Promise<void> {
    if (this.#isAsking) return;
    this.#isAsking = true;
    const response = await this.#disk.request({ kind: 'space' });
    this.#isAsking = false;
    if (response.kind !== 'space') return;
    this.#freeBytes = response.freeBytes;
    this.#lookAgain(response.freeBytes);
  }

  #lookAgain(freeBytes: number): void {
    const shortage = this.#shortage;
    if (shortage === undefined) return;
    const quietLooks = shortage.quietLooks + 1;
    const isOver = freeBytes >= shortage.hadBytes + noticeableBytes;
    if (isOver || (shortage.hasTaken && quietLooks >= quietLooksAtLeast)) {
      this.#shortage = undefined;
      this.#log.info({ freeBytes }, 'There is room on the disk again.');
    } else this.#shortage = { ...shortage, freeBytes, quietLooks };
  }
}
