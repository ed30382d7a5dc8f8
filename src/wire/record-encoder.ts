import type { FieldValue, Measurement, Tag } from '../core/measurement.ts';
import { timestampField, varintSize, writeVarint } from '../lib/proto-bytes.ts';
import { type Envelope, RecordPrefixes } from './record-prefix.ts';

/** Bytes `start` to `end` of `bytes`. They are the encoder's own and hold until its next call. */
export interface EncodedRecord {
  bytes: Buffer;
  start: number;
  end: number;
}

// Tags of record.proto: (field number << 3) | wire type.
const tag = {
  batchRecords: 0x7a,
  time: 0x1a,
  receivedAt: 0x22,
  field: 0x4a,
  payload: 0x52,
  tags: 0x7a,
  /** Two bytes, the first one last: fields 17 to 20. */
  supersedes: 0x018a,
  message: 0x0190,
  retained: 0x0198,
  traceId: 0x01a2,
  fieldName: 0x0a,
  fieldUnit: 0x12,
  fieldNumber: 0x19,
  fieldInteger: 0x20,
  fieldBoolean: 0x28,
  fieldText: 0x32,
  fieldData: 0x3a,
  tagName: 0x0a,
  tagValue: 0x12,
};
/** Room before the record's body for its tag and the longest length. */
const headroom = 6;
const int64Max = 2n ** 63n;

/**
 * Encodes records as entries of `Batch.records` (tag, length, record), so that a run of them is a batch's body as it
 * is stored and sent. Written by hand because it runs once a message: one pass into one buffer, nothing allocated,
 * and what is the same in every record of a topic is encoded once and copied.
 */
export class RecordEncoder {
  #scratch = Buffer.allocUnsafeSlow(16 * 1024);
  #view = viewOf(this.#scratch);
  #at = 0;
  readonly #prefixes = new RecordPrefixes();
  #stampMs = Number.NaN;
  #stamp: Buffer = Buffer.alloc(0);
  readonly #encoded: EncodedRecord = { bytes: this.#scratch, start: 0, end: 0 };

  /** @param payload kept in the record when given; at most 2^31 bytes */
  encode(measurement: Measurement, envelope: Envelope, payload: Uint8Array | undefined): EncodedRecord {
    this.#at = headroom;
    const { fields, timeMs, tags } = measurement;
    this.#writeBytes(this.#prefixes.of(measurement.deviceId, envelope, fields.length > 0));
    if (timeMs !== undefined) this.#writeBytes(timestampField(tag.time, timeMs, measurement.timeNanos));
    if (envelope.receivedAtMs !== this.#stampMs) {
      this.#stampMs = envelope.receivedAtMs;
      this.#stamp = timestampField(tag.receivedAt, envelope.receivedAtMs);
    }
    this.#writeBytes(this.#stamp);
    for (let i = 0; i < fields.length; i++) this.#writeField(fields[i]!.name, fields[i]!.value, fields[i]!.unit);
    if (payload !== undefined) this.#writeData(tag.payload, payload);
    if (tags !== undefined) for (let i = 0; i < tags.length; i++) this.#writeTag(tags[i]!);
    if (envelope.supersedes !== undefined) this.#writeSupersedes(envelope.supersedes);
    if (envelope.message !== undefined) this.#writeNumber(tag.message, envelope.message);
    if (envelope.isRetained === true) this.#writeNumber(tag.retained, 1);
    if (envelope.traceId !== undefined) this.#writeTraceId(envelope.traceId);
    return this.#close();
  }

