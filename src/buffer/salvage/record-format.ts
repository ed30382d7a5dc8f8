import { type Cell, readVarint, varintBytes } from './leaf-page.ts';

/**
 * Where the values of a row lie in its payload (https://sqlite.org/fileformat2.html § 2.1 "Record Format"). Flat,
 * because a segment has hundreds of thousands of them.
 */
export interface RecordLayout {
  /** Serial type of each column. */
  readonly types: readonly number[];
  /** Offset of each value in the payload, and behind the last one the payload's end. */
  readonly offsets: readonly number[];
}

/** A segment's tables have up to nine columns, and the next release may add some behind them. */
const maxColumns = 32;
/** Bytes of the serial types 0 to 9. */
const fixedBytes = [0, 1, 2, 3, 4, 6, 8, 8, 0, 0] as const;

/** Reads the header of a cell's record, which always lies on the leaf; undefined when it can't be one of ours. */
export function layoutOf({ local, payloadBytes }: Cell): RecordLayout | undefined {
  const headerBytes = readVarint(local, 0);
  if (headerBytes === undefined || headerBytes > local.length) return undefined;
  const types: number[] = [];
  const offsets: number[] = [];
  let offset = headerBytes;
  for (let at = varintBytes(local, 0); at < headerBytes; at += varintBytes(local, at)) {
    const type = readVarint(local, at);
    const bytes = type === undefined ? undefined : bytesOf(type);
    if (type === undefined || bytes === undefined || types.length === maxColumns) return undefined;
    types.push(type);
    offsets.push(offset);
    offset += bytes;
  }
  offsets.push(offset);
  return offset === payloadBytes ? { types, offsets } : undefined;
}

export function isNull(type: number | undefined): boolean {
  return type === 0;
}

export function isInteger(type: number | undefined): boolean {
  return type !== undefined && ((type >= 1 && type <= 6) || type === 8 || type === 9);
}

export function isBlob(type: number | undefined): boolean {
  return type !== undefined && type >= 12 && type % 2 === 0;
}

export function isText(type: number | undefined): boolean {
  return type !== undefined && type >= 13 && type % 2 === 1;
}

/** A column's whole number; undefined when it is none, is beyond 2^53, or does not lie on the leaf. */
export function integerOf(local: Buffer, { types, offsets }: RecordLayout, column: number): number | undefined {
  const type = types[column]!;
  if (!isInteger(type)) return undefined;
  if (type >= 8) return type - 8;
  const at = offsets[column]!;
  const bytes = fixedBytes[type]!;
  if (at + bytes > local.length) return undefined;
  if (bytes < 8) return local.readIntBE(at, bytes);
  const value = Number(local.readBigInt64BE(at));
  return Number.isSafeInteger(value) ? value : undefined;
}

/** A column's bytes; `payload` is all of the row's. */
export function bytesAt(payload: Buffer, { offsets }: RecordLayout, column: number): Buffer {
  return payload.subarray(offsets[column], offsets[column + 1]);
}

/** Length of a value; undefined for a serial type that no file has. */
function bytesOf(type: number): number | undefined {
  if (type >= 12) return Math.floor((type - 12) / 2);
  return fixedBytes[type];
}
