import { Qlobber } from 'qlobber';

/** MQTT's topic filters (MQTT 5.0 § 4.7). A filter that starts with a wildcard also matches `$` topics here. */
export function newTopicTree<T>(): Qlobber<T> {
  return new Qlobber<T>({ separator: '/', wildcard_one: '+', wildcard_some: '#', match_empty_levels: true });
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

/** Tells whether any persistent session wants a topic's QoS 1 and 2 messages, also while its client is away. */
export class WantedTopics {
  readonly #tree = newTopicTree<string>();
  readonly #byClient = new Map<string, Set<string>>();
  readonly #cache = new TopicCache<boolean>((topic) => this.#tree.match(topic).length > 0);

  has(topic: string): boolean {
    return this.#byClient.size > 0 && this.#cache.get(topic);
  }

  add(clientId: string, filter: string): void {
    let filters = this.#byClient.get(clientId);
    if (filters === undefined) {
      filters = new Set();
      this.#byClient.set(clientId, filters);
    }
    if (filters.has(filter)) return;
    filters.add(filter);
    this.#tree.add(filter, clientId);
    this.#cache.clear();
  }

  remove(clientId: string, filter: string): void {
    const filters = this.#byClient.get(clientId);
    if (filters?.delete(filter) !== true) return;
    if (filters.size === 0) this.#byClient.delete(clientId);
    this.#tree.remove(filter, clientId);
    this.#cache.clear();
  }

  forget(clientId: string): void {
    for (const filter of [...(this.#byClient.get(clientId) ?? [])]) this.remove(clientId, filter);
  }
}
