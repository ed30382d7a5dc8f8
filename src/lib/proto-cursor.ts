/** Bytes that are not the protobuf message they should be. The message says what is wrong, in one sentence. */
export class MalformedError extends Error {
  override readonly name = 'MalformedError';
}

/**
 * Walks encoded protobuf by hand, for the messages that come a hundred thousand times a second. It never reads past
 * `end`, every step moves forward, and whatever does not fit throws a {@link MalformedError}.
 * Source: Protocol Buffers, "Encoding".
 */
export class ProtoCursor {
  bytes: Buffer = Buffer.alloc(0);
  at = 0;
  end = 0;
  /** Something that nobody here knows has been passed over since this was last set to false. */
  hasSkipped = false;
  #view = new DataView(this.bytes.buffer);

  /** Puts the cursor on all of `bytes`. */
  open(bytes: Uint8Array): this {
    this.at = 0;
    this.end = bytes.byteLength;
    if (bytes === this.bytes) return this;
    this.bytes = Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    return this;
  }

  /** The next field's tag: its number and wire type as `number << 3 | type`. */
  tag(): number {
    // One byte for all fields up to 15, which are nearly all that come.
    if (this.at < this.end) {
      const byte = this.bytes[this.at]!;
      if (byte < 0x80 && byte > 7) {
        this.at++;
        return byte;
      }
    }
    const tag = this.uint();
    if (tag > 0xffff_ffff || tag < 8) throw new MalformedError(`a field has the impossible tag ${tag}`);
    return tag;
  }

  /** A varint as an unsigned whole number up to 2^53 - 1. */
  uint(): number {
    let value = 0;
    let scale = 1;
    for (let i = 0; i < 10; i++) {
      if (this.at >= this.end) throw new MalformedError('a number is cut off');
      const byte = this.bytes[this.at++]!;
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) {
        if (value > Number.MAX_SAFE_INTEGER) throw new MalformedError('a number is larger than 2^53 - 1');
        return value;
      }
      scale *= 0x80;
    }
    throw new MalformedError('a number is longer than ten bytes');
  }

  /** A varint's 64 bits. */
  bits64(): bigint {
    let value = 0n;
    for (let shift = 0n; shift < 70n; shift += 7n) {
      if (this.at >= this.end) throw new MalformedError('a number is cut off');
      const byte = this.bytes[this.at++]!;
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return BigInt.asUintN(64, value);
    }
    throw new MalformedError('a number is longer than ten bytes');
  }

  /** A varint's lowest 32 bits, signed: int32, uint32 (then `>>> 0`), bool and enums, which drop what is above. */
  bits32(): number {
    if (this.at < this.end && this.bytes[this.at]! < 0x80) return this.bytes[this.at++]!;
    return Number(BigInt.asIntN(32, this.bits64()));
  }

  bool(): boolean {
    if (this.at < this.end && this.bytes[this.at]! < 0x80) return this.bytes[this.at++] !== 0;
    return this.bits64() !== 0n;
  }

  /** An int64 as a number: exact up to 2^53, rounded beyond. */
  int64(): number {
    const start = this.at;
    // Nine bytes or more: negative, or too large for `uint`.
    let length = 1;
    while (start + length <= this.end && length < 9 && this.bytes[start + length - 1]! >= 0x80) length++;
    return length < 8 ? this.uint() : Number(BigInt.asIntN(64, this.bits64()));
  }

  sint64(): bigint {
    const bits = this.bits64();
    return BigInt.asIntN(64, (bits >> 1n) ^ -(bits & 1n));
  }

  double(): number {
    const start = this.at;
    this.#advance(8);
    return this.#view.getFloat64(start, true);
  }

  /** A fixed-size float, as the double that it is. */
  float(): number {
    const start = this.at;
    this.#advance(4);
    return this.#view.getFloat32(start, true);
  }

  /** Reads a length and returns where the so many bytes end; `at` is where they begin. */
  span(): number {
    const length = this.uint();
    const stop = this.at + length;
    if (stop > this.end) throw new MalformedError(`a field claims ${length} bytes, but ${this.end - this.at} are left`);
    return stop;
  }

  /** A copy, so that it outlives the message. */
  data(): Uint8Array {
    const stop = this.span();
    const copy = Uint8Array.prototype.slice.call(this.bytes, this.at, stop);
    this.at = stop;
    return copy;
  }

  /** UTF-8; what is no UTF-8 becomes U+FFFD: a message is not refused for a bad letter. */
  text(): string {
    const stop = this.span();
    const text = this.bytes.toString('utf8', this.at, stop);
    this.at = stop;
    return text;
  }

  /** Passes over the value of a field that nobody knows. */
  skip(tag: number): void {
    this.hasSkipped = true;
    switch (tag & 7) {
      case 0:
        this.bits64();
        return;
      case 1:
        this.#advance(8);
        return;
      case 2:
        this.at = this.span();
        return;
      case 5:
        this.#advance(4);
        return;
      default:
        throw new MalformedError(`field ${tag >>> 3} has the wire type ${tag & 7}, which is not in use`);
    }
  }

  #advance(count: number): void {
    if (this.at + count > this.end) throw new MalformedError('a fixed-size value is cut off');
    this.at += count;
  }
}
