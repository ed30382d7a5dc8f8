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

/**
 * Copies the log while it is in use. Sealed segments never change, so they go one at a time, with commits in between; what
 * is left then is little, and goes at one moment, with the lanes' states, the shelf and the head: a copy of that moment.
 * What was deleted meanwhile may be in the copy or not, its lane's state says that it is gone. Lives in the worker.
 */
export class BackupCopy {
  readonly directory: string;
  readonly #source: BackupSource;
  /** Segments that are in the copy, as lane and number. */
  readonly #copied = new Set<string>();

  /** @param directory exists and is empty */
  constructor(directory: string, source: BackupSource) {
    this.directory = directory;
    this.#source = source;
  }

  /** Copies the next piece, and fsyncs it. @throws an error of the disk: the copy is worth nothing then */
  step(): { readonly files: CopiedFile[]; readonly isDone: boolean } {
    for (const lane of this.#source.lanes()) {
      for (const { number } of lane.segments) {
        if (number === lane.active?.number) continue;
        const files = this.#copySegment(lane, number);
        if (files.length > 0) return { files, isDone: false };
      }
    }
    const { lanes, shelf, head } = this.#source;
    const files: CopiedFile[] = [];
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

  #copySegment(lane: LaneStore, number: number): CopiedFile[] {
    const { key } = lane.info;
    if (this.#copied.has(`${key}/${number}`)) return [];
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
