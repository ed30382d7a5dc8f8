import { checksumAt, checksumOf, checksumSize } from './checksums.ts';
import { type Cut, type Cutter, discard, frame, mayBegin } from './cut.ts';
import type { ChecksumOptions, FramingOptions, LengthOptions } from './options.ts';

/** Frames that begin with given bytes. The content is the whole frame, from the first of them on, stuffing undone. */
export class BinaryFrames implements Cutter {
  readonly max: number;
  readonly #starts: readonly Uint8Array[];
  readonly #end: Uint8Array;
  /** Bytes of the frame behind its end bytes. */
  readonly #tail: number;
  readonly #size: number | undefined;
  readonly #length: LengthOptions | undefined;
  readonly #checksum: ChecksumOptions | undefined;
  readonly #stuffing: { readonly escape: number; readonly xor: number } | undefined;

  /** At so many of the waiting bytes no end begins, whatever frame they may be of. */
  #endless = 0;

  constructor(options: FramingOptions, max: number) {
    const { start = [], end = '', tail = 0, size, length, checksum, stuffing } = options;
    this.max = max;
    this.#starts = start.map(hexBytes);
    this.#end = hexBytes(end);
    this.#tail = tail;
    this.#size = size;
    this.#length = length;
    this.#checksum = checksum;
    this.#stuffing = stuffing && { escape: hexBytes(stuffing.escape)[0] ?? 0, xor: stuffing.xor ?? 0x20 };
  }

  cut(waiting: Uint8Array, seen: number, isSilent: boolean): Cut {
    const cut = this.#cut(waiting, seen, isSilent);
    if (cut) this.#endless = Math.max(0, this.#endless - cut.taken);
    return cut;
  }

  #cut(waiting: Uint8Array, seen: number, isSilent: boolean): Cut {
    const noise = this.#nextStart(waiting, 0);
    if (noise > 0) return discard(noise, 'noise');
    const start = this.#starts.find((one) => mayBegin(waiting, 0, one));
    if (!start || start.length > waiting.length) return undefined;
    if (this.#stuffing) return this.#cutStuffed(waiting, Math.max(seen, start.length), isSilent);
    const size = this.#sizeOf(waiting, start.length);
    if (size === undefined)
      return waiting.length > this.max ? this.#giveUp(waiting, waiting.length, 'tooLong') : undefined;
    if (size < start.length || size > this.max) return this.#giveUp(waiting, 1, 'malformed');
    // A frame that its neighbour cuts short shows only by its checksum, once the neighbour's bytes have filled it up.
    if (size > waiting.length) return undefined;
    return this.#judge(waiting, size, waiting.subarray(0, size));
  }

  /** The size of the frame that begins here. @returns undefined: not known yet */
  #sizeOf(waiting: Uint8Array, startLength: number): number | undefined {
    if (this.#size !== undefined) return this.#size;
    if (this.#length) {
      const { at, type, order = 'big', plus = 0 } = this.#length;
      const width = type === 'uint8' ? 1 : 2;
      if (at + width > waiting.length) return undefined;
      const first = waiting[at]!;
      const second = waiting[at + 1] ?? 0;
      const value = width === 1 ? first : order === 'big' ? first * 256 + second : second * 256 + first;
      return value + plus;
    }
    for (let at = Math.max(startLength, this.#endless); at + this.#end.length <= waiting.length; at++) {
      if (mayBegin(waiting, at, this.#end)) return at + this.#end.length + this.#tail;
      this.#endless = at + 1;
    }
    return undefined;
  }

  /** Between a start and an end byte, with escapes for both inside. */
  #cutStuffed(waiting: Uint8Array, from: number, isSilent: boolean): Cut {
    const { escape: mark, xor } = this.#stuffing!;
    const end = waiting.indexOf(this.#end[0]!, from);
    if (end < 0) {
      if (isSilent) return this.#giveUp(waiting, waiting.length, 'cutOff');
      return waiting.length > this.max ? this.#giveUp(waiting, waiting.length, 'tooLong') : undefined;
    }
    const taken = end + 1;
    // One byte may both end a frame and begin the next: with nothing between, this one was an end.
    if (end === this.#starts[0]!.length && mayBegin(waiting, end, this.#starts[0]!)) return discard(end, 'noise');
    const content = new Uint8Array(taken);
    let length = 0;
    for (let at = 0; at < taken; at++) {
      const byte = waiting[at]!;
      const isEscape = byte === mark && at < end - 1;
      content[length++] = isEscape ? waiting[++at]! ^ xor : byte;
    }
    return this.#judge(waiting, taken, content.subarray(0, length));
  }

  #judge(waiting: Uint8Array, taken: number, content: Uint8Array): Cut {
    if (!mayBegin(content, content.length - this.#end.length - this.#tail, this.#end)) {
      return this.#giveUp(waiting, taken, 'malformed');
    }
    if (this.#checksum && !this.#isSound(content, this.#checksum)) return this.#giveUp(waiting, taken, 'checksum');
    return frame(taken, content);
  }

  #isSound(content: Uint8Array, { kind, from = 0, to, at, order }: ChecksumOptions): boolean {
    const place = fromEnd(at ?? -(this.#tail > 0 ? 0 : this.#end.length) - checksumSize(kind), content.length);
    const covered = to === undefined ? place : fromEnd(to, content.length);
    if (place < 0 || place + checksumSize(kind) > content.length) return false;
    if (covered > content.length || from > covered) return false;
    return checksumOf(kind, content, from, covered) === checksumAt(kind, content, place, order);
  }

  /** What looked like a frame is none; but one may begin inside, as its length or its start may be another one's bytes. */
  #giveUp(waiting: Uint8Array, taken: number, reason: 'malformed' | 'checksum' | 'tooLong' | 'cutOff'): Cut {
    // What lies behind must not count, as it may or may not be here yet.
    return discard(this.#nextStart(waiting.subarray(0, taken), 1), reason);
  }

  /** Where the next frame may begin, at the earliest at `from`. */
  #nextStart(waiting: Uint8Array, from: number): number {
    for (let at = from; at < waiting.length; at++) {
      for (const start of this.#starts) if (mayBegin(waiting, at, start)) return at;
    }
    return waiting.length;
  }
}

const hexBytes = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text.replaceAll(' ', ''), 'hex'));
const fromEnd = (at: number, length: number): number => (at < 0 ? length + at : at);
