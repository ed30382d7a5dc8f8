import { existsSync, mkdirSync, renameSync, rmSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import Database from 'better-sqlite3';
import { bringUp, formats } from '../lib/formats.ts';

// A block is a series' buckets of one tier within one span of time. Blocks lie in the order of time, not of series: what is
// written together is adjacent, and so is what expires together. A query asks for a few dozen of them, each by its key.
const tables = `
  CREATE TABLE series (id INTEGER PRIMARY KEY, device TEXT NOT NULL, name TEXT NOT NULL, tags TEXT NOT NULL,
    unit TEXT NOT NULL, kind TEXT NOT NULL, heardMs INTEGER NOT NULL, UNIQUE (device, name, tags, unit)) STRICT;
  CREATE TABLE journal (id INTEGER PRIMARY KEY, level INTEGER NOT NULL, firstMs INTEGER NOT NULL, lastMs INTEGER NOT NULL,
    takenAtMs REAL, ageAtMs REAL, isUnset INTEGER NOT NULL, data BLOB NOT NULL) STRICT;
  CREATE TABLE block (tier INTEGER NOT NULL, startMs INTEGER NOT NULL, series INTEGER NOT NULL, data BLOB NOT NULL,
    PRIMARY KEY (tier, startMs, series)) STRICT, WITHOUT ROWID;
  CREATE TABLE extent (tier INTEGER NOT NULL, startMs INTEGER NOT NULL, blocks INTEGER NOT NULL, bytes INTEGER NOT NULL,
    PRIMARY KEY (tier, startMs)) STRICT, WITHOUT ROWID;
  CREATE TABLE loss (id INTEGER PRIMARY KEY, fromMs INTEGER NOT NULL, toMs INTEGER NOT NULL, points INTEGER NOT NULL,
    reason TEXT NOT NULL) STRICT;
  CREATE TABLE folded (level INTEGER PRIMARY KEY, span INTEGER NOT NULL) STRICT;
`;

export interface OpenFile {
  readonly db: Database.Database;
  /** For queries: sees what was committed last, also while the other is at work. */
  readonly reader: Database.Database;
  /** Where an unusable file was put; undefined: there was none. */
  readonly putAside: string | undefined;
}

/**
 * Opens the file, or begins a new one. One that can't be read is put aside: history can be done without.
 *
 * @param isDamaged the file was found damaged, whatever it looks like
 * @throws {Error} the disk does not give or take it, or a newer Headgate made it
 */
export function openFile(path: string, isDamaged: boolean): OpenFile {
  mkdirSync(dirname(path), { recursive: true });
  let putAside = isDamaged ? setAside(path) : undefined;
  try {
    return { ...open(path), putAside };
  } catch (error) {
    if (!isDamage(error)) throw error;
    putAside = setAside(path);
    return { ...open(path), putAside };
  }
}

/** What SQLite found means that the file is not what it wrote. */
export function isDamage(error: unknown): boolean {
  const { code } = error as { code?: string };
  return code?.startsWith('SQLITE_CORRUPT') === true || code === 'SQLITE_NOTADB';
}

/** What the file takes on disk. */
export function bytesOf(path: string): number {
  let bytes = 0;
  for (const one of [path, `${path}-wal`]) if (existsSync(one)) bytes += statSync(one).size;
  return bytes;
}

function open(path: string): Pick<OpenFile, 'db' | 'reader'> {
  const db = new Database(path);
  try {
    db.pragma('page_size = 4096');
    db.pragma('journal_mode = WAL');
    // A power cut may take the last commits along, never what was before them: fsyncs are for records, not for their view.
    db.pragma('synchronous = NORMAL');
    db.pragma('cache_size = -2048');
    db.pragma('temp_store = MEMORY');
    db.pragma('journal_size_limit = 4194304');
    const version = db.pragma('user_version', { simple: true }) as number;
    if (version > formats.history.newest)
      throw new Error('a newer Headgate made it: install that one, or remove the file');
    bringUp(db, 'history', [tables]);
    // Every table is there, and can be looked at.
    for (const table of ['series', 'journal', 'block', 'extent', 'loss', 'folded']) {
      db.prepare(`SELECT 1 FROM ${table} LIMIT 1`).get();
    }
    const reader = new Database(path, { readonly: true });
    reader.pragma('cache_size = -2048');
    return { db, reader };
  } catch (error) {
    db.close();
    throw error;
  }
}

/** The one that was put aside before has to give way. */
function setAside(path: string): string {
  const aside = `${path}.damaged`;
  rmSync(`${path}-wal`, { force: true });
  rmSync(`${path}-shm`, { force: true });
  if (existsSync(path)) renameSync(path, aside);
  return aside;
}
