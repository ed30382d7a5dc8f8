import {
  type Buckets,
  bucketSize,
  countAt,
  firstAt,
  firstMsAt,
  lastAt,
  lastMsAt,
  maxAt,
  minAt,
  numberAt,
  sumAt,
} from './buckets.ts';
import { type ByteReader, type ByteWriter, Damaged } from './bytes.ts';

// A run of one series' buckets, column after column: how many; the first one's number; the gaps between numbers; counts; when
// in its span the first point was; and for buckets with more than one point how much later the last was. Then the values: what
// sensors say are decimals of few digits, so they are whole numbers of the smallest digit (`0` to `6` digits), each as its
// difference to the one before, and what a bucket has besides as its difference to its first value. What is none of that
// is written as floats (7) or doubles (8). Most buckets have one point, and are a value and an instant.

const maxDigits = 6;
const floats = 7;
const doubles = 8;
const powers = [1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6] as const;
/** Differences of two such whole numbers are exact, and products with a count are looked at. */
const maxWhole = 2 ** 50;
/** A sum of decimals is one itself; what is closer to it than this is what the additions lost. */
const sumTolerance = 1e-9;

let column = new Float64Array(512);

export function encodeBuckets(buckets: Buckets, from: number, to: number, widthMs: number, out: ByteWriter): void {
  const { data } = buckets;
  const count = to - from;
  out.varint(count);
  if (count === 0) return;
  if (column.length < count) column = new Float64Array(count * 2);
  const at = (i: number): number => (from + i) * bucketSize;
  out.varint(data[at(0) + numberAt]!);
  for (let i = 1; i < count; i++) column[i - 1] = data[at(i)]! - data[at(i - 1)]! - 1;
  writeColumn(out, count - 1);
  for (let i = 0; i < count; i++) column[i] = data[at(i) + countAt]!;
  writeColumn(out, count);
  for (let i = 0; i < count; i++) column[i] = data[at(i) + firstMsAt]! - data[at(i)]! * widthMs;
  writeColumn(out, count);
  const several = fill(data, from, to, (b) => data[b + lastMsAt]! - data[b + firstMsAt]!);
  writeColumn(out, several);
  const digits = digitsOf(data, from, to);
  if (digits <= maxDigits) {
    const scale = powers[digits]!;
    out.varint(digits);
    const whole = (value: number): number => Math.round(value * scale);
    for (let i = 0, last = 0; i < count; i++) {
      const first = whole(data[at(i) + firstAt]!);
      column[i] = first - last;
      last = first;
    }
    writeColumn(out, count);
    for (const which of [lastAt, minAt, maxAt] as const) {
      fill(data, from, to, (b) => whole(data[b + which]!) - whole(data[b + firstAt]!));
      writeColumn(out, several);
    }
    fill(data, from, to, (b) => whole(data[b + sumAt]!) - data[b + countAt]! * whole(data[b + firstAt]!));
    writeColumn(out, several);
    return;
  }
  const areFloats = areAllFloats(data, from, to);
  out.varint(areFloats ? floats : doubles);
  const write = (value: number): void => (areFloats ? out.float(value) : out.double(value));
  for (let i = 0; i < count; i++) write(data[at(i) + firstAt]!);
  for (const which of [lastAt, minAt, maxAt] as const) {
    for (let i = 0; i < count; i++) if (data[at(i) + countAt]! > 1) write(data[at(i) + which]!);
  }
  for (let i = 0; i < count; i++) if (data[at(i) + countAt]! > 1) out.double(data[at(i) + sumAt]!);
}

const found = new Float64Array(bucketSize);
let rows = new Float64Array(512 * bucketSize);
const maxCount = 1_000_000;

/**
 * Reads a run, and hands each bucket on.
 *
 * @param each gets an array that is used again for the next one
 * @throws {Damaged}
 */
