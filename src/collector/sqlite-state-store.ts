import { dirname } from 'node:path';
import Database from 'better-sqlite3';
import { HeadgateError } from '../core/errors.ts';
import { ensureDirectory } from '../lib/ensure-directory.ts';
import { bringUp, formats } from '../lib/formats.ts';
import { storageError } from './sqlite-errors.ts';
import type { StateEntry, StateStore } from './state-store.ts';

const schema = `
  CREATE TABLE state (
    key TEXT PRIMARY KEY,
    value BLOB NOT NULL,
    revision INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;
`;

/** One change, and who waits for it. */
interface Change {
  readonly key: string;
  /** Undefined: it is to go. */
  readonly value: Uint8Array | undefined;
  readonly expected: number;
  readonly resolve: (revision: number | undefined) => void;
  readonly reject: (error: HeadgateError) => void;
}

type Listener = (key: string, value: Uint8Array | undefined) => void;

/**
 * The state of a collector that has it for itself, in an SQLite file. All changes that are asked for in one turn of the
 * event loop are one transaction and one fsync.
 */
export class SqliteStateStore implements StateStore {
  readonly #path: string;
  readonly #db: Database.Database;
  readonly #select: Database.Statement;
  readonly #selectSpace: Database.Statement;
  readonly #insert: Database.Statement;
  readonly #update: Database.Statement;
  readonly #delete: Database.Statement;
  readonly #listeners = new Map<string, Set<Listener>>();
  #changes: Change[] = [];
  #isClosed = false;

  /** @throws HeadgateError `data.*` */
  constructor(path: string) {
    this.#path = path;
    try {
      this.#db = open(path);
      this.#select = this.#db.prepare('SELECT key, value, revision FROM state WHERE key = ?');
      this.#selectSpace = this.#db.prepare('SELECT key, value, revision FROM state WHERE key >= ? AND key < ?');
      this.#insert = this.#db.prepare('INSERT OR IGNORE INTO state (key, value, revision) VALUES (?, ?, ?)');
      this.#update = this.#db.prepare('UPDATE state SET value = ?, revision = ? WHERE key = ? AND revision = ?');
      this.#delete = this.#db.prepare('DELETE FROM state WHERE key = ? AND revision = ?');
    } catch (error) {
      throw storageError(path, error);
    }
  }

  async get(key: string): Promise<StateEntry | undefined> {
    await this.#settled();
    return this.#guard(() => this.#select.get(key) as StateEntry | undefined);
  }

  async list(space: string): Promise<readonly StateEntry[]> {
    await this.#settled();
    // '/' follows '.': all keys that begin with `space.`.
    return this.#guard(() => this.#selectSpace.all(`${space}.`, `${space}/`) as StateEntry[]);
  }

  put(key: string, value: Uint8Array, expected: number): Promise<number | undefined> {
    return this.#change(key, value, expected);
  }

  async delete(key: string, expected: number): Promise<boolean> {
    return (await this.#change(key, undefined, expected)) !== undefined;
  }

  watch(space: string, listener: Listener): () => void {
    const listeners = this.#listeners.get(space) ?? new Set();
    this.#listeners.set(space, listeners.add(listener));
    return () => listeners.delete(listener);
  }

  async close(): Promise<void> {
    if (this.#isClosed) return;
    await this.#settled();
    this.#isClosed = true;
    this.#db.close();
  }

  #change(key: string, value: Uint8Array | undefined, expected: number): Promise<number | undefined> {
    return new Promise((resolve, reject) => {
      if (this.#changes.length === 0) setImmediate(() => this.#commit());
      this.#changes.push({ key, value, expected, resolve, reject });
    });
  }

  /** What was asked for before is done. */
  async #settled(): Promise<void> {
    if (this.#changes.length > 0) await new Promise(setImmediate);
  }

  #commit(): void {
    const changes = this.#changes;
    this.#changes = [];
    let revisions: (number | undefined)[];
    try {
      revisions = this.#guard(() => this.#db.transaction(() => changes.map((change) => this.#apply(change)))());
    } catch (error) {
      for (const { reject } of changes) reject(error as HeadgateError);
      return;
    }
    for (const [index, { key, value, resolve }] of changes.entries()) {
      resolve(revisions[index]);
      if (revisions[index] !== undefined) this.#tell(key, value);
    }
  }

  /** @returns the new revision; undefined when somebody else was faster */
  #apply({ key, value, expected }: Change): number | undefined {
    const revision = expected + 1;
    if (value === undefined) return this.#delete.run(key, expected).changes === 1 ? revision : undefined;
    const { changes } =
      expected === 0 ? this.#insert.run(key, value, revision) : this.#update.run(value, revision, key, expected);
    return changes === 1 ? revision : undefined;
  }

  #tell(key: string, value: Uint8Array | undefined): void {
    for (const listener of this.#listeners.get(key.slice(0, key.indexOf('.'))) ?? []) listener(key, value);
  }

  #guard<T>(work: () => T): T {
    if (this.#isClosed) throw new HeadgateError('sink.failed', `${this.#path} is closed: the collector is stopping.`);
    try {
      return work();
    } catch (error) {
      throw storageError(this.#path, error);
    }
  }
}

function open(path: string): Database.Database {
  ensureDirectory(dirname(path), "The collector's directory");
  const db = new Database(path, { timeout: 1000 });
  try {
    db.pragma('journal_mode = WAL');
    db.pragma('synchronous = FULL');
    const found = db.pragma('user_version', { simple: true }) as number;
    const version = formats.state.newest;
    if (found > version) {
      throw new HeadgateError(
        'data.newer',
        `${path} has version ${found}; this Headgate knows versions up to ${version}.`,
      );
    }
    bringUp(db, 'state', [schema]);
    return db;
  } catch (error) {
    db.close();
    throw error;
  }
}
