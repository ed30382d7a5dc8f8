import Database from 'better-sqlite3';
import { powerCut } from '../lib/power-cut.ts';
import { type BatchRow, batchColumns, isSound, segmentSchema } from './row.ts';
import { openText, sealText } from './sealed-text.ts';
import { formatOf, metaIn, type Origin, prepareFile, removeFiles, type SegmentMeta, sizeOf } from './segment-file.ts';
import { type Piece, positionBehind, readPiece } from './segment-read.ts';
import { rowsOf, type Statements, statementsOf, summaryOf, valuesOf } from './segment-rows.ts';
import { announce, born } from './unborn.ts';
import type { NewBatch, SegmentSummary } from './worker-protocol.ts';

/** The packed delivery keys of a batch, and when it was taken in, in operating time. */
export interface Answers {
  readonly answers: Uint8Array;
  readonly ageAtMs: number;
}

/**
 * One segment: an SQLite file to which batches are appended until it is full. While it is written, everything lives in its
 * write-ahead log, which is never moved into the database before the segment is closed: each byte is written once, and
 * most segments are deleted before they would be written a second time.
 */
export class Segment {
  readonly path: string;
  readonly meta: SegmentMeta;
  /** No row that was read on opening is damaged. */
  isWhole = true;
  readonly #db: Database.Database;
  #statements: Statements | undefined;
  #summary: SegmentSummary;
  /** The file tells its own summary already, and it is the last one. */
  #isSummarised = false;

  private constructor(db: Database.Database, path: string, meta: SegmentMeta, summary: SegmentSummary) {
    this.path = path;
    this.meta = meta;
    this.#db = db;
    this.#summary = summary;
  }

  /**
   * Makes a segment; it is on the disk when this returns.
   * @param others summaries of the lane's other segments
   * @throws an error of SQLite when the disk refuses
   */
  static create(
    path: string,
    meta: SegmentMeta,
    origin: Origin,
    state: string | undefined,
    others: readonly SegmentSummary[],
  ): Segment {
    removeFiles(path);
    announce(path);
    const db = new Database(path, { timeout: 0 });
    try {
      prepareFile(db);
      db.transaction(() => {
        db.exec(segmentSchema);
        const { format, minReader } = formatOf('segment');
        const own: SegmentMeta = { ...meta, ...origin, minReader };
        db.prepare('INSERT INTO meta VALUES (?, ?, ?)').run(format, minReader, sealText(JSON.stringify(own)));
        if (state !== undefined) db.prepare('INSERT INTO state VALUES (1, ?)').run(sealText(state));
        const insert = db.prepare('INSERT INTO segments VALUES (?, ?)');
        for (const other of others) insert.run(other.number, sealText(JSON.stringify(other)));
      })();
      born(path);
    } catch (error) {
      db.close();
      removeFiles(path);
      born(path);
      throw error;
    }
    return new Segment(db, path, meta, {
      number: origin.number,
      firstPosition: origin.firstPosition,
      endPosition: origin.firstPosition,
      firstSequence: 0,
      lastSequence: 0,
      bytes: 0,
      fileBytes: sizeOf(path),
      oldestMs: 0,
      oldestAgeMs: 0,
      newestMs: 0,
      newestAgeMs: 0,
    });
  }

  /**
   * Opens a segment that is there, and what its write-ahead log holds with it. One that was not closed in good order is read
   * through, and {@link isWhole} tells whether everything in it is as it was written.
   * @throws {HeadgateError} data.newer; an error of SQLite when it is damaged
   */
  static open(path: string, number: number, known?: SegmentSummary): Segment {
    const db = new Database(path, { timeout: 0, fileMustExist: true });
    try {
      prepareFile(db);
      const meta = metaIn(db, path, number);
      const own = openText(db.prepare('SELECT json FROM segments WHERE number = ?').pluck().get(number));
      const summary = known ?? (own === undefined ? undefined : (JSON.parse(own) as SegmentSummary));
      const rows = summary === undefined ? [...rowsOf(db)] : [];
      const sound = rows.filter(isSound);
      const segment = new Segment(db, path, meta, summary ?? summaryOf(number, path, sound, meta.firstPosition ?? 0));
      segment.isWhole = sound.length === rows.length;
      segment.#isSummarised = own !== undefined || known !== undefined;
      return segment;
    } catch (error) {
      db.close();
      throw error;
    }
  }

  get summary(): SegmentSummary {
    return this.#summary;
  }

