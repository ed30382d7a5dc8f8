import type { Cutter, DiscardReason } from './cut.ts';

export interface Frame {
  /** What is in it, a copy. Whether its delimiters and checksum are part of that is said by its kind of framing. */
  readonly payload: Uint8Array;
  /** How many bytes it took on the wire, with the separators before it. */
  readonly taken: number;
}

/** Bytes that are in no frame. */
export interface Discarded {
  readonly reason: DiscardReason;
  readonly bytes: number;
  /** The first of them, at most {@link maxSample}. */
  readonly sample: Uint8Array;
}

/** What came of the bytes so far. */
export interface Framed {
  readonly frames: readonly Frame[];
  /** Neighbours with one reason are told together, once it is clear what follows or when they are {@link maxRun}. */
  readonly discarded: readonly Discarded[];
}

export const maxSample = 32;
export const maxRun = 4096;

const nothing: Framed = { frames: [], discarded: [] };

/**
 * Cuts a stream into frames, and finds its way back after damage. Every byte is in a frame, discarded, or waiting;
 * and what comes out does not depend on the pieces in which the bytes came. It never holds more than its kind's largest frame.
 */
export class Framer {
  readonly #cutter: Cutter;
  #bytes: Uint8Array;
  #begin = 0;
  #end = 0;
  /** How many of the waiting bytes the cutter has seen. */
  #seen = 0;
  #separators = 0;
  #run: { reason: DiscardReason; bytes: number; sample: number[] } | undefined;
  #frames: Frame[] = [];
  #discarded: Discarded[] = [];

  constructor(cutter: Cutter) {
    this.#cutter = cutter;
    // Never more than one byte beyond the largest frame: so it can't matter how much more a chunk has.
    this.#bytes = new Uint8Array(Math.min(64, cutter.max + 1));
  }

  /** How many bytes are neither in a frame nor told as discarded yet. */
  get waiting(): number {
    return this.#end - this.#begin + this.#separators + (this.#run?.bytes ?? 0);
  }

  /** Some bytes wait that may be the beginning of a frame. */
  get hasBegun(): boolean {
    return this.#end > this.#begin;
  }

  /** The last bytes were a frame that came damaged, and nothing has come since. */
  get isDamaged(): boolean {
    const reason = this.#run?.reason;
    return !this.hasBegun && (reason === 'checksum' || reason === 'malformed');
  }

  push(chunk: Uint8Array): Framed {
    let at = 0;
    while (at < chunk.length) {
      const count = Math.min(chunk.length - at, this.#room());
      this.#bytes.set(chunk.subarray(at, at + count), this.#end);
      this.#end += count;
      at += count;
      this.#cutAll(false);
    }
    return this.#result();
  }

  /**
   * The line was silent for so long that no frame goes on: gives up what is waiting. It is for the caller to know how long
   * that is; a port that was closed is silent too.
   */
  silence(): Framed {
    this.#seen = 0;
    this.#cutAll(true);
    this.#cutter.restart?.();
    this.#tellRun();
    return this.#result();
  }

  /** Makes room for at least one byte. @returns for how many there is */
  #room(): number {
    if (this.#begin > 0) {
      this.#bytes.copyWithin(0, this.#begin, this.#end);
      this.#end -= this.#begin;
      this.#begin = 0;
    }
    if (this.#end === this.#bytes.length) {
      const larger = new Uint8Array(Math.min(this.#bytes.length * 2, this.#cutter.max + 1));
      larger.set(this.#bytes);
      this.#bytes = larger;
    }
    return this.#bytes.length - this.#end;
  }

  #cutAll(isSilent: boolean): void {
    while (this.#begin < this.#end) {
      const waiting = this.#bytes.subarray(this.#begin, this.#end);
      const cut = this.#cutter.cut(waiting, this.#seen, isSilent);
      if (!cut) {
        if (isSilent) this.#discard(waiting, 1, 'cutOff');
        else if (waiting.length > this.#cutter.max) this.#discard(waiting, 1, 'tooLong');
        else {
          this.#seen = waiting.length;
          return;
        }
      } else if (cut.kind === 'frame') {
        this.#tellRun();
        this.#frames.push({ payload: Uint8Array.from(cut.frame), taken: cut.taken + this.#separators });
        this.#separators = 0;
        this.#take(cut.taken);
      } else if (cut.kind === 'separator') {
        // Line ends within noise are noise too.
        if (this.#run) this.#discard(waiting, cut.taken, this.#run.reason);
        else {
          this.#separators += cut.taken;
          this.#take(cut.taken);
        }
      } else this.#discard(waiting, cut.taken, cut.reason);
    }
  }

  #take(count: number): void {
    this.#begin += count;
    this.#seen = 0;
    if (this.#begin === this.#end) this.#begin = this.#end = 0;
  }

  #discard(waiting: Uint8Array, count: number, reason: DiscardReason): void {
    let at = 0;
    while (at < count) {
      if (this.#run && (this.#run.reason !== reason || this.#run.bytes === maxRun)) this.#tellRun();
      this.#run ??= { reason, bytes: 0, sample: [] };
      const part = Math.min(count - at, maxRun - this.#run.bytes);
      const sampled = Math.min(part, maxSample - this.#run.sample.length);
      for (let i = 0; i < sampled; i++) this.#run.sample.push(waiting[at + i]!);
      this.#run.bytes += part;
      at += part;
    }
    this.#take(count);
  }

  #tellRun(): void {
    if (!this.#run) return;
    this.#discarded.push({ ...this.#run, sample: Uint8Array.from(this.#run.sample) });
    this.#run = undefined;
  }

  #result(): Framed {
    if (this.#frames.length === 0 && this.#discarded.length === 0) return nothing;
    const result = { frames: this.#frames, discarded: this.#discarded };
    this.#frames = [];
    this.#discarded = [];
    return result;
  }
}
