import { randomBytes } from 'node:crypto';
import { crc32 } from 'node:zlib';
import Database from 'better-sqlite3';
import { lastSequenceOf, type StoredBatch } from '../core/batch.ts';
import { HeadgateError, messageOf } from '../core/errors.ts';
import type { Interval } from '../lib/intervals.ts';
import type { Identity, NewBatch, Totals } from './worker-protocol.ts';

/** Raised when what is in the file can no longer be read by the release before. */
const schemaVersion = 1;
const pageSize = 4096;

/*
 * `total_records` and `total_bytes` count everything ever appended up to and including the row. With what `state` says
 * was removed, they tell what waits without counting rows, at start and at any size. They live in the row because the
 * row is written anyway; `state` is only written by transactions that delete.
 */
const schema = `
  CREATE TABLE identity (gateway TEXT NOT NULL, epoch TEXT NOT NULL, created_at_ms INTEGER NOT NULL);
  CREATE TABLE state (
    only INTEGER PRIMARY KEY CHECK (only = 1),
    last_sequence INTEGER NOT NULL,
    total_records INTEGER NOT NULL,
    total_bytes INTEGER NOT NULL,
    removed_records INTEGER NOT NULL,
    removed_bytes INTEGER NOT NULL
  );
  INSERT INTO state VALUES (1, 0, 0, 0, 0, 0);
  CREATE TABLE batches (
    first_sequence INTEGER PRIMARY KEY,
    count INTEGER NOT NULL,
    opened_at_ms INTEGER NOT NULL,
    total_records INTEGER NOT NULL,
    total_bytes INTEGER NOT NULL,
    checksum INTEGER NOT NULL,
    records BLOB NOT NULL
  );
`;

interface BatchRow {
  first_sequence: number;
  count: number;
  checksum: number;
  records: Buffer;
}

interface State {
  lastSequence: number;
  totalRecords: number;
  totalBytes: number;
  removedRecords: number;
  removedBytes: number;
}

/** The batches on disk: one row each, in order of sequence. Synchronous; lives in the worker. */
export class BatchStore {
  readonly identity: Identity;
  readonly #db: Database.Database;
  readonly #statements: ReturnType<typeof prepare>;
  #state: State;
  #oldest: { firstSequence: number; openedAtMs: number } | undefined;

  /**
   * Opens the database at `path`, or makes it.
   * @throws {HeadgateError} data.in-use, data.newer, data.unwritable or data.unreadable
   */
  constructor(path: string, checkpointBytes: number) {
    this.#db = open(path);
    try {
      this.identity = initialise(this.#db, path, checkpointBytes);
      this.#statements = prepare(this.#db);
      this.#state = loadState(this.#db);
      this.#oldest = this.#findOldest();
    } catch (error) {
      this.#db.close();
      throw asHeadgateError(error, path);
    }
  }

  get totals(): Totals {
    const state = this.#state;
    return {
      waitingRecords: state.totalRecords - state.removedRecords,
      waitingBytes: state.totalBytes - state.removedBytes,
      firstWaiting: this.#oldest?.firstSequence ?? 0,
      lastSequence: state.lastSequence,
      ...(this.#oldest && { oldestMs: this.#oldest.openedAtMs }),
    };
  }

  /** One transaction, one fsync: appends `batches` and removes every batch that `acknowledged` covers whole. */
  commit(batches: readonly NewBatch[], acknowledged: readonly Interval[]): void {
    const before = this.#state;
    const state = { ...before };
    this.#statements.begin.run();
    try {
      for (const batch of batches) this.#append(batch, state);
      let removed = 0;
      for (const range of acknowledged) removed += this.#remove(range, state);
      if (removed > 0) {
        this.#statements.saveState.run(
          state.lastSequence,
          state.totalRecords,
          state.totalBytes,
          state.removedRecords,
          state.removedBytes,
        );
      }
      this.#statements.commit.run();
      this.#state = state;
      if (removed > 0 || this.#oldest === undefined) this.#oldest = this.#findOldest();
    } catch (error) {
      // SQLite has ended the transaction itself after some errors, such as a full disk.
      if (this.#db.inTransaction) this.#statements.rollback.run();
      throw error;
    }
  }

  /** Writes what `state` says already: tells whether the disk takes a write and an fsync. */
  probe(): void {
    const { lastSequence, totalRecords, totalBytes, removedRecords, removedBytes } = loadState(this.#db);
    this.#statements.saveState.run(lastSequence, totalRecords, totalBytes, removedRecords, removedBytes);
  }

  /** The batches behind sequence `after`: at least one if there is any, then as many as stay within `maxBytes`. */
  read(after: number, maxBytes: number): StoredBatch[] {
    const batches: StoredBatch[] = [];
    let bytes = 0;
    for (const row of this.#statements.read.iterate(after) as IterableIterator<BatchRow>) {
      if (batches.length > 0 && bytes + row.records.length > maxBytes) break;
      if (crc32(row.records) !== row.checksum) {
        throw new HeadgateError(
          'data.unreadable',
          `The batch at sequence ${row.first_sequence} in ${this.#db.name} is damaged: its checksum differs.`,
        );
      }
      batches.push({ firstSequence: row.first_sequence, count: row.count, records: row.records });
      bytes += row.records.length;
      if (bytes >= maxBytes) break;
    }
    return batches;
  }

  /** Moves the write-ahead log into the database file and closes it. */
  close(): void {
    this.#db.close();
  }

  #append(batch: NewBatch, state: State): void {
    state.totalRecords += batch.count;
    state.totalBytes += batch.records.length;
    state.lastSequence = lastSequenceOf(batch);
    this.#statements.append.run(
      batch.firstSequence,
      batch.count,
      Math.round(batch.openedAtMs),
      state.totalRecords,
      state.totalBytes,
      crc32(batch.records),
      batch.records,
    );
  }

  #remove({ first, last }: Interval, state: State): number {
    const found = this.#statements.measure.get(first, last, last) as { records: number | null; bytes: number | null };
    if (found.records === null || found.bytes === null) return 0;
    state.removedRecords += found.records;
    state.removedBytes += found.bytes;
    return this.#statements.remove.run(first, last, last).changes;
  }

  #findOldest(): { firstSequence: number; openedAtMs: number } | undefined {
    return this.#statements.oldest.get() as { firstSequence: number; openedAtMs: number } | undefined;
  }
}

