import type { Attribute } from '../../../core/device.ts';
import type { CodecSighting } from '../../codec.ts';
import { nameKey, tellApart } from './names.ts';
import { isThere, type Rule } from './presence.ts';
import type { Reader } from './readers.ts';

/** What the book knows of one device. */
export class KnownDevice {
  readonly rules = new Map<string, Rule>();
  /** Names of entities that need mapping, by discovery topic. */
  readonly needsMapping = new Map<string, readonly string[]>();
  /** How many discovery messages tell of it. */
  uses = 0;
  /** Readers by the name of their field, to notice when several have the same. */
  readonly #readers = new Map<string, Set<Reader>>();
  #facts: CodecSighting;
  #isTold = false;

  constructor(name: string) {
    this.#facts = { device: name };
  }

  /** A device is there while any of its entities is. */
  get isThere(): boolean {
    return isThere(this.rules.values());
  }

  /** Takes in what a discovery message says of the device itself. */
  describe(sighting: CodecSighting): void {
    const attributes = new Map<string, Attribute[1]>([
      ...(this.#facts.attributes ?? []),
      ...(sighting.attributes ?? []),
    ]);
    this.#facts = { ...this.#facts, ...sighting, attributes: [...attributes] };
    this.#isTold = false;
  }

  /** What is known of it, and which of its entities need mapping; undefined when that was told since the last description. */
  introduce(): CodecSighting | undefined {
    if (this.#isTold) return undefined;
    this.#isTold = true;
    const needing = this.needsMappingText;
    return needing === ''
      ? this.#facts
      : { ...this.#facts, attributes: [...(this.#facts.attributes ?? []), ['needsMapping', needing]] };
  }

  get needsMappingText(): string {
    const text = [...this.needsMapping.values()].flat().join(', ');
    return text.length > 500 ? `${text.slice(0, 500)}…` : text;
  }

  add(readers: readonly Reader[]): void {
    const changed = new Set<Set<Reader>>();
    for (const reader of readers) {
      const key = nameKey(reader);
      let sharing = this.#readers.get(key);
      if (sharing === undefined) {
        sharing = new Set();
        this.#readers.set(key, sharing);
      }
      sharing.add(reader);
      changed.add(sharing);
    }
    for (const sharing of changed) tellApart(sharing);
  }

  drop(readers: readonly Reader[]): void {
    const changed = new Set<Set<Reader>>();
    for (const reader of readers) {
      const key = nameKey(reader);
      const sharing = this.#readers.get(key);
      sharing?.delete(reader);
      if (sharing?.size === 0) this.#readers.delete(key);
      else if (sharing !== undefined) changed.add(sharing);
    }
    for (const sharing of changed) tellApart(sharing);
  }
}
