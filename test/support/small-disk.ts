import { execFileSync } from 'node:child_process';
import { closeSync, existsSync, mkdtempSync, openSync, rmdirSync, rmSync, statfsSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { atEnd } from './at-end.ts';

/** What a test of many runs may take in memory. */
const neededBytes = 64 * 2 ** 20;

/**
 * A directory of the test's own that lies in memory where the system has such a place: for tests of thousands of files
 * and fsyncs that ask nothing of a real disk. Gone when the test ends.
 */
export function memoryDir(t: TestContext): string {
  const path = mkdtempSync(join(hasRoom('/dev/shm') ? '/dev/shm' : tmpdir(), 'headgate-test-'));
  atEnd(t, () => rmSync(path, { recursive: true, force: true }));
  return path;
}

function hasRoom(directory: string): boolean {
  if (!existsSync(directory)) return false;
  const { bavail, bsize } = statfsSync(directory);
  return bavail * bsize > neededBytes;
}

/** A file system of its own, mounted for one test. */
export class SmallDisk {
  readonly path: string;

  constructor(path: string) {
    this.path = path;
  }

  /** What can still be written, in bytes. */
  get freeBytes(): number {
    const { bavail, bsize } = statfsSync(this.path);
    return bavail * bsize;
  }

  /**
   * Another program takes all but so much of the space.
   * @returns the path of its file
   */
  fill(leftBytes = 0): string {
    const path = join(this.path, 'somebody-elses');
    const fd = openSync(path, 'w');
    try {
      for (let piece = 64 * 1024; piece >= 4096; ) {
        if (this.freeBytes - piece >= leftBytes && isWritten(fd, piece)) continue;
        piece /= 2;
      }
    } finally {
      closeSync(fd);
    }
    return path;
  }

  /** @throws what mount says when somebody has a file open for writing */
  remount(mode: 'ro' | 'rw'): void {
    execFileSync('mount', ['-o', `remount,${mode}`, this.path], { stdio: 'pipe' });
  }
}

/**
 * A disk of so many bytes, in memory. Needs root: without, the test is skipped, and the run says so.
 * @returns undefined when it can't be had
 */
export function smallDisk(t: TestContext, bytes: number): SmallDisk | undefined {
  const path = mkdtempSync(join(tmpdir(), 'headgate-disk-'));
  let isMounted = false;
  atEnd(t, () => {
    // Lazily: a gateway that is being killed may still have its files open.
    if (isMounted) execFileSync('umount', ['-l', path]);
    rmdirSync(path);
  });
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${bytes},mode=0700`, 'tmpfs', path], { stdio: 'pipe' });
  } catch (error) {
    const said = String((error as { stderr?: Buffer }).stderr ?? (error as Error).message).trim();
    t.skip(`a small disk can't be mounted here (${said}): run the tests as root, with the right to mount`);
    return undefined;
  }
  isMounted = true;
  return new SmallDisk(path);
}

function isWritten(fd: number, bytes: number): boolean {
  try {
    return writeSync(fd, Buffer.alloc(bytes, 'x')) === bytes;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOSPC') return false;
    throw error;
  }
}
