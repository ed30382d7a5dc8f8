import { join } from 'node:path';
import { type Child, startChild } from './children.ts';
import type { FleetEvent, FleetOptions, FleetRequest } from './fleet-protocol.ts';
import { within } from './wait.ts';

type EventOf<N extends FleetEvent['name']> = Extract<FleetEvent, { name: N }>;

/** Simulated gateways at work. */
export class Fleet {
  readonly #child: Child;
  readonly #failed: Promise<never>;
  readonly #waiting = new Map<FleetEvent['name'], (event: FleetEvent) => void>();

  private constructor(child: Child) {
    this.#child = child;
    const told = new Promise<never>((_, reject) => {
      child.process.on('message', (event: FleetEvent) => {
        if (event.name === 'failed') reject(new Error(`The fleet failed: ${event.reason}.`));
        this.#waiting.get(event.name)?.(event);
      });
    });
    this.#failed = Promise.race([told, child.failed]);
    // Told to whoever waits next.
    this.#failed.catch(() => {});
  }

  static async start(options: FleetOptions): Promise<Fleet> {
    const child = await startChild(
      'The fleet',
      process.execPath,
      [join(import.meta.dirname, '..', 'peers', 'fleet.ts'), JSON.stringify(options)],
      { stdio: ['ignore', 'pipe', 'pipe', 'ipc'] },
    );
    return new Fleet(child);
  }

  /** Asks for something, and waits for what answers it. @throws an Error when it fails or takes too long */
  async ask<N extends FleetEvent['name']>(request: FleetRequest, answer: N, limitMs: number): Promise<EventOf<N>> {
    const event = new Promise<FleetEvent>((resolve) => this.#waiting.set(answer, resolve));
    this.tell(request);
    return (await within(`the fleet to be ${answer}`, limitMs, Promise.race([event, this.#failed]))) as EventOf<N>;
  }

  tell(request: FleetRequest): void {
    this.#child.process.send(request);
  }

  async end(): Promise<void> {
    await this.#child.end();
  }
}
