import { statSync, unlinkSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import type Database from 'better-sqlite3';
import { HeadgateError } from '../core/errors.ts';
import { formats, formatToWrite } from '../lib/formats.ts';
import { openText } from './sealed-text.ts';
import type { LaneInfo } from './worker-protocol.ts';

// A segment as a file: what it says of itself, how SQLite is to treat it, its size, its end.

/** The oldest reader's format that understands the newest. */
const oldestReader = 2;
const pageSize = 4096;

/** What a segment says of itself. */
export interface SegmentMeta {
  readonly gateway: string;
  readonly epoch: string;
  readonly lane: LaneInfo;
  /** The position it starts at: one without rows would not tell where its lane goes on. */
  readonly firstPosition?: number;
  /** Its number in the lane, by which a file or a log that belongs to another one is found out. */
  readonly number?: number;
  /** As in its column, but sealed: see `sealed-text.ts`. */
  readonly minReader?: number;
}

/** What follows the last batch of a segment, or starts a lane: where the next one goes. */
export interface Origin {
  readonly number: number;
  readonly firstPosition: number;
}

/** @throws {HeadgateError} data.newer; an error as SQLite's own when it is damaged or another segment's */
export function metaIn(db: Database.Database, path: string, number: number): SegmentMeta {
  const row = db.prepare('SELECT min_reader, json FROM meta').get() as { min_reader: number; json: string } | undefined;
  const text = openText(row?.json);
  const meta = text === undefined ? undefined : (JSON.parse(text) as SegmentMeta);
  const asked = meta === undefined ? row?.min_reader : meta.minReader;
  const format = formats.segment.newest;
  if (asked !== undefined && asked > format && asked === row?.min_reader) {
    throw new HeadgateError(
      'data.newer',
      `${path} was made by a newer Headgate (readable from format ${asked} on, this one knows ${format}).`,
    );
  }
  if (meta !== undefined && meta.number === number && meta.lane.key === basename(dirname(path))) return meta;
  throw Object.assign(new Error('it does not say whose it is'), { code: 'SQLITE_CORRUPT' });
}

/** The format to write, and the oldest reader's that understands it. */
export function formatOf(name: 'head' | 'segment'): { readonly format: number; readonly minReader: number } {
  const format = formatToWrite(name);
  return { format, minReader: Math.min(format, oldestReader) };
}

/** Sets SQLite up for a segment. */
export function prepareFile(db: Database.Database): void {
  // Exclusive: nobody else may write here, and SQLite needs no shared-memory file. It must come before WAL.
  db.pragma('locking_mode = EXCLUSIVE');
  db.pragma(`page_size = ${pageSize}`);
  db.pragma('journal_mode = WAL');
  // The promise rests on this line: every commit is on the disk before it returns.
  db.pragma('synchronous = FULL');
  db.pragma('wal_autocheckpoint = 0');
  db.pragma('cache_size = -1024');
  db.pragma('temp_store = MEMORY');
}

/** Bytes of a segment's files. */
export function sizeOf(path: string): number {
  let bytes = 0;
  for (const name of [path, `${path}-wal`]) bytes += statSync(name, { throwIfNoEntry: false })?.size ?? 0;
  return bytes;
}

export function removeFiles(path: string): void {
  for (const name of [path, `${path}-wal`, `${path}-shm`, `${path}-journal`]) {
    try {
      unlinkSync(name);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    }
  }
}

/** Whether an error of SQLite says that a file is not as it was written, rather than that the disk is sick. */
export function isDamage(error: unknown): boolean {
  const { code } = error as { code?: string };
  return /^SQLITE_(CORRUPT|NOTADB|IOERR_SHORT_READ|CANTOPEN|ERROR)/.test(code ?? '');
}
