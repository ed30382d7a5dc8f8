import { join } from 'node:path';
import { type Child, startChild } from './children.ts';
import type { LoadCounts, LoadEvent, LoadOptions, LoadRequest } from './load-protocol.ts';
import { within } from './wait.ts';

type EventOf<N extends LoadEvent['name']> = Extract<LoadEvent, { name: N }>;

/** The load of the performance contract: 10 connections with 100 messages in flight each. */
export const fullLoad = {
  connections: 10,
  pace: { kind: 'window', size: 100 },
  isTimed: false,
  stallMs: 10_000,
} as const;

/** A load generator at work. */
export class Load {
  readonly #child: Child;
  readonly #failed: Promise<never>;
  readonly #waiting = new Map<LoadEvent['name'], (event: LoadEvent) => void>();

  private constructor(child: Child) {
    this.#child = child;
    const told = new Promise<never>((_, reject) => {
      child.process.on('message', (event: LoadEvent) => {
        if (event.name === 'failed') reject(new Error(`The load failed: ${event.reason}.`));
        this.#waiting.get(event.name)?.(event);
      });
    });
    this.#failed = Promise.race([told, child.failed]);
    // Told to whoever waits next.
    this.#failed.catch(() => {});
  }

  /** Resolves when every connection is accepted. */
  static async connect(options: LoadOptions): Promise<Load> {
    const child = await startChild(
      'The load generator',
      process.execPath,
      [join(import.meta.dirname, 'publisher.ts'), JSON.stringify(options)],
      { stdio: ['ignore', 'pipe', 'pipe', 'ipc'] },
    );
    const load = new Load(child);
    await load.#next('connected', 15_000);
    return load;
  }

  get pid(): number {
    return this.#child.pid;
  }

  /** Publishes so many messages and waits until the last one is acknowledged. */
  async run(messages: number, limitMs: number): Promise<EventOf<'idle'>> {
    const idle = this.#next('idle', limitMs);
    this.#ask({ name: 'start', messages });
    return await idle;
  }

  /** Publishes until `stop`. */
  start(): void {
    this.#ask({ name: 'start' });
  }

  async sample(): Promise<LoadCounts> {
    const sample = this.#next('sample', 10_000);
    this.#ask({ name: 'sample' });
    return (await sample).counts;
  }

  /** Publishes no more, and waits until the last message is acknowledged. */
  async stop(): Promise<EventOf<'idle'>> {
    const idle = this.#next('idle', 60_000);
    this.#ask({ name: 'stop' });
    return await idle;
  }

  /** Rejects when the load fails; never resolves. */
  get failed(): Promise<never> {
    return this.#failed;
  }

  async end(): Promise<void> {
    await this.#child.end();
  }

  #ask(request: LoadRequest): void {
    this.#child.process.send(request);
  }

  async #next<N extends LoadEvent['name']>(name: N, limitMs: number): Promise<EventOf<N>> {
    const event = new Promise<LoadEvent>((resolve) => this.#waiting.set(name, resolve));
    return (await within(`the load to be ${name}`, limitMs, Promise.race([event, this.#failed]))) as EventOf<N>;
  }
}
