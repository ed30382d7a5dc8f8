import { randomBytes } from 'node:crypto';
import { statSync } from 'node:fs';
import { crc32 } from 'node:zlib';
import Database from 'better-sqlite3';
import { HeadgateError, messageOf } from '../core/errors.ts';
import { bringUp, formats } from '../lib/formats.ts';
import { isFull } from '../lib/is-full.ts';
import { type Files, keepAside, readFiles, stamped } from './evidence.ts';
import { formatOf } from './segment-file.ts';
import { isWalSound } from './wal.ts';
import type { Identity } from './worker-protocol.ts';

/** What leads from each format to the next; of the first release's, other files hold the data. */
const steps = [
  '',
  `
  CREATE TABLE head (
    only INTEGER PRIMARY KEY CHECK (only = 1),
    min_reader INTEGER NOT NULL,
    gateway TEXT NOT NULL,
    epoch TEXT NOT NULL,
    created_at_ms INTEGER NOT NULL,
    reserved INTEGER NOT NULL,
    operating_ms INTEGER NOT NULL,
    checksum INTEGER NOT NULL
  );`,
];

/** Should nothing tell any more how far sequences were used, they go on so far behind what can still be seen. */
export const leap = 1_000_000_000;

/**
 * The file that says whose data this is, and up to where sequences may have been used. Holding it open is what keeps a
 * second gateway out.
 */
export class Head {
  readonly path: string;
  #db: Database.Database;
  #identity: Identity = { gateway: '', epoch: '' };
  #reserved = 0;
  #operatingMs = 0;
  /** What was wrong with the file, and where it is now; undefined when nothing was. */
  problem: string | undefined;

  /**
   * Opens the file, or makes it.
   * @throws {HeadgateError} data.in-use, data.newer or data.unwritable
   */
  constructor(path: string, damagedDirectory: string) {
    this.path = path;
    // SQLite throws away what it does not understand.
    const files = readFiles(path);
    try {
      this.#db = this.#open(files);
    } catch (error) {
      if (!isDamaged(error) && !isDirectory(path)) throw asHeadgateError(error, path);
      keepAside(path, files, damagedDirectory, stamped('head.db'));
      this.problem = `${path} was damaged (${messageOf(error)}) and was moved to ${damagedDirectory}.`;
      this.#db = this.#open();
      // Who it was could still be read; what was missing may have said that more sequences were used.
      if (!this.isNew) this.found(this.#identity, this.#reserved + leap);
    }
  }

  get identity(): Identity {
    return this.#identity;
  }

  /** Sequences up to here may have been used. */
  get reserved(): number {
    return this.#reserved;
  }

  get operatingMs(): number {
    return this.#operatingMs;
  }

  /** True when nothing was here before. */
  get isNew(): boolean {
    return this.#identity.gateway === '';
  }

  /** Names the gateway for good. */
  found(identity: Identity | undefined, reserved: number): void {
    const { gateway, epoch } = identity ?? { gateway: newName('hg'), epoch: newEpoch() };
    this.#identity = { gateway, epoch };
    this.#reserved = reserved;
    const { minReader } = formatOf('head');
    const row = { min_reader: minReader, gateway, epoch, created_at_ms: Date.now(), reserved, operating_ms: 0 };
    this.#save({ ...row, operating_ms: Math.round(this.#operatingMs) });
  }

  /** @throws an error of SQLite when the disk refuses */
  reserve(upTo: number, operatingMs: number): void {
    const row = this.#db.prepare('SELECT * FROM head').get() as HeadRow;
    this.#save({ ...row, reserved: upTo, operating_ms: Math.round(operatingMs) });
    this.#reserved = upTo;
    this.#operatingMs = operatingMs;
  }

  /** Writes and fsyncs what is there already. */
  probe(): void {
    this.reserve(this.#reserved, this.#operatingMs);
  }

  /** Writes a copy to a path that is free. @throws an error of SQLite */
  backup(path: string): void {
    this.#db.prepare('VACUUM INTO ?').run(path);
  }

  close(): void {
    this.#db.close();
  }

  #save(row: Omit<HeadRow, 'checksum'>): void {
    this.#db
      .prepare(`
        INSERT OR REPLACE INTO head
          (only, min_reader, gateway, epoch, created_at_ms, reserved, operating_ms, checksum)
        VALUES (1, :min_reader, :gateway, :epoch, :created_at_ms, :reserved, :operating_ms, :checksum)`)
      .run({ ...row, checksum: checksumOf(row) });
    try {
      // What is in the file itself is not lost with its log.
      this.#db.pragma('wal_checkpoint(TRUNCATE)');
    } catch {
      // It is durable in the log.
    }
  }

  /** @param files as they were before SQLite looked at them */
  #open(files?: Files): Database.Database {
    // A second gateway on this directory is told so at once, not after a wait.
    const db = new Database(this.path, { timeout: 0 });
    try {
      db.pragma('locking_mode = EXCLUSIVE');
      db.pragma('journal_mode = WAL');
      db.pragma('synchronous = FULL');
      // One of a newer version is not touched, and told of below.
      bringUp(db, 'head', steps);
      const row = db.prepare('SELECT * FROM head').get() as HeadRow | undefined;
      if (row !== undefined) {
        const format = formats.head.newest;
        if (row.min_reader > format && row.checksum === checksumOf(row)) {
          throw new HeadgateError(
            'data.newer',
            `${this.path} was made by a newer Headgate (readable from format ${row.min_reader} on, this one knows ${format}).`,
          );
        }
        if (row.checksum !== checksumOf(row)) throw damaged('it is not what was written');
        this.#identity = { gateway: row.gateway, epoch: row.epoch };
        this.#reserved = row.reserved;
        this.#operatingMs = row.operating_ms;
      }
      const { database, wal } = files ?? {};
      if (wal !== undefined && wal.length > 0 && (database === undefined || !isWalSound(wal))) {
        throw damaged('its log can not be read to its end');
      }
      return db;
    } catch (error) {
      db.close();
      throw error;
    }
  }
}

