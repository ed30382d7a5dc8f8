import { parseJson } from '../../json.ts';
import { type Availability, isAvailable } from './availability.ts';
import type { Description } from './description.ts';
import { KnownDevice } from './known-device.ts';
import { newRule, type Watch } from './presence.ts';
import type { Reader } from './readers.ts';

/** What is known of one topic. */
export interface TopicUse {
  readonly readers: Reader[];
  /** By device, what an availability message here says of it. */
  readonly watches: Watch[];
  /** The devices that are asked for something on it. */
  readonly commands: string[];
  /** When it was last asked for, in the book's own counting. */
  usedAt: number;
}

interface Taught {
  readonly description: Description;
  readonly weight: number;
  readonly taughtAt: number;
}

export interface BookLimits {
  /** Topics of entities that are read, in all. */
  readonly maxReaders: number;
  /** Bytes of the discovery messages that are remembered. */
  readonly maxBytes: number;
  /** Entities that may share a topic. */
  readonly maxReadersOfTopic: number;
}

export const bookLimits: BookLimits = { maxReaders: 10_000, maxBytes: 8 * 1024 * 1024, maxReadersOfTopic: 1000 };

/** What each of a book's tables counts for beside its readers, so that messages that teach little are bounded as well. */
const leastWeight = 500;

/**
 * What discovery messages taught, by their topics. When it is full, the tenth that has been of no use for the longest time goes:
 * somebody who announces a million devices that never say anything pushes out nothing but those.
 */
export class Book {
  readonly #limits: BookLimits;
  readonly #taught = new Map<string, Taught>();
  readonly #topics = new Map<string, TopicUse>();
  readonly #devices = new Map<string, KnownDevice>();
  readonly #byUniqueId = new Map<string, string>();
  #readers = 0;
  #weight = 0;
  #now = 0;

  constructor(limits: BookLimits = bookLimits) {
    this.#limits = limits;
  }

  get size(): {
    readonly messages: number;
    readonly topics: number;
    readonly devices: number;
    readonly readers: number;
  } {
    return {
      messages: this.#taught.size,
      topics: this.#topics.size,
      devices: this.#devices.size,
      readers: this.#readers,
    };
  }

  has(configTopic: string): boolean {
    return this.#taught.has(configTopic);
  }

  /** What is known of a topic; asking for it keeps it. */
  use(topic: string): TopicUse | undefined {
    const use = this.#topics.get(topic);
    if (use !== undefined) use.usedAt = ++this.#now;
    return use;
  }

  /** As {@link use}, without being a use. */
  look(topic: string): TopicUse | undefined {
    return this.#topics.get(topic);
  }

  /** Whether there is anything in a description that later messages need. */
  static isWorthKeeping({ readers, availability }: Description): boolean {
    return readers.length > 0 || availability.length > 0;
  }

