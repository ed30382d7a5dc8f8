import type { HeadgateError } from '../core/errors.ts';
import type { Log } from '../lib/log.ts';
import { type Disk, failureOf } from './disk.ts';

/** How often a disk that refused is asked whether it is well again. */
const probeMs = 5_000;

/**
 * Whether the disk can be trusted. `well`, or `sick` from the first write that it refused until it takes one: somebody has
 * to find that out even if nobody dares to send any more, so it is asked now and then.
 */
export class DiskHealth {
  readonly #log: Log;
  readonly #onRecovered: () => void;
  #disk: Disk | undefined;
  #failure: HeadgateError | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(log: Log, onRecovered: () => void) {
    this.#log = log;
    this.#onRecovered = onRecovered;
  }

  start(disk: Disk): void {
    this.#disk = disk;
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#disk = undefined;
  }

  /** What the disk failed with, in words, while it is sick. */
  get failure(): string | undefined {
    return this.#failure?.message;
  }

  /** It refused a write. @returns the failure, for those who waited for it */
  refused(message: string): HeadgateError {
    if (this.#failure === undefined) {
      this.#log.error({ reason: message }, 'The disk refused a write: messages that must be durable are refused.');
    }
    const failure = failureOf(message);
    this.#failure = failure;
    this.#timer ??= setTimeout(() => this.#ask(), probeMs);
    return failure;
  }

  /** It took a write. */
  took(): void {
    if (this.#failure === undefined) return;
    this.#failure = undefined;
    this.#log.info({}, 'The disk takes records again.');
    this.#onRecovered();
  }

  #ask(): void {
    this.#timer = undefined;
    if (this.#failure === undefined || this.#disk === undefined) return;
    void this.#disk.request({ kind: 'probe' }).then((response) => {
      if (response.kind === 'done') this.took();
      else if (this.#disk !== undefined) this.#timer ??= setTimeout(() => this.#ask(), probeMs);
    });
  }
}
