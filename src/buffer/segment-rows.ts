import type Database from 'better-sqlite3';
import { type BatchRow, batchColumns, checksumOf, isSound, packRecords, unpackRecords } from './row.ts';
import { sizeOf } from './segment-file.ts';
import type { NewBatch, ReadBatch, SegmentSummary } from './worker-protocol.ts';

// Batches as rows of a segment, and back.

/** Every row, in order. */
export function rowsOf(db: Database.Database): IterableIterator<BatchRow> {
  const select = `SELECT ${batchColumns.join(', ')} FROM batches ORDER BY position`;
  return db.prepare(select).iterate() as IterableIterator<BatchRow>;
}

/** A row as the batch it is; undefined when it is not as it was written. */
export function batchOf(row: BatchRow): ReadBatch | undefined {
  if (!isSound(row)) return undefined;
  return {
    position: row.position,
    firstSequence: row.first_sequence,
    count: row.count,
    records: unpackRecords(row),
    takenAtMs: row.taken_at_ms,
    ageAtMs: row.age_at_ms,
  };
}

/** What a segment with these rows, all sound, says of itself. @param firstPosition where it starts when it has none */
export function summaryOf(
  number: number,
  path: string,
  rows: Iterable<BatchRow>,
  firstPosition: number,
): SegmentSummary {
  let first: BatchRow | undefined;
  let last: BatchRow | undefined;
  let bytes = 0;
  for (const row of rows) {
    first ??= row;
    last = row;
    bytes += unpackRecords(row).length;
  }
  return {
    number,
    firstPosition: first?.position ?? firstPosition,
    endPosition: last === undefined ? firstPosition : last.position + last.count,
    firstSequence: first?.first_sequence ?? 0,
    lastSequence: last === undefined ? 0 : last.first_sequence + last.count - 1,
    bytes,
    fileBytes: sizeOf(path),
    oldestMs: first?.taken_at_ms ?? 0,
    oldestAgeMs: first?.age_at_ms ?? 0,
    newestMs: last?.taken_at_ms ?? 0,
    newestAgeMs: last?.age_at_ms ?? 0,
  };
}

/** A batch as the values of its row. */
export function valuesOf(position: number, batch: NewBatch): unknown[] {
  const { encoding, bytes } = packRecords(batch.records);
  const row = {
    position,
    first_sequence: batch.firstSequence,
    count: batch.count,
    taken_at_ms: Math.round(batch.takenAtMs),
    age_at_ms: Math.ceil(batch.ageAtMs),
    encoding,
    answers: batch.answers ?? null,
    records: bytes,
  };
  const stored: BatchRow = { ...row, checksum: checksumOf(row) };
  return batchColumns.map((column) => stored[column]);
}

/** What is asked of a segment again and again. */
export interface Statements {
  readonly begin: Database.Statement;
  readonly commit: Database.Statement;
  readonly rollback: Database.Statement;
  readonly append: Database.Statement;
  readonly saveState: Database.Statement;
  readonly read: Database.Statement;
  readonly find: Database.Statement;
  readonly before: Database.Statement;
}

export function statementsOf(db: Database.Database): Statements {
  const columns = batchColumns.join(', ');
  return {
    begin: db.prepare('BEGIN IMMEDIATE'),
    commit: db.prepare('COMMIT'),
    rollback: db.prepare('ROLLBACK'),
    append: db.prepare(`INSERT INTO batches (${columns}) VALUES (${batchColumns.map(() => '?').join(', ')})`),
    saveState: db.prepare('INSERT INTO state VALUES (1, ?) ON CONFLICT DO UPDATE SET json = excluded.json'),
    read: db.prepare(`SELECT ${columns} FROM batches WHERE position >= ? AND position < ? ORDER BY position`),
    find: db.prepare('SELECT position, first_sequence FROM batches WHERE position >= ? ORDER BY position LIMIT 1'),
    before: db.prepare(
      'SELECT position, first_sequence, count FROM batches WHERE position < ? ORDER BY position DESC LIMIT 1',
    ),
  };
}
