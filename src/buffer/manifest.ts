import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { HeadgateError, messageOf } from '../core/errors.ts';
import type { CopiedFile } from './worker-protocol.ts';

/** What a backup says of itself, in `manifest.json`. It is written last: a directory without it is no whole backup. */
export interface Manifest {
  /** The format of the backup as a whole. */
  readonly format: number;
  /** Whose data it is. */
  readonly gateway: string;
  readonly epoch: string;
  /** When it was finished, ISO 8601, and by which Headgate. */
  readonly createdAt: string;
  readonly version: string;
  /** Everything else in it; paths are relative to it, with `/`. */
  readonly files: readonly CopiedFile[];
}

export const manifestName = 'manifest.json';
/** 1 had the buffer alone. */
export const manifestFormat = 2;

/** A folder `buffer` as in a data directory. Nothing in it may lead elsewhere. */
const bufferPattern = /^buffer\/(?:[a-z0-9][a-z0-9.-]*\/)?[a-z0-9][a-z0-9.-]*$/;
/** What was set at the gateway, beside it. */
const setPattern =
  /^(?:settings\.yaml|settings-trial\.json|remote\.yaml|profiles\/[a-z0-9][a-z0-9._-]*\/[a-z0-9][a-z0-9._-]*\.yaml)$/;

export function isOfBuffer(path: string): boolean {
  return bufferPattern.test(path);
}

/** A file beside the buffer that belongs to a backup: small, and with secrets. */
export interface SetFile {
  /** Below the data directory, with `/`. */
  readonly path: string;
  readonly content: Uint8Array;
}

export function digestOfSet({ path, content }: SetFile): CopiedFile {
  return { path, bytes: content.length, sha256: createHash('sha256').update(content).digest('hex') };
}

/** @throws {HeadgateError} backup.invalid, data.newer */
export function readManifest(directory: string): Manifest {
  const path = join(directory, manifestName);
  let found: Partial<Manifest>;
  try {
    found = JSON.parse(readFileSync(path, 'utf8')) as Partial<Manifest>;
  } catch (error) {
    const isMissing = (error as NodeJS.ErrnoException).code === 'ENOENT';
    const reason = isMissing ? 'there is no such file, so it is no backup, or an unfinished one' : messageOf(error);
    throw new HeadgateError('backup.invalid', `${path} can't be read: ${reason}.`, { cause: error });
  }
  if (typeof found?.format === 'number' && found.format > manifestFormat) {
    throw new HeadgateError('data.newer', `${path} was made by a newer Headgate (${found.version}).`);
  }
  if (!isManifest(found)) throw new HeadgateError('backup.invalid', `${path} is not what \`headgate backup\` writes.`);
  return found;
}

function isManifest(found: Partial<Manifest>): found is Manifest {
  const { format, gateway, epoch, createdAt, version, files } = found ?? {};
  if (!(format === 1 || format === manifestFormat) || !Array.isArray(files)) return false;
  if (![gateway, epoch, createdAt, version].every((text) => typeof text === 'string')) return false;
  return files.every(
    ({ path, bytes, sha256 }: Partial<CopiedFile>) =>
      typeof path === 'string' &&
      (bufferPattern.test(path) || setPattern.test(path)) &&
      typeof bytes === 'number' &&
      typeof sha256 === 'string',
  );
}
