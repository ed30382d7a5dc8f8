/**
 * The two parts of what is to be sent. `live`: what came in since the connection stood. `backlog`: what had waited by
 * then, and what somebody asked to be sent again.
 */
export type Share = 'live' | 'backlog';

/** A share that gets nothing by weight still gets what the other leaves. */
const leastWeight = 1e-6;

/**
 * Which share sends next: start-time fair queuing over two, as the scheduler does it over the priorities. What one does
 * not use the other has at once; one that was idle starts where the other is.
 */
export class Shares {
  readonly #weights: Readonly<Record<Share, number>>;
  readonly #passes: Record<Share, number> = { live: 0, backlog: 0 };
  #virtualTime = 0;

  /** @param liveShare what live records get while both have something to send, from 0 to 1 */
  constructor(liveShare: number) {
    this.#weights = { live: Math.max(leastWeight, liveShare), backlog: Math.max(leastWeight, 1 - liveShare) };
  }

  /** Who is to be asked first, and who when that one has nothing. With equal claims live goes first. */
  get order(): readonly [Share, Share] {
    return this.#startOf('live') <= this.#startOf('backlog') ? ['live', 'backlog'] : ['backlog', 'live'];
  }

  /** A share has sent so many bytes. */
  sent(share: Share, bytes: number): void {
    this.#virtualTime = this.#startOf(share);
    this.#passes[share] = this.#virtualTime + bytes / this.#weights[share];
  }

  #startOf(share: Share): number {
    return Math.max(this.#passes[share], this.#virtualTime);
  }
}
