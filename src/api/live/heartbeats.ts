/** Something that has to be given, or to give, a sign of life. */
export interface Beating {
  beat(): void;
}

/** So often each has its turn: proxies end what is silent, most of them after a minute. */
const everyMs = 15_000;
/** A few at a time: ten thousand at once would hold up everything else. */
const tickMs = 250;

/** Signs of life for any number of connections, with one timer, and without one while there are none. */
export class Heartbeats {
  readonly #all = new Set<Beating>();
  /** Those that have had no turn yet this time round. */
  #rest: Iterator<Beating> = [].values();
  /** Parts of a turn that are owed: fewer than one a tick may be due. */
  #owed = 0;
  #timer: NodeJS.Timeout | undefined;

  get size(): number {
    return this.#all.size;
  }

  add(one: Beating): void {
    this.#all.add(one);
    this.#timer ??= setInterval(() => this.tick(), tickMs).unref();
  }

  delete(one: Beating): void {
    this.#all.delete(one);
    if (this.#all.size === 0) this.stop();
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  /** Gives as many their turn as are due in a tick. */
  tick(): void {
    for (this.#owed += (this.#all.size * tickMs) / everyMs; this.#owed >= 1; this.#owed--) {
      let next = this.#rest.next();
      if (next.done) {
        this.#rest = this.#all.values();
        next = this.#rest.next();
      }
      if (!next.done) next.value.beat();
    }
  }
}