interface HeadRow {
  readonly min_reader: number;
  readonly gateway: string;
  readonly epoch: string;
  readonly created_at_ms: number;
  readonly reserved: number;
  readonly operating_ms: number;
  readonly checksum: number;
}

/** CRC-32 of what a head says, as text joined by commas. */
function checksumOf(row: Omit<HeadRow, 'checksum'>): number {
  const { min_reader, gateway, epoch, created_at_ms, reserved, operating_ms } = row;
  return crc32([min_reader, gateway, epoch, created_at_ms, reserved, operating_ms].join());
}

/** A name for what comes from now on: sequences are unique within it. */
export function newEpoch(): string {
  return newName('e');
}

/** Names that people read aloud and paste into shells: short, lower case, no look-alikes to escape. */
function newName(prefix: string): string {
  return `${prefix}-${randomBytes(6).toString('hex')}`;
}

function isDamaged(error: unknown): boolean {
  return /^SQLITE_(CORRUPT|NOTADB|ERROR|IOERR_SHORT_READ|IOERR_READ)/.test((error as { code?: string }).code ?? '');
}

function damaged(message: string): Error {
  return Object.assign(new Error(message), { code: 'SQLITE_CORRUPT' });
}

function isDirectory(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
}

function asHeadgateError(error: unknown, path: string): Error {
  if (error instanceof HeadgateError) return error;
  const code = (error as { code?: string }).code ?? '';
  if (/^SQLITE_(BUSY|LOCKED)/.test(code)) {
    return new HeadgateError('data.in-use', `${path} is in use by another program.`, { cause: error });
  }
  const failed = isFull(error) ? 'data.full' : 'data.unwritable';
  return new HeadgateError(failed, `${path} can't be opened for writing: ${messageOf(error)}.`, { cause: error });
}
