import { closeSync, fsyncSync, linkSync, openSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { HeadgateError, messageOf } from '../core/errors.ts';
import { ensureDirectory } from './ensure-directory.ts';
import { isFull } from './is-full.ts';
import { syncDirectory } from './sync-directory.ts';

/**
 * Puts a file that only its owner may read in place of what is there, all of it or nothing: durable when it returns.
 *
 * @param what it is, as the start of a sentence: "The gateway's key"
 * @throws {HeadgateError} data.unwritable, data.full
 */
export function writePrivateFile(path: string, content: string, what: string): void {
  guarded(path, what, () => {
    const draft = draftOf(path, content);
    renameSync(draft, path);
    syncDirectory(dirname(path));
  });
}

/**
 * The content of a file that only its owner may read; where there is none yet, `make` makes it, durably. Of several that
 * make one at the same time one wins, and all get that one's.
 *
 * @param what it is, as the start of a sentence
 * @throws {HeadgateError} data.unwritable, data.full; config.unreadable when it is there and not for us to read
 */
export async function privateFile(path: string, what: string, make: () => Promise<string> | string): Promise<string> {
  const found = readGuarded(path, what);
  if (found !== undefined) return found;
  const content = await make();
  return guarded(path, what, () => {
    const draft = draftOf(path, content);
    try {
      // Unlike a rename this fails when the name is taken.
      linkSync(draft, path);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    } finally {
      rmSync(draft, { force: true });
    }
    syncDirectory(dirname(path));
    return readFileSync(path, 'utf8');
  });
}

/** A file's text; undefined when there is no such file. @throws what reading failed with otherwise */
export function readIfThere(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

/**
 * Removes a file, if it is there. A removal that a power cut undoes is taken for what was set before: nothing is lost.
 * @throws {HeadgateError} data.unwritable
 */
export function removeFile(path: string): void {
  try {
    rmSync(path, { force: true });
  } catch (error) {
    throw new HeadgateError('data.unwritable', `${path} in ${dirname(path)} can't be removed: ${messageOf(error)}.`, {
      cause: error,
    });
  }
}

function readGuarded(path: string, what: string): string | undefined {
  try {
    return readIfThere(path);
  } catch (error) {
    throw new HeadgateError('config.unreadable', `${what} ${path} can't be read: ${messageOf(error)}.`, {
      cause: error,
    });
  }
}

function draftOf(path: string, content: string): string {
  ensureDirectory(dirname(path), 'The directory');
  const draft = join(dirname(path), `.${basename(path)}.${process.pid}.new`);
  // One of an earlier process with this id, which was killed in the middle.
  rmSync(draft, { force: true });
  const fd = openSync(draft, 'wx', 0o600);
  try {
    // All of it: the system may write a part and say how much that was, as it does when the disk fills up.
    writeFileSync(fd, content);
    fsyncSync(fd);
  } catch (error) {
    rmSync(draft, { force: true });
    throw error;
  } finally {
    closeSync(fd);
  }
  return draft;
}

function guarded<T>(path: string, what: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (error instanceof HeadgateError) throw error;
    const code = isFull(error) ? 'data.full' : 'data.unwritable';
    throw new HeadgateError(code, `${what} ${path} can't be written: ${messageOf(error)}.`, { cause: error });
  }
}
