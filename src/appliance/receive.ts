import { type FileHandle, open, statfs } from 'node:fs/promises';
import { dirname } from 'node:path';
import { HeadgateError, messageOf } from '../core/errors.ts';
import { isFull } from '../lib/is-full.ts';

/** No bundle is larger: a slot is 1 GiB, and a bundle is compressed. */
export const maxBundleBytes = 2 * 1024 ** 3;
/** Left on the disk for records, which come in meanwhile. */
const spareBytes = 64 * 1024 ** 2;
/** How often it is looked whether there is still room for them. */
const lookEveryBytes = 16 * 1024 ** 2;

export interface Receiving {
  /** Bytes that are there already; what comes goes behind them. */
  readonly from: number;
  /** Of the whole, those included; undefined when nobody says. */
  readonly totalBytes: number | undefined;
  readonly onBytes: (bytes: number) => void;
}

/**
 * Writes a bundle to a file as it comes, a piece at a time.
 * @returns its bytes
 * @throws {HeadgateError} update.refused when it is too large; update.no-room; what the source throws
 */
export async function receive(
  source: AsyncIterable<Uint8Array>,
  path: string,
  { from, totalBytes, onBytes }: Receiving,
): Promise<number> {
  if ((totalBytes ?? 0) > maxBundleBytes) throw tooLarge();
  await checkRoom(path, (totalBytes ?? from) - from);
  const file = await opened(path, from === 0 ? 'w' : 'r+');
  try {
    let bytes = from;
    let lookedAt = from;
    for await (const piece of source) {
      await written(file, piece, bytes, path);
      bytes += piece.length;
      onBytes(bytes);
      if (bytes > maxBundleBytes) throw tooLarge();
      if (bytes - lookedAt >= lookEveryBytes) {
        lookedAt = bytes;
        await checkRoom(path, Math.max(0, (totalBytes ?? bytes) - bytes));
      }
    }
    return bytes;
  } finally {
    await file.close();
  }
}

/** @param bytes that are still to come @throws {HeadgateError} update.no-room */
async function checkRoom(path: string, bytes: number): Promise<void> {
  const { bavail, bsize } = await statfs(dirname(path));
  const free = Number(bavail) * Number(bsize);
  if (free < bytes + spareBytes) throw noRoom(path, bytes, free);
}

function noRoom(path: string, bytes: number, free: number): HeadgateError {
  const needs = bytes === 0 ? 'it needs more' : `${megabytes(bytes)} are needed`;
  return new HeadgateError(
    'update.no-room',
    `There is no room for the bundle in ${dirname(path)}: ${needs}, beside the ${megabytes(spareBytes)} that are kept for records, and ${megabytes(free)} are free.`,
  );
}

function tooLarge(): HeadgateError {
  return new HeadgateError('update.refused', `No bundle is larger than ${megabytes(maxBundleBytes)}: this is none.`);
}

async function opened(path: string, flags: string): Promise<FileHandle> {
  try {
    return await open(path, flags, 0o600);
  } catch (error) {
    throw new HeadgateError('update.failed', `${path} can't be written: ${messageOf(error)}.`, { cause: error });
  }
}

async function written(file: FileHandle, piece: Uint8Array, at: number, path: string): Promise<void> {
  try {
    for (let done = 0; done < piece.length; ) {
      done += (await file.write(piece, done, piece.length - done, at + done)).bytesWritten;
    }
  } catch (error) {
    if (isFull(error)) throw noRoom(path, 0, 0);
    throw new HeadgateError('update.failed', `${path} can't be written: ${messageOf(error)}.`, { cause: error });
  }
}

function megabytes(bytes: number): string {
  return `${Math.round(bytes / 1e6)} MB`;
}
