import { inOrder, sizeOf } from './binary.ts';
import type { ByteOrder, NumberType } from './options.ts';

/** @property fault the rest of the sentence "its value is …" */
export type WrittenValue = { readonly bytes: Uint8Array } | { readonly fault: string };

/**
 * The bytes of a value, as they are read again: the inverse of `readValue`. Pure.
 *
 * @param value a number, or a text; a boolean is 1 or 0
 * @param length of a `bcd`, `text` or `hex`; without it a text takes what it needs
 */
export function writeValue(
  value: boolean | number | string,
  type: NumberType,
  order: ByteOrder = 'big',
  length?: number,
): WrittenValue {
  if (type === 'text') return textBytes(String(value), length);
  if (type === 'hex') return hexBytes(String(value), length);
  const number = typeof value === 'boolean' ? Number(value) : value;
  if (typeof number !== 'number') return { fault: 'but must be a number' };
  const bytes = Buffer.alloc(sizeOf(type, length) ?? 1);
  const fault = writeNumber(bytes, number, type);
  return fault === undefined ? { bytes: inOrder(bytes, order) } : { fault };
}

function writeNumber(bytes: Buffer, value: number, type: Exclude<NumberType, 'text' | 'hex'>): string | undefined {
  if (type === 'float64') return void bytes.writeDoubleBE(value);
  if (type === 'float32') {
    bytes.writeFloatBE(value);
    return Number.isFinite(bytes.readFloatBE()) ? undefined : 'more than a float32 can hold';
  }
  if (!Number.isInteger(value)) return 'but must be a whole number as it is sent';
  if (!Number.isSafeInteger(value)) return 'more digits than can be sent exactly';
  if (type === 'bcd') return writeBcd(bytes, value);
  const bits = BigInt(8 * bytes.length);
  const isSigned = type.startsWith('int');
  const least = isSigned ? -(2n ** (bits - 1n)) : 0n;
  const most = isSigned ? 2n ** (bits - 1n) - 1n : 2n ** bits - 1n;
  const whole = BigInt(value);
  if (whole < least || whole > most) return `${value} as it is sent, but ${type} holds ${least} to ${most}`;
  let rest = BigInt.asUintN(Number(bits), whole);
  for (let at = bytes.length - 1; at >= 0; at--) {
    bytes[at] = Number(rest & 0xffn);
    rest >>= 8n;
  }
  return undefined;
}

function writeBcd(bytes: Buffer, value: number): string | undefined {
  const digits = String(value).padStart(bytes.length * 2, '0');
  if (value < 0 || digits.length > bytes.length * 2)
    return `${value} as it is sent, but ${bytes.length * 2} digits without a sign can be`;
  bytes.write(digits, 'hex');
  return undefined;
}

function textBytes(text: string, length: number | undefined): WrittenValue {
  const bytes = Buffer.from(text);
  if (length === undefined) return { bytes };
  if (bytes.length > length) return { fault: `of ${bytes.length} bytes, but may have ${length}` };
  // What is shorter ends with a NUL, where it is read up to.
  return { bytes: Buffer.concat([bytes, Buffer.alloc(length - bytes.length)]) };
}

function hexBytes(text: string, length: number | undefined): WrittenValue {
  const digits = text.replaceAll(' ', '');
  if (!/^(?:[0-9a-f]{2})+$/i.test(digits)) return { fault: 'but must be hexadecimal digits' };
  const bytes = Buffer.from(digits, 'hex');
  if (length !== undefined && bytes.length !== length)
    return { fault: `of ${bytes.length} bytes, but must have ${length}` };
  return { bytes };
}
