import type { FieldValue } from '../../../core/measurement.ts';
import { plainFloat32 } from '../../../lib/float32.ts';

export interface ArrayItems {
  readonly values: readonly FieldValue[];
  /** The bytes are no whole number of elements. */
  readonly isBroken: boolean;
}

type Read = (view: DataView, at: number) => FieldValue;

/** Bytes of an element and how it is read, by datatype. Little-endian (Sparkplug 3.0.0 § 6.4.16, "Array Types"). */
const elements: ReadonlyMap<number, readonly [bytes: number, read: Read]> = new Map<number, readonly [number, Read]>([
  [22, [1, (view, at) => view.getInt8(at)]],
  [23, [2, (view, at) => view.getInt16(at, true)]],
  [24, [4, (view, at) => view.getInt32(at, true)]],
  [25, [8, (view, at) => exact(view.getBigInt64(at, true))]],
  [26, [1, (view, at) => view.getUint8(at)]],
  [27, [2, (view, at) => view.getUint16(at, true)]],
  [28, [4, (view, at) => view.getUint32(at, true)]],
  [29, [8, (view, at) => exact(view.getBigUint64(at, true))]],
  [30, [4, (view, at) => plainFloat32(view.getFloat32(at, true))]],
  [31, [8, (view, at) => view.getFloat64(at, true)]],
  [34, [8, (view, at) => exact(view.getBigUint64(at, true))]],
]);
const booleanArray = 32;
const stringArray = 33;

/** @param type its datatype, 22 to 34. @param max how many elements are read at most */
export function arrayItems(bytes: Uint8Array, type: number, max: number): ArrayItems {
  if (type === booleanArray) return booleans(bytes, max);
  if (type === stringArray) return strings(bytes, max);
  const element = elements.get(type);
  if (element === undefined) return { values: [], isBroken: true };
  const [size, read] = element;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const values: FieldValue[] = [];
  for (let at = 0; at + size <= bytes.length && values.length < max; at += size) values.push(read(view, at));
  return { values, isBroken: bytes.length % size !== 0 };
}

/** Four bytes of length, then a bit for each, from the highest of each byte on. */
function booleans(bytes: Uint8Array, max: number): ArrayItems {
  if (bytes.length < 4) return { values: [], isBroken: true };
  const length = new DataView(bytes.buffer, bytes.byteOffset).getUint32(0, true);
  const values: boolean[] = [];
  const count = Math.min(length, (bytes.length - 4) * 8, max);
  for (let i = 0; i < count; i++) values.push((bytes[4 + (i >> 3)]! & (0x80 >> (i & 7))) !== 0);
  return { values, isBroken: length > (bytes.length - 4) * 8 };
}

/** Each ends with a zero byte. */
function strings(bytes: Uint8Array, max: number): ArrayItems {
  const values: string[] = [];
  let at = 0;
  while (at < bytes.length && values.length < max) {
    const end = bytes.indexOf(0, at);
    const stop = end === -1 ? bytes.length : end;
    values.push(Buffer.from(bytes.buffer, bytes.byteOffset + at, stop - at).toString('utf8'));
    at = stop + 1;
  }
  return { values, isBroken: bytes.length > 0 && bytes.at(-1) !== 0 };
}

function exact(value: bigint): number | bigint {
  return value >= Number.MIN_SAFE_INTEGER && value <= Number.MAX_SAFE_INTEGER ? Number(value) : value;
}
