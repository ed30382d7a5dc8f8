import type { Place } from './topic-index.ts';

/** So many are remembered; further ones are recognised anew each time. */
const usualMax = 20_000;
const maxKey = 600;

/**
 * What was adopted without anybody being asked: by which profile a device's messages were decoded first. It stays so,
 * whatever is recognised later: a device that came under another profile would be another device from then on.
 *
 * Remembered by profile, pattern and the device that the pattern captures; where there is none, by the topic.
 */
export class Adoptions {
  readonly #max: number;
  /** Told of each that is new, and that is taken back: for who keeps them. */
  changed: (key: string, isKept: boolean) => void = () => undefined;
  readonly #keys = new Set<string>();
  readonly #devices = new Map<string, number>();
  /** By name alone, whatever the profile: nearly every topic that is new is of a device that is not among them. */
  readonly #names = new Map<string, number>();
  readonly #topics = new Map<string, string>();
  /** Devices of which people adopted a topic: told again whenever that is looked at. */
  readonly #byPeople = new Set<string>();
  #refused = 0;

  constructor(max = usualMax) {
    this.#max = max;
  }

  get size(): number {
    return this.#keys.size;
  }

  /** How many there was no room for. */
  get refused(): number {
    return this.#refused;
  }

  has({ profile, pattern, captures }: Place): boolean {
    const device = captures.get('device');
    if (device === undefined || !this.#names.has(device)) return false;
    return this.#keys.has(`${profile.name}\n${pattern.text}\n${device}`);
  }

  /** The profile that a topic was adopted by for itself. */
  profileOf(topic: string): string | undefined {
    return this.#topics.get(topic);
  }

  /** Whether any topic of the device was adopted by this place's profile. */
  knowsDevice({ profile, captures }: Place): boolean {
    const device = captures.get('device');
    if (device === undefined || (this.#byPeople.size === 0 && !this.#names.has(device))) return false;
    const key = `${profile.name}\n${device}`;
    return this.#devices.has(key) || this.#byPeople.has(key);
  }

  /** People adopted a topic that stands here. */
  note({ profile, captures }: Place): void {
    const device = captures.get('device');
    if (device !== undefined && device.length <= maxKey && this.#byPeople.size < this.#max) {
      this.#byPeople.add(`${profile.name}\n${device}`);
    }
  }

  /** What people decided may have changed. */
  forgetNotes(): void {
    this.#byPeople.clear();
  }

  /** @param place where the topic stands in the profile; undefined: it was told by its payload, or by what was learnt */
  remember(profile: string, topic: string, place: Place | undefined): void {
    const device = place?.captures.get('device');
    const key = device === undefined ? `${profile}\n\n${topic}` : `${profile}\n${place!.pattern.text}\n${device}`;
    if (this.#keys.has(key)) return;
    if (this.#keys.size >= this.#max || key.length > maxKey) {
      this.#refused++;
      return;
    }
    this.restore(key);
    this.changed(key, true);
  }

  /** One that was remembered before. @returns whether it is one */
  restore(key: string): boolean {
    const parts = partsOf(key);
    if (parts === undefined || this.#keys.has(key) || this.#keys.size >= this.#max) return false;
    const { profile, pattern, name } = parts;
    this.#keys.add(key);
    if (pattern === '') this.#topics.set(name, profile);
    else this.#count(profile, name, 1);
    return true;
  }

  /** Takes back those of which it holds. @param isMeant by the pattern, empty for a topic's own, and the device or the topic */
  forget(isMeant: (pattern: string, name: string) => boolean): void {
    for (const key of this.#keys) {
      const { profile, pattern, name } = partsOf(key)!;
      if (!isMeant(pattern, name)) continue;
      this.#keys.delete(key);
      if (pattern === '') this.#topics.delete(name);
      else this.#count(profile, name, -1);
      this.changed(key, false);
    }
  }

  /** The same by itself: what is adopted there is not adopted here. */
  copy(): Adoptions {
    const copy = new Adoptions(this.#max);
    for (const key of this.#keys) copy.restore(key);
    return copy;
  }

  #count(profile: string, device: string, by: number): void {
    add(this.#devices, `${profile}\n${device}`, by);
    add(this.#names, device, by);
  }
}

function add(counts: Map<string, number>, key: string, by: number): void {
  const count = (counts.get(key) ?? 0) + by;
  if (count > 0) counts.set(key, count);
  else counts.delete(key);
}

/** Neither a profile's name nor a pattern holds a line break; a topic may. */
function partsOf(key: string): { profile: string; pattern: string; name: string } | undefined {
  const first = key.indexOf('\n');
  const second = key.indexOf('\n', first + 1);
  if (first < 1 || second < 0 || second === key.length - 1) return undefined;
  return { profile: key.slice(0, first), pattern: key.slice(first + 1, second), name: key.slice(second + 1) };
}
