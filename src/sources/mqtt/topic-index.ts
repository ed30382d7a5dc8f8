import { Qlobber } from 'qlobber';

/** MQTT's topic filters (MQTT 5.0 § 4.7). A filter that starts with a wildcard also matches `$` topics here: whoever asks leaves those out. */
export function newTopicTree<T>(): Qlobber<T> {
  return new Qlobber<T>({ separator: '/', wildcard_one: '+', wildcard_some: '#', match_empty_levels: true });
}

const maxTopics = 10_000;
/** A longer topic is looked up each time: ten thousand of them would fill the memory. */
const maxTopicLength = 1024;

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
      if (topic.length <= maxTopicLength) this.#known.set(topic, found);
    }
    return found;
  }

  clear(): void {
    this.#known.clear();
  }
}
