import Database from 'better-sqlite3';
import { HeadgateError } from '../core/errors.ts';
import { bringUp, formats } from '../lib/formats.ts';
import { type Interval, Intervals } from '../lib/intervals.ts';
import { ProgressTable, progressSchema } from './progress-table.ts';

const steps = [
  `${progressSchema}
  CREATE TABLE checkpoint (id INTEGER PRIMARY KEY, "offset" INTEGER NOT NULL, inode INTEGER NOT NULL) STRICT`,
];

/** How far into the file the progress in the state reaches. */
export interface Checkpoint {
  /** Bytes from the file's start; what lies behind them is scanned on opening. */
  readonly offset: number;
  /** The file's inode: another file of the same name has to be scanned from its start. */
  readonly inode: number;
}

/**
 * The file sink's memory beside its file: a small SQLite database that holds the progress up to a checkpoint. It is also
 * the sink's lock: it is held exclusively while open, and the kernel lets go when the process is gone, however it went.
 * (A lock file with a process id in it survives a power cut, and then names somebody else's process.)
 *
 * It may be deleted while no collector runs: it is then made anew from the whole file.
 */
export class FileState {
  readonly #db: Database.Database;
  readonly #progress: ProgressTable;
  readonly #readCheckpoint: Database.Statement;
  readonly #writeCheckpoint: Database.Statement;

  /** @throws HeadgateError `data.in-use`, `data.newer`, or an error of SQLite as it is */
  constructor(path: string) {
    this.#db = openExclusively(path);
    this.#progress = new ProgressTable(this.#db);
    this.#readCheckpoint = this.#db.prepare('SELECT "offset", inode FROM checkpoint');
    this.#writeCheckpoint = this.#db.prepare(
      'INSERT INTO checkpoint (id, "offset", inode) VALUES (1, ?, ?) ON CONFLICT DO UPDATE SET "offset" = excluded."offset", inode = excluded.inode',
    );
  }

  get checkpoint(): Checkpoint | undefined {
    return this.#readCheckpoint.get() as Checkpoint | undefined;
  }

  /** The progress at the checkpoint. */
  load(gateway: string, epoch: string): Intervals {
    const key = this.#progress.find(gateway, epoch);
    return key === undefined ? new Intervals() : this.#progress.load(key);
  }

  /** Moves the checkpoint, with the progress made since the last one. */
  save(checkpoint: Checkpoint, added: Iterable<{ gateway: string; epoch: string; runs: Iterable<Interval> }>): void {
    this.#db.transaction(() => {
      for (const { gateway, epoch, runs } of added) {
        const key = this.#progress.find(gateway, epoch) ?? this.#progress.create(gateway, epoch);
        for (const run of runs) this.#progress.add(key, run);
      }
      this.#writeCheckpoint.run(checkpoint.offset, checkpoint.inode);
    })();
  }

  close(): void {
    this.#db.close();
  }
}

function openExclusively(path: string): Database.Database {
  const db = new Database(path, { timeout: 1000 });
  try {
    db.pragma('locking_mode = EXCLUSIVE');
    db.pragma('synchronous = FULL');
    // In exclusive mode the lock that this takes is kept.
    db.exec('BEGIN EXCLUSIVE');
    const found = db.pragma('user_version', { simple: true }) as number;
    const version = formats.progress.newest;
    if (found > version) {
      throw new HeadgateError(
        'data.newer',
        `${path} has version ${found}; this Headgate knows versions up to ${version}.`,
      );
    }
    bringUp(db, 'progress', steps);
    db.exec('COMMIT');
    return db;
  } catch (error) {
    db.close();
    throw error;
  }
}