  #writeTag([name, value]: Tag): void {
    const lengthAt = this.#begin(tag.tags);
    this.#writeText(tag.tagName, name);
    this.#writeText(tag.tagValue, value);
    this.#end(lengthAt);
  }

  #writeSupersedes(sequences: readonly number[]): void {
    const length = sequences.reduce((sum, sequence) => sum + varintSize(sequence), 0);
    this.#writeNumber(tag.supersedes, length);
    this.#reserve(length);
    for (const sequence of sequences) this.#at = writeVarint(this.#scratch, this.#at, sequence);
  }

  /** A field whose tag takes two bytes, and the number behind it. */
  #writeNumber(field: number, value: number): void {
    this.#reserve(16);
    this.#scratch[this.#at++] = field & 0xff;
    this.#scratch[this.#at++] = field >>> 8;
    this.#at = writeVarint(this.#scratch, this.#at, value);
  }

  #writeTraceId(traceId: string): void {
    this.#writeNumber(tag.traceId, 16);
    this.#reserve(16);
    this.#at += this.#scratch.write(traceId, this.#at, 16, 'hex');
  }

  #writeField(name: string, value: FieldValue, unit: string | undefined): void {
    const lengthAt = this.#begin(tag.field);
    this.#writeText(tag.fieldName, name);
    if (unit !== undefined) this.#writeText(tag.fieldUnit, unit);
    this.#writeValue(value);
    this.#end(lengthAt);
  }

  /** Begins a message within the record. @returns where its length goes */
  #begin(field: number): number {
    this.#reserve(32);
    this.#scratch[this.#at++] = field;
    return this.#at++;
  }

  /**
   * The length in front is only known afterwards. One byte is kept for it, which is enough for all but long names and texts;
   * those are moved up by the bytes that are missing.
   */
  #end(lengthAt: number): void {
    const length = this.#at - lengthAt - 1;
    if (length < 0x80) {
      this.#scratch[lengthAt] = length;
      return;
    }
    const extra = varintSize(length) - 1;
    this.#reserve(extra);
    this.#scratch.copyWithin(lengthAt + 1 + extra, lengthAt + 1, this.#at);
    writeVarint(this.#scratch, lengthAt, length);
    this.#at += extra;
  }

  #writeValue(value: FieldValue): void {
    this.#reserve(16);
    switch (typeof value) {
      case 'number':
        this.#scratch[this.#at++] = tag.fieldNumber;
        this.#view.setFloat64(this.#at, value, true);
        this.#at += 8;
        return;
      case 'boolean':
        this.#scratch[this.#at++] = tag.fieldBoolean;
        this.#scratch[this.#at++] = value ? 1 : 0;
        return;
      case 'string':
        this.#writeText(tag.fieldText, value);
        return;
      case 'bigint':
        if (value < -int64Max || value >= int64Max) this.#writeText(tag.fieldText, value.toString());
        else this.#writeInteger(value);
        return;
      default:
        this.#writeData(tag.fieldData, value);
    }
  }

  #writeInteger(value: bigint): void {
    let rest = BigInt.asUintN(64, (value << 1n) ^ (value >> 63n));
    this.#scratch[this.#at++] = tag.fieldInteger;
    while (rest >= 0x80n) {
      this.#scratch[this.#at++] = Number(rest & 0x7fn) | 0x80;
      rest >>= 7n;
    }
    this.#scratch[this.#at++] = Number(rest);
  }

  #writeText(field: number, value: string): void {
    const { length } = value;
    // Three bytes a UTF-16 unit at the most, and the length's own.
    this.#reserve(length * 3 + 6);
    const bytes = this.#scratch;
    bytes[this.#at++] = field;
    if (length < 0x80) {
      // Short and nearly always ASCII: a loop beats the call into the encoder.
      const start = this.#at + 1;
      let i = 0;
      for (; i < length; i++) {
        const unit = value.charCodeAt(i);
        if (unit >= 0x80) break;
        bytes[start + i] = unit;
      }
      if (i === length) {
        bytes[this.#at] = length;
        this.#at = start + length;
        return;
      }
    }
    const size = Buffer.byteLength(value);
    this.#at = writeVarint(bytes, this.#at, size);
    this.#at += bytes.write(value, this.#at, size, 'utf8');
  }

  #writeData(field: number, data: Uint8Array): void {
    this.#reserve(data.length + 6);
    this.#scratch[this.#at++] = field;
    this.#at = writeVarint(this.#scratch, this.#at, data.length);
    this.#scratch.set(data, this.#at);
    this.#at += data.length;
  }

  #writeBytes(bytes: Buffer): void {
    this.#reserve(bytes.length);
    bytes.copy(this.#scratch, this.#at);
    this.#at += bytes.length;
  }

  /** Puts tag and length in front of the body, ending where it begins. */
  #close(): EncodedRecord {
    const length = this.#at - headroom;
    const start = headroom - 1 - varintSize(length);
    this.#scratch[start] = tag.batchRecords;
    writeVarint(this.#scratch, start + 1, length);
    this.#encoded.bytes = this.#scratch;
    this.#encoded.start = start;
    this.#encoded.end = this.#at;
    return this.#encoded;
  }

  #reserve(size: number): void {
    if (this.#at + size <= this.#scratch.length) return;
    const larger = Buffer.allocUnsafeSlow(Math.max(this.#scratch.length * 2, this.#at + size));
    this.#scratch.copy(larger, 0, 0, this.#at);
    this.#scratch = larger;
    this.#view = viewOf(larger);
  }
}

function viewOf(buffer: Buffer): DataView {
  return new DataView(buffer.buffer, buffer.byteOffset, buffer.byteLength);
}
