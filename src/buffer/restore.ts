import { existsSync, mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { HeadgateError, messageOf } from '../core/errors.ts';
import type { ShelfChange } from '../core/shelf.ts';
import { syncDirectory } from '../lib/sync-directory.ts';
import { copyFile } from './backup-copy.ts';
import { Head } from './head.ts';
import { isOfBuffer, type Manifest, manifestName, readManifest } from './manifest.ts';
import { putOnShelf } from './take-over.ts';

/**
 * Sequences go on so far behind what the backup knows: what the gateway gave out after it was made must not name other
 * records. A gateway that takes in a thousand messages a second needs eleven days for as many.
 */
export const leap = 1_000_000_000;

/** Beside the gateway's own files a data directory may already have the embedded collector's. */
const mayBeThere = new Set(['collector']);
const staging = 'buffer.restoring';

/**
 * Makes a data directory of a backup. Every file is checked while it is copied, and the directory becomes one at a single
 * moment: what fails before leaves it as it was.
 *
 * @param marks what to put on its shelf, so that the gateway says that it takes the place of the one that was backed up
 * @returns what was restored
 * @throws {HeadgateError} backup.invalid, directory.not-empty, data.newer, data.unwritable
 */
export function restore(from: string, dataDir: string, marks?: (epoch: string) => readonly ShelfChange[]): Manifest {
  const manifest = readManifest(from);
  const target = join(dataDir, staging);
  const others = manifest.files.filter(({ path }) => !isOfBuffer(path)).map(({ path }) => path);
  let isOurs = false;
  try {
    mkdirSync(dataDir, { recursive: true, mode: 0o700 });
    // Of a restore that was interrupted: what it had begun with is ours.
    if (existsSync(target)) removeAll(dataDir, [staging, ...others]);
    const found = readdirSync(dataDir).filter((name) => !mayBeThere.has(name));
    if (found.length > 0) {
      throw new HeadgateError(
        'directory.not-empty',
        `${dataDir} is not empty (${found.slice(0, 3).join(', ')}), and nothing in it is overwritten.`,
      );
    }
    isOurs = true;
    copyAll(from, dataDir, manifest);
    const epoch = leave(join(target, 'head.db'));
    if (marks !== undefined) putOnShelf(target, marks(epoch));
    syncDirectory(target);
    renameSync(target, join(dataDir, 'buffer'));
    syncDirectory(dataDir);
    syncDirectory(dirname(dataDir));
    return manifest;
  } catch (error) {
    if (isOurs) removeAll(dataDir, [staging, ...others]);
    if (error instanceof HeadgateError) throw error;
    throw new HeadgateError('data.unwritable', `${dataDir} can't be restored to: ${messageOf(error)}.`, {
      cause: error,
    });
  }
}

/** Each with the folder of the data directory that it lies in: nothing else is there. */
function removeAll(dataDir: string, paths: readonly string[]): void {
  for (const path of paths) {
    const [top = path] = path.split('/');
    rmSync(join(dataDir, top), { recursive: true, force: true });
  }
}

function copyAll(from: string, dataDir: string, { files }: Manifest): void {
  const target = join(dataDir, staging);
  mkdirSync(target, { mode: 0o700 });
  syncDirectory(dataDir);
  const folders = new Set<string>([dataDir]);
  for (const { path, bytes, sha256 } of files) {
    const to = isOfBuffer(path) ? join(target, path.slice('buffer/'.length)) : join(dataDir, path);
    mkdirSync(dirname(to), { recursive: true, mode: 0o700 });
    folders.add(dirname(to));
    let copied: ReturnType<typeof copyFile>;
    try {
      copied = copyFile(join(from, path), to);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
      throw new HeadgateError('backup.invalid', `${join(from, path)} is missing.`, { cause: error });
    }
    if (copied.bytes !== bytes || copied.sha256 !== sha256) {
      throw new HeadgateError(
        'backup.invalid',
        `${join(from, path)} is not what ${manifestName} says: it was changed or damaged.`,
      );
    }
  }
  if (!files.some(({ path }) => path === 'buffer/head.db')) {
    throw new HeadgateError('backup.invalid', `${join(from, manifestName)} names no buffer/head.db.`);
  }
  for (const folder of folders) syncDirectory(folder);
}

/** Moves the sequences on. @returns the epoch */
function leave(path: string): string {
  const head = new Head(path, join(dirname(path), 'damaged'));
  try {
    if (head.problem !== undefined || head.isNew) {
      throw new HeadgateError('backup.invalid', `The backup's head.db can't be used: ${head.problem ?? 'it is empty'}`);
    }
    head.reserve(head.reserved + leap, head.operatingMs);
    return head.identity.epoch;
  } finally {
    head.close();
  }
}
