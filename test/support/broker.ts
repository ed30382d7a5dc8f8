import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { atEnd } from './at-end.ts';
import { accepts, freePort } from './tcp-port.ts';
import { eventually } from './wait.ts';

/** A Mosquitto of a site that has one already. */
export class Broker {
  readonly port: number;
  readonly #config: string;
  #child: ChildProcess | undefined;
  #said = '';

  private constructor(port: number, config: string) {
    this.port = port;
    this.#config = config;
  }

  /**
   * @param lines of its configuration, behind those that name the port and make it keep sessions
   */
  static async start(t: TestContext, lines: readonly string[] = ['allow_anonymous true']): Promise<Broker> {
    const port = await freePort();
    const directory = mkdtempSync(join(tmpdir(), 'headgate-broker-'));
    const config = join(directory, 'mosquitto.conf');
    const own = [`listener ${port} 127.0.0.1`, 'persistence true', `persistence_location ${directory}/`];
    // As root it would become a user that may not read its files.
    const kept = [`user ${userInfo().username}`, 'max_queued_messages 100000'];
    writeFileSync(config, `${[...own, ...kept, 'log_type all', ...lines].join('\n')}\n`);
    const broker = new Broker(port, config);
    // It writes there until it has ended.
    atEnd(t, async () => {
      await broker.stop('SIGKILL');
      rmSync(directory, { recursive: true, force: true });
    });
    await broker.run();
    return broker;
  }

  async run(): Promise<void> {
    const child = spawn('mosquitto', ['-c', this.#config], { stdio: ['ignore', 'ignore', 'pipe'] });
    this.#child = child;
    child.stderr.on('data', (data: Buffer) => {
      this.#said += data.toString();
    });
    await eventually('the broker to listen', () => accepts(this.port), {
      giveUp: () => (child.exitCode === null ? undefined : `mosquitto has ended: ${this.#said}`),
    });
  }

  /** What it has said in its log. */
  get log(): string {
    return this.#said;
  }

  /** Ends it as a machine that is shut down does, or one whose power fails. */
  async stop(signal: 'SIGTERM' | 'SIGKILL' = 'SIGTERM'): Promise<void> {
    const child = this.#child;
    this.#child = undefined;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const ended = new Promise((resolve) => child.once('exit', resolve));
    child.kill(signal);
    await ended;
  }
}
