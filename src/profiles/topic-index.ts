import type { CompiledMessage, CompiledProfile } from './language/compiled.ts';
import type { TopicPattern } from './language/topic-pattern.ts';

/** One of a profile's messages. */
export interface Entry {
  readonly profile: CompiledProfile;
  readonly message: CompiledMessage;
}

/** Where a topic stands in a profile: which of its messages it can be, by which pattern. */
export interface Place extends Entry {
  readonly pattern: TopicPattern;
  readonly captures: ReadonlyMap<string, string>;
}

interface Patterned extends Entry {
  readonly pattern: TopicPattern;
}

/**
 * Finds the patterns that a topic matches without trying each of a hundred profiles: they lie by their first level, else by
 * their last one, where it is a word. Nearly every convention has one of the two.
 */
export class TopicIndex {
  readonly #byFirst = new Map<string, Patterned[]>();
  readonly #byLast = new Map<string, Patterned[]>();
  readonly #rest: Patterned[] = [];
  readonly #open: Patterned[] = [];
  /** Messages that can come on any topic, by their payload alone. */
  readonly anywhere: readonly Entry[];

  constructor(profiles: readonly CompiledProfile[]) {
    const anywhere: Entry[] = [];
    for (const profile of profiles) {
      for (const message of profile.messages) {
        if (message.topics.length === 0) anywhere.push({ profile, message });
        for (const pattern of message.topics) this.#add({ profile, message, pattern });
      }
    }
    this.anywhere = anywhere;
  }

  /** Where a topic stands by a pattern that says something of it, in the profiles' order within each group. */
  placesOf(topic: string): Place[] {
    const slash = topic.indexOf('/');
    const first = slash < 0 ? topic : topic.slice(0, slash);
    const places: Place[] = [];
    collect(this.#byFirst.get(first), topic, places);
    collect(this.#byLast.get(topic.slice(topic.lastIndexOf('/') + 1)), topic, places);
    collect(this.#rest, topic, places);
    return places;
  }

  /** Where it stands by patterns that any topic matches, such as `#`. */
  openPlacesOf(topic: string): Place[] {
    const places: Place[] = [];
    collect(this.#open, topic, places);
    return places;
  }

  #add(entry: Patterned): void {
    const levels = entry.pattern.text.split('/');
    const [first, last] = [levels[0]!, levels.at(-1)!];
    if (isWord(first)) put(this.#byFirst, first, entry);
    else if (isWord(last)) put(this.#byLast, last, entry);
    else if (levels.some((level) => level.replace(/\{[^}]*\}|[+#]/g, '') !== '')) this.#rest.push(entry);
    else this.#open.push(entry);
  }
}

function collect(entries: readonly Patterned[] | undefined, topic: string, places: Place[]): void {
  if (entries === undefined) return;
  for (const { profile, message, pattern } of entries) {
    const captures = pattern.match(topic);
    if (captures !== undefined) places.push({ profile, message, pattern, captures });
  }
}

function put(map: Map<string, Patterned[]>, key: string, entry: Patterned): void {
  const list = map.get(key);
  if (list === undefined) map.set(key, [entry]);
  else list.push(entry);
}

function isWord(level: string): boolean {
  return !/[{+#]/.test(level);
}

/**
 * What a topic's pattern says of all topics like it, as an MQTT filter that matches the topic: what the pattern gives a name to
 * becomes `+`, and what stands for several levels at its end `#`.
 */
export function templateOf(pattern: string, topic: string): string {
  const levels = pattern.split('/');
  const extra = topic.split('/').length - levels.length;
  const isOpen = levels.at(-1) === '#';
  const result: string[] = [];
  for (const [index, level] of levels.entries()) {
    const isMany = level.includes('...}');
    // With an open end behind it, nobody can tell how many levels it stands for.
    if (level === '#' || (isMany && (isOpen || index === levels.length - 1))) return [...result, '#'].join('/');
    if (isMany) for (let i = 0; i <= extra; i++) result.push('+');
    else result.push(isWord(level) ? level : '+');
  }
  return result.join('/');
}
