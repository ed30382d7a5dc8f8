/** A part that runs: its constructor stores arguments and does nothing else. */
export interface Service {
  readonly name: string;
  /** Resolves when the part is ready to do its work; rejects when it can't, leaving nothing behind. */
  start(signal: AbortSignal): Promise<void>;
  /** Finishes what was promised and lets go of everything. Never rejects; may be called after a failed start. */
  stop(deadline: AbortSignal): Promise<void>;
}

/** Starts services in order and stops them in reverse; a failed start stops what had started. */
export class ServiceGroup {
  readonly #services: readonly Service[];
  #started: Service[] = [];

  constructor(services: readonly Service[]) {
    this.#services = services;
  }

  async start(signal: AbortSignal): Promise<void> {
    for (const service of this.#services) {
      // Listed before it starts: a start that fails half-way has things to let go of too.
      this.#started.push(service);
      await service.start(signal);
    }
  }

  /** `onStuck` is told of each service that had not stopped by the deadline; the others still get their turn. */
  async stop(deadline: AbortSignal, onStuck: (name: string) => void): Promise<void> {
    for (const service of this.#started.splice(0).reverse()) {
      const stopped = await Promise.race([service.stop(deadline).then(() => true), passed(deadline).then(() => false)]);
      if (!stopped) onStuck(service.name);
    }
  }
}

function passed(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
}
