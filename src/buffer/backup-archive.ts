import { createReadStream } from 'node:fs';
import { mkdir, rm, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import { HeadgateError, messageOf } from '../core/errors.ts';
import type { UnixMs } from '../core/time.ts';
import { formatBytes } from '../core/units.ts';
import { tarEnd, tarHeader, tarPadding } from '../lib/tar.ts';
import { digestOfSet, type Manifest, manifestFormat, manifestName, type SetFile } from './manifest.ts';
import type { CopiedFile, Identity } from './worker-protocol.ts';

export interface ArchivedBuffer {
  readonly identity: Identity;
  readonly archive: { backupPieces(directory: string): AsyncIterable<readonly CopiedFile[]> };
}

export interface ArchiveOptions {
  /** Where pieces are until they have gone out: on the gateway's own disk, and nobody else's. */
  readonly directory: string;
  /** The most that one piece takes, about. */
  readonly pieceBytes: number;
  readonly version: string;
  readonly now: () => UnixMs;
  /** What belongs to it beside the buffer. Default: nothing. */
  readonly set?: () => AsyncIterable<SetFile>;
}

/** A shelf and a head may come to so much. */
const reserveBytes = 64 * 2 ** 20;

/**
 * A backup of a buffer in use as one tar archive, of which a piece is on disk at a time. The manifest comes last, so one that broke
 * off is none. Unpacked it is what `headgate restore` takes.
 *
 * @throws {HeadgateError} backup.failed, buffer.closed
 */
export async function* backupArchive(buffer: ArchivedBuffer, options: ArchiveOptions): AsyncGenerator<Buffer> {
  const { directory, version, now, set } = options;
  const createdMs = now();
  const root = `headgate-backup-${new Date(createdMs)
    .toISOString()
    .replace(/[^0-9]/g, '')
    .slice(0, 14)}`;
  const all: CopiedFile[] = [];
  await prepare(options);
  try {
    for await (const files of buffer.archive.backupPieces(directory)) {
      for (const { path, bytes, sha256 } of files) {
        all.push({ path: `buffer/${path}`, bytes, sha256 });
        yield tarHeader({ path: `${root}/buffer/${path}`, bytes, modifiedMs: createdMs });
        for await (const chunk of createReadStream(join(directory, path))) yield chunk as Buffer;
        yield tarPadding(bytes);
        await rm(join(directory, path));
      }
    }
    for await (const file of set?.() ?? []) {
      const { path, content } = file;
      all.push(digestOfSet(file));
      yield tarHeader({ path: `${root}/${path}`, bytes: content.length, modifiedMs: createdMs });
      yield Buffer.concat([content, tarPadding(content.length)]);
    }
    const manifest: Manifest = {
      format: manifestFormat,
      ...buffer.identity,
      createdAt: new Date(createdMs).toISOString(),
      version,
      files: all,
    };
    const text = Buffer.from(`${JSON.stringify(manifest, undefined, 2)}\n`);
    yield tarHeader({ path: `${root}/${manifestName}`, bytes: text.length, modifiedMs: createdMs });
    yield Buffer.concat([text, tarPadding(text.length), tarEnd]);
  } catch (error) {
    throw asFailure(error);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

async function prepare({ directory, pieceBytes }: ArchiveOptions): Promise<void> {
  let free: number;
  try {
    // What one left that the gateway did not outlive.
    await rm(directory, { recursive: true, force: true });
    await mkdir(directory, { recursive: true, mode: 0o700 });
    const { bavail, bsize } = await statfs(directory);
    free = bavail * bsize;
  } catch (error) {
    throw asFailure(error);
  }
  if (free >= pieceBytes + reserveBytes) return;
  await rm(directory, { recursive: true, force: true });
  const needed = formatBytes(pieceBytes + reserveBytes);
  throw new HeadgateError('backup.failed', `A backup needs ${needed} for a while, and there are ${formatBytes(free)}.`);
}

function asFailure(error: unknown): HeadgateError {
  if (error instanceof HeadgateError) return error;
  return new HeadgateError('backup.failed', `The backup failed: ${messageOf(error)}.`, { cause: error });
}
