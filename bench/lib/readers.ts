import { join } from 'node:path';
import { type Child, startChild } from './children.ts';
import type { ReadersEvent, ReadersOptions, ReadersRequest } from './readers-protocol.ts';
import { within } from './wait.ts';

type Report = Extract<ReadersEvent, { name: 'report' }>;

/** Readers of a server's live events, in a process of their own. */
export class Readers {
  readonly #child: Child;
  readonly #events: ReadersEvent[] = [];
  #heard: () => void = () => {};

  private constructor(child: Child) {
    this.#child = child;
    child.process.on('message', (event: ReadersEvent) => {
      this.#events.push(event);
      this.#heard();
    });
  }

  /** Resolves when all are connected. */
  static async start(options: ReadersOptions): Promise<Readers> {
    const path = join(import.meta.dirname, '..', 'peers', 'readers.ts');
    const stdio = ['ignore', 'pipe', 'pipe', 'ipc'] as const;
    const child = await startChild('The readers', process.execPath, [path, JSON.stringify(options)], {
      stdio: [...stdio],
    });
    const readers = new Readers(child);
    await readers.#next('connected', 60_000);
    return readers;
  }

  begin(): void {
    this.#ask({ name: 'begin' });
  }

  async report(): Promise<Report> {
    this.#ask({ name: 'report' });
    return (await this.#next('report', 30_000)) as Report;
  }

  async end(): Promise<void> {
    await this.#child.end();
  }

  #ask(request: ReadersRequest): void {
    this.#child.process.send(request);
  }

  async #next(name: ReadersEvent['name'], limitMs: number): Promise<ReadersEvent> {
    const found = (async () => {
      for (;;) {
        const event = this.#events.shift();
        if (event?.name === 'failed') throw new Error(`The readers failed: ${event.reason}.`);
        if (event?.name === name) return event;
        if (event === undefined)
          await new Promise<void>((resolve) => {
            this.#heard = resolve;
          });
      }
    })();
    return await within(`the readers to be ${name}`, limitMs, Promise.race([found, this.#child.failed]));
  }
}
