import type { UnixMs } from '../core/time.ts';

// Pieces of protobuf's encoding, for what is written by hand.

/** A field of text; nothing when it is empty, as proto3 has it. @param field its tag, of one byte */
export function textField(field: number, value: string): Buffer {
  if (value === '') return Buffer.alloc(0);
  const size = Buffer.byteLength(value);
  const bytes = Buffer.alloc(1 + varintSize(size) + size);
  bytes[0] = field;
  bytes.write(value, writeVarint(bytes, 1, size), 'utf8');
  return bytes;
}

/** A google.protobuf.Timestamp field. @param beyondNanos nanoseconds beyond `ms`, from 0 to 999,999 */
export function timestampField(field: number, ms: UnixMs, beyondNanos = 0): Buffer {
  const seconds = Math.floor(ms / 1000);
  const nanos = Math.round((ms - seconds * 1000) * 1e6) + beyondNanos;
  const bytes = Buffer.alloc(20);
  bytes[0] = field;
  let at = 2;
  if (seconds !== 0) {
    bytes[at++] = 0x08;
    // Before 1970 an int64 takes ten bytes of two's complement.
    at = seconds > 0 ? writeVarint(bytes, at, seconds) : writeBigVarint(bytes, at, BigInt.asUintN(64, BigInt(seconds)));
  }
  if (nanos !== 0) {
    bytes[at++] = 0x10;
    at = writeVarint(bytes, at, nanos);
  }
  bytes[1] = at - 2;
  return bytes.subarray(0, at);
}

/** @returns where it ends. @param value a whole number from 0 to 2^53 - 1 */
export function writeVarint(bytes: Buffer, at: number, value: number): number {
  while (value >= 0x80) {
    bytes[at++] = (value % 0x80) | 0x80;
    value = Math.floor(value / 0x80);
  }
  bytes[at++] = value;
  return at;
}

export function writeBigVarint(bytes: Buffer, at: number, value: bigint): number {
  while (value >= 0x80n) {
    bytes[at++] = Number(value & 0x7fn) | 0x80;
    value >>= 7n;
  }
  bytes[at++] = Number(value);
  return at;
}

export function varintSize(value: number): number {
  let size = 1;
  while (value >= 0x80) {
    value = Math.floor(value / 0x80);
    size++;
  }
  return size;
}
