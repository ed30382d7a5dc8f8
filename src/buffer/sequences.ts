import type { MonotonicMs } from '../core/time.ts';
import type { Disk } from './disk.ts';

/** Sequences are reserved in runs of this many: one small write for so many records, and a gap of at most as many after a crash. */
const blockSize = 2 ** 22;

const retryMs = 1_000;

/**
 * Gives out sequences, each once in an epoch, whatever crashes in between: records may reach the collector before this
 * gateway's disk knows of them, so what may have been used is noted beforehand.
 */
export class Sequences {
  readonly #operating: () => MonotonicMs;
  readonly #onSafe: () => void;
  #disk: Disk | undefined;
  #next = 1;
  #reserved = 0;
  #isAsking = false;
  /** Not before this is a disk that refused asked again, in operating time. */
  #retryAt: MonotonicMs = 0;

  /** @param onSafe more has become safe */
  constructor(operating: () => MonotonicMs, onSafe: () => void) {
    this.#operating = operating;
    this.#onSafe = onSafe;
  }

  /** @param usedUpTo sequences up to here may have been used */
  async start(disk: Disk, usedUpTo: number): Promise<void> {
    this.#disk = disk;
    this.#next = usedUpTo + 1;
    this.#reserved = usedUpTo;
    await this.#reserve();
  }

  /** The last one that was given out. */
  get last(): number {
    return this.#next - 1;
  }

  /** @returns the first of `count` */
  take(count: number): number {
    const first = this.#next;
    this.#next += count;
    this.renew();
    return first;
  }

  /** Asks for more where there are few left. */
  renew(): void {
    if (this.#next > this.#reserved - blockSize / 2 && this.#operating() >= this.#retryAt) void this.#reserve();
  }

  /** It will not be given out again, whatever happens. Before that the collector must not know it. */
  isSafe(sequence: number): boolean {
    return sequence <= this.#reserved;
  }

  async #reserve(): Promise<void> {
    if (this.#isAsking || this.#disk === undefined) return;
    this.#isAsking = true;
    const upTo = this.#next - 1 + blockSize;
    const response = await this.#disk.request({ kind: 'reserve', upTo, operatingMs: this.#operating() });
    this.#isAsking = false;
    if (response.kind === 'done') {
      this.#reserved = Math.max(this.#reserved, upTo);
      this.#onSafe();
    } else {
      // Until it does not refuse any more, records go to the disk before they are sent.
      this.#retryAt = this.#operating() + retryMs;
    }
  }
}
