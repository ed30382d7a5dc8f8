import { RE2JS } from 're2js';
import type { MessageOptions } from './options.ts';

/** How bytes may be written as text. */
export const bytesWriting = ['hex', 'decimal', 'base64'] as const;
export type BytesWriting = (typeof bytesWriting)[number];

export function isBytesWriting(encoding: string | undefined): encoding is BytesWriting {
  return bytesWriting.includes(encoding as BytesWriting);
}

/** What reads the bytes that a payload writes as text: all of it, or the group `bytes` of the message's pattern. */
export function writtenBytes(
  encoding: BytesWriting,
  pattern: MessageOptions['pattern'],
): (payload: Uint8Array) => Uint8Array | undefined {
  const compiled = pattern === undefined ? undefined : RE2JS.compile(pattern);
  return (payload) => {
    const all = Buffer.from(payload.buffer, payload.byteOffset, payload.byteLength).toString('latin1');
    const text = compiled === undefined ? all : groupIn(compiled, all);
    if (text === undefined) return undefined;
    if (encoding === 'decimal') return decimalBytes(text);
    return encoding === 'hex' ? hexBytes(text.trim()) : bytesOf(text.trim(), encoding);
  };
}

function groupIn(pattern: RE2JS, text: string): string | undefined {
  const matcher = pattern.matcher(text);
  return matcher.find() ? (matcher.group('bytes') ?? undefined) : undefined;
}

/** `2b66`, or `2b 66`, `2b:66`, `2b-66`. */
function hexBytes(text: string): Uint8Array | undefined {
  return /^[0-9a-f]{2}(?:[\s:-]?[0-9a-f]{2})*$/i.test(text) ? bytesOf(text.replace(/[\s:-]/g, ''), 'hex') : undefined;
}

/** `9 56 1 4`, or with commas or semicolons between. */
function decimalBytes(text: string): Uint8Array | undefined {
  const numbers = text.trim().split(/[\s,;]+/);
  return numbers.every((number) => /^\d{1,3}$/.test(number) && Number(number) < 256)
    ? Uint8Array.from(numbers, Number)
    : undefined;
}

/** The bytes of a text; undefined when it is not written so. */
export function bytesOf(text: string, encoding: 'hex' | 'base64'): Uint8Array | undefined {
  const isRight = encoding === 'hex' ? /^(?:[0-9a-f]{2})*$/i : /^[A-Za-z0-9+/_-]*={0,2}$/;
  return isRight.test(text) ? Buffer.from(text, encoding) : undefined;
}