  /** The state and the other segments' summaries as they were saved last. */
  get saved(): { readonly state: string | undefined; readonly others: SegmentSummary[] } {
    const text = this.#db.prepare('SELECT json FROM state').pluck().get();
    const state = openText(text);
    const others = this.#db.prepare('SELECT json FROM segments WHERE number <> ? ORDER BY number').pluck();
    const texts = others.all(this.#summary.number).map(openText);
    if (text !== undefined && state === undefined) this.isWhole = false;
    return { state, others: texts.flatMap((json) => (json === undefined ? [] : [JSON.parse(json) as SegmentSummary])) };
  }

  /**
   * Appends batches and saves the state: one transaction, one fsync.
   * @returns bytes by which its files grew
   * @throws an error of SQLite: none of it is stored then
   */
  write(batches: readonly NewBatch[], state: string | undefined): number {
    const statements = this.#prepared();
    let { endPosition, firstSequence, lastSequence, bytes } = this.#summary;
    let { oldestMs, oldestAgeMs, newestMs, newestAgeMs } = this.#summary;
    statements.begin.run();
    try {
      for (const batch of batches) {
        if (firstSequence === 0) {
          firstSequence = batch.firstSequence;
          oldestMs = batch.takenAtMs;
          oldestAgeMs = batch.ageAtMs;
        }
        statements.append.run(valuesOf(endPosition, batch));
        endPosition += batch.count;
        bytes += batch.records.length;
        lastSequence = batch.firstSequence + batch.count - 1;
        newestMs = batch.takenAtMs;
        newestAgeMs = batch.ageAtMs;
      }
      if (state !== undefined) statements.saveState.run(sealText(state));
      if (state !== undefined) powerCut('gateway: before the deletion is saved');
      statements.commit.run();
      if (state !== undefined) powerCut('gateway: after the deletion is saved');
      this.#isSummarised = false;
    } catch (error) {
      // SQLite has ended the transaction itself after some errors, such as a full disk.
      if (this.#db.inTransaction) statements.rollback.run();
      throw error;
    }
    const before = this.#summary.fileBytes;
    const fileBytes = sizeOf(this.path);
    const times = { oldestMs, oldestAgeMs, newestMs, newestAgeMs };
    this.#summary = { ...this.#summary, endPosition, firstSequence, lastSequence, bytes, fileBytes, ...times };
    return fileBytes - before;
  }

  /** See {@link positionBehind}. */
  positionBehind(after: number, from: number): number {
    return positionBehind(this.#prepared(), after, from, this.#summary.endPosition);
  }

  /** See {@link readPiece}. */
  read(from: number, maxBytes: number): Piece {
    return readPiece(this.#prepared(), from, this.#summary.endPosition, maxBytes);
  }

  /**
   * Packed delivery keys, newest batch first, until there are about `limit` keys.
   * @param endPosition rows from there on are left over from a write that failed: its sources were refused
   */
  newestAnswers(limit: number, endPosition: number): Answers[] {
    const rows = this.#db.prepare(
      'SELECT answers, count, age_at_ms AS ageAtMs FROM batches WHERE answers IS NOT NULL AND position < ? ORDER BY position DESC',
    );
    const found: Answers[] = [];
    let keys = 0;
    for (const row of rows.iterate(endPosition) as IterableIterator<Answers & { count: number }>) {
      found.push(row);
      keys += row.count;
      if (keys >= limit) break;
    }
    return found;
  }

  /** Rows behind the end are left over from a write that failed, and do not count. */
  cutAt(endPosition: number): void {
    if (this.#summary.endPosition > endPosition) this.#summary = { ...this.#summary, endPosition };
  }

  /**
   * Moves everything into the database file and closes it: from here on it is one file, which tells its own summary. What
   * the disk refuses of that stays in the write-ahead log, where the next opening finds it.
   * @param state instead of the one that was saved last; null: none
   */
  close(state?: string | null): void {
    try {
      if (state === null) this.#db.exec('DELETE FROM state');
      else if (state !== undefined) this.#prepared().saveState.run(sealText(state));
      const { number } = this.#summary;
      // A file that was only read stays as it was.
      if (!this.#isSummarised) {
        const insert = this.#db.prepare('INSERT OR REPLACE INTO segments VALUES (?, ?)');
        insert.run(number, sealText(JSON.stringify(this.#summary)));
      }
    } catch {
      // Only the next start takes longer for it: it looks at every row.
    }
    this.#db.close();
    this.#summary = { ...this.#summary, fileBytes: sizeOf(this.path) };
  }

  /** Puts rows back that were saved from a damaged segment, at the positions they had. */
  restore(rows: readonly BatchRow[]): void {
    const statements = this.#prepared();
    statements.begin.run();
    for (const row of rows) statements.append.run(batchColumns.map((column) => row[column]));
    statements.commit.run();
    this.#summary = summaryOf(this.#summary.number, this.path, rows, this.#summary.firstPosition);
  }

  /** Deletes the segment. Instant, and possible on a full disk. */
  destroy(): void {
    // Closing would copy the write-ahead log into a file that nobody will read; at least nobody waits for it.
    this.#db.pragma('synchronous = OFF');
    removeFiles(this.path);
    this.#db.close();
    removeFiles(this.path);
  }

  #prepared(): Statements {
    this.#statements ??= statementsOf(this.#db);
    return this.#statements;
  }
}
