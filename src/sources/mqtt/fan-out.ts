import { newTopicTree, TopicCache } from './topic-index.ts';

/** A packet on its way to local subscribers. */
export interface FanOutPacket {
  readonly topic: string;
}

/** Gets each packet that its filter matches; calls `done` when it is through with it. */
export type Listener<P> = (packet: P, done: () => void) => void;

/** Filters that are looked for, and who is told when somebody listens by one. */
export interface AddressedBy {
  readonly prefix: string;
  readonly onListener: () => void;
}

/**
 * Passes packets on to whoever listens to their topic, in the shape that aedes expects of its `mq`. Devices publish to
 * the same topics again and again, and to most of them nobody listens: so who listens to a topic is looked up once,
 * and again when somebody has come or gone.
 */
export class FanOut<P extends FanOutPacket> {
  readonly #listeners = newTopicTree<Listener<P>>();
  readonly #byTopic = new TopicCache<readonly Listener<P>[]>((topic) => this.#listeners.match(topic));
  /** Those whose filter begins with the prefix that is looked for. */
  readonly #addressed = newTopicTree<Listener<P>>();
  readonly #addressedBy: AddressedBy;
  #isClosed = false;

  constructor(addressedBy: AddressedBy = { prefix: '\0', onListener: () => {} }) {
    this.#addressedBy = addressedBy;
  }

  /** Whether anybody listens to a topic now by a filter that names the prefix, not just by one that matches it too. */
  isAddressed(topic: string): boolean {
    return !this.#isClosed && this.#addressed.match(topic).length > 0;
  }

  /** Whether anybody listens to a topic now. */
  hasListeners(topic: string): boolean {
    return this.#byTopic.get(topic).length > 0;
  }

  on(filter: string, listener: Listener<P>, done?: () => void): this {
    this.#listeners.add(filter, listener);
    this.#byTopic.clear();
    if (filter.startsWith(this.#addressedBy.prefix)) {
      this.#addressed.add(filter, listener);
      this.#addressedBy.onListener();
    }
    if (done !== undefined) setImmediate(done);
    return this;
  }

  removeListener(filter: string, listener: Listener<P>, done?: () => void): this {
    // Later, so that a packet that is being passed on still finds its listeners.
    setImmediate(() => {
      this.#listeners.remove(filter, listener);
      if (filter.startsWith(this.#addressedBy.prefix)) this.#addressed.remove(filter, listener);
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
