import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { atEnd } from './at-end.ts';
import { tempDir } from './temp-dir.ts';
import { eventually } from './wait.ts';

/** A cable with a port at each end, for programs that open a serial port themselves. */
export interface PortPair {
  /** For who reads from the device. */
  readonly near: string;
  /** For who plays the device. */
  readonly far: string;
}

export async function portPair(t: TestContext): Promise<PortPair> {
  const folder = tempDir(t);
  const pair = { near: join(folder, 'near'), far: join(folder, 'far') };
  const ends = [pair.near, pair.far].map((path) => `PTY,link=${path},raw,echo=0`);
  const socat = spawn('socat', ends, { stdio: ['ignore', 'ignore', 'inherit'] });
  atEnd(t, () => ended(socat));
  await eventually('both ends', () => existsSync(pair.near) && existsSync(pair.far), {
    giveUp: () => (socat.exitCode === null ? undefined : `socat has ended with ${socat.exitCode}`),
  });
  return pair;
}

/** Has a program end and waits for it. */
export async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const over = new Promise((resolve) => child.once('close', resolve));
  child.kill('SIGTERM');
  await over;
}
