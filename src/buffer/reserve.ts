import { closeSync, fsyncSync, openSync, rmSync, statfsSync, statSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';

/** Enough for the state of every lane and the pages around it. */
const bytes = 1024 * 1024;

/**
 * Space that is held back for the day when the disk is full: what was delivered has to be noted, and what is to be deleted
 * too, or a full disk would stay full.
 */
export class Reserve {
  readonly #path: string;
  #isHeld: boolean;

  constructor(path: string) {
    this.#path = path;
    this.#isHeld = (statSync(path, { throwIfNoEntry: false })?.size ?? 0) >= bytes;
  }

  /** Takes the space, if it has it not and the disk has. */
  hold(): void {
    if (this.#isHeld) return;
    try {
      const fd = openSync(this.#path, 'w');
      try {
        // Written, not only claimed: some file systems promise space that they don't have.
        for (let at = 0; at < bytes; ) at += writeSync(fd, Buffer.alloc(64 * 1024));
        fsyncSync(fd);
      } finally {
        closeSync(fd);
      }
      this.#isHeld = true;
    } catch {
      // The disk is too full to hold anything back: tried again after the next deletion.
      removeIfCan(this.#path);
    }
  }

  /** @returns whether there was anything to give */
  release(): boolean {
    if (!this.#isHeld) return false;
    this.#isHeld = false;
    removeIfCan(this.#path);
    return true;
  }

  /** Gives the space away when there is hardly any other. */
  lend(): void {
    const { bavail, bsize } = statfsSync(dirname(this.#path));
    if (bavail * bsize < bytes) this.release();
  }
}

function removeIfCan(path: string): void {
  try {
    rmSync(path, { force: true });
  } catch {
    // A disk that can't be written to at all: whoever needs the room will be told.
  }
}
