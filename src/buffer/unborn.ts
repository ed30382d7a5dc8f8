import { existsSync, rmSync, writeFileSync } from 'node:fs';
import type { Files } from './evidence.ts';
import { hasCommit, isWalSound } from './wal.ts';

const pageBytes = 4096;
const walHeaderBytes = 32;
/** Where SQLite's first page says how many pages there are, and how many tables. https://sqlite.org/fileformat2.html § 1.3, 1.6 */
const pageCountAt = 28;
const tableCountAt = 103;

/** Says of a segment that it is being made. It is only there meanwhile, and nothing but a hint: no fsync is spent on it. */
export function announce(path: string): void {
  writeFileSync(announcementOf(path), '');
}

/** The segment has its tables. */
export function born(path: string): void {
  rmSync(announcementOf(path), { force: true });
}

function announcementOf(path: string): string {
  return `${path}-new`;
}

/**
 * Whether the power went while a segment was being made: it was announced, and has no tables yet, in the file or in its
 * log, so it never held a record. Without the announcement its log may have been lost.
 */
export function isUnborn(path: string, { database, wal }: Files): boolean {
  if (database === undefined || !existsSync(announcementOf(path))) return false;
  if (wal !== undefined && wal.length >= walHeaderBytes && (!isWalSound(wal) || hasCommit(wal))) return false;
  // Even the first page was only about to be written.
  if (database.length === 0) return existsSync(`${path}-journal`);
  const view = new DataView(database.buffer, database.byteOffset, database.byteLength);
  return database.length === pageBytes && view.getUint32(pageCountAt) === 1 && view.getUint16(tableCountAt) === 0;
}
