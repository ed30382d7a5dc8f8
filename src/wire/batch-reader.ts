import { MalformedError, ProtoCursor } from '../lib/proto-cursor.ts';
import { packedTag, unpack } from './packed-upload.ts';

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

// Tags of uplink.proto and of Batch: field number << 3 | wire type.
const tag = {
  batches: 0x0a,
  firstSequence: 0x08,
  count: 0x10,
  historical: 0x18,
  clockShiftMs: 0x20,
  clockQuality: 0x28,
  records: 0x7a,
} as const;

/**
 * Finds the batches and records of an encoded `Upload` without decoding them; one that is compressed is decompressed.
 *
 * @throws MalformedError when the bytes are no Upload, or don't come to what it claims, or a batch holds another number
 * of records than its `count`
 */
export function readUpload(upload: Uint8Array): EncodedBatch[] {
  const cursor = new ProtoCursor().open(unpack(upload));
  const batches: EncodedBatch[] = [];
  while (cursor.at < cursor.end) {
    const field = cursor.tag();
    if (field !== tag.batches) {
      // Skipping it would lose what is in it.
      if (field === packedTag.compressed) throw new MalformedError('a compressed part is where batches should be');
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
    else if (field === tag.historical) historical = cursor.bool();
    else if (field === tag.clockShiftMs) clockShiftMs = Number(cursor.sint64());
    else if (field === tag.clockQuality) clockQuality = cursor.bits32();
    else cursor.skip(field);
  }
  if (spans.length !== count * 2) {
    throw new MalformedError(
      `batch ${firstSequence} says that it holds ${count} records, but holds ${spans.length / 2}`,
    );
  }
  return { firstSequence, count, historical, clockShiftMs, clockQuality, bytes: cursor.bytes, spans };
}
