import { constants, crc32, deflateRawSync, inflateRawSync, zstdCompressSync, zstdDecompressSync } from 'node:zlib';

/** Bytes on disk are not as they were written. What they were of is given up, and counted. */
export class Damaged extends Error {}

/** Numbers, one after the other. Grows with use, and is used again and again. */
export class ByteWriter {
  #bytes = Buffer.allocUnsafe(1024);
  length = 0;

  clear(): void {
    this.length = 0;
  }

  /** What was written, until it is cleared. */
  get written(): Buffer {
    return this.#bytes.subarray(0, this.length);
  }

  /** @param value a whole number from 0 to 2^53 - 1: seven bits a byte, low ones first */
  varint(value: number): void {
    this.#reserve(8);
    while (value > 0x7fff_ffff) {
      this.#bytes[this.length++] = (value % 128) | 128;
      value = Math.floor(value / 128);
    }
    while (value > 127) {
      this.#bytes[this.length++] = (value & 127) | 128;
      value >>>= 7;
    }
    this.#bytes[this.length++] = value;
  }

  /** @param value a whole number between -2^52 and 2^52 */
  signed(value: number): void {
    this.varint(value < 0 ? -2 * value - 1 : 2 * value);
  }

  double(value: number): void {
    this.#reserve(8);
    this.length = this.#bytes.writeDoubleLE(value, this.length);
  }

  float(value: number): void {
    this.#reserve(4);
    this.length = this.#bytes.writeFloatLE(value, this.length);
  }

  bytes(some: Uint8Array): void {
    this.#reserve(some.length);
    this.#bytes.set(some, this.length);
    this.length += some.length;
  }

  #reserve(more: number): void {
    if (this.length + more <= this.#bytes.length) return;
    const grown = Buffer.allocUnsafe(Math.max(this.#bytes.length * 2, this.length + more));
    grown.set(this.written);
    this.#bytes = grown;
  }
}

/** Reads what a {@link ByteWriter} wrote. Every method throws {@link Damaged} where there is nothing of the kind. */
export class ByteReader {
  readonly #bytes: Buffer;
  position: number;
  readonly #end: number;

  constructor(bytes: Buffer, position = 0, end = bytes.length) {
    this.#bytes = bytes;
    this.position = position;
    this.#end = end;
  }

  get isAtEnd(): boolean {
    return this.position >= this.#end;
  }

  varint(): number {
    let value = 0;
    let scale = 1;
    for (let i = 0; i < 8 && this.position < this.#end; i++) {
      const byte = this.#bytes[this.position++]!;
      value += (byte & 127) * scale;
      if (byte < 128) return value;
      scale *= 128;
    }
    throw new Damaged('a number has no end');
  }

  signed(): number {
    const value = this.varint();
    return value % 2 === 0 ? value / 2 : -(value + 1) / 2;
  }

  double(): number {
    return this.#bytes.readDoubleLE(this.#skip(8));
  }

  float(): number {
    return this.#bytes.readFloatLE(this.#skip(4));
  }

  /** Passes over so many bytes. @returns where they begin */
  skip(count: number): number {
    return this.#skip(count);
  }

  #skip(count: number): number {
    const at = this.position;
    if (at + count > this.#end) throw new Damaged('it ends too early');
    this.position += count;
    return at;
  }
}

/** How bytes lie on disk: the first says which way, the last four are a checksum of all before them. */
const ways = { plain: 0, deflate: 1, zstd: 2 } as const;
const sumBytes = 4;
const maxUnpacked = 256 * 2 ** 20;

/** For a few hundred bytes, which are read alone: compressed where that saves a tenth. */
export function packSmall(bytes: Buffer): Buffer {
  if (bytes.length < 64) return sealed(ways.plain, bytes);
  const deflated = deflateRawSync(bytes);
  return deflated.length < bytes.length * 0.9 ? sealed(ways.deflate, deflated) : sealed(ways.plain, bytes);
}

export function packLarge(bytes: Buffer): Buffer {
  return sealed(ways.zstd, zstdCompressSync(bytes, { params: { [constants.ZSTD_c_compressionLevel]: 3 } }));
}

/** @throws {Damaged} */
export function unpack(bytes: Buffer): Buffer {
  const end = bytes.length - sumBytes;
  if (end < 1 || crc32(bytes.subarray(0, end)) !== bytes.readUInt32LE(end)) {
    throw new Damaged('its checksum does not hold');
  }
  const body = bytes.subarray(1, end);
  try {
    if (bytes[0] === ways.deflate) return inflateRawSync(body, { maxOutputLength: maxUnpacked });
    if (bytes[0] === ways.zstd) return zstdDecompressSync(body, { maxOutputLength: maxUnpacked });
  } catch (error) {
    throw new Damaged('it can not be decompressed', { cause: error });
  }
  return body;
}

function sealed(way: number, body: Buffer): Buffer {
  const bytes = Buffer.allocUnsafe(1 + body.length + sumBytes);
  bytes[0] = way;
  bytes.set(body, 1);
  bytes.writeUInt32LE(crc32(bytes.subarray(0, 1 + body.length)), 1 + body.length);
  return bytes;
}
