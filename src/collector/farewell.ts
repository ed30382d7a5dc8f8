import type { Companion, Line } from './companion.ts';

/** How long the gateways have to go, from the last acknowledgement that they may wait for. */
const patienceMs = 5_000;

/**
 * Asks gateways to leave before the collector stops: they send nothing new, get the acknowledgements of what is under way,
 * and go elsewhere, so that nothing has to be sent twice. Those that don't know how are not asked.
 */
export class Farewell implements Companion {
  readonly #lines = new Set<Line>();
  #whenGone: (() => void) | undefined;

  connected(line: Line): void {
    this.#lines.add(line);
    if (this.#whenGone !== undefined) sendAway(line);
  }

  gone(line: Line): void {
    this.#lines.delete(line);
    if (this.#lines.size === 0) this.#whenGone?.();
  }

  /** Resolves when all are gone, or the patience for those that are left is over. */
  async say(): Promise<void> {
    if (this.#lines.size === 0) return;
    let timer: NodeJS.Timeout | undefined;
    const gone = new Promise<void>((resolve) => {
      this.#whenGone = resolve;
      timer = setTimeout(resolve, patienceMs);
    });
    for (const line of this.#lines) sendAway(line);
    await gone;
    clearTimeout(timer);
  }
}

function sendAway(line: Line): void {
  line.send({ $case: 'goAway', value: { reason: 'the collector is stopping', retryAfterSeconds: 0 } });
}
