import { Tokenizer } from 'cborg';
import { plainFloat32 } from '../../../lib/float32.ts';
import type { Limits } from '../../codec.ts';

/** One data item: Maps, arrays, and values. Bytes are copies. */
export type CborResult =
  /** `isExact`: nothing was lost on the way, such as a tag of unknown meaning or a key that came twice. */
  | { readonly kind: 'item'; readonly value: unknown; readonly isExact: boolean }
  /** A sentence: what was found, and at which byte. */
  | { readonly kind: 'failed'; readonly failure: string };

/**
 * Reads CBOR (RFC 8949) that is one data item from the first byte to the last. Half floats, bignums (tags 2 and 3), decimal
 * fractions (4, 5), strings of indefinite length and undefined are read; a number beyond 256 bits becomes undefined. cborg
 * reads the tokens; what is beyond its tokens, its limits on depth and size, and what tags mean, is here. Never throws;
 * linear, and a claimed length costs nothing until its bytes are there.
 */
export function readCbor(payload: Uint8Array, limits: Limits): CborResult {
  const reader = new CborReader(payload, limits);
  try {
    const value = reader.item(1);
    if (value === ended) return { kind: 'failed', failure: `The stop code at byte ${reader.start} ends nothing.` };
    if (!reader.done()) {
      const { length } = payload;
      return { kind: 'failed', failure: `The item ends at byte ${reader.pos()}, but the payload has ${length} bytes.` };
    }
    return { kind: 'item', value, isExact: reader.isExact };
  } catch (error) {
    // cborg says in words what it can't read; so do we.
    const what = (error as Error).message.replace(/^CBOR decode error: /, '');
    return { kind: 'failed', failure: `At byte ${reader.start}: ${what}.` };
  }
}

/** The stop code of arrays, maps and strings of indefinite length. */
const ended = Symbol('ended');

/** Tags that leave their content what it is: times (0, 1), what bytes are to be shown as, texts of a kind, "this is CBOR". */
const plainTags: ReadonlySet<number | bigint> = new Set([0, 1, 21, 22, 23, 32, 33, 34, 35, 36, 100, 1004, 55799]);

class CborReader extends Tokenizer {
  /** Where the token that is being read begins. */
  start = 0;
  isExact = true;
  readonly #maxDepth: number;
  #itemsLeft: number;

  constructor(payload: Uint8Array, limits: Limits) {
    // cborg slices, which copies only when it is no Buffer.
    super(new Uint8Array(payload.buffer, payload.byteOffset, payload.byteLength), { allowBigInt: true });
    this.#maxDepth = limits.maxDepth;
    // A map's entry is two items, and records of a list have several entries each that make one field.
    this.#itemsLeft = 16 * limits.maxFields + 64;
  }

