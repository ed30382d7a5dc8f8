import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { TestContext } from 'node:test';
import { atEnd } from './at-end.ts';
import { tempDir } from './temp-dir.ts';
import { eventually } from './wait.ts';

const script = join(import.meta.dirname, 'notify-socket.py');

/** The socket by which systemd hears of its services, and what it heard: a list of assignments for each message. */
export class NotifySocket {
  readonly path: string;
  readonly heard: string[][] = [];

  private constructor(path: string) {
    this.path = path;
  }

  static async open(t: TestContext): Promise<NotifySocket> {
    const socket = new NotifySocket(join(tempDir(t), 'notify'));
    const child = spawn('/usr/bin/python3', [script, socket.path], { stdio: ['ignore', 'pipe', 'inherit'] });
    atEnd(t, () => child.kill());
    let isBound = false;
    createInterface(child.stdout).on('line', (line) => {
      if (isBound) socket.heard.push((JSON.parse(line) as string).trim().split('\n'));
      isBound = true;
    });
    await eventually('the socket', () => isBound);
    return socket;
  }

  /** How many messages say so. */
  count(assignment: string): number {
    return this.heard.filter((one) => one.includes(assignment)).length;
  }
}
