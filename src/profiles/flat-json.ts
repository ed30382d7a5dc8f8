import type { Field, FieldValue } from '../core/measurement.ts';
import { TextCache } from '../lib/text-cache.ts';

/** More are for JSON.parse: each name is held against all before it. */
const mostFields = 16;
/** Digits that a double has exactly, so that a division by a power of ten that it has exactly rounds once (Clinger, 1990). */
const mostDigits = 15;
const powersOfTen = Array.from({ length: mostDigits + 1 }, (_, digits) => 10 ** digits);
/** Texts up to this length are likely to come again: states, units, versions. */
const mostCached = 16;

const nothing = Buffer.alloc(0);
const quote = 0x22;
const backslash = 0x5c;
const minus = 0x2d;
const zero = 0x30;
const nine = 0x39;

/**
 * The fields of a flat JSON object, read from its bytes: names in ASCII, values that are numbers of up to fifteen digits, booleans and
 * plain texts. Most sensors send just that, and JSON.parse makes a text, an object and each number twice of it. What it does not
 * read, it leaves: then JSON.parse says what it is, and whether it is JSON at all.
 */
export class FlatJson {
  readonly #names = new TextCache();
  readonly #texts = new TextCache();
  readonly #fields: Field[] = [];
  /** Of the object that was read before, by place. */
  readonly #lastNames: string[] = [];
  #bytes: Buffer = nothing;
  #at = 0;
  /** Where the text begins that was read last; it ends before its quote, which is before `#at`. */
  #textAt = 0;

  /** @returns undefined: it is something else, or more than it reads */
  read(payload: Uint8Array): Field[] | undefined {
    this.#bytes = Buffer.isBuffer(payload)
      ? payload
      : Buffer.from(payload.buffer, payload.byteOffset, payload.byteLength);
    this.#at = 0;
    const isRead = this.#object();
    // A copy is as long as it has to be; a list that grew is not.
    const fields = isRead ? this.#fields.slice() : undefined;
    this.#fields.length = 0;
    this.#bytes = nothing;
    return fields;
  }

  #object(): boolean {
    if (this.#next() !== 0x7b /* { */) return false;
    for (;;) {
      if (this.#next() !== quote) return false;
      const name = this.#name();
      if (name === undefined || !this.#isNew(name) || this.#next() !== 0x3a /* : */) return false;
      const value = this.#value();
      if (value === undefined) return false;
      this.#fields.push({ name, value });
      const byte = this.#next();
      if (byte === 0x7d /* } */) return this.#next() === -1;
      if (byte !== 0x2c /* , */) return false;
    }
  }

  /** The next byte that is no white space, and goes behind it; -1 at the end. */
  #next(): number {
    const bytes = this.#bytes;
    while (this.#at < bytes.length) {
      const byte = bytes[this.#at++]!;
      if (byte !== 0x20 && byte !== 0x0a && byte !== 0x0d && byte !== 0x09) return byte;
    }
    return -1;
  }

  /** An object has names that look like whole numbers before all others, and of two that are the same the last. */
  #isNew(name: string): boolean {
    const fields = this.#fields;
    const first = name.charCodeAt(0);
    if (fields.length === mostFields || name === '' || (first >= zero && first <= nine)) return false;
    for (let i = 0; i < fields.length; i++) if (fields[i]!.name === name) return false;
    return true;
  }

  #value(): FieldValue | undefined {
    const byte = this.#next();
    if (byte === quote) return this.#quoted() ? this.#text() : undefined;
    if (byte === 0x74 /* t */) return this.#isWord('rue') ? true : undefined;
    if (byte === 0x66 /* f */) return this.#isWord('alse') ? false : undefined;
    return byte === minus || (byte >= zero && byte <= nine) ? this.#number(byte) : undefined;
  }

  #isWord(rest: string): boolean {
    for (let i = 0; i < rest.length; i++) if (this.#bytes[this.#at++] !== rest.charCodeAt(i)) return false;
    return true;
  }

  /** Of messages that follow one another most have the same names in the same order: then one look at each byte is enough. */
  #name(): string | undefined {
    const bytes = this.#bytes;
    const start = this.#at;
    const index = this.#fields.length;
    const last = this.#lastNames[index];
    if (last !== undefined) {
      const { length } = last;
      let i = 0;
      while (i < length && bytes[start + i] === last.charCodeAt(i)) i++;
      if (i === length && bytes[start + i] === quote) {
        this.#at = start + length + 1;
        return last;
      }
    }
    if (!this.#quoted()) return undefined;
    const name = this.#names.at(bytes, start, this.#at - 1);
    if (index < mostFields) this.#lastNames[index] = name;
    return name;
  }

  /** Goes behind a text in ASCII without escapes, and its closing quote. */
  #quoted(): boolean {
    const bytes = this.#bytes;
    let at = this.#at;
    this.#textAt = at;
    for (; at < bytes.length; at++) {
      const byte = bytes[at]!;
      if (byte === quote) {
        this.#at = at + 1;
        return true;
      }
      if (byte < 0x20 || byte >= 0x80 || byte === backslash) return false;
    }
    return false;
  }

  #text(): string {
    const start = this.#textAt;
    const stop = this.#at - 1;
    if (stop - start > mostCached) return this.#bytes.toString('latin1', start, stop);
    return this.#texts.at(this.#bytes, start, stop);
  }

  #number(first: number): number | undefined {
    const bytes = this.#bytes;
    let at = this.#at;
    const isNegative = first === minus;
    if (isNegative) at++;
    const start = at - 1;
    let value = bytes[start]! - zero;
    if (!(value >= 0 && value <= 9)) return undefined;
    let digit = bytes[at]! - zero;
    for (; digit >= 0 && digit <= 9; digit = bytes[++at]! - zero) value = value * 10 + digit;
    // JSON has no leading zeros.
    if (at - start > mostDigits || (at - start > 1 && bytes[start] === zero)) return undefined;
    let decimals = 0;
    if (bytes[at] === 0x2e /* . */) {
      const point = at;
      digit = bytes[++at]! - zero;
      for (; digit >= 0 && digit <= 9; digit = bytes[++at]! - zero) value = value * 10 + digit;
      decimals = at - point - 1;
      if (decimals === 0 || at - start - 1 > mostDigits) return undefined;
    }
    this.#at = at;
    if (decimals > 0) value /= powersOfTen[decimals]!;
    return isNegative ? -value : value;
  }
}
