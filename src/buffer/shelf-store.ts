import { existsSync, mkdirSync, renameSync, rmSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { crc32 } from 'node:zlib';
import Database from 'better-sqlite3';
import { HeadgateError, messageOf } from '../core/errors.ts';
import type { ShelfChange, ShelfEntry } from '../core/shelf.ts';
import { bringUp, formats } from '../lib/formats.ts';
import { isFull } from '../lib/is-full.ts';

// What parts remember beyond the process (see core/shelf.ts), in one file. Unlike the segments of the log it is written
// again and again, so here SQLite is a plain table. It is never worth more than a start: a file that is damaged is moved
// aside, and what can be read of it goes into a new one.

/** As SQLite keeps it. `checksum` is crc32 over space, key and value, one after the other. */
const schema = `CREATE TABLE entries (
  space TEXT NOT NULL,
  key TEXT NOT NULL,
  checksum INTEGER NOT NULL,
  value BLOB NOT NULL,
  PRIMARY KEY (space, key)
) WITHOUT ROWID`;

interface Row {
  readonly space: string;
  readonly key: string;
  readonly checksum: number;
  readonly value: Buffer;
}

/** The shelf's entries on disk. Synchronous; lives in the buffer's worker. */
export class ShelfStore {
  readonly #path: string;
  #db: Database.Database;
  #statements: ReturnType<typeof prepare>;
  /** What was wrong with the file when it was opened, and where it is now; undefined when nothing was. */
  readonly problem: string | undefined;

  /**
   * Opens the file at `path`, or makes it. What is damaged is moved to `damaged/` beside it.
   * @throws {HeadgateError} data.in-use when another program has it open; data.unwritable when no file can be made
   */
  constructor(path: string) {
    this.#path = path;
    try {
      finishReplacing(path);
      this.problem = replaceIfDamaged(path);
      this.#db = open(path);
      giveBack(this.#db);
      this.#statements = prepare(this.#db);
    } catch (error) {
      throw asHeadgateError(error, path);
    }
  }

  /**
   * Makes changes, the later ones of a key over the earlier ones, in one transaction.
   * @throws what SQLite says when the disk refuses it; then none of them is made
   */
  apply(changes: readonly ShelfChange[]): void {
    if (!this.#db.open) this.#reopen();
    const { begin, commit, rollback, put, remove } = this.#statements;
    begin.run();
    try {
      for (const { space, key, value } of changes) {
        if (value === undefined) remove.run(space, key);
        else put.run(space, key, checksumOf(space, key, value), value);
      }
      commit.run();
    } catch (error) {
      // SQLite has ended the transaction itself after some errors, such as a full disk.
      if (this.#db.inTransaction) rollback.run();
      // After anything but a full disk nobody knows what is in its caches: the next one reads the file anew.
      if ((error as { code?: string }).code !== 'SQLITE_FULL') this.#db.close();
      throw error;
    }
  }

  /** A space's entries in order of their keys, without those whose bytes are not what was put. */
  entries(space: string): ShelfEntry[] {
    if (!this.#db.open) this.#reopen();
    const rows = this.#statements.read.all(space) as Row[];
    return rows.filter(isSound).map(({ key, value }) => [key, value]);
  }

  /** Writes a copy of the file to `path`, which must not exist. */
  backup(path: string): void {
    if (!this.#db.open) this.#reopen();
    this.#db.prepare('VACUUM INTO ?').run(path);
  }

  /** Moves the write-ahead log into the file and closes it. */
  close(): void {
    this.#db.close();
  }

  #reopen(): void {
    this.#db = open(this.#path);
    this.#statements = prepare(this.#db);
  }
}

function checksumOf(space: string, key: string, value: Uint8Array): number {
  return crc32(value, crc32(key, crc32(space)));
}

function isSound({ space, key, checksum, value }: Row): boolean {
  // Damage may have changed their types too.
  if (typeof space !== 'string' || typeof key !== 'string' || !(value instanceof Uint8Array)) return false;
  return checksum === checksumOf(space, key, value);
}

function open(path: string): Database.Database {
  const db = new Database(path, { timeout: 0 });
  try {
    // Exclusive: nobody else may write here, and SQLite needs no shared-memory file. It must come before WAL.
    db.pragma('locking_mode = EXCLUSIVE');
    const isNew = versionOf(db) === 0;
    if (isNew) {
      db.pragma('page_size = 4096');
      db.pragma('auto_vacuum = INCREMENTAL');
    }
    db.pragma('journal_mode = WAL');
    db.pragma('synchronous = FULL');
    db.pragma('cache_size = -2048');
    db.pragma('temp_store = MEMORY');
    bringUp(db, 'shelf', [schema]);
    return db;
  } catch (error) {
    db.close();
    throw error;
  }
}

function versionOf(db: Database.Database): number {
  return db.pragma('user_version', { simple: true }) as number;
}

/** @returns what was wrong and what was done about it; undefined when nothing was */
function replaceIfDamaged(path: string): string | undefined {
  if (!existsSync(path)) {
    // A log without its file.
    if (!existsSync(`${path}-wal`)) return undefined;
    return `${path} was missing, and its log alone can't be read: it was moved to ${moveAside(path)}.`;
  }
  const damage = damageOf(path);
  if (damage === undefined) return undefined;
  const kept = rebuild(path);
  const aside = moveAside(path);
  renameSync(freshOf(path), path);
  return (
    `What is remembered across restarts, ${path}, could not be read (${damage}): it was moved to ${aside}, and ` +
    `${kept} entries were saved from it.`
  );
}

/**
 * What is wrong with a file, in words; undefined when all of it is as it was written.
 * @throws when it is another program's
 */
function damageOf(path: string): string | undefined {
  // Shared memory that was left by a tool would be believed.
  removeTraces(path);
  let db: Database.Database | undefined;
  try {
    // Whoever may write to the file changes it by looking at it.
    db = new Database(path, { timeout: 0, readonly: true });
    const version = versionOf(db);
    if (version > formats.shelf.newest)
      return `its format is ${version}, and this Headgate reads ${formats.shelf.newest}`;
    const verdict = db.pragma('integrity_check(1)', { simple: true }) as string;
    if (verdict !== 'ok') return verdict.trim();
    const tables = db.prepare('SELECT sql FROM sqlite_schema').pluck().all();
    // Just made, and killed.
    if (version === 0 && tables.length === 0) return undefined;
    if (tables.length !== 1 || tables[0] !== schema) return 'its table is not the one that was made';
    const rows = db.prepare('SELECT space, key, checksum, value FROM entries').iterate() as IterableIterator<Row>;
    for (const row of rows) if (!isSound(row)) return `an entry of ${row.space} is not what was stored`;
    return undefined;
  } catch (error) {
    if (isBusy(error)) throw error;
    // No room to look at it, which is not its fault.
    return isOfDisk(error) ? undefined : messageOf(error);
  } finally {
    db?.close();
    removeTraces(path);
  }
}

/** Puts what can be read of a file into a new one beside it. @returns how many entries that are */
function rebuild(path: string): number {
  const fresh = open(freshOf(path));
  try {
    const insert = fresh.prepare('INSERT OR IGNORE INTO entries VALUES (?, ?, ?, ?)');
    let kept = 0;
    fresh.transaction(() => {
      for (const { space, key, checksum, value } of readableRows(path)) {
        kept += insert.run(space, key, checksum, value).changes;
      }
    })();
    return kept;
  } finally {
    fresh.close();
  }
}

/** The sound rows from the start up to the first damage, then those from the end down to the last. */
function* readableRows(path: string): Iterable<Row> {
  for (const order of ['ASC', 'DESC']) {
    let db: Database.Database | undefined;
    try {
      db = new Database(path, { timeout: 0, readonly: true });
      const rows = db.prepare(`SELECT space, key, checksum, value FROM entries ORDER BY space ${order}, key ${order}`);
      for (const row of rows.iterate() as IterableIterator<Row>) if (isSound(row)) yield row;
    } catch {
      // Here it is damaged, which is known already.
    } finally {
      db?.close();
      removeTraces(path);
    }
  }
}

/** @returns where it is now */
function moveAside(path: string): string {
  const directory = join(dirname(path), 'damaged');
  mkdirSync(directory, { recursive: true });
  const aside = join(directory, `shelf-${new Date().toISOString().replaceAll(':', '-')}.db`);
  // The log first: beside a new file it would be taken for its own.
  for (const suffix of ['-wal', '']) if (existsSync(path + suffix)) renameSync(path + suffix, aside + suffix);
  return aside;
}

function freshOf(path: string): string {
  return `${path}.fresh`;
}

/** A rebuilt file takes the old one's place once that has been moved aside; until then it may be half-way. */
function finishReplacing(path: string): void {
  const fresh = freshOf(path);
  if (!existsSync(path) && existsSync(fresh)) renameSync(fresh, path);
  else removeDatabase(fresh);
}

/** What SQLite leaves beside a file that it only read. */
function removeTraces(path: string): void {
  rmSync(`${path}-shm`, { force: true });
  if (statSync(`${path}-wal`, { throwIfNoEntry: false })?.size === 0) rmSync(`${path}-wal`, { force: true });
}

function removeDatabase(path: string): void {
  for (const suffix of ['', '-wal', '-shm', '-journal']) rmSync(path + suffix, { force: true });
}

function prepare(db: Database.Database) {
  return {
    begin: db.prepare('BEGIN IMMEDIATE'),
    commit: db.prepare('COMMIT'),
    rollback: db.prepare('ROLLBACK'),
    put: db.prepare('INSERT OR REPLACE INTO entries VALUES (?, ?, ?, ?)'),
    remove: db.prepare('DELETE FROM entries WHERE space = ? AND key = ?'),
    read: db.prepare('SELECT space, key, checksum, value FROM entries WHERE space = ? ORDER BY key'),
  };
}

/** What was deleted gives its room back. */
function giveBack(db: Database.Database): void {
  try {
    db.pragma('incremental_vacuum');
  } catch (error) {
    // A full disk has no room for the notes that it takes: another start will do.
    if (!isOfDisk(error)) throw error;
  }
}

/** Not what the file holds, but that nothing can be written now. */
function isOfDisk(error: unknown): boolean {
  return /^SQLITE_(FULL|IOERR_(WRITE|FSYNC|TRUNCATE|SHM))/.test((error as { code?: string }).code ?? '');
}

function isBusy(error: unknown): boolean {
  return /^SQLITE_(BUSY|LOCKED)/.test((error as { code?: string }).code ?? '');
}

function asHeadgateError(error: unknown, path: string): HeadgateError {
  if (isBusy(error)) {
    return new HeadgateError('data.in-use', `${path} is in use by another program.`, { cause: error });
  }
  const failed = isFull(error) ? 'data.full' : 'data.unwritable';
  return new HeadgateError(failed, `${path} can't be opened for writing: ${messageOf(error)}.`, { cause: error });
}
