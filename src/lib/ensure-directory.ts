import { accessSync, constants, mkdirSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { HeadgateError, messageOf } from '../core/errors.ts';
import { isFull } from './is-full.ts';

/**
 * Makes a directory and those above it, and checks that files can be made in it.
 *
 * @param what it is for, as the start of a sentence: "The data directory"
 * @throws {HeadgateError} data.unwritable, data.full
 */
export function ensureDirectory(path: string, what: string): void {
  try {
    make(path, true);
    accessSync(path, constants.W_OK | constants.X_OK);
  } catch (error) {
    const code = isFull(error) ? 'data.full' : 'data.unwritable';
    throw new HeadgateError(code, `${what} ${path} can't be written: ${messageOf(error)}.`, { cause: error });
  }
}

/** Node's own recursive mkdir never returns where a file system says ENOENT to every mkdir, as /proc does. */
function make(path: string, mayMakeParent: boolean): void {
  try {
    mkdirSync(path);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EEXIST' && statSync(path).isDirectory()) return;
    if (code !== 'ENOENT' || !mayMakeParent || dirname(path) === path) throw error;
    make(dirname(path), true);
    make(path, false);
  }
}
