import type { FieldValue } from '../core/measurement.ts';
import { type DecodedGap, readGap } from './gap-reader.ts';
import { MalformedError, ProtoCursor } from './proto-cursor.ts';
import { TextCache } from './text-cache.ts';
import { TimestampCache } from './timestamp-cache.ts';

export { MalformedError } from './proto-cursor.ts';

/** A `Field` as decoded; `value` is undefined when none of the oneof is set. */
export interface DecodedField {
  readonly name: string;
  /** Empty when unknown. */
  readonly unit: string;
  readonly value: FieldValue | undefined;
}

/** A `Record` with its sequence filled in; what is not set has proto3's default. */
export interface DecodedRecord {
  readonly sequence: number;
  readonly deviceId: string;
  /** RFC 3339, UTC, with 3, 6 or 9 digits after the second. Absent too when it is no time of the years 1 to 9999. */
  readonly time: string | undefined;
  /** As `time`. */
  readonly receivedAt: string | undefined;
  /** The proto's numbers. */
  readonly clockQuality: number;
  readonly priority: number;
  readonly source: string;
  readonly topic: string;
  readonly fields: readonly DecodedField[];
  readonly payload: Uint8Array | undefined;
  readonly profile: string;
  readonly profileVersion: number;
  /** The record's own flag or its batch's. */
  readonly historical: boolean;
  /** Set when this is the report of a gap. */
  readonly gap: DecodedGap | undefined;
}

/** A `Batch` whose records have been found but not decoded. It looks into the upload's bytes, so use it while they hold. */
export interface EncodedBatch {
  readonly firstSequence: number;
  readonly count: number;
  readonly historical: boolean;
  /** What to add to `receivedAt` of its records, in ms; 0: nothing. */
  readonly clockShiftMs?: number;
  /** What their clock quality is then, as the proto's number; 0: what each says. */
  readonly clockQuality?: number;
  readonly bytes: Uint8Array;
  /** Where record i begins and ends in `bytes`: at 2 i and 2 i + 1. */
  readonly spans: readonly number[];
}

const noFields: readonly DecodedField[] = [];

// Tags of record.proto and uplink.proto: field number << 3 | wire type.
const tag = {
  batches: 0x0a,
  firstSequence: 0x08,
  count: 0x10,
  batchHistorical: 0x18,
  clockShiftMs: 0x20,
  batchClockQuality: 0x28,
  records: 0x7a,
  sequence: 0x08,
  deviceId: 0x12,
  time: 0x1a,
  receivedAt: 0x22,
  clockQuality: 0x28,
  priority: 0x30,
  source: 0x3a,
  topic: 0x42,
  fields: 0x4a,
  payload: 0x52,
  profile: 0x5a,
  profileVersion: 0x60,
  historical: 0x68,
  gap: 0x72,
  name: 0x0a,
  unit: 0x12,
  number: 0x19,
  integer: 0x20,
  boolean: 0x28,
  text: 0x32,
  data: 0x3a,
} as const;

/**
 * Finds the batches and records of an encoded `Upload` without decoding them.
 *
 * @throws MalformedError when the bytes are no Upload, or a batch holds another number of records than its `count`
 */
export function readUpload(upload: Uint8Array): EncodedBatch[] {
  const cursor = new ProtoCursor().open(upload);
  const batches: EncodedBatch[] = [];
  while (cursor.at < cursor.end) {
    const field = cursor.tag();
    if (field !== tag.batches) {
      cursor.skip(field);
      continue;
    }
    const stop = cursor.span();
    const whole = cursor.end;
    cursor.end = stop;
    batches.push(readBatchOf(cursor));
    cursor.end = whole;
  }
  return batches;
}

/**
 * The same for one encoded `Batch`.
 *
 * @throws MalformedError as {@link readUpload}
 */
export function readBatch(batch: Uint8Array): EncodedBatch {
  return readBatchOf(new ProtoCursor().open(batch));
}

function readBatchOf(cursor: ProtoCursor): EncodedBatch {
  let firstSequence = 0;
  let count = 0;
  let historical = false;
  let clockShiftMs = 0;
  let clockQuality = 0;
  const spans: number[] = [];
  while (cursor.at < cursor.end) {
    const field = cursor.tag();
    if (field === tag.records) {
      const stop = cursor.span();
      spans.push(cursor.at, stop);
      cursor.at = stop;
    } else if (field === tag.firstSequence) firstSequence = cursor.uint();
    else if (field === tag.count) count = cursor.bits32() >>> 0;
    else if (field === tag.batchHistorical) historical = cursor.bool();
    else if (field === tag.clockShiftMs) clockShiftMs = Number(cursor.sint64());
    else if (field === tag.batchClockQuality) clockQuality = cursor.bits32();
    else cursor.skip(field);
  }
  if (spans.length !== count * 2) {
    throw new MalformedError(
      `batch ${firstSequence} says that it holds ${count} records, but holds ${spans.length / 2}`,
    );
  }
  return { firstSequence, count, historical, clockShiftMs, clockQuality, bytes: cursor.bytes, spans };
}

