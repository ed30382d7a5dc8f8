import { isUtf8 } from 'node:buffer';
import type { FieldValue } from '../../core/measurement.ts';
import { plainFloat32 } from '../../lib/float32.ts';
import type { BinaryValueOptions, ByteOrder, NumberType } from './options.ts';

/** What a frame says of one value. */
export type BinaryRead =
  | { readonly kind: 'value'; readonly value: FieldValue }
  /** The frame is of another kind (`when`), or holds what stands for no value: NaN, an infinity, no text. */
  | { readonly kind: 'absent' }
  /** The bytes are not there, or are no such value. @property failure the rest of the sentence "FIELD can't be read: …" */
  | { readonly kind: 'failed'; readonly failure: string };

export type BinaryReader = (frame: Uint8Array) => BinaryRead;

const absent: BinaryRead = { kind: 'absent' };
const failed = (failure: string): BinaryRead => ({ kind: 'failed', failure });
const read = (value: FieldValue): BinaryRead => ({ kind: 'value', value });

/** Bytes of the types that have a size of their own; the others have `length`. */
const sizes: Readonly<Partial<Record<NumberType, number>>> = {
  uint8: 1,
  int8: 1,
  uint16: 2,
  int16: 2,
  uint24: 3,
  int24: 3,
  uint32: 4,
  int32: 4,
  uint64: 8,
  int64: 8,
  float32: 4,
  float64: 8,
};

/** How many bytes a value takes. @returns undefined: its type has no size of its own, and none was given */
export function sizeOf(type: NumberType, length?: number): number | undefined {
  return sizes[type] ?? length;
}

/** A reader for one value of a frame. Reading never throws, whatever the frame holds. */
export function createBinaryReader(options: BinaryValueOptions): BinaryReader {
  const { at, type, order = 'big', mask } = options;
  const size = sizeOf(type, options.length) ?? 1;
  const holds = conditionOf(options.when);
  return (frame) => {
    if (!holds(frame)) return absent;
    const begin = at < 0 ? frame.length + at : at;
    if (begin < 0 || begin + size > frame.length) {
      return failed(`it takes bytes ${begin} to ${begin + size - 1}, and the frame has ${frame.length}`);
    }
    return readValue(frame.subarray(begin, begin + size), type, order, mask);
  };
}

function conditionOf(when: BinaryValueOptions['when']): (frame: Uint8Array) => boolean {
  if (!when) return () => true;
  const equals = Buffer.from((when.equals ?? '').replaceAll(' ', ''), 'hex');
  const { at = 0, length } = when;
  return (frame) => {
    if (length !== undefined && frame.length !== length) return false;
    const begin = at < 0 ? frame.length + at : at;
    return begin >= 0 && begin + equals.length <= frame.length && equals.every((byte, i) => frame[begin + i] === byte);
  };
}

/** The value that all of the bytes are. @param mask bits of a whole number, see {@link BinaryValueOptions} */
export function readValue(bytes: Uint8Array, type: NumberType, order: ByteOrder, mask?: number): BinaryRead {
  switch (type) {
    case 'text':
      return textOf(bytes);
    case 'hex':
      return read(Buffer.from(bytes).toString('hex'));
    default:
      return numberOf(inBigOrder(bytes, order), type, mask);
  }
}

/** The same bytes with the highest first. */
function inBigOrder(bytes: Uint8Array, order: ByteOrder): Uint8Array {
  switch (order) {
    case 'big':
    case 'ABCD':
      return bytes;
    case 'little':
    case 'DCBA':
      return Uint8Array.from(bytes).reverse();
    case 'CDAB':
      return swapPairs(Uint8Array.from(bytes).reverse());
    case 'BADC':
      return swapPairs(Uint8Array.from(bytes));
  }
}

/** Bytes that have the highest first, in another order: the inverse of {@link inBigOrder}. */
export function inOrder(bytes: Uint8Array, order: ByteOrder): Uint8Array {
  // Only with an odd number of bytes it matters which of the two comes first.
  return order === 'CDAB' ? swapPairs(Uint8Array.from(bytes)).reverse() : inBigOrder(bytes, order);
}

function swapPairs(bytes: Uint8Array): Uint8Array {
  for (let i = 0; i + 1 < bytes.length; i += 2) {
    const first = bytes[i]!;
    bytes[i] = bytes[i + 1]!;
    bytes[i + 1] = first;
  }
  return bytes;
}

function numberOf(bytes: Uint8Array, type: Exclude<NumberType, 'text' | 'hex'>, mask?: number): BinaryRead {
  switch (type) {
    case 'float32':
      return floatOf(plainFloat32(new DataView(bytes.buffer, bytes.byteOffset).getFloat32(0)));
    case 'float64':
      return floatOf(new DataView(bytes.buffer, bytes.byteOffset).getFloat64(0));
    case 'bcd':
      return bcdOf(bytes);
    case 'uint64':
      return wideOf(new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0), mask);
    case 'int64': {
      const view = new DataView(bytes.buffer, bytes.byteOffset);
      return mask === undefined ? wideOf(view.getBigInt64(0)) : wideOf(view.getBigUint64(0), mask);
    }
    default: {
      let value = 0;
      for (let i = 0; i < bytes.length; i++) value = value * 256 + bytes[i]!;
      if (mask !== undefined) return wideOf(BigInt(value), mask);
      const isNegative = type.startsWith('int') && bytes[0]! >= 0x80;
      return read(isNegative ? value - 2 ** (8 * bytes.length) : value);
    }
  }
}

/** NaN and the infinities are how devices say that they have no value. */
function floatOf(value: number): BinaryRead {
  return Number.isFinite(value) ? read(value) : absent;
}

const int64Max = 2n ** 63n - 1n;

function wideOf(whole: bigint, mask?: number): BinaryRead {
  let value = whole;
  if (mask !== undefined) {
    const bits = BigInt(mask);
    value = (whole & bits) / (bits & -bits);
  }
  if (value > int64Max) return failed(`${value} is more than 2^63 - 1`);
  const isSafe = value <= BigInt(Number.MAX_SAFE_INTEGER) && value >= BigInt(Number.MIN_SAFE_INTEGER);
  return read(isSafe ? Number(value) : value);
}

function bcdOf(bytes: Uint8Array): BinaryRead {
  let value = 0n;
  for (const byte of bytes) {
    const high = byte >> 4;
    const low = byte & 0x0f;
    if (high > 9 || low > 9) return failed(`0x${byte.toString(16).padStart(2, '0')} is no pair of decimal digits`);
    value = value * 100n + BigInt(high * 10 + low);
    // Beyond that it only grows.
    if (value > int64Max) break;
  }
  return wideOf(value);
}

/** Text up to the first NUL, without blanks around it; UTF-8 if it can be, else Latin-1. */
function textOf(bytes: Uint8Array): BinaryRead {
  const nul = bytes.indexOf(0);
  const used = Buffer.from(nul < 0 ? bytes : bytes.subarray(0, nul));
  const text = used.toString(isUtf8(used) ? 'utf8' : 'latin1').trim();
  return text === '' ? absent : read(text);
}