  /** The next data item, with what is in it; `depth` is its own level, 1 for the outermost. */
  item(depth: number): unknown {
    if (--this.#itemsLeft < 0) throw new Error('there are more data items than a message may have');
    if (this.done()) throw this.#cutOff();
    this.start = this._pos;
    const byte = this.data[this._pos]!;
    // What cborg has no tokens for: strings in chunks, and simple values, which mean what their application says.
    if (byte === 0x5f || byte === 0x7f) return this.#chunks(byte);
    if ((byte >= 0xe0 && byte <= 0xf3) || byte === 0xf8) return this.#simple(byte === 0xf8 ? 2 : 1);
    const { type, value, encodedLength } = this.next();
    switch (type.name) {
      case 'float':
        return encodedLength === 5 ? plainFloat32(value as number) : value;
      case 'array':
        return this.#array(value as number, depth);
      case 'map':
        return this.#map(value as number, depth);
      case 'tag':
        return this.#tagged(value as number | bigint, depth);
      case 'break':
        return ended;
      case 'string':
        // Bytes that are no UTF-8 were replaced.
        if ((value as string).includes('\ufffd')) this.isExact = false;
        return value;
      default:
        return value;
    }
  }

  #array(length: number, depth: number): unknown[] {
    if (depth > this.#maxDepth) throw this.#tooDeep();
    const items: unknown[] = [];
    for (let i = 0; i < length; i++) {
      const value = this.item(depth + 1);
      if (value === ended) {
        if (length === Number.POSITIVE_INFINITY) break;
        throw this.#unexpectedEnd();
      }
      items.push(value);
    }
    return items;
  }

  #map(length: number, depth: number): Map<unknown, unknown> {
    if (depth > this.#maxDepth) throw this.#tooDeep();
    const map = new Map<unknown, unknown>();
    for (let i = 0; i < length; i++) {
      const key = this.item(depth + 1);
      if (key === ended) {
        if (length === Number.POSITIVE_INFINITY) break;
        throw this.#unexpectedEnd();
      }
      const value = this.item(depth + 1);
      if (value === ended) throw this.#unexpectedEnd();
      if (map.has(key)) this.isExact = false;
      map.set(key, value);
    }
    return map;
  }

  #tagged(tag: number | bigint, depth: number): unknown {
    const at = this.start;
    if (depth > this.#maxDepth) throw this.#tooDeep();
    const content = this.item(depth + 1);
    if (content === ended) throw this.#unexpectedEnd();
    const value = this.#meaning(tag, content);
    if (value !== wrong) return value;
    this.start = at;
    throw new Error(`tag ${tag} has content of another type than it may have`);
  }

  /** What the content of a tag means (RFC 8949 § 3.4); {@link wrong} when the tag can't have it. */
  #meaning(tag: number | bigint, content: unknown): unknown {
    switch (tag) {
      case 0:
        return typeof content === 'string' ? content : wrong;
      case 1:
        return isNumeric(content) ? content : wrong;
      case 2:
      case 3:
        return content instanceof Uint8Array ? this.#bignum(content, tag === 3) : wrong;
      case 4:
      case 5: {
        const [exponent, mantissa] = Array.isArray(content) && content.length === 2 ? (content as unknown[]) : [];
        if (!isNumeric(exponent)) return wrong;
        // A bignum too large for a field, as mantissa.
        if (mantissa === undefined) return undefined;
        if (!isNumeric(mantissa)) return wrong;
        return tag === 4 ? Number(`${mantissa}e${exponent}`) : Number(mantissa) * 2 ** Number(exponent);
      }
      default:
        if (!plainTags.has(tag)) this.isExact = false;
        return content;
    }
  }

  #bignum(bytes: Uint8Array, isNegative: boolean): unknown {
    let first = 0;
    while (bytes[first] === 0) first++;
    if (bytes.length - first > 32) {
      this.isExact = false;
      return undefined;
    }
    let magnitude = 0n;
    for (let i = first; i < bytes.length; i++) magnitude = (magnitude << 8n) | BigInt(bytes[i]!);
    const value = isNegative ? -1n - magnitude : magnitude;
    const isSafe = value <= Number.MAX_SAFE_INTEGER && value >= Number.MIN_SAFE_INTEGER;
    return isSafe ? Number(value) : value;
  }

  /** A string of indefinite length: strings of the same kind with a length, then the stop code (RFC 8949 § 3.2.3). */
  #chunks(first: number): unknown {
    const kind = first === 0x5f ? 'bytes' : 'string';
    const chunks: unknown[] = [];
    this._pos++;
    for (;;) {
      if (this.done()) throw this.#cutOff();
      this.start = this._pos;
      const { type, value } = this.next();
      if (type.name === 'break') break;
      if (type.name !== kind) throw new Error(`a chunk of ${kind} is ${type.name}`);
      if (--this.#itemsLeft < 0) throw new Error('there are more data items than a message may have');
      chunks.push(value);
    }
    if (kind === 'bytes') return Uint8Array.from(Buffer.concat(chunks as Uint8Array[]));
    const text = chunks.join('');
    if (text.includes('\ufffd')) this.isExact = false;
    return text;
  }

  #simple(length: number): undefined {
    if (this._pos + length > this.data.length) throw this.#cutOff();
    this._pos += length;
    this.isExact = false;
    return undefined;
  }

  #cutOff(): Error {
    this.start = this._pos;
    return new Error('it is cut off');
  }

  #tooDeep(): Error {
    return new Error(`it is nested deeper than ${this.#maxDepth} levels`);
  }

  #unexpectedEnd(): Error {
    return new Error('a stop code stands where a value has to be');
  }
}

const wrong = Symbol('wrong');

function isNumeric(value: unknown): value is number | bigint {
  return typeof value === 'number' || typeof value === 'bigint';
}
