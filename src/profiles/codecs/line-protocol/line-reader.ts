import type { Field, FieldValue, Tag } from '../../../core/measurement.ts';
import type { UnixMs } from '../../../core/time.ts';
import { maxNameLength } from '../../tree.ts';

/** One line: `measurement,tag=value field=value time`. */
export interface Line {
  readonly measurement: string;
  readonly tags: readonly Tag[];
  /** Named `<measurement>.<field key>`; never empty. Whoever reads the line may add to them. */
  readonly fields: Field[];
  readonly timeMs?: UnixMs;
  readonly timeNanos?: number;
}

const newline = 0x0a;
const carriageReturn = 0x0d;
const space = 0x20;
const tab = 0x09;
const quote = 0x22;
const hash = 0x23;
const comma = 0x2c;
const equals = 0x3d;
const backslash = 0x5c;

const booleans: ReadonlyMap<string, boolean> = new Map([
  ...['t', 'T', 'true', 'True', 'TRUE'].map((word) => [word, true] as const),
  ...['f', 'F', 'false', 'False', 'FALSE'].map((word) => [word, false] as const),
]);
const float = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/;
const integer = /^[+-]?\d+$/;
const maxTags = 100;
const int64End = 2n ** 63n;
const uint64End = 2n ** 64n;

/**
 * Reads InfluxDB line protocol line by line ("Line protocol" in InfluxDB's documentation). Comments and empty lines are passed
 * over. A line that is none leaves what is wrong in `problem`, and reading goes on behind it. Linear, and never throws.
 */
export class LineReader {
  readonly #text: string;
  #at = 0;
  /** What is wrong with the newest bad line: `column 11: …`, without a full stop. */
  problem = '';
  /** The newest bad line is one but for a value or time that is beyond what it may be. */
  isBeyond = false;
  /** The number of the line that was read last, from 1. */
  line = 0;
  #nextLine = 1;
  #lineStart = 0;

  constructor(text: string) {
    this.#text = text;
    // A byte order mark is no part of a name.
    if (text.charCodeAt(0) === 0xfeff) this.#at = 1;
  }

