import { createHash } from 'node:crypto';
import { closeSync, existsSync, fsyncSync, openSync, readSync, writeSync } from 'node:fs';
import { basename, join } from 'node:path';
import { syncDirectory } from '../lib/sync-directory.ts';
import { makeDirectory } from './directories.ts';
import type { Head } from './head.ts';
import type { LaneStore } from './lane-store.ts';
import type { ShelfStore } from './shelf-store.ts';
import type { CopiedFile } from './worker-protocol.ts';

/** What a backup is made of. */
export interface BackupSource {
  readonly lanes: () => Iterable<LaneStore>;
  readonly shelf: ShelfStore;
  readonly head: Head;
}

const chunkBytes = 2 ** 20;
/** Two segments of the usual size: a step that copies so much ends, whatever has come together before it. */
const maxStepBytes = 32 * 2 ** 20;

/**
 * Copies the log while it is in use. Sealed segments never change, so they go a few at a time, with commits in between; what
 * is left then is little, and goes at one moment, with the lanes' states, the shelf and the head: a copy of that moment.
 * Each step leaves fewer than the one before left, so a load that seals them as fast as they are copied waits for the copy
 * and does not keep it from ending; only whoever fetches the pieces more slowly than the load comes can.
 * What was deleted meanwhile may be in the copy or not, its lane's state says that it is gone. Lives in the worker.
 */
export class BackupCopy {
  readonly directory: string;
  readonly #source: BackupSource;
  /** Segments that are in the copy, as lane and number. */
  readonly #copied = new Set<string>();
  /** Sealed segments that the last step left to be copied. */
  #left = Number.POSITIVE_INFINITY;

  /** @param directory exists and is empty */
  constructor(directory: string, source: BackupSource) {
    this.directory = directory;
    this.#source = source;
  }

  /** Copies the next piece, and fsyncs it. @throws an error of the disk: the copy is worth nothing then */
  step(): { readonly files: CopiedFile[]; readonly isDone: boolean } {
    const files: CopiedFile[] = [];
    const waiting = this.#waiting();
    const goal = Math.min(this.#left, waiting.length) - 1;
    this.#left = waiting.length;
    for (let bytes = 0; this.#left > Math.max(goal, 0); this.#left--) {
      if (bytes >= maxStepBytes) return { files, isDone: false };
      const { lane, number } = waiting[waiting.length - this.#left]!;
      for (const file of this.#copySegment(lane, number)) {
        files.push(file);
        bytes += file.bytes;
      }
    }
    if (goal >= 0) return { files, isDone: false };
    const { lanes, shelf, head } = this.#source;
    for (const lane of lanes()) {
      const sealed = lane.seal();
      if (sealed !== undefined) files.push(...this.#copySegment(lane, sealed.number));
    }
    for (const [name, store] of [
      ['shelf.db', shelf],
      ['head.db', head],
    ] as const) {
      const path = join(this.directory, name);
      store.backup(path);
      syncFile(path);
      files.push({ path: name, ...digestOf(path) });
    }
    for (const lane of lanes()) {
      const target = join(this.directory, lane.info.key);
      if (existsSync(target)) syncDirectory(target);
    }
    syncDirectory(this.directory);
    return { files, isDone: true };
  }

  /** Segments that take nothing more and were not copied yet. */
  #waiting(): { readonly lane: LaneStore; readonly number: number }[] {
    return [...this.#source.lanes()].flatMap((lane) =>
      lane.segments
        .filter(({ number }) => number !== lane.active?.number && !this.#copied.has(`${lane.info.key}/${number}`))
        .map(({ number }) => ({ lane, number })),
    );
  }

  #copySegment(lane: LaneStore, number: number): CopiedFile[] {
    const { key } = lane.info;
    this.#copied.add(`${key}/${number}`);
    const path = lane.settled(number);
    if (path === undefined) return [];
    makeDirectory(join(this.directory, key));
    const files: CopiedFile[] = [];
    // A segment that could not be closed has the rest of its records in its log.
    for (const from of [path, `${path}-wal`]) {
      if (from !== path && !existsSync(from)) continue;
      const name = `${key}/${basename(from)}`;
      files.push({ path: name, ...copyFile(from, join(this.directory, name)) });
    }
    return files;
  }
}

/** Copies a file to a path that is free, and fsyncs it. @returns what was written */
export function copyFile(from: string, to: string): Pick<CopiedFile, 'bytes' | 'sha256'> {
  const target = openSync(to, 'wx', 0o600);
  try {
    const digest = readThrough(from, (chunk) => {
      for (let at = 0; at < chunk.length; ) at += writeSync(target, chunk, at);
    });
    fsyncSync(target);
    return digest;
  } finally {
    closeSync(target);
  }
}

/** Size and checksum of a file's content. */
export function digestOf(path: string): Pick<CopiedFile, 'bytes' | 'sha256'> {
  return readThrough(path, () => {});
}

function readThrough(path: string, take: (chunk: Buffer) => void): Pick<CopiedFile, 'bytes' | 'sha256'> {
  const source = openSync(path, 'r');
  try {
    const hash = createHash('sha256');
    const chunk = Buffer.allocUnsafe(chunkBytes);
    let bytes = 0;
    for (let length = readSync(source, chunk); length > 0; length = readSync(source, chunk)) {
      const piece = chunk.subarray(0, length);
      hash.update(piece);
      take(piece);
      bytes += length;
    }
    return { bytes, sha256: hash.digest('hex') };
  } finally {
    closeSync(source);
  }
}

function syncFile(path: string): void {
  const fd = openSync(path, 'r+');
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}