  /**
   * Takes a description for what its topic says from now on.
   * @returns why it can't, as a sentence; and the devices that nothing tells of any more
   */
  teach(configTopic: string, description: Description, bytes: number): { refusal?: string; gone: string[] } {
    const crowded = this.#crowded(configTopic, description);
    if (crowded !== undefined) {
      const refusal = `The topic ${crowded} is named by more than ${this.#limits.maxReadersOfTopic} entities.`;
      return { refusal, gone: [] };
    }
    const before = this.#replacedBy(configTopic, description);
    if (before === undefined) return { gone: [] };
    // The new is added before the old goes, so that what both tell of keeps what was said of it.
    const taught = { description, weight: bytes + leastWeight, taughtAt: ++this.#now };
    for (const [topic] of before) this.#taught.delete(topic);
    this.#taught.set(configTopic, taught);
    this.#add(configTopic, taught);
    const gone: string[] = [];
    for (const [topic, old] of before) gone.push(...this.#remove(topic, old));
    for (const id of description.uniqueIds) this.#byUniqueId.set(id, configTopic);
    this.#makeRoom(configTopic);
    return { gone };
  }

  /** @returns the device it was about, and whether nothing tells of it any more; undefined when nothing was known */
  forget(configTopic: string): { device: string; isGone: boolean } | undefined {
    const taught = this.#taught.get(configTopic);
    if (taught === undefined) return undefined;
    this.#taught.delete(configTopic);
    const gone = this.#remove(configTopic, taught);
    return { device: taught.description.sighting.device, isGone: gone.length > 0 };
  }

  device(name: string): KnownDevice | undefined {
    return this.#devices.get(name);
  }

  /** Takes in what an availability topic says. @returns the devices of which it says something now */
  hear(use: TopicUse, payload: string): Map<string, boolean> {
    const presence = new Map<string, boolean>();
    const json = parseJson(payload);
    for (const { device, rule, index } of use.watches) {
      const said = isAvailable(rule.availability.topics[index]!, payload, json);
      if (said === undefined) continue;
      rule.said[index] = said;
      rule.latest = said;
      presence.set(device, said);
    }
    for (const device of presence.keys()) presence.set(device, this.#devices.get(device)?.isThere ?? false);
    return presence;
  }

  /**
   * The messages that say what a new one says: that of its topic, and those of which every entity is described by it too. As
   * Home Assistant does, a single entity that a device's message describes already is left to that: undefined.
   */
  #replacedBy(configTopic: string, { uniqueIds }: Description): Map<string, Taught> | undefined {
    const replaced = new Map<string, Taught>();
    const own = this.#taught.get(configTopic);
    if (own !== undefined) replaced.set(configTopic, own);
    if (uniqueIds.length === 0) return replaced;
    const ids = new Set(uniqueIds);
    for (const id of uniqueIds) {
      const topic = this.#byUniqueId.get(id) ?? configTopic;
      const other = this.#taught.get(topic);
      if (other === undefined || replaced.has(topic)) continue;
      if (!other.description.uniqueIds.every((one) => ids.has(one))) return undefined;
      replaced.set(topic, other);
    }
    return replaced;
  }

  #crowded(configTopic: string, { readers, availability }: Description): string | undefined {
    const added = new Map<string, number>();
    const topics = [...readers, ...availability.flatMap((one) => one.topics)];
    for (const { topic } of topics) {
      const use = this.#topics.get(topic);
      const count = (added.get(topic) ?? Math.max(use?.readers.length ?? 0, use?.watches.length ?? 0)) + 1;
      // A message that comes again finds its own entities there.
      if (count > this.#limits.maxReadersOfTopic && !this.#taught.has(configTopic)) return topic;
      added.set(topic, count);
    }
    return undefined;
  }

  #add(configTopic: string, { description, weight }: Taught): void {
    const { sighting, readers, commands, availability, needsMapping } = description;
    const device = this.#deviceOf(sighting.device);
    device.uses++;
    if (needsMapping.length > 0) device.needsMapping.set(configTopic, needsMapping);
    device.describe(sighting);
    device.add(readers);
    for (const reader of readers) this.#useOf(reader.topic).readers.push(reader);
    for (const topic of commands) {
      const asked = this.#useOf(topic).commands;
      if (asked.length < this.#limits.maxReadersOfTopic) asked.push(sighting.device);
    }
    for (const one of availability) this.#addRule(sighting.device, device, one);
    this.#readers += readers.length;
    this.#weight += weight;
  }

  #addRule(name: string, device: KnownDevice, availability: Availability): void {
    const known = device.rules.get(availability.key);
    if (known !== undefined) {
      known.uses++;
      return;
    }
    const rule = newRule(availability);
    device.rules.set(availability.key, rule);
    for (const [index, { topic }] of availability.topics.entries()) {
      this.#useOf(topic).watches.push({ device: name, rule, index });
    }
  }

  /** @returns the device, if nothing tells of it any more */
  #remove(configTopic: string, { description, weight }: Taught): string[] {
    const { sighting, readers, commands, availability, uniqueIds } = description;
    const device = this.#devices.get(sighting.device);
    if (device === undefined) return [];
    device.drop(readers);
    for (const reader of readers) this.#dropFrom(reader.topic, (use) => remove(use.readers, (one) => one === reader));
    for (const topic of commands) {
      this.#dropFrom(topic, (use) => remove(use.commands, (one) => one === sighting.device));
    }
    for (const { key, topics } of availability) {
      const rule = device.rules.get(key);
      if (rule === undefined || --rule.uses > 0) continue;
      device.rules.delete(key);
      for (const { topic } of topics) this.#dropFrom(topic, (use) => remove(use.watches, (one) => one.rule === rule));
    }
    const now = this.#taught.get(configTopic)?.description;
    if (now?.sighting.device !== sighting.device || now.needsMapping.length === 0)
      device.needsMapping.delete(configTopic);
    for (const id of uniqueIds) if (this.#byUniqueId.get(id) === configTopic) this.#byUniqueId.delete(id);
    this.#readers -= readers.length;
    this.#weight -= weight;
    if (--device.uses > 0) return [];
    this.#devices.delete(sighting.device);
    return [sighting.device];
  }

  #makeRoom(newest: string): void {
    if (this.#readers <= this.#limits.maxReaders && this.#weight <= this.#limits.maxBytes) return;
    const byUse = [...this.#taught].map(([topic, taught]) => ({ topic, usedAt: this.#usedAt(taught) }));
    byUse.sort((a, b) => a.usedAt - b.usedAt);
    for (const { topic } of byUse) {
      if (this.#readers <= this.#limits.maxReaders * 0.9 && this.#weight <= this.#limits.maxBytes * 0.9) return;
      if (topic !== newest) this.forget(topic);
    }
  }

  #usedAt({ description, taughtAt }: Taught): number {
    let usedAt = taughtAt;
    for (const { topic } of description.readers) usedAt = Math.max(usedAt, this.#topics.get(topic)?.usedAt ?? 0);
    return usedAt;
  }

  #deviceOf(name: string): KnownDevice {
    let device = this.#devices.get(name);
    if (device === undefined) {
      device = new KnownDevice(name);
      this.#devices.set(name, device);
    }
    return device;
  }

  #useOf(topic: string): TopicUse {
    let use = this.#topics.get(topic);
    if (use === undefined) {
      use = { readers: [], watches: [], commands: [], usedAt: 0 };
      this.#topics.set(topic, use);
    }
    return use;
  }

  #dropFrom(topic: string, drop: (use: TopicUse) => void): void {
    const use = this.#topics.get(topic);
    if (use === undefined) return;
    drop(use);
    if (use.readers.length === 0 && use.watches.length === 0 && use.commands.length === 0) this.#topics.delete(topic);
  }
}

function remove<T>(list: T[], isIt: (one: T) => boolean): void {
  const at = list.findIndex(isIt);
  if (at >= 0) list.splice(at, 1);
}
