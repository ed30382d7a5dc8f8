import { type ShelfDisk, WriteBehindShelf } from '../../src/buffer/shelf.ts';
import type { ShelfChange, ShelfEntry } from '../../src/core/shelf.ts';

/** A disk of its own: what has reached it is what is left after a crash. */
export class MemoryDisk implements ShelfDisk {
  readonly #spaces = new Map<string, Map<string, Uint8Array>>();
  /** Every change that was asked for, in the batches in which it was. */
  readonly batches: (readonly ShelfChange[])[] = [];
  /** Why it refuses to write; undefined: it writes. */
  refusal: string | undefined;
  #held: (() => void)[] | undefined;

  async apply(changes: readonly ShelfChange[]): Promise<void> {
    this.batches.push(changes);
    if (this.#held !== undefined) await new Promise<void>((resolve) => this.#held?.push(resolve));
    if (this.refusal !== undefined) throw new Error(this.refusal);
    for (const { space, key, value } of changes) {
      const entries = this.#spaces.get(space) ?? new Map<string, Uint8Array>();
      this.#spaces.set(space, entries);
      // A copy, as what goes to the worker is one.
      if (value === undefined) entries.delete(key);
      else entries.set(key, Uint8Array.from(value));
    }
  }

  async entries(space: string): Promise<readonly ShelfEntry[]> {
    return [...(this.#spaces.get(space) ?? [])].sort(([a], [b]) => (a < b ? -1 : 1));
  }

  /** What is on it now: all that a crash leaves. Whoever still writes to this one is refused. */
  afterCrash(): MemoryDisk {
    this.refusal = 'it is gone';
    const copy = new MemoryDisk();
    for (const [space, entries] of this.#spaces) copy.#spaces.set(space, new Map(entries));
    return copy;
  }

  /** The keys of a space, in order. */
  keys(space: string): string[] {
    return [...(this.#spaces.get(space) ?? new Map()).keys()].sort();
  }

  /** From now on nothing is written until `release`. */
  hold(): void {
    this.#held = [];
  }

  release(): void {
    const held = this.#held ?? [];
    this.#held = undefined;
    for (const go of held) go();
  }
}

/** The shelf of one run on a disk. A crash is to make the next one without a word to the first. */
export function shelfOn(disk: ShelfDisk): WriteBehindShelf {
  // Of its own accord it writes nothing within a test: what nobody waited for is lost in a crash.
  return new WriteBehindShelf(disk, { lingerMs: 3_600_000, retryMs: 3_600_000 });
}

export function memoryShelf(disk: MemoryDisk = new MemoryDisk()): WriteBehindShelf {
  return shelfOn(disk);
}
