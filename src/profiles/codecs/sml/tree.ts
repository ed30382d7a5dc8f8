/** A value of SML's own encoding (BSI TR-03109-1, annex IV, § 6.3). */
export type SmlNode =
  | { readonly kind: 'octets'; readonly bytes: Uint8Array }
  /** @property size bytes that it took */
  | { readonly kind: 'number'; readonly value: number | bigint; readonly size: number }
  | { readonly kind: 'boolean'; readonly value: boolean }
  | { readonly kind: 'list'; readonly items: readonly SmlNode[] }
  /** The byte 00: a message ends. */
  | { readonly kind: 'end' };

/** Deeper than any message of the standard. */
const maxDepth = 16;
const end: SmlNode = { kind: 'end' };

/** Reads values one after the other. */
export class SmlReader {
  readonly #bytes: Uint8Array;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  get at(): number {
    return this.#at;
  }

  /** Whether there is more than the zeros that fill the last group of four. */
  get hasMore(): boolean {
    while (this.#at < this.#bytes.length && this.#bytes[this.#at] === 0) this.#at++;
    return this.#at < this.#bytes.length;
  }

  /** @returns a text: what is wrong, as a sentence */
  read(depth = 0): SmlNode | string {
    const begin = this.#at;
    const head = this.#head();
    if (head === undefined) return `The value at byte ${begin} is cut off.`;
    const { type, length, bytes } = head;
    if (type === 7) return this.#list(length, depth, begin);
    // The length counts the bytes that tell it.
    const size = length - bytes;
    if (length === 0 && bytes === 1 && type === 0) return end;
    if (size < 0 || this.#at + size > this.#bytes.length) return `The value at byte ${begin} is cut off.`;
    const content = this.#bytes.subarray(this.#at, this.#at + size);
    this.#at += size;
    switch (type) {
      case 0:
        return { kind: 'octets', bytes: content };
      case 4:
        return { kind: 'boolean', value: content.some((byte) => byte !== 0) };
      case 5:
      case 6:
        if (size < 1 || size > 8) return `The number at byte ${begin} has ${size} bytes.`;
        return { kind: 'number', value: numberOf(content, type === 5), size };
      default:
        return `The value at byte ${begin} is of type ${type}, which SML does not have.`;
    }
  }

  /** Type and length; more bytes of the length follow as long as the highest bit is set. */
  #head(): { readonly type: number; readonly length: number; readonly bytes: number } | undefined {
    const first = this.#bytes[this.#at++];
    if (first === undefined) return undefined;
    let length = first & 0x0f;
    let bytes = 1;
    for (let byte = first; (byte & 0x80) !== 0; bytes++) {
      const next = this.#bytes[this.#at++];
      if (next === undefined || bytes >= 4) return undefined;
      length = length * 16 + (next & 0x0f);
      byte = next;
    }
    return { type: (first & 0x70) >> 4, length, bytes };
  }

  #list(length: number, depth: number, begin: number): SmlNode | string {
    if (depth >= maxDepth) return `The list at byte ${begin} is deeper than ${maxDepth} levels.`;
    // Each item has at least one byte: a list that claims more than there are bytes can be refused at once.
    if (length > this.#bytes.length - this.#at) return `The list at byte ${begin} is cut off.`;
    const items: SmlNode[] = [];
    for (let i = 0; i < length; i++) {
      const item = this.read(depth + 1);
      if (typeof item === 'string') return item;
      items.push(item);
    }
    return { kind: 'list', items };
  }
}

function numberOf(bytes: Uint8Array, isSigned: boolean): number | bigint {
  // Nearly all are this small.
  if (bytes.length <= 6)
    return isSigned ? asBuffer(bytes).readIntBE(0, bytes.length) : asBuffer(bytes).readUIntBE(0, bytes.length);
  let value = 0n;
  for (const byte of bytes) value = value * 256n + BigInt(byte);
  if (isSigned) value = BigInt.asIntN(bytes.length * 8, value);
  const isSafe = value <= BigInt(Number.MAX_SAFE_INTEGER) && value >= BigInt(Number.MIN_SAFE_INTEGER);
  return isSafe ? Number(value) : value;
}

const asBuffer = (bytes: Uint8Array): Buffer => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
