/** A part that runs: its constructor stores arguments and does nothing else. */
export interface Service {
  readonly name: string;
  /** Resolves when the part is ready to do its work; rejects when it can't. */
  start(signal: AbortSignal): Promise<void>;
  /** Finishes what was promised and lets go of everything. Never rejects; may be called after a failed start. */
  stop(deadline: AbortSignal): Promise<void>;
}

/**
 * Starts services step by step and stops them in reverse. Those of one step need nothing of each other and start
 * together.
 */
export class ServiceGroup {
  readonly #steps: readonly (readonly Service[])[];
  readonly #begun: (readonly Service[])[] = [];

  constructor(steps: readonly (readonly Service[])[]) {
    this.#steps = steps;
  }

  /** Rejects with the first failure, once the others of its step are through: `stop` then finds nothing half-way. */
  async start(signal: AbortSignal): Promise<void> {
    for (const step of this.#steps) {
      // Noted before it starts: what fails half-way has things to let go of too.
      this.#begun.push(step);
      const outcomes = await Promise.allSettled(step.map((service) => service.start(signal)));
      const failure = outcomes.find((outcome) => outcome.status === 'rejected');
      if (failure !== undefined) throw failure.reason;
    }
  }

  /** `onStuck` is told of each service that had not stopped by the deadline; the others still get their turn. */
  async stop(deadline: AbortSignal, onStuck: (name: string) => void): Promise<void> {
    const isOver = passed(deadline);
    for (const step of this.#begun.splice(0).reverse()) {
      await Promise.all(
        step.map(async (service) => {
          const isStopped = await Promise.race([service.stop(deadline).then(() => true), isOver.then(() => false)]);
          if (!isStopped) onStuck(service.name);
        }),
      );
    }
  }
}

function passed(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
}