function open(path: string): Database.Database {
  try {
    // A second gateway on this directory is told so at once, not after a wait.
    return new Database(path, { timeout: 0 });
  } catch (error) {
    throw asHeadgateError(error, path);
  }
}

function initialise(db: Database.Database, path: string, checkpointBytes: number): Identity {
  // Exclusive: nobody else may write here, and SQLite needs no shared-memory file. It must come before WAL.
  db.pragma('locking_mode = EXCLUSIVE');
  db.pragma(`page_size = ${pageSize}`);
  db.pragma('journal_mode = WAL');
  // The promise rests on this line: every commit is on the disk before it returns.
  db.pragma('synchronous = FULL');
  db.pragma(`wal_autocheckpoint = ${Math.max(1, Math.round(checkpointBytes / pageSize))}`);
  db.pragma('cache_size = -8192');
  db.pragma('temp_store = MEMORY');
  const version = db.pragma('user_version', { simple: true }) as number;
  if (version > schemaVersion) {
    throw new HeadgateError(
      'data.newer',
      `${path} was made by a newer Headgate (its format is ${version}, this one reads up to ${schemaVersion}).`,
    );
  }
  if (version === 0) {
    db.transaction(() => {
      db.exec(schema);
      db.prepare('INSERT INTO identity VALUES (?, ?, ?)').run(newName('hg'), newName('e'), Date.now());
      db.pragma(`user_version = ${schemaVersion}`);
    })();
  }
  return db.prepare('SELECT gateway, epoch FROM identity').get() as Identity;
}

/** Names that people read aloud and paste into shells: short, lower case, no look-alikes to escape. */
function newName(prefix: string): string {
  return `${prefix}-${randomBytes(6).toString('hex')}`;
}

function prepare(db: Database.Database) {
  return {
    begin: db.prepare('BEGIN IMMEDIATE'),
    commit: db.prepare('COMMIT'),
    rollback: db.prepare('ROLLBACK'),
    append: db.prepare('INSERT INTO batches VALUES (?, ?, ?, ?, ?, ?, ?)'),
    measure: db.prepare(`
      SELECT sum(count) AS records, sum(length(records)) AS bytes
      FROM batches WHERE first_sequence BETWEEN ? AND ? AND first_sequence + count - 1 <= ?`),
    remove: db.prepare('DELETE FROM batches WHERE first_sequence BETWEEN ? AND ? AND first_sequence + count - 1 <= ?'),
    saveState: db.prepare(`
      UPDATE state SET last_sequence = ?, total_records = ?, total_bytes = ?, removed_records = ?, removed_bytes = ?`),
    read: db.prepare(
      'SELECT first_sequence, count, checksum, records FROM batches WHERE first_sequence > ? ORDER BY first_sequence',
    ),
    oldest: db.prepare(`
      SELECT first_sequence AS firstSequence, opened_at_ms AS openedAtMs
      FROM batches ORDER BY first_sequence LIMIT 1`),
  };
}

/** The newest row knows more than `state`, unless it has been deleted: then `state` was written with it. */
function loadState(db: Database.Database): State {
  const saved = db
    .prepare(`SELECT last_sequence AS lastSequence, total_records AS totalRecords, total_bytes AS totalBytes,
                removed_records AS removedRecords, removed_bytes AS removedBytes FROM state`)
    .get() as State;
  const newest = db
    .prepare(`SELECT first_sequence + count - 1 AS lastSequence, total_records AS totalRecords,
                total_bytes AS totalBytes FROM batches ORDER BY first_sequence DESC LIMIT 1`)
    .get() as Omit<State, 'removedRecords' | 'removedBytes'> | undefined;
  return newest !== undefined && newest.lastSequence > saved.lastSequence ? { ...saved, ...newest } : saved;
}

function asHeadgateError(error: unknown, path: string): Error {
  if (error instanceof HeadgateError) return error;
  const code = (error as { code?: string }).code ?? '';
  if (code.startsWith('SQLITE_BUSY') || code.startsWith('SQLITE_LOCKED')) {
    return new HeadgateError('data.in-use', `${path} is in use by another program.`, { cause: error });
  }
  if (code.startsWith('SQLITE_READONLY') || code.startsWith('SQLITE_CANTOPEN') || code.startsWith('SQLITE_PERM')) {
    return new HeadgateError('data.unwritable', `${path} can't be opened for writing: ${messageOf(error)}.`, {
      cause: error,
    });
  }
  return new HeadgateError('data.unreadable', `${path} can't be read: ${messageOf(error)}.`, { cause: error });
}
