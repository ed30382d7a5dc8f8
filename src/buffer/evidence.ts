import { existsSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { syncDirectory } from '../lib/sync-directory.ts';
import { makeDirectory } from './directories.ts';

const suffixes = ['', '-wal', '-shm', '-journal'];

/** What a database's files hold, as they were found. */
export interface Files {
  readonly database: Uint8Array | undefined;
  readonly wal: Uint8Array | undefined;
}

export function readFiles(path: string): Files {
  return { database: readIfThere(path), wal: readIfThere(`${path}-wal`) };
}

/** A name that says when. */
export function stamped(name: string): string {
  return `${name}-${new Date().toISOString().replaceAll(':', '-')}`;
}

/** Moves a database's files to where damaged ones are kept; what SQLite has changed by looking at them, as it was before. */
export function keepAside(path: string, files: Files, damagedDirectory: string, name: string): void {
  makeDirectory(damagedDirectory);
  for (const suffix of suffixes) {
    const target = join(damagedDirectory, name + suffix);
    const bytes = suffix === '' ? files.database : suffix === '-wal' ? files.wal : undefined;
    const isChanged = bytes !== undefined && bytes.length > 0 && !isStill(path + suffix, bytes);
    if (suffix === '-wal' && bytes?.length === 0) rmSync(path + suffix, { force: true });
    else if (isChanged && isWritten(target, bytes)) rmSync(path + suffix, { force: true });
    else if (existsSync(path + suffix)) renameSync(path + suffix, target);
  }
  syncDirectory(damagedDirectory);
}

function isStill(path: string, bytes: Uint8Array): boolean {
  const now = readIfThere(path);
  return now !== undefined && Buffer.compare(now, bytes) === 0;
}

function isWritten(path: string, bytes: Uint8Array): boolean {
  try {
    writeFileSync(path, bytes, { flush: true });
    return true;
  } catch {
    // No room for both: the file as it is now says nearly the same.
    rmSync(path, { force: true });
    return false;
  }
}

/** A file that can't be read is as good as none; that it is damaged is said in its place. */
function readIfThere(path: string): Uint8Array | undefined {
  try {
    return readFileSync(path);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    // These are of this process and of now, and say nothing of the file.
    if (code === 'EMFILE' || code === 'ENFILE' || code === 'ENOMEM') throw error;
    return undefined;
  }
}
