import { isUtf8 } from 'node:buffer';
import { checksumAt, checksumOf, checksumSize } from './checksums.ts';
import { type Cut, type Cutter, type DiscardReason, discard, frame, separator } from './cut.ts';
import type { ChecksumOptions } from './options.ts';

/** How what lies between two delimiters is read: its content, or why it has none. */
type Open = (between: Uint8Array) => Uint8Array | DiscardReason;

/** Framing by bytes that can be nowhere else. What is longer than a frame may be is discarded up to the next of them. */
class Delimited implements Cutter {
  readonly max: number;
  readonly #first: number;
  readonly #second: number;
  readonly #open: Open;
  /** What is discarded up to the next delimiter, and why. */
  #skipping: DiscardReason | undefined;

  constructor(delimiters: readonly [number, number?], open: Open, max: number, isMidstream: boolean) {
    this.max = max;
    this.#first = delimiters[0];
    this.#second = delimiters[1] ?? delimiters[0];
    this.#open = open;
    this.#skipping = isMidstream ? 'cutOff' : undefined;
  }

  cut(waiting: Uint8Array, seen: number, isSilent: boolean): Cut {
    let end = seen;
    while (end < waiting.length && waiting[end] !== this.#first && waiting[end] !== this.#second) end++;
    const isEnded = end < waiting.length;
    if (this.#skipping) {
      const reason = this.#skipping;
      if (isEnded) this.#skipping = undefined;
      return discard(isEnded ? end + 1 : end, reason);
    }
    if (isEnded) {
      if (end === 0) return separator(1);
      const content = end > this.max ? 'tooLong' : this.#open(waiting.subarray(0, end));
      return typeof content === 'string' ? discard(end + 1, content) : frame(end + 1, content);
    }
    if (isSilent) return discard(end, 'cutOff');
    if (end <= this.max) return undefined;
    this.#skipping = 'tooLong';
    return discard(end, 'tooLong');
  }

  restart(): void {
    this.#skipping = undefined;
  }
}

/**
 * Lines, ended by LF, CR LF or CR; empty ones are none, and what is no text is noise. The content has no line end.
 * @param end the byte that ends them instead, as hexadecimal digits
 */
export function linesCutter(max: number, isMidstream: boolean, end?: string): Cutter {
  const ends: readonly [number, number?] = end === undefined ? [0x0a, 0x0d] : [Number.parseInt(end, 16)];
  return new Delimited(ends, (line) => (isText(line) ? line : 'noise'), max, isMidstream);
}

/**
 * A device that boots, or sends at another speed, writes bytes that only look like a line: control characters among them, or
 * many bytes beyond ASCII that are not UTF-8. Few of those are text of an older encoding: a degree sign.
 */
function isText(line: Uint8Array): boolean {
  let beyondAscii = 0;
  for (const byte of line) {
    const isControl = byte < 0x20 ? byte !== 0x09 && byte !== 0x1b : byte === 0x7f;
    if (isControl) return false;
    if (byte >= 0x80) beyondAscii++;
  }
  return beyondAscii === 0 || isUtf8(line) || beyondAscii * 4 <= line.length;
}

const slipEnd = 0xc0;
const slipEscape = 0xdb;

/** SLIP (RFC 1055). The content is without escapes, and without the checksum. */
export function slipCutter(max: number, isMidstream: boolean, checksum?: ChecksumOptions): Cutter {
  return new Delimited([slipEnd], checked(openSlip, checksum), max, isMidstream);
}

function openSlip(between: Uint8Array): Uint8Array | DiscardReason {
  if (!between.includes(slipEscape)) return between;
  const content = new Uint8Array(between.length);
  let length = 0;
  for (let at = 0; at < between.length; at++) {
    let byte = between[at]!;
    if (byte === slipEscape) {
      at++;
      if (between[at] === 0xdc) byte = slipEnd;
      else if (between[at] === 0xdd) byte = slipEscape;
      else return 'malformed';
    }
    content[length++] = byte;
  }
  return content.subarray(0, length);
}

/** COBS (Cheshire and Baker, "Consistent Overhead Byte Stuffing", 1999) with 00 as its delimiter. The content is decoded, and without the checksum. */
export function cobsCutter(max: number, isMidstream: boolean, checksum?: ChecksumOptions): Cutter {
  return new Delimited([0], checked(openCobs, checksum), max, isMidstream);
}

/** What a checksum, last in the content, does not speak against. Without one, damage often leaves what can be read. */
function checked(open: Open, checksum: ChecksumOptions | undefined): Open {
  if (checksum === undefined) return open;
  const { kind, from = 0, order } = checksum;
  const size = checksumSize(kind);
  return (between) => {
    const content = open(between);
    if (typeof content === 'string') return content;
    const end = content.length - size;
    if (end < 1 || from > end) return 'malformed';
    return checksumOf(kind, content, from, end) === checksumAt(kind, content, end, order)
      ? content.subarray(0, end)
      : 'checksum';
  };
}

function openCobs(between: Uint8Array): Uint8Array | DiscardReason {
  const content = new Uint8Array(between.length);
  let length = 0;
  let at = 0;
  while (at < between.length) {
    const code = between[at]!;
    const next = at + code;
    if (next > between.length) return 'malformed';
    content.set(between.subarray(at + 1, next), length);
    length += code - 1;
    at = next;
    // A block of 254 bytes has no zero behind it, and neither has the last one.
    if (code < 0xff && at < between.length) length++;
  }
  return content.subarray(0, length);
}
