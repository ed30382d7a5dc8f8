import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Readable, Writable } from 'node:stream';
import type { TestContext } from 'node:test';
import { atEnd } from './at-end.ts';
import { tempDir } from './temp-dir.ts';
import { eventually } from './wait.ts';

/** A serial port made of a pseudo-terminal: socat holds the end at which the device would be. */
export class PseudoTerminal {
  /** The device node for whoever reads from the port; a link, as those under /dev/serial/by-id are. */
  readonly path: string;
  /** What was written to the device. */
  written = Buffer.alloc(0);
  /** Told of each piece of it. */
  onWritten: ((bytes: Buffer) => void) | undefined;
  #socat: ChildProcessByStdio<Writable, Readable, null> | undefined;

  private constructor(path: string) {
    this.path = path;
  }

  static async create(t: TestContext, { plugIn = true } = {}): Promise<PseudoTerminal> {
    const terminal = new PseudoTerminal(join(tempDir(t), 'port'));
    atEnd(t, () => terminal.unplug());
    if (plugIn) await terminal.plugIn();
    return terminal;
  }

  async plugIn(): Promise<void> {
    const socat = spawn('socat', ['-b', '65536', `PTY,link=${this.path},raw,echo=0`, 'STDIO'], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    this.#socat = socat;
    // It is unplugged while something is on its way.
    socat.stdin.on('error', () => {});
    socat.stdout.on('data', (bytes: Buffer) => {
      this.written = Buffer.concat([this.written, bytes]);
      this.onWritten?.(bytes);
    });
    await eventually('the pseudo-terminal', () => existsSync(this.path), {
      giveUp: () => (socat.exitCode === null ? undefined : `socat has ended with ${socat.exitCode}`),
    });
  }

  /** The device is gone, and its node with it. */
  async unplug(): Promise<void> {
    const socat = this.#socat;
    this.#socat = undefined;
    if (socat === undefined || socat.exitCode !== null) return;
    const ended = new Promise((resolve) => socat.once('close', resolve));
    socat.kill('SIGTERM');
    await ended;
  }

  /** The device sends. */
  async send(bytes: Uint8Array | string): Promise<void> {
    await new Promise((resolve) => this.#socat?.stdin.write(bytes, resolve));
  }

  /** Byte by byte, each one a write of its own. */
  async sendSlowly(bytes: Uint8Array): Promise<void> {
    for (const byte of bytes) await this.send(Uint8Array.of(byte));
  }
}