  /** The next line that says something, `bad` for one that is none, undefined at the end. */
  next(): Line | 'bad' | undefined {
    for (;;) {
      this.#skipBlanks();
      if (this.#at >= this.#text.length) return undefined;
      this.line = this.#nextLine;
      const code = this.#text.charCodeAt(this.#at);
      if (code === hash) this.#skipLine();
      else if (!this.#endsHere()) {
        const line = this.#line();
        if (line !== undefined) return line;
        this.#skipLine();
        return 'bad';
      }
      this.#passNewline();
    }
  }

  #line(): Line | undefined {
    const measurement = this.#name(false, 'the measurement has no name');
    if (measurement === undefined) return undefined;
    const tags: Tag[] = [];
    while (this.#text.charCodeAt(this.#at) === comma) {
      this.#at++;
      const tag = this.#tag();
      if (tag === undefined) return undefined;
      tags.push(tag);
      if (tags.length > maxTags) return this.#wrong(`there are more than ${maxTags} tags`);
    }
    if (!this.#skipBlanks() || this.#endsHere()) return this.#wrong('fields are missing behind the measurement');
    const fields: Field[] = [];
    for (;;) {
      const field = this.#field(measurement);
      if (field === undefined) return undefined;
      fields.push(field);
      if (this.#text.charCodeAt(this.#at) !== comma) break;
      this.#at++;
    }
    const hasBlanks = this.#skipBlanks();
    if (this.#endsHere()) return { measurement, tags, fields };
    if (!hasBlanks) return this.#wrong('a comma, a space or the end of the line is missing behind the value');
    const time = this.#time();
    return time && { measurement, tags, fields, ...time };
  }

  #tag(): Tag | undefined {
    const key = this.#name(true, 'a tag has no name');
    if (key === undefined) return undefined;
    if (this.#text.charCodeAt(this.#at) !== equals) return this.#wrong('a tag has no value');
    this.#at++;
    const value = this.#name(true, 'a tag has no value');
    if (value === undefined) return undefined;
    return this.#text.charCodeAt(this.#at) === equals ? this.#wrong("a tag's value has an equals sign") : [key, value];
  }

  #field(measurement: string): Field | undefined {
    const start = this.#at;
    const key = this.#name(true, 'a field has no name');
    if (key === undefined) return undefined;
    if (this.#text.charCodeAt(this.#at) !== equals) return this.#wrong('a field has no value');
    const name = `${measurement}.${key}`;
    if (name.length > maxNameLength)
      return this.#wrong(`a field's name has more than ${maxNameLength} characters`, start);
    this.#at++;
    const value = this.#text.charCodeAt(this.#at) === quote ? this.#string() : this.#word();
    return value === undefined ? undefined : { name, value };
  }

  /**
   * A measurement's name, a key or a tag's value, without its escapes: a backslash before a comma, a space and, `isKey`,
   * an equals sign. Any other backslash is a character like others.
   */
  #name(isKey: boolean, whenEmpty: string): string | undefined {
    const text = this.#text;
    const start = this.#at;
    let plain = '';
    let from = start;
    let at = start;
    for (; at < text.length; at++) {
      const code = text.charCodeAt(at);
      if (code === backslash) {
        const escaped = text.charCodeAt(at + 1);
        if (escaped === comma || escaped === space || (isKey && escaped === equals)) {
          plain += text.slice(from, at);
          from = ++at;
        }
      } else if (code === comma || code === space || code === newline || (isKey && code === equals)) break;
      else if (code === carriageReturn && this.#isEnd(at)) break;
    }
    this.#at = at;
    if (at === start) return this.#wrong(whenEmpty);
    return from === start ? text.slice(start, at) : plain + text.slice(from, at);
  }

  /** A string in quotes: `\"` and `\\` are a quote and a backslash, and it may go over several lines. */
  #string(): string | undefined {
    const text = this.#text;
    const start = this.#at;
    const [line, lineStart] = [this.#nextLine, this.#lineStart];
    let plain = '';
    let from = start + 1;
    for (let at = from; at < text.length; at++) {
      const code = text.charCodeAt(at);
      if (code === quote) {
        this.#at = at + 1;
        return plain + text.slice(from, at);
      }
      if (code === backslash) {
        const escaped = text.charCodeAt(at + 1);
        if (escaped === quote || escaped === backslash) {
          plain += text.slice(from, at);
          from = ++at;
        }
      } else if (code === newline) {
        this.#nextLine++;
        this.#lineStart = at + 1;
      }
    }
    // The lines behind it are lines again.
    this.#nextLine = line;
    this.#lineStart = lineStart;
    return this.#wrong('a quote is opened and never closed', start);
  }

  /** A number, whole with the suffix `i` or `u`, or a boolean. */
  #word(): FieldValue | undefined {
    const start = this.#at;
    const word = this.#untilEnd();
    const suffix = word.charCodeAt(word.length - 1);
    if (suffix === 0x69 /* i */ || suffix === 0x75 /* u */) return this.#integer(word, suffix === 0x69, start);
    if (float.test(word)) {
      const value = Number(word);
      return Number.isFinite(value) ? value : this.#beyond('a number is beyond what a double holds', start);
    }
    return booleans.get(word) ?? this.#wrong(word === '' ? 'a field has no value' : notAValue, start);
  }

  #integer(word: string, isSigned: boolean, start: number): number | bigint | undefined {
    const digits = word.slice(0, -1);
    if (!integer.test(digits)) return this.#wrong(notAValue, start);
    if (digits.length < 16 && (isSigned || digits.charCodeAt(0) !== 0x2d)) return Number(digits);
    // BigInt takes longer than the digits are many.
    const value = digits.length > 40 ? uint64End : BigInt(digits);
    const isHeld = isSigned ? value >= -int64End && value < int64End : value >= 0n && value < uint64End;
    if (!isHeld)
      return this.#beyond(isSigned ? 'the value is beyond 64 bits' : 'the value is no unsigned 64 bits', start);
    return value <= Number.MAX_SAFE_INTEGER && value >= Number.MIN_SAFE_INTEGER ? Number(value) : value;
  }

  /** Nanoseconds since 1970, in 64 bits: too many digits for a double. */
  #time(): Pick<Line, 'timeMs' | 'timeNanos'> | undefined {
    const start = this.#at;
    const word = this.#untilEnd();
    const isTime = integer.test(word) && word.length <= 20;
    this.#skipBlanks();
    if (!isTime || !this.#endsHere()) return this.#wrong('the time is no whole number of nanoseconds', start);
    // Nearly all have no sign and up to 19 digits, the first no 9: no overflow, and two doubles hold them.
    if (word.length > 6 && word.length < 20 && isPlain(word.charCodeAt(0))) {
      const timeMs = Number(word.slice(0, -6));
      const timeNanos = Number(word.slice(-6));
      return timeNanos === 0 ? { timeMs } : { timeMs, timeNanos };
    }
    const nanos = BigInt(word);
    if (nanos < -int64End || nanos >= int64End) return this.#beyond('the time is beyond 64 bits', start);
    let timeMs = Number(nanos / 1_000_000n);
    let timeNanos = Number(nanos % 1_000_000n);
    if (timeNanos < 0) {
      timeMs--;
      timeNanos += 1_000_000;
    }
    return timeNanos === 0 ? { timeMs } : { timeMs, timeNanos };
  }

  /** What stands until a comma, a space or the end of the line. */
  #untilEnd(): string {
    const text = this.#text;
    const start = this.#at;
    let at = start;
    for (; at < text.length; at++) {
      const code = text.charCodeAt(at);
      if (code === comma || code === space || code === newline || (code === carriageReturn && this.#isEnd(at))) break;
    }
    this.#at = at;
    return text.slice(start, at);
  }

  /** Whether there were any. */
  #skipBlanks(): boolean {
    const start = this.#at;
    for (let code = space; code === space || code === tab; this.#at++) code = this.#text.charCodeAt(this.#at);
    this.#at--;
    return this.#at > start;
  }

  /** To the line's end, which stays to be read. */
  #skipLine(): void {
    const end = this.#text.indexOf('\n', this.#at);
    this.#at = end === -1 ? this.#text.length : end;
  }

  #passNewline(): void {
    if (this.#text.charCodeAt(this.#at) === carriageReturn) this.#at++;
    if (this.#text.charCodeAt(this.#at) === newline) this.#at++;
    this.#nextLine++;
    this.#lineStart = this.#at;
  }

  #endsHere(): boolean {
    return this.#isEnd(this.#at);
  }

  #isEnd(at: number): boolean {
    const code = this.#text.charCodeAt(at);
    if (code === newline || at >= this.#text.length) return true;
    return code === carriageReturn && (at + 1 === this.#text.length || this.#text.charCodeAt(at + 1) === newline);
  }

  #wrong(what: string, at = this.#at): undefined {
    this.line = this.#nextLine;
    this.problem = `column ${at - this.#lineStart + 1}: ${what}`;
    this.isBeyond = false;
    this.#at = at;
    return undefined;
  }

  #beyond(what: string, at: number): undefined {
    this.#wrong(what, at);
    this.isBeyond = true;
  }
}

/** A digit from 0 to 8. */
function isPlain(code: number): boolean {
  return code >= 0x30 && code < 0x39;
}

const notAValue = 'the value is no number, boolean or text in quotes';
