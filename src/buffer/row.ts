import { constants, crc32, zstdCompressSync, zstdDecompressSync } from 'node:zlib';

/**
 * A row of `batches`: a run of records as it lies on the disk. Shared by the store, which writes and reads it through
 * SQLite, and by salvage, which reads it without. All numbers are whole, from 0 to 2^53 - 1.
 */
export interface BatchRow {
  /** Running number of its first record in the lane, from 0. */
  position: number;
  first_sequence: number;
  /** Records in it. */
  count: number;
  /** When its first record was taken in, by the wall clock, Unix ms. */
  taken_at_ms: number;
  /** The same in operating time: monotonic, summed over all runs, ms. */
  age_at_ms: number;
  /** How `records` is stored: 0 as is, 1 as one zstd frame. */
  encoding: number;
  /** {@link checksumOf} the rest. */
  checksum: number;
  /** Delivery keys of QoS 1 messages. */
  answers: Uint8Array | null;
  /** Encoded entries of `Batch.records`, as `encoding` says. */
  records: Uint8Array;
}

/** A segment's tables (format 2). */
export const segmentSchema = `
CREATE TABLE meta (format INTEGER NOT NULL, min_reader INTEGER NOT NULL, json TEXT NOT NULL);
CREATE TABLE state (only INTEGER PRIMARY KEY CHECK (only = 1), json TEXT NOT NULL);
CREATE TABLE segments (number INTEGER PRIMARY KEY, json TEXT NOT NULL);
CREATE TABLE batches (
  position INTEGER PRIMARY KEY,
  first_sequence INTEGER NOT NULL,
  count INTEGER NOT NULL,
  taken_at_ms INTEGER NOT NULL,
  age_at_ms INTEGER NOT NULL,
  encoding INTEGER NOT NULL,
  checksum INTEGER NOT NULL,
  answers BLOB,
  records BLOB NOT NULL
);
`;

/** The columns of `batches` in their order, which is the order of a record's values in the file. */
export const batchColumns = [
  'position',
  'first_sequence',
  'count',
  'taken_at_ms',
  'age_at_ms',
  'encoding',
  'checksum',
  'answers',
  'records',
] as const satisfies readonly (keyof BatchRow)[];

/** Below this a frame's header and the call cost more than they save. */
const minPackedBytes = 256;
/** A smaller saving is not worth the work of unpacking. */
const maxPackedRatio = 0.9;
const compressing = { params: { [constants.ZSTD_c_compressionLevel]: 1 } };
/** More than any batch holds: a damaged frame must not ask for the memory of the whole machine. */
const maxUnpackedBytes = 256 * 2 ** 20;

/** CRC-32 over the numbers before it in the row, as text joined by commas, then `answers` if any, then `records`. */
export function checksumOf(row: Omit<BatchRow, 'checksum'>): number {
  const { position, first_sequence, count, taken_at_ms, age_at_ms, encoding, answers, records } = row;
  let checksum = crc32(`${position},${first_sequence},${count},${taken_at_ms},${age_at_ms},${encoding}`);
  if (answers !== null) checksum = crc32(answers, checksum);
  return crc32(records, checksum);
}

/** Whether the row is as it was written. */
export function isSound(row: BatchRow): boolean {
  // Damage may have changed their types too.
  if (!(row.records instanceof Uint8Array) || !(row.answers === null || row.answers instanceof Uint8Array))
    return false;
  return row.checksum === checksumOf(row);
}

/** @returns the records as they are to be stored: packed where that is worth it, else the same bytes */
export function packRecords(records: Uint8Array): { encoding: 0 | 1; bytes: Uint8Array } {
  if (records.length < minPackedBytes) return { encoding: 0, bytes: records };
  const packed = zstdCompressSync(records, compressing);
  if (packed.length > records.length * maxPackedRatio) return { encoding: 0, bytes: records };
  return { encoding: 1, bytes: packed };
}

/** @throws an error of zlib when the bytes are damaged, a RangeError when the encoding is none that this release knows */
export function unpackRecords(row: Pick<BatchRow, 'encoding' | 'records'>): Uint8Array {
  switch (row.encoding) {
    case 0:
      return row.records;
    case 1:
      return zstdDecompressSync(row.records, { maxOutputLength: maxUnpackedBytes });
    default:
      throw new RangeError(`A batch is stored in an encoding (${row.encoding}) that this release does not know.`);
  }
}
