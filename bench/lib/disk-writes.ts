import { closeSync, fsyncSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';

/**
 * Bytes that a process, with all its threads and the children that it has waited for, made the system write to storage.
 * A page counts when it becomes dirty, and no more when it is deleted before it was written. What the file system's
 * journal writes is not in it.
 */
export function writtenBytes(pid: number | 'self'): number {
  const text = readFileSync(`/proc/${pid}/io`, 'latin1');
  const of = (field: string) => Number(new RegExp(`^${field}: (\\d+)$`, 'm').exec(text)?.[1]);
  return of('write_bytes') - of('cancelled_write_bytes');
}

/**
 * Checks that what is written in a folder is counted at all: of a file system in memory nothing is.
 *
 * @throws an Error that says what to do, when it is not
 */
export function checkWritesCount(folder: string): void {
  const size = 2 ** 20;
  const path = join(folder, 'counted');
  const before = writtenBytes('self');
  const fd = openSync(path, 'w');
  try {
    writeSync(fd, Buffer.alloc(size));
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
  const counted = writtenBytes('self') - before;
  rmSync(path);
  if (!(counted >= size)) {
    throw new Error(
      `of ${size} bytes written in ${folder}, ${counted} were counted: name a folder on a disk with --work`,
    );
  }
}
