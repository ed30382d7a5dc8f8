import { closeSync, fsyncSync, openSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { type Percentiles, percentilesOf } from './statistics.ts';

export interface DiskFloor {
  readonly blockBytes: number;
  readonly perSecond: number;
  readonly megabytesPerSecond: number;
  /** Of one append with its fsync, in milliseconds. */
  readonly times: Percentiles;
}

/** Appends blocks to a file, each with an fsync, for `seconds`: what nothing durable on this disk can beat. */
export function measureDisk(folder: string, blockBytes: number, seconds: number): DiskFloor {
  const path = join(folder, 'floor');
  const block = Buffer.alloc(blockBytes, 'headgate');
  const fd = openSync(path, 'w');
  const times: number[] = [];
  try {
    const started = performance.now();
    let now = started;
    while (now - started < seconds * 1000) {
      writeSync(fd, block);
      fsyncSync(fd);
      const after = performance.now();
      times.push(after - now);
      now = after;
    }
    const perSecond = times.length / ((now - started) / 1000);
    return { blockBytes, perSecond, megabytesPerSecond: (perSecond * blockBytes) / 1e6, times: percentilesOf(times) };
  } finally {
    closeSync(fd);
    rmSync(path);
  }
}
