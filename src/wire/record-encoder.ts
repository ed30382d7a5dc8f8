import type { FieldValue, Measurement } from '../core/measurement.ts';
import type { Priority } from '../core/priority.ts';
import type { ClockQuality, UnixMs } from '../core/time.ts';
import { ClockQuality as WireClockQuality, Priority as WirePriority } from './generated/headgate/v1/record.ts';

/** What the gateway itself says of a record. */
export interface Envelope {
  readonly source: string;
  readonly topic: string;
  readonly receivedAtMs: UnixMs;
  readonly clockQuality: ClockQuality;
  readonly priority: Priority;
}

/** Bytes `start` to `end` of `bytes`. They are the encoder's own and hold until its next call. */
export interface EncodedRecord {
  bytes: Buffer;
  start: number;
  end: number;
}

const priorities: Record<Priority, number> = {
  bulk: WirePriority.PRIORITY_BULK,
  normal: WirePriority.PRIORITY_NORMAL,
  critical: WirePriority.PRIORITY_CRITICAL,
};
/** The wire's number of each quality. */
export const clockQualities: Readonly<Record<ClockQuality, WireClockQuality>> = {
  unset: WireClockQuality.CLOCK_QUALITY_UNSET,
  estimated: WireClockQuality.CLOCK_QUALITY_ESTIMATED,
  synced: WireClockQuality.CLOCK_QUALITY_SYNCED,
};

// Tags of record.proto: (field number << 3) | wire type.
const tag = {
  batchRecords: 0x7a,
  deviceId: 0x12,
  time: 0x1a,
  receivedAt: 0x22,
  clockQuality: 0x28,
  priority: 0x30,
  source: 0x3a,
  topic: 0x42,
  field: 0x4a,
  payload: 0x52,
  fieldName: 0x0a,
  fieldUnit: 0x12,
  fieldNumber: 0x19,
  fieldInteger: 0x20,
  fieldBoolean: 0x28,
  fieldText: 0x32,
  fieldData: 0x3a,
  seconds: 0x08,
  nanos: 0x10,
};
/** Room before the record's body for its tag and the longest length. */
const headroom = 6;
const maxPrefixes = 4096;
const int64Max = 2n ** 63n;

interface Prefix {
  readonly deviceId: string;
  readonly source: string;
  readonly priority: Priority;
  readonly clockQuality: ClockQuality;
  readonly bytes: Buffer;
}

/**
 * Encodes records as entries of `Batch.records` (tag, length, record), so that a run of them is a batch's body as it
 * is stored and sent. Written by hand because it runs once a message: one pass into one buffer, nothing allocated,
 * and what is the same in every record of a topic is encoded once and copied.
 */
export class RecordEncoder {
  #scratch = Buffer.allocUnsafeSlow(16 * 1024);
  #view = viewOf(this.#scratch);
  #at = 0;
  readonly #prefixes = new Map<string, Prefix>();
  #stampMs = Number.NaN;
  #stamp: Buffer = Buffer.alloc(0);
  readonly #encoded: EncodedRecord = { bytes: this.#scratch, start: 0, end: 0 };

  /** @param payload kept in the record when given; at most 2^31 bytes */
  encode(measurement: Measurement, envelope: Envelope, payload: Uint8Array | undefined): EncodedRecord {
    this.#at = headroom;
    this.#writeBytes(this.#prefixOf(measurement.deviceId, envelope));
    if (measurement.timeMs !== undefined) this.#writeBytes(timestamp(tag.time, measurement.timeMs));
    if (envelope.receivedAtMs !== this.#stampMs) {
      this.#stampMs = envelope.receivedAtMs;
      this.#stamp = timestamp(tag.receivedAt, envelope.receivedAtMs);
    }
    this.#writeBytes(this.#stamp);
    const { fields } = measurement;
    for (let i = 0; i < fields.length; i++) this.#writeField(fields[i]!.name, fields[i]!.value, fields[i]!.unit);
    if (payload !== undefined) this.#writeData(tag.payload, payload);
    return this.#close();
  }

  #prefixOf(deviceId: string, envelope: Envelope): Buffer {
    const { source, topic, priority, clockQuality } = envelope;
    const known = this.#prefixes.get(topic);
    if (
      known !== undefined &&
      known.deviceId === deviceId &&
      known.source === source &&
      known.priority === priority &&
      known.clockQuality === clockQuality
    ) {
      return known.bytes;
    }
    const bytes = Buffer.concat([
      text(tag.deviceId, deviceId),
      Buffer.from([tag.clockQuality, clockQualities[clockQuality], tag.priority, priorities[priority]]),
      text(tag.source, source),
      text(tag.topic, topic),
    ]);
    if (this.#prefixes.size >= maxPrefixes) this.#prefixes.clear();
    this.#prefixes.set(topic, { deviceId, source, priority, clockQuality, bytes });
    return bytes;
  }

  #writeField(name: string, value: FieldValue, unit: string | undefined): void {
    // The length in front is only known afterwards. One byte is kept for it, which is enough for all but long names
    // and texts; those are moved up by the bytes that are missing.
    this.#reserve(32);
    this.#scratch[this.#at++] = tag.field;
    const lengthAt = this.#at++;
    this.#writeText(tag.fieldName, name);
    if (unit !== undefined) this.#writeText(tag.fieldUnit, unit);
    this.#writeValue(value);
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

function text(field: number, value: string): Buffer {
  if (value === '') return Buffer.alloc(0);
  const size = Buffer.byteLength(value);
  const bytes = Buffer.alloc(1 + varintSize(size) + size);
  bytes[0] = field;
  bytes.write(value, writeVarint(bytes, 1, size), 'utf8');
  return bytes;
}

/** A google.protobuf.Timestamp field with millisecond resolution. */
function timestamp(field: number, ms: UnixMs): Buffer {
  const seconds = Math.floor(ms / 1000);
  const nanos = Math.round((ms - seconds * 1000) * 1e6);
  const bytes = Buffer.alloc(20);
  bytes[0] = field;
  let at = 2;
  if (seconds !== 0) {
    bytes[at++] = tag.seconds;
    // Before 1970 an int64 takes ten bytes of two's complement.
    at = seconds > 0 ? writeVarint(bytes, at, seconds) : writeBigVarint(bytes, at, BigInt.asUintN(64, BigInt(seconds)));
  }
  if (nanos !== 0) {
    bytes[at++] = tag.nanos;
    at = writeVarint(bytes, at, nanos);
  }
  bytes[1] = at - 2;
  return bytes.subarray(0, at);
}

/** @param value a whole number from 0 to 2^53 - 1 */
function writeVarint(bytes: Buffer, at: number, value: number): number {
  while (value >= 0x80) {
    bytes[at++] = (value % 0x80) | 0x80;
    value = Math.floor(value / 0x80);
  }
  bytes[at++] = value;
  return at;
}

function writeBigVarint(bytes: Buffer, at: number, value: bigint): number {
  while (value >= 0x80n) {
    bytes[at++] = Number(value & 0x7fn) | 0x80;
    value >>= 7n;
  }
  bytes[at++] = Number(value);
  return at;
}

function varintSize(value: number): number {
  let size = 1;
  while (value >= 0x80) {
    value = Math.floor(value / 0x80);
    size++;
  }
  return size;
}
