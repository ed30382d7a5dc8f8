import type { MonotonicMs } from '../../core/time.ts';

/** So many bytes without a frame are no boot message and no half frame. */
const leastBytes = 64;
/** The largest frames that there usually are, and the half of one with which a stream may begin. */
const longBytes = 4096;

/** Counts of a port, since the process started. */
export interface Heard {
  readonly bytes: number;
  readonly frames: number;
}

/**
 * At which speed a device is listened to whose profile names several: the likeliest first, and the next one when there was
 * only noise for a while. At a speed at which a frame came it stays. Pure.
 */
export class BaudSearch {
  readonly #bauds: readonly number[];
  readonly #noiseMs: number;
  #index = 0;
  #isSure = false;
  #before: Heard = { bytes: 0, frames: 0 };
  /** Since when something is heard at this speed; undefined: nothing yet. */
  #since: MonotonicMs | undefined;

  /** @param noiseMs how long there may be only noise, beside the time that a long frame takes */
  constructor(bauds: readonly number[], noiseMs: number) {
    this.#bauds = bauds;
    this.#noiseMs = noiseMs;
  }

  get baud(): number {
    return this.#bauds[this.#index]!;
  }

  /** The port is open at this speed, anew. */
  begin(heard: Heard): void {
    this.#before = heard;
    this.#since = undefined;
  }

  /** @returns whether the next speed is to be tried, which is the present one from now on */
  step(now: MonotonicMs, heard: Heard): boolean {
    if (this.#isSure || this.#bauds.length < 2) return false;
    if (heard.frames > this.#before.frames) {
      this.#isSure = true;
      return false;
    }
    if (heard.bytes === this.#before.bytes) return false;
    this.#since ??= now;
    const longestMs = this.#noiseMs + (longBytes * 10 * 1_000) / this.baud;
    if (heard.bytes - this.#before.bytes < leastBytes || now - this.#since < longestMs) return false;
    this.#index = (this.#index + 1) % this.#bauds.length;
    this.begin(heard);
    return true;
  }
}
