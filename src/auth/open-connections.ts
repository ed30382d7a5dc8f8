import type { Log } from '../lib/log.ts';

/** The open connections of everybody, on every protocol, so that they can be ended when whoever has them is revoked. */
export class OpenConnections {
  readonly #log: Log;
  readonly #connections = new Map<string, Set<() => void>>();

  constructor(log: Log) {
    this.#log = log;
  }

  /** Whoever has connections. */
  get ids(): readonly string[] {
    return [...this.#connections.keys()];
  }

  /** @returns takes the connection out; to be called when it is over */
  add(principalId: string, end: () => void): () => void {
    const all = this.#connections.get(principalId) ?? new Set();
    this.#connections.set(principalId, all);
    all.add(end);
    return () => {
      all.delete(end);
      if (all.size === 0 && this.#connections.get(principalId) === all) this.#connections.delete(principalId);
    };
  }

  /** Ends every connection of somebody. */
  end(principalId: string): void {
    const all = this.#connections.get(principalId);
    this.#connections.delete(principalId);
    for (const end of all ?? []) {
      try {
        end();
      } catch (error) {
        // One that can't be ended must not keep the others.
        this.#log.error({ err: error }, 'A connection of somebody who was revoked could not be ended.');
      }
    }
  }
}
