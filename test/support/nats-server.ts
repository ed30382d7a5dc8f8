import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { searchPath } from '../system-programs.ts';
import { atEnd } from './at-end.ts';
import { freePort } from './tcp-port.ts';
import { tempDir } from './temp-dir.ts';
import { eventually } from './wait.ts';

/** A `nats-server -js` on loopback with a store of its own, that can be killed and started again on the same port. */
export class NatsServer {
  readonly #directory: string;
  readonly #args: readonly string[];
  #child: ChildProcess | undefined;
  #said = '';
  readonly port: number;

  private constructor(port: number, directory: string, args: readonly string[]) {
    this.port = port;
    this.#directory = directory;
    this.#args = args;
  }

  /** @param args more options of `nats-server` */
  static async start(t: TestContext, args: readonly string[] = []): Promise<NatsServer> {
    const server = new NatsServer(await freePort(), tempDir(t), args);
    atEnd(t, () => server.kill());
    await server.start();
    return server;
  }

  get url(): string {
    return `nats://127.0.0.1:${this.port}`;
  }

  async start(): Promise<void> {
    const options = ['-js', '-sd', join(this.#directory, 'store'), '-a', '127.0.0.1', '-p', String(this.port)];
    const child = spawn('nats-server', [...options, ...this.#args], {
      stdio: ['ignore', 'ignore', 'pipe'],
      env: { ...process.env, PATH: searchPath() },
    });
    this.#child = child;
    this.#said = '';
    child.stderr?.on('data', (data: Buffer) => {
      this.#said = `${this.#said}${data.toString()}`.slice(-4000);
    });
    let failure: Error | undefined;
    child.once('error', (error) => {
      failure = error;
    });
    await eventually('nats-server to listen', () => this.#said.includes('Server is ready'), {
      timeoutMs: 20_000,
      giveUp: () => failure?.message ?? (child.exitCode === null ? undefined : `it has ended: ${this.#said}`),
    });
  }

  /** Holds the process still, as a machine that swaps does; `resume` lets it go on. */
  freeze(): void {
    this.#child?.kill('SIGSTOP');
  }

  resume(): void {
    this.#child?.kill('SIGCONT');
  }

  /** Kills it at once: nothing is said to anybody. */
  async kill(): Promise<void> {
    const child = this.#child;
    this.#child = undefined;
    if (child?.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const ended = new Promise((resolve) => child.once('close', resolve));
    child.kill('SIGKILL');
    await ended;
  }
}
