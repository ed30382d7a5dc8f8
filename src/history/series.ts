import type { Field, FieldValue, Measurement } from '../core/measurement.ts';

/** What a field's values are. Whole numbers beyond 2^53 are rounded; bytes have no history. */
export type FieldKind = 'number' | 'boolean' | 'text';

/** One field of one device, with its unit and tags: what a chart shows as one line. */
export interface Series {
  /** Its place in every table by series; another's, when it is forgotten. */
  readonly slot: number;
  readonly device: string;
  readonly name: string;
  /** `room=3,rack=b`; empty: none. */
  readonly tags: string;
  /** Empty: none is known. */
  readonly unit: string;
  readonly kind: FieldKind;
  /** The worker knows of it. */
  isIntroduced: boolean;
}

/** Where the fields of one topic's messages are kept, in their order. */
type Slots = (Series | undefined)[];

/** Topics of one device whose fields are found without a lookup. */
const maxTopics = 32;
const maxFields = 500;
const maxName = 200;
/** In characters; the registry has the same. */
const maxId = 1_000;
/** A series that was heard in one of so many ticks is not forgotten for another. */
const quietTicks = 60;

/** Of a device that has no series yet. */
const noSlots: Slots = [];

class DeviceSeries {
  /** By tags, name and unit. */
  readonly all = new Map<string, Series>();
  readonly topics = new Map<string, Slots>();
  lastTopic = '';
  lastSlots: Slots = [];

  /** @param topic of a message */
  slotsOf(topic: string): Slots {
    if (topic === this.lastTopic) return this.lastSlots;
    let slots = this.topics.get(topic);
    if (slots === undefined) {
      if (this.topics.size >= maxTopics) this.topics.clear();
      slots = [];
      this.topics.set(copyOf(topic), slots);
    }
    this.lastTopic = topic;
    this.lastSlots = slots;
    return slots;
  }
}

/** Every series that is followed. Bounded: who was silent for longest makes room. */
export class SeriesBook {
  readonly #maxSeries: number;
  readonly #forgotten: (series: Series) => void;
  readonly #devices = new Map<string, DeviceSeries>();
  /** By slot. */
  readonly #series: (Series | undefined)[] = [];
  #heard = new Uint32Array(16);
  /** Goes on with time; by it is told who was silent for how long. */
  #tick = quietTicks;
  /** Up to this tick nobody can be forgotten. */
  #nobodyUntil = 0;
  evicted = 0;
  /** Values of series for which there was no place. */
  refusedPoints = 0;

  /** @param forgotten is called before another gets the place */
  constructor(maxSeries: number, forgotten: (series: Series) => void) {
    this.#maxSeries = maxSeries;
    this.#forgotten = forgotten;
  }

  get size(): number {
    return this.#series.length;
  }

  /** Time goes by: about every ten seconds. */
  tick(): void {
    this.#tick++;
  }

  *[Symbol.iterator](): Generator<Series> {
    for (const one of this.#series) if (one !== undefined) yield one;
  }

  at(slot: number): Series | undefined {
    return this.#series[slot];
  }

  /** @param names empty: all */
  ofDevice(device: string, names: readonly string[]): Series[] {
    const all = [...(this.#devices.get(device)?.all.values() ?? [])];
    return names.length === 0 ? all : all.filter(({ name }) => names.includes(name));
  }

  /** Where a message's fields are looked for. */
  slotsOf(deviceId: string, topic: string): Slots {
    return this.#devices.get(deviceId)?.slotsOf(topic) ?? noSlots;
  }

  /** The series of a field; undefined: it has none. A comparison as long as a topic's fields stay the same. */
  find(slots: Slots, index: number, field: Field, measurement: Measurement, tags: string): Series | undefined {
    const known = slots[index];
    if (
      known !== undefined &&
      known.name === field.name &&
      known.unit === (field.unit ?? '') &&
      known.tags === tags &&
      // A field of this message may have taken its place.
      this.#series[known.slot] === known
    ) {
      this.#heard[known.slot] = this.#tick;
      return known;
    }
    const found = this.#look(field, measurement.deviceId, tags);
    if (found === undefined) return undefined;
    this.#heard[found.slot] = this.#tick;
    if (slots !== noSlots && index <= slots.length) slots[index] = found;
    return found;
  }

  /** The worker knows none of them any more. */
  reintroduce(): void {
    for (const one of this) one.isIntroduced = false;
  }

  #look(field: Field, deviceId: string, tags: string): Series | undefined {
    const { name, unit = '' } = field;
    const key = tags === '' && unit === '' ? name : `${name}\0${unit}\0${tags}`;
    const known = this.#devices.get(deviceId)?.all.get(key);
    if (known !== undefined) return known;
    const kind = kindOf(field.value);
    if (kind === undefined || deviceId.length > maxId) return undefined;
    if (name.length > maxName || unit.length > maxName || tags.length > maxName) return undefined;
    const isFull = (this.#devices.get(deviceId)?.all.size ?? 0) >= maxFields;
    const slot = isFull ? undefined : this.#place();
    if (slot === undefined) {
      this.refusedPoints++;
      return undefined;
    }
    // Asked for again: making room may have taken the device along.
    let device = this.#devices.get(deviceId);
    if (device === undefined) {
      device = new DeviceSeries();
      this.#devices.set(copyOf(deviceId), device);
    }
    const texts = { device: copyOf(deviceId), name: copyOf(name), tags: copyOf(tags), unit: copyOf(unit) };
    const series: Series = { slot, ...texts, kind, isIntroduced: false };
    this.#series[slot] = series;
    device.all.set(copyOf(key), series);
    return series;
  }

  #place(): number | undefined {
    if (this.#series.length >= this.#maxSeries) return this.#evict();
    const slot = this.#series.length;
    if (slot === this.#heard.length) {
      const grown = new Uint32Array(slot * 2);
      grown.set(this.#heard);
      this.#heard = grown;
    }
    return slot;
  }

  #evict(): number | undefined {
    if (this.#tick < this.#nobodyUntil) return undefined;
    let slot = 0;
    for (let i = 1; i < this.#series.length; i++) if (this.#heard[i]! < this.#heard[slot]!) slot = i;
    if (this.#heard[slot]! + quietTicks > this.#tick) {
      this.#nobodyUntil = this.#heard[slot]! + quietTicks;
      return undefined;
    }
    const series = this.#series[slot]!;
    this.#forgotten(series);
    this.evicted++;
    const device = this.#devices.get(series.device)!;
    for (const [key, one] of device.all) if (one === series) device.all.delete(key);
    device.topics.clear();
    device.lastTopic = '';
    device.lastSlots = [];
    if (device.all.size === 0) this.#devices.delete(series.device);
    return slot;
  }
}

export function kindOf(value: FieldValue): FieldKind | undefined {
  if (typeof value === 'number' || typeof value === 'bigint') return 'number';
  if (typeof value === 'boolean') return 'boolean';
  return typeof value === 'string' ? 'text' : undefined;
}

/** `room=3,rack=b`. */
export function tagText(tags: Measurement['tags']): string {
  return tags === undefined || tags.length === 0 ? '' : tags.map(([name, value]) => `${name}=${value}`).join(',');
}

/** A text of its own: a part of another one, as V8 makes it, keeps all of that in memory. */
export function copyOf(text: string): string {
  // V8 makes none of fewer than 13 characters (SlicedString::kMinLength).
  if (text.length < 13) return text;
  return Buffer.from(text, 'utf16le').toString('utf16le');
}
