import { mkdir, open, readdir, rm, statfs } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { HeadgateError, messageOf } from '../core/errors.ts';
import type { UnixMs } from '../core/time.ts';
import { formatBytes } from '../core/units.ts';
import type { Disk } from './disk.ts';
import { digestOfSet, type Manifest, manifestFormat, manifestName, type SetFile } from './manifest.ts';
import type { CopiedFile, Identity } from './worker-protocol.ts';

/** What is backed up. */
export interface BackedUp {
  readonly identity: Identity;
  readonly archive: { backup(directory: string): Promise<readonly CopiedFile[]> };
}

export interface BackupOptions {
  /** An absolute path; made when it is not there. */
  readonly directory: string;
  /** Where the buffer's own files are. */
  readonly bufferDirectory: string;
  /** What the copy will take, about. */
  readonly bytes: number;
  readonly version: string;
  readonly now: () => UnixMs;
  /** What belongs to it beside the buffer. Default: nothing. */
  readonly set?: () => AsyncIterable<SetFile>;
}

/** A shelf and a head may come to so much. */
const reserveBytes = 16 * 2 ** 20;

/**
 * Makes a backup of a buffer that is in use: a folder as in a data directory, and a manifest with checksums. All of it is
 * durable when this resolves; when it rejects, what was copied is gone.
 * @throws {HeadgateError} directory.not-empty, backup.failed, buffer.closed
 */
export async function backUp(
  buffer: BackedUp,
  { directory, bufferDirectory, bytes, version, now, set }: BackupOptions,
): Promise<Manifest> {
  if (!relative(bufferDirectory, directory).startsWith('..')) {
    throw new HeadgateError('backup.failed', `${directory} is inside of what it is to be a backup of.`);
  }
  const target = join(directory, 'buffer');
  await prepare(directory, bytes);
  const written: string[] = [];
  try {
    await mkdir(target);
    const files = await buffer.archive.backup(target);
    const others: CopiedFile[] = [];
    for await (const file of set?.() ?? []) {
      const path = join(directory, file.path);
      await mkdir(dirname(path), { recursive: true, mode: 0o700 });
      written.push(path);
      await writeDurably(path, file.content);
      await syncDirectory(dirname(path));
      others.push(digestOfSet(file));
    }
    const manifest: Manifest = {
      format: manifestFormat,
      ...buffer.identity,
      createdAt: new Date(now()).toISOString(),
      version,
      files: [...files.map(({ path, ...file }) => ({ path: `buffer/${path}`, ...file })), ...others],
    };
    await writeDurably(join(directory, manifestName), `${JSON.stringify(manifest, undefined, 2)}\n`);
    await syncDirectory(directory);
    await syncDirectory(dirname(directory));
    return manifest;
  } catch (error) {
    await rm(target, { recursive: true, force: true });
    for (const path of [...written, join(directory, manifestName)]) await rm(path, { force: true });
    throw asFailure(error, directory);
  }
}

/**
 * Has the worker copy everything into an empty directory, piece by piece.
 * @throws {HeadgateError} buffer.closed or backup.failed
 */
export async function* copyPieces(
  disk: () => Disk | undefined,
  directory: string,
): AsyncGenerator<readonly CopiedFile[]> {
  for (;;) {
    const response = await disk()?.request({ kind: 'backup', directory });
    if (response === undefined) throw new HeadgateError('buffer.closed', 'The buffer is not open.');
    if (response.kind !== 'copied') {
      const reason = response.kind === 'failed' ? response.message : response.kind;
      throw new HeadgateError('backup.failed', `The backup to ${directory} failed: ${reason}.`);
    }
    yield response.files;
    if (response.isDone) return;
  }
}

async function prepare(directory: string, bytes: number): Promise<void> {
  let names: string[];
  let free: number;
  try {
    await mkdir(directory, { recursive: true, mode: 0o700 });
    names = await readdir(directory);
    const { bavail, bsize } = await statfs(directory);
    free = bavail * bsize;
  } catch (error) {
    throw asFailure(error, directory);
  }
  if (names.length > 0) {
    throw new HeadgateError('directory.not-empty', `${directory} is not empty, and nothing in it is overwritten.`);
  }
  // On the gateway's own disk a backup that does not fit would stop the gateway too.
  if (free < bytes + reserveBytes) {
    throw new HeadgateError(
      'backup.failed',
      `A backup takes about ${formatBytes(bytes)}, and ${directory} has room for ${formatBytes(free)}.`,
    );
  }
}

async function writeDurably(path: string, text: string | Uint8Array): Promise<void> {
  const file = await open(path, 'wx', 0o600);
  try {
    await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
}

async function syncDirectory(path: string): Promise<void> {
  const directory = await open(path, 'r');
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
}

function asFailure(error: unknown, directory: string): HeadgateError {
  if (error instanceof HeadgateError) return error;
  return new HeadgateError('backup.failed', `The backup to ${directory} failed: ${messageOf(error)}.`, {
    cause: error,
  });
}
