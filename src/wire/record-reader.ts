import type { FieldValue, Tag } from '../core/measurement.ts';
import { MalformedError, ProtoCursor } from '../lib/proto-cursor.ts';
import { TextCache } from '../lib/text-cache.ts';
import type { EncodedBatch } from './batch-reader.ts';
import type { DecodedField, DecodedRecord } from './decoded-record.ts';
import { type DecodedGap, readGap } from './gap-reader.ts';
import { TimestampCache } from './timestamp-cache.ts';

export { MalformedError } from '../lib/proto-cursor.ts';
export type { DecodedField, DecodedRecord } from './decoded-record.ts';

const noFields: readonly DecodedField[] = [];
const noTags: readonly Tag[] = [];
const noSequences: readonly number[] = [];

// Tags of record.proto: field number << 3 | wire type.
const tag = {
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
  tags: 0x7a,
  kind: 0x80,
  supersedes: 0x88,
  supersedesPacked: 0x8a,
  message: 0x90,
  retained: 0x98,
  traceId: 0xa2,
  name: 0x0a,
  unit: 0x12,
  number: 0x19,
  integer: 0x20,
  boolean: 0x28,
  text: 0x32,
  data: 0x3a,
  tagName: 0x0a,
  tagValue: 0x12,
} as const;

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
    let tags: Tag[] | undefined;
    let kind = 0;
    let supersedes: number[] | undefined;
    let message = 0;
    let retained = false;
    let traceId: string | undefined;
    const start = cursor.at;
    cursor.hasSkipped = false;
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
        case tag.tags:
          tags ??= [];
          tags.push(this.#tag(cursor));
          break;
        case tag.kind:
          kind = cursor.bits32();
          break;
        case tag.supersedes:
          supersedes ??= [];
          supersedes.push(cursor.uint());
          break;
        case tag.supersedesPacked: {
          supersedes ??= [];
          const whole = cursor.end;
          cursor.end = cursor.span();
          while (cursor.at < cursor.end) supersedes.push(cursor.uint());
          cursor.end = whole;
          break;
        }
        case tag.message:
          message = cursor.bits32() >>> 0;
          break;
        case tag.retained:
          retained = cursor.bool();
          break;
        case tag.traceId:
          traceId = traceIdOf(cursor.data());
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
      tags: tags ?? noTags,
      kind,
      supersedes: supersedes ?? noSequences,
      message,
      retained,
      traceId,
      encoded: cursor.hasSkipped ? Uint8Array.prototype.slice.call(cursor.bytes, start, cursor.end) : undefined,
    };
  }

  #tag(cursor: ProtoCursor): Tag {
    const stop = cursor.span();
    const whole = cursor.end;
    cursor.end = stop;
    let name = '';
    let value = '';
    while (cursor.at < stop) {
      const field = cursor.tag();
      if (field === tag.tagName) name = this.#texts.read(cursor);
      else if (field === tag.tagValue) value = this.#texts.read(cursor);
      else cursor.skip(field);
    }
    cursor.end = whole;
    return [name, value];
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

function traceIdOf({ buffer, byteOffset, length }: Uint8Array): string | undefined {
  return length === 16 ? Buffer.from(buffer, byteOffset, length).toString('hex') : undefined;
}
