import { Qlobber } from 'qlobber';

/** A packet on its way to local subscribers. */
export interface FanOutPacket {
  readonly topic: string;
}

/** Gets each packet that its filter matches; calls `done` when it is through with it. */
export type Listener<P> = (packet: P, done: () => void) => void;

/**
 * Passes packets on to whoever listens to their topic, in the shape that aedes expects of its `mq`. Devices publish to
 * the same topics again and again, and to most of them nobody listens: so who listens to a topic is looked up once,
 * and again when somebody has come or gone.
 */
export class FanOut<P extends FanOutPacket> {
  readonly #listeners = new Qlobber<Listener<P>>({
    separator: '/',
    wildcard_one: '+',
    wildcard_some: '#',
    match_empty_levels: true,
  });
  readonly #byTopic = new TopicCache<readonly Listener<P>[]>((topic) => this.#listeners.match(topic));
  #isClosed = false;

  on(filter: string, listener: Listener<P>, done?: () => void): this {
    this.#listeners.add(filter, listener);
    this.#byTopic.clear();
    if (done !== undefined) setImmediate(done);
    return this;
  }

  removeListener(filter: string, listener: Listener<P>, done?: () => void): this {
    // Later, so that a packet that is being passed on still finds its listeners.
    setImmediate(() => {
      this.#listeners.remove(filter, listener);
      this.#byTopic.clear();
      done?.();
    });
    return this;
  }

  /** @param done called when every listener is through with the packet, at once when there is none */
  emit(packet: P, done: (error?: Error) => void = () => {}): this {
    if (this.#isClosed) {
      done(new Error('the broker is closed'));
      return this;
    }
    const listeners = this.#byTopic.get(packet.topic);
    let waiting = listeners.length;
    if (waiting === 0) done();
    for (const listener of listeners) {
      listener(packet, () => {
        waiting--;
        if (waiting === 0) done();
      });
    }
    return this;
  }

  close(done: () => void): this {
    this.#isClosed = true;
    setImmediate(done);
    return this;
  }
}

const maxTopics = 10_000;

/** Remembers what belongs to a topic until it is told that something has changed. */
export class TopicCache<T> {
  readonly #find: (topic: string) => T;
  readonly #known = new Map<string, T>();

  constructor(find: (topic: string) => T) {
    this.#find = find;
  }

  get(topic: string): T {
    let found = this.#known.get(topic);
    if (found === undefined) {
      found = this.#find(topic);
      // Starting over is simpler than forgetting the oldest, and as good for a gateway's handful of topics.
      if (this.#known.size >= maxTopics) this.#known.clear();
      this.#known.set(topic, found);
    }
    return found;
  }

  clear(): void {
    this.#known.clear();
  }
}
