import type { MonotonicMs } from '../core/time.ts';
import { nextBackoff } from '../lib/backoff.ts';
import type { Ending } from './stage.ts';

export interface DialLimits {
  /** How many collectors there are; the first is the preferred one. */
  readonly collectors: number;
  /** Shortest and longest pause before the list is gone through once more, in milliseconds. */
  readonly retryMinMs: number;
  readonly retryMaxMs: number;
  /** How long a less preferred collector is stayed with before the others are looked at, in milliseconds. */
  readonly returnAfterMs: number;
}

/** Which collector is dialled next, and when. */
export interface Dial {
  readonly collector: number;
  readonly at: MonotonicMs;
}

/** How an attempt or a connection failed. `rejected`: the same will come of it until somebody changes something. */
export type Failure = 'lost' | 'rejected';

/** A collector that asks to be left alone is believed for so long at the most. */
const maxRetryAfterMs = 3_600_000;
/** How often the time doubles after which a collector that did not hold is returned to. */
const maxDoublings = 5;

/**
 * Which of several collectors is dialled next, and when: the preferred first, then the others, then a pause that grows
 * and is never the same for two gateways. It dials nothing and asks no clock.
 *
 * Random numbers are in [0, 1). `spreadMs` is over what time a collector wants its gateways to come back, 0 when it has
 * said nothing: they go to the next one no faster.
 */
export class DialPlan {
  readonly #limits: DialLimits;
  /** Tried since the list was last begun. */
  readonly #tried = new Set<number>();
  /** All of them have said no. */
  #areAllRejections = true;
  #pauseMs = 0;
  /** Before this a collector is not dialled, as it asked for. */
  readonly #notBefore: MonotonicMs[];
  /** Before this it is not returned to from one that works, and how often that has been for nothing. */
  readonly #returns: { notBefore: MonotonicMs; doublings: number }[];

  constructor(limits: DialLimits) {
    this.#limits = limits;
    this.#notBefore = new Array<MonotonicMs>(limits.collectors).fill(Number.NEGATIVE_INFINITY);
    this.#returns = Array.from({ length: limits.collectors }, () => ({
      notBefore: Number.NEGATIVE_INFINITY,
      doublings: 0,
    }));
  }

  /** An attempt is over, having worked or not. */
  after(
    ending: Ending,
    collector: number,
    hasWorked: boolean,
    spreadMs: number,
    now: MonotonicMs,
    random: () => number,
  ): Dial {
    if (hasWorked) this.worked();
    switch (ending.kind) {
      case 'left':
        // Who wanted to leave by himself has nothing against this collector.
        if (ending.retryAfterMs === undefined) return this.broke(collector, 0, now, random);
        return this.sentAway(collector, ending.retryAfterMs, spreadMs, now, random);
      case 'lost':
        if (hasWorked) return this.broke(collector, spreadMs, now, random);
        return this.failed(collector, 'lost', spreadMs, now, random);
      case 'stalled':
        return this.failed(collector, 'lost', spreadMs, now, random);
      case 'rejected':
        return this.failed(collector, 'rejected', spreadMs, now, random);
    }
  }

  /** A collector could not be reached or has refused, or its connection ended before it had worked. */
  failed(collector: number, failure: Failure, spreadMs: number, now: MonotonicMs, random: () => number): Dial {
    this.#tried.add(collector);
    if (failure !== 'rejected') this.#areAllRejections = false;
    const next = this.#all.find((one) => !this.#tried.has(one) && this.#notBefore[one]! <= now);
    // A moment's pause here too: a collector that dies sends all its gateways to the next one.
    if (next !== undefined)
      return { collector: next, at: now + random() * Math.max(this.#limits.retryMinMs, spreadMs) };
    const { retryMinMs: minMs, retryMaxMs: maxMs } = this.#limits;
    const previousMs = this.#areAllRejections ? maxMs : Math.max(minMs, this.#pauseMs);
    this.#pauseMs = nextBackoff({ minMs, maxMs }, previousMs, random());
    this.#begin();
    return this.#firstFrom(now + this.#pauseMs + random() * spreadMs);
  }

  /** A connection that had worked broke: its collector is asked again first, for it was most likely the network. */
  broke(collector: number, spreadMs: number, now: MonotonicMs, random: () => number): Dial {
    const { retryMinMs: minMs, retryMaxMs: maxMs } = this.#limits;
    this.worked();
    this.#pauseMs = nextBackoff({ minMs, maxMs }, minMs, random());
    return { collector, at: now + this.#pauseMs + random() * spreadMs };
  }

  /** A collector asked this gateway to leave, and not to come back for some time. Another one is dialled, if there is one. */
  sentAway(collector: number, retryAfterMs: number, spreadMs: number, now: MonotonicMs, random: () => number): Dial {
    // Those that were sent away together are not to come back together.
    this.#notBefore[collector] = now + Math.min(retryAfterMs, maxRetryAfterMs) * (1 + random() / 2);
    return this.failed(collector, 'lost', spreadMs, now, random);
  }

  /** A connection does what it is for: what failed before it does not count any more. */
  worked(): void {
    this.#begin();
    this.#pauseMs = 0;
  }

  /** When collectors better than this one are to be looked at, while it is connected: jittered. Undefined: it is the best. */
  returnAt(collector: number, now: MonotonicMs, random: () => number): MonotonicMs | undefined {
    return collector === 0 ? undefined : now + this.#limits.returnAfterMs * (0.75 + random() / 2);
  }

  /** The collectors that may be returned to from this one now, the preferred first. */
  better(collector: number, now: MonotonicMs): number[] {
    return this.#all.filter(
      (one) => one < collector && Math.max(this.#notBefore[one]!, this.#returns[one]!.notBefore) <= now,
    );
  }

  /**
   * A collector that was returned to is gone again, after so long. When that was soon, the next return is put off, each
   * time twice as long: nobody is served by a gateway that goes back and forth.
   */
  returned(collector: number, stayedMs: number, now: MonotonicMs): void {
    const { returnAfterMs } = this.#limits;
    const entry = this.#returns[collector]!;
    entry.doublings = stayedMs >= returnAfterMs ? 0 : Math.min(maxDoublings, entry.doublings + 1);
    entry.notBefore = entry.doublings === 0 ? now : now + returnAfterMs * 2 ** entry.doublings;
  }

  get #all(): number[] {
    return this.#notBefore.map((_, index) => index);
  }

  #begin(): void {
    this.#tried.clear();
    this.#areAllRejections = true;
  }

  /** The best that may be dialled at `at`; if there is none, the one that may be dialled soonest. */
  #firstFrom(at: MonotonicMs): Dial {
    const best = this.#all.find((one) => this.#notBefore[one]! <= at);
    if (best !== undefined) return { collector: best, at };
    const soonest = this.#all.reduce((a, b) => (this.#notBefore[b]! < this.#notBefore[a]! ? b : a));
    return { collector: soonest, at: this.#notBefore[soonest]! };
  }
}
