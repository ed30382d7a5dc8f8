import { isAscii, isUtf8 } from 'node:buffer';

/** An object of a JSON text. Keys come from outside: read it by {@link own}, never by a plain index. */
export type JsonObject = { readonly [key: string]: unknown };

/** The payload as text, or undefined when it is no UTF-8. */
export function textOf(payload: Uint8Array): string | undefined {
  // Nearly everything is ASCII, and cheaper to read as such.
  const encoding = isAscii(payload) ? 'latin1' : 'utf8';
  if (encoding === 'utf8' && !isUtf8(payload)) return undefined;
  const buffer = Buffer.isBuffer(payload)
    ? payload
    : Buffer.from(payload.buffer, payload.byteOffset, payload.byteLength);
  return buffer.toString(encoding);
}

const manyDigits = /\d{16}/;
/** That a double may round. Longer ones are nobody's count, and would take time with the square of their length. */
const wholeNumber = /^[+-]?\d{16,77}$/;

/** The value of a JSON text, whole numbers that a double would round as bigint; undefined when it is no JSON. */
export function parseJson(text: string): unknown {
  try {
    // The digits are looked at a second time only where there are enough of them to be rounded.
    return manyDigits.test(text) ? JSON.parse(text, keepExact) : JSON.parse(text);
  } catch {
    // No JSON, or nested deeper than the parser goes: the caller says what that means.
    return undefined;
  }
}

function keepExact(this: unknown, _key: string, value: unknown, context?: { source?: string }): unknown {
  if (typeof value !== 'number' || Number.isSafeInteger(value)) return value;
  const source = context?.source ?? '';
  return wholeNumber.test(source) ? BigInt(source) : value;
}

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The value of an object's own key, so that no key from outside reaches what every object inherits. */
export function own(object: JsonObject, key: string): unknown {
  return Object.hasOwn(object, key) ? object[key] : undefined;
}

export function ownText(object: JsonObject, key: string): string | undefined {
  const value = own(object, key);
  return typeof value === 'string' ? value : undefined;
}

const jsonNumber = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$/;
const signedNumber = /^[+-]?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d{1,3})?$/;
const anyNumber = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/;

/** The number that a text is by its look: as JSON writes numbers, so that `007` and `08:01` stay text. */
export function numberLike(text: string): number | bigint | undefined {
  return jsonNumber.test(text) ? exactNumber(text) : undefined;
}

/** The same where a plus may stand before it, as devices that fill columns write it. */
export function signedNumberLike(text: string): number | bigint | undefined {
  return signedNumber.test(text) ? exactNumber(text) : undefined;
}

/** The number in a text that is known to hold one: leading zeros, a leading plus and a bare dot are allowed. */
export function numberIn(text: string): number | bigint | undefined {
  const trimmed = text.trim();
  return anyNumber.test(trimmed) ? exactNumber(trimmed) : undefined;
}

function exactNumber(text: string): number | bigint | undefined {
  const value = Number(text);
  if (Number.isSafeInteger(value) || !wholeNumber.test(text)) return Number.isFinite(value) ? value : undefined;
  return BigInt(text.startsWith('+') ? text.slice(1) : text);
}
