import type { MonotonicMs } from '../core/time.ts';

/** The same complaint is made again after so long. */
const remindAfterMs = 3_600_000;
/** As many are told apart; a peer that has a new one each time must not take memory. */
const maxKnown = 20;

/**
 * What is wrong with one collector, so that it is logged when it changes and not with every attempt. Complaints stand until
 * a connection has shown that they do not hold any more: one that could not be made, by being made; one that ended, by
 * doing what it is for.
 */
export class Complaints {
  #latest: { readonly reason: string; readonly isRejection: boolean; readonly wasConnected: boolean } | undefined;
  /** When each was said; without its numbers, which may be ports and counts. */
  readonly #saidAt = new Map<string, MonotonicMs>();

  /** The latest that stands. */
  get latest(): { readonly reason: string; readonly isRejection: boolean } | undefined {
    return this.#latest;
  }

  /**
   * @param wasConnected the collector had said welcome
   * @returns whether to log it: it is new, or has not been said for an hour
   */
  add(reason: string, isRejection: boolean, wasConnected: boolean, now: MonotonicMs): boolean {
    this.#latest = { reason, isRejection, wasConnected };
    const name = reason.replace(/\d+/g, '0');
    const said = this.#saidAt.get(name);
    if (said !== undefined && now - said < remindAfterMs) return false;
    if (this.#saidAt.size >= maxKnown) this.#saidAt.clear();
    this.#saidAt.set(name, now);
    return true;
  }

  /** The collector has said welcome. @returns whether that is worth a line in the log */
  welcomed(): boolean {
    if (this.#latest?.wasConnected) return false;
    this.#clear();
    return true;
  }

  /** A connection works. @returns whether that is news */
  worked(): boolean {
    const isNews = this.#latest !== undefined;
    this.#clear();
    return isNews;
  }

  #clear(): void {
    this.#latest = undefined;
    this.#saidAt.clear();
  }
}