/** Decodes records. It remembers texts and times that come again and again, so keep one for as long as records come. */
export class RecordReader {
  readonly #cursor = new ProtoCursor();
  readonly #texts = new TextCache();
  readonly #times = new TimestampCache();

  /**
   * The batch's records in order, with sequence and historical flag filled in from the batch, and the time at which they
   * were taken in corrected as it says.
   *
   * @throws MalformedError when a record can't be decoded, or has no sequence of 1 or more
   */
  *records(batch: EncodedBatch): Generator<DecodedRecord, void, void> {
    const { spans } = batch;
    let next = batch.firstSequence;
    for (let i = 0; i < spans.length; i += 2) {
      // Opened anew each time: the caller may read another batch between two records.
      const cursor = this.#cursor.open(batch.bytes);
      cursor.at = spans[i]!;
      cursor.end = spans[i + 1]!;
      const record = this.#record(cursor, next, batch);
      if (record.sequence === 0) throw new MalformedError('a record has no sequence');
      next = record.sequence + 1;
      yield record;
    }
  }

  #record(cursor: ProtoCursor, ifUnsequenced: number, batch: EncodedBatch): DecodedRecord {
    const { clockShiftMs } = batch;
    let { historical } = batch;
    let sequence = 0;
    let deviceId = '';
    let time: string | undefined;
    let receivedAt: string | undefined;
    let clockQuality = 0;
    let priority = 0;
    let source = '';
    let topic = '';
    let fields: DecodedField[] | undefined;
    let payload: Uint8Array | undefined;
    let profile = '';
    let profileVersion = 0;
    let gap: DecodedGap | undefined;
    while (cursor.at < cursor.end) {
      const field = cursor.tag();
      switch (field) {
        case tag.sequence:
          sequence = cursor.uint();
          break;
        case tag.deviceId:
          deviceId = this.#texts.read(cursor);
          break;
        case tag.time:
          time = this.#times.read(cursor);
          break;
        case tag.receivedAt:
          receivedAt = this.#times.read(cursor, clockShiftMs);
          break;
        case tag.clockQuality:
          clockQuality = cursor.bits32();
          break;
        case tag.priority:
          priority = cursor.bits32();
          break;
        case tag.source:
          source = this.#texts.read(cursor);
          break;
        case tag.topic:
          topic = this.#texts.read(cursor);
          break;
        case tag.fields:
          fields ??= [];
          fields.push(this.#field(cursor));
          break;
        case tag.payload:
          payload = cursor.data();
          break;
        case tag.profile:
          profile = this.#texts.read(cursor);
          break;
        case tag.profileVersion:
          profileVersion = cursor.bits32() >>> 0;
          break;
        case tag.historical:
          historical = cursor.bool() || historical;
          break;
        case tag.gap:
          gap = readGap(cursor, this.#texts, this.#times);
          break;
        default:
          cursor.skip(field);
      }
    }
    if (sequence === 0) sequence = ifUnsequenced;
    if (batch.clockQuality) clockQuality = batch.clockQuality;
    return {
      sequence,
      deviceId,
      time,
      receivedAt,
      clockQuality,
      priority,
      source,
      topic,
      fields: fields ?? noFields,
      payload,
      profile,
      profileVersion,
      historical,
      gap,
    };
  }

  #field(cursor: ProtoCursor): DecodedField {
    const stop = cursor.span();
    const whole = cursor.end;
    cursor.end = stop;
    let name = '';
    let unit = '';
    let value: FieldValue | undefined;
    while (cursor.at < stop) {
      const field = cursor.tag();
      switch (field) {
        case tag.name:
          name = this.#texts.read(cursor);
          break;
        case tag.unit:
          unit = this.#texts.read(cursor);
          break;
        case tag.number:
          value = cursor.double();
          break;
        case tag.integer:
          value = cursor.sint64();
          break;
        case tag.boolean:
          value = cursor.bool();
          break;
        case tag.text:
          value = cursor.text();
          break;
        case tag.data:
          value = cursor.data();
          break;
        default:
          cursor.skip(field);
      }
    }
    cursor.end = whole;
    return { name, unit, value };
  }
}