export function decodeBuckets(reader: ByteReader, widthMs: number, each: (bucket: Float64Array) => void): void {
  const count = reader.varint();
  if (count === 0) return;
  if (count > maxCount) throw new Damaged('it has more buckets than there can be');
  if (rows.length < count * bucketSize) rows = new Float64Array(count * bucketSize * 2);
  let number = reader.varint();
  rows[numberAt] = number;
  readColumn(reader, count - 1, (i, gap) => {
    number += gap + 1;
    rows[(i + 1) * bucketSize] = number;
  });
  readColumn(reader, count, (i, value) => {
    rows[i * bucketSize + countAt] = value;
  });
  readColumn(reader, count, (i, offset) => {
    const at = i * bucketSize;
    rows[at + firstMsAt] = rows[at]! * widthMs + offset;
    rows[at + lastMsAt] = rows[at + firstMsAt]!;
  });
  const several: number[] = [];
  for (let i = 0; i < count; i++) if (rows[i * bucketSize + countAt]! > 1) several.push(i * bucketSize);
  readColumn(reader, several.length, (i, span) => {
    rows[several[i]! + lastMsAt]! += span;
  });
  const form = reader.varint();
  if (form > doubles) throw new Damaged('its values have a form that is not known');
  if (form <= maxDigits) readWhole(reader, count, several, powers[form]!);
  else {
    const value = form === floats ? () => reader.float() : () => reader.double();
    for (let i = 0; i < count; i++) alike(i * bucketSize, value());
    for (const which of [lastAt, minAt, maxAt] as const) for (const at of several) rows[at + which] = value();
    for (const at of several) rows[at + sumAt] = reader.double();
  }
  for (let i = 0; i < count; i++) {
    for (let j = 0; j < bucketSize; j++) found[j] = rows[i * bucketSize + j]!;
    each(found);
  }
}

function readWhole(reader: ByteReader, count: number, several: readonly number[], scale: number): void {
  const firsts = new Float64Array(count);
  let first = 0;
  readColumn(reader, count, (i, difference) => {
    first += difference;
    firsts[i] = first;
    alike(i * bucketSize, first / scale);
  });
  for (const which of [lastAt, minAt, maxAt] as const) {
    readColumn(reader, several.length, (i, difference) => {
      const at = several[i]!;
      rows[at + which] = (firsts[at / bucketSize]! + difference) / scale;
    });
  }
  readColumn(reader, several.length, (i, difference) => {
    const at = several[i]!;
    rows[at + sumAt] = (difference + rows[at + countAt]! * firsts[at / bucketSize]!) / scale;
  });
}

/** One value is all there is. */
function alike(at: number, value: number): void {
  rows[at + minAt] = value;
  rows[at + maxAt] = value;
  rows[at + sumAt] = value;
  rows[at + firstAt] = value;
  rows[at + lastAt] = value;
}

/** Makes a column of those with more than one point. @returns how many they are */
function fill(data: Float64Array, from: number, to: number, value: (at: number) => number): number {
  let length = 0;
  for (let i = from; i < to; i++) if (data[i * bucketSize + countAt]! > 1) column[length++] = value(i * bucketSize);
  return length;
}

/** 0 and the value when all are the same, else 1 and each. */
function writeColumn(out: ByteWriter, length: number): void {
  if (length === 0) return;
  const first = column[0]!;
  let i = 1;
  while (i < length && column[i] === first) i++;
  if (i === length) {
    out.varint(0);
    out.signed(first);
    return;
  }
  out.varint(1);
  for (let j = 0; j < length; j++) out.signed(column[j]!);
}

function readColumn(reader: ByteReader, length: number, each: (index: number, value: number) => void): void {
  if (length === 0) return;
  if (reader.varint() === 0) {
    const value = reader.signed();
    for (let i = 0; i < length; i++) each(i, value);
  } else for (let i = 0; i < length; i++) each(i, reader.signed());
}

/** How many digits behind the point all values have; more than {@link maxDigits}: they are no such decimals. */
function digitsOf(data: Float64Array, from: number, to: number): number {
  let digits = 0;
  for (let i = from; i < to; i++) {
    const at = i * bucketSize;
    const count = data[at + countAt]!;
    for (let which = minAt; which <= lastAt; which++) {
      if (which === sumAt || (count === 1 && which > minAt)) continue;
      const value = data[at + which]!;
      while (digits <= maxDigits && Math.round(value * powers[digits]!) / powers[digits]! !== value) digits++;
      if (digits > maxDigits) return digits;
    }
  }
  const scale = powers[digits]!;
  for (let i = from; i < to; i++) {
    const at = i * bucketSize;
    const count = data[at + countAt]!;
    const largest = Math.max(Math.abs(data[at + minAt]!), Math.abs(data[at + maxAt]!)) * scale;
    if (largest * count >= maxWhole) return maxDigits + 1;
    const sum = data[at + sumAt]!;
    const error = Math.abs(Math.round(sum * scale) / scale - sum);
    if (count > 1 && error > sumTolerance * Math.max(1, Math.abs(sum))) return maxDigits + 1;
  }
  return digits;
}

function areAllFloats(data: Float64Array, from: number, to: number): boolean {
  for (let i = from; i < to; i++) {
    for (let which = minAt; which <= lastAt; which++) {
      const value = data[i * bucketSize + which]!;
      if (which !== sumAt && Math.fround(value) !== value) return false;
    }
  }
  return true;
}
