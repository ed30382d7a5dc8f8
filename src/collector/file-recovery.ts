import { closeSync, fstatSync, fsyncSync, ftruncateSync, openSync, readSync, writeSync } from 'node:fs';
import { HeadgateError } from '../core/errors.ts';
import { type LineName, scanRecords } from './file-lines.ts';
import type { Checkpoint } from './file-state.ts';

const lineStart = '{"gateway":';
const newline = 0x0a;

/**
 * Makes the file end with a whole line again, and finds the records behind the checkpoint. A torn last line is cut off.
 * Anything else that is no record is moved to `PATH.damaged`, never thrown away: a power cut can leave blocks of zeros
 * in what was not yet acknowledged, and an editor can leave anything.
 *
 * @returns where the scan began and how long the file is now, in bytes
 * @throws HeadgateError `data.unreadable` when the file is something else than records; it has not been touched then
 */
export function recoverFile(
  fd: number,
  path: string,
  inode: number,
  checkpoint: Checkpoint | undefined,
  note: (message: string) => void,
  onRecord: (name: LineName) => void,
): { scannedFrom: number; size: number } {
  const { size } = fstatSync(fd);
  const scannedFrom = checkpoint !== undefined && holds(fd, size, inode, checkpoint) ? checkpoint.offset : 0;
  const end = scanRecords(fd, scannedFrom, onRecord);
  if (end < size) {
    if (end === 0) refuseForeign(fd, path, size);
    if (hasLineBreak(fd, end, size)) {
      saveAside(fd, `${path}.damaged`, end, size);
      note(`${size - end} bytes at the end of ${path} were no records: they are in ${path}.damaged now.`);
    } else note(`Cut a torn line of ${size - end} bytes off the end of ${path}; it had not been acknowledged.`);
    ftruncateSync(fd, end);
  }
  return { scannedFrom, size: end };
}

/** Whether the checkpoint is one of this file as it is: rotated, truncated and replaced files are scanned as a whole. */
function holds(fd: number, size: number, inode: number, checkpoint: Checkpoint): boolean {
  if (checkpoint.inode !== inode || checkpoint.offset > size) return false;
  if (checkpoint.offset === 0) return true;
  return readAt(fd, checkpoint.offset - 1, 1)[0] === newline;
}

/** A file without a single record at its start is ours only if it is the torn beginning of one. */
function refuseForeign(fd: number, path: string, size: number): void {
  const start = readAt(fd, 0, Math.min(size, lineStart.length)).toString('latin1');
  const isTorn = lineStart.startsWith(start) || /^\0+$/.test(start);
  if (isTorn) return;
  throw new HeadgateError('data.unreadable', `${path} holds something else than Headgate's records.`);
}

function hasLineBreak(fd: number, from: number, to: number): boolean {
  for (let at = from; at < to; at += 1 << 20) {
    if (readAt(fd, at, Math.min(1 << 20, to - at)).includes(newline)) return true;
  }
  return false;
}

function saveAside(fd: number, path: string, from: number, to: number): void {
  const aside = openSync(path, 'a');
  try {
    for (let at = from; at < to; at += 1 << 20) writeSync(aside, readAt(fd, at, Math.min(1 << 20, to - at)));
    fsyncSync(aside);
  } finally {
    closeSync(aside);
  }
}

function readAt(fd: number, at: number, length: number): Buffer {
  const bytes = Buffer.alloc(length);
  return bytes.subarray(0, readSync(fd, bytes, 0, length, at));
}
