import {
  accessSync,
  closeSync,
  constants,
  existsSync,
  fsyncSync,
  openSync,
  statfsSync,
  unlinkSync,
  writeSync,
} from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { messageOf } from '../../core/errors.ts';
import type { Finding } from './finding.ts';

/** Below this much space there is little room for an outage. */
const littleBytes = 200e6;
const tries = 20;
/** A commit is an fsync: what takes longer than this makes every acknowledgement slow. */
const slowMs = 200;

/** Whether what is kept can be kept: place, space, and how long a write takes to be durable. */
export function diskFindings(dataDir: string, isRunning: boolean): Finding[] {
  const directory = resolve(dataDir);
  const about = 'Disk';
  if (!existsSync(directory)) {
    const parent = dirname(directory);
    if (isWritable(parent)) return [{ about, state: 'well', says: `${directory} will be made at the first start.` }];
    const todo = `Make ${directory}, and give the user that runs Headgate write access to it.`;
    return [{ about, state: 'broken', says: `There is no ${directory}, and it can't be made.`, todo }];
  }
  if (!isWritable(directory)) {
    // As another user than the gateway's this says nothing.
    const todo = 'Run this as the user that runs the gateway, or give that user write access.';
    return [{ about, state: isRunning ? 'wrong' : 'broken', says: `${directory} can't be written to.`, todo }];
  }
  return [spaceOf(directory), speedOf(directory)];
}

/** How much room there is. */
export function spaceOf(directory: string): Finding {
  const { bavail, bsize, ffree, files } = statfsSync(directory);
  const free = bavail * bsize;
  const text = `${Math.round(free / 1e6)} MB are free for ${directory}`;
  if (files > 0 && ffree < 100)
    return {
      about: 'Space',
      state: 'broken',
      says: `${text}, but no more files can be made (inodes).`,
      todo: 'Delete files that nobody needs.',
    };
  if (free >= littleBytes) return { about: 'Space', state: 'well', says: `${text}.` };
  const todo = 'Make room, or set `buffer.maxBytes` to what there is: when the buffer is full, rules decide what goes.';
  return { about: 'Space', state: 'wrong', says: `Only ${text}.`, todo };
}

/** The median of some small durable writes. */
function speedOf(directory: string): Finding {
  const path = join(directory, `.doctor-${process.pid}`);
  const times: number[] = [];
  try {
    const file = openSync(path, 'wx', 0o600);
    try {
      for (let i = 0; i < tries; i++) {
        const begin = performance.now();
        writeSync(file, Buffer.alloc(4096, i), 0, 4096, i * 4096);
        fsyncSync(file);
        times.push(performance.now() - begin);
      }
    } finally {
      closeSync(file);
      unlinkSync(path);
    }
  } catch (error) {
    return {
      about: 'Disk',
      state: 'broken',
      says: `It takes no writes: ${messageOf(error)}.`,
      todo: 'Check its space and its health (`dmesg`).',
    };
  }
  times.sort((a, b) => a - b);
  const median = times[tries / 2]!;
  const text = `A durable write takes ${median.toFixed(1)} ms, ${times.at(-1)!.toFixed(1)} ms at worst.`;
  if (median < slowMs) return { about: 'Disk', state: 'well', says: text };
  const todo =
    'Acknowledgements wait for it. A better card or an SSD helps, and so does `durability: relaxed` for what need not wait.';
  return { about: 'Disk', state: 'wrong', says: text, todo };
}

function isWritable(path: string): boolean {
  try {
    accessSync(path, constants.W_OK | constants.X_OK);
    return true;
  } catch {
    // That is the answer.
    return false;
  }
}
