import type { FieldValue, Measurement } from '../core/measurement.ts';
import type { UnixMs } from '../core/time.ts';
import type { Budget } from './budget.ts';

/** The newest value of one field of a device. */
export interface NewestValue {
  readonly name: string;
  /** The series' tags, when it has any: fields of one name and other tags or units are other values. */
  readonly tags: string;
  value: FieldValue;
  readonly unit: string | undefined;
  /** When it was measured, by the device's clock or else the gateway's. */
  timeMs: UnixMs;
  /** When its message was taken in. */
  receivedAtMs: UnixMs;
}

/** Where the fields of one topic's messages are kept, in their order: so the next message finds them without a lookup. */
export type Slots = NewestValue[];

const maxValues = 200;
const maxName = 200;
const maxText = 200;
const maxBytes = 200;
/** Texts of a payload no larger than this are kept as they are, although they may hold on to all of it. */
const maxHeldPayload = 512;

/** The newest value per field of one device, in memory only. Bounded in number and size. */
export class NewestValues {
  readonly #budget: Budget;
  /** By tags, then by name and unit. */
  readonly #series = new Map<string, Map<string, NewestValue>>();
  #size = 0;

  constructor(budget: Budget) {
    this.#budget = budget;
  }

  /** In the order in which they were first heard. */
  *[Symbol.iterator](): Generator<NewestValue> {
    for (const byName of this.#series.values()) yield* byName.values();
  }

  /**
   * Called for every measurement: costs a comparison and three assignments a field as long as a topic's fields stay the same.
   *
   * @param slots of the topic that it came on
   * @param payloadBytes of the message, which bounds what its texts may hold on to
   */
  note(measurement: Measurement, slots: Slots, receivedAtMs: UnixMs, payloadBytes: number): void {
    const { fields, tags } = measurement;
    const timeMs = measurement.timeMs ?? receivedAtMs;
    const tagText = tags === undefined || tags.length === 0 ? '' : textOf(tags);
    for (let i = 0; i < fields.length; i++) {
      const { name, value, unit } = fields[i]!;
      let slot = slots[i];
      if (slot === undefined || slot.name !== name || slot.unit !== unit || slot.tags !== tagText) {
        slot = this.#slotOf(name, unit, tagText);
        // Beyond the bounds: this field's newest value is not kept.
        if (slot === undefined) continue;
        // No holes: slots stay a plain list.
        if (i <= slots.length && i < maxValues) slots[i] = slot;
      }
      // Of one message's values the latest counts. A later message counts whatever it says of the time.
      if (timeMs < slot.timeMs && slot.receivedAtMs === receivedAtMs) continue;
      if (typeof value === 'object' || typeof value === 'string') slot.value = bounded(value, payloadBytes);
      else slot.value = value;
      slot.timeMs = timeMs;
      slot.receivedAtMs = receivedAtMs;
    }
  }

  /** Lets go of everything. */
  clear(): void {
    this.#budget.giveBack(this.#size);
    this.#series.clear();
    this.#size = 0;
  }

  #slotOf(name: string, unit: string | undefined, tags: string): NewestValue | undefined {
    const key = unit === undefined ? name : `${name}\0${unit}`;
    let byName = this.#series.get(tags);
    const known = byName?.get(key);
    if (known !== undefined) return known;
    if (key.length > maxName || tags.length > maxName) return undefined;
    if (this.#size >= maxValues || !this.#budget.take(1)) return undefined;
    this.#size++;
    const slot: NewestValue = {
      name: copyOf(name),
      tags: copyOf(tags),
      value: false,
      unit: unit === undefined ? undefined : copyOf(unit),
      timeMs: 0,
      receivedAtMs: 0,
    };
    if (byName === undefined) {
      byName = new Map();
      this.#series.set(slot.tags, byName);
    }
    byName.set(unit === undefined ? slot.name : key, slot);
    return slot;
  }
}

/** `room=3,rack=b`. */
function textOf(tags: Exclude<Measurement['tags'], undefined>): string {
  return tags.map(([name, value]) => `${name}=${value}`).join(',');
}

function bounded(value: string | Uint8Array, payloadBytes: number): string | Uint8Array {
  if (typeof value !== 'string') return Uint8Array.from(value.subarray(0, maxBytes));
  if (value.length > maxText) return `${copyOf(value.slice(0, maxText - 1))}…`;
  return payloadBytes <= maxHeldPayload ? value : copyOf(value);
}

/** A text of its own: a part of another one, as V8 makes it, keeps all of that in memory. */
export function copyOf(text: string): string {
  return Buffer.from(text, 'utf16le').toString('utf16le');
}
