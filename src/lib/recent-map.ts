/**
 * A map of bounded size that forgets what was not asked for in a while: it keeps at least the entries used last that
 * together have `maxSize`, and at most twice as much. Two generations stand in for an exact order of use: when the
 * young one is full it becomes the old one, and the old one goes. So a hit costs one lookup, and nothing is moved.
 */
export class RecentMap<K, V extends {}> {
  readonly #maxSize: number;
  readonly #sizeOf: (key: K, value: V) => number;
  #young = new Map<K, V>();
  #old = new Map<K, V>();
  #youngSize = 0;

  /** @param sizeOf an entry's share of `maxSize`; it must give the same for the same entry. Every entry is 1 if absent. */
  constructor(maxSize: number, sizeOf: (key: K, value: V) => number = () => 1) {
    this.#maxSize = maxSize;
    this.#sizeOf = sizeOf;
  }

  get(key: K): V | undefined {
    const young = this.#young.get(key);
    if (young !== undefined) return young;
    const old = this.#old.get(key);
    if (old !== undefined) this.set(key, old);
    return old;
  }

  set(key: K, value: V): void {
    const before = this.#young.get(key);
    if (before !== undefined) this.#youngSize -= this.#sizeOf(key, before);
    this.#young.set(key, value);
    this.#youngSize += this.#sizeOf(key, value);
    if (this.#youngSize < this.#maxSize) return;
    this.#old = this.#young;
    this.#young = new Map();
    this.#youngSize = 0;
  }

  clear(): void {
    this.#young = new Map();
    this.#old = new Map();
    this.#youngSize = 0;
  }

  delete(key: K): void {
    const before = this.#young.get(key);
    if (before !== undefined) this.#youngSize -= this.#sizeOf(key, before);
    this.#young.delete(key);
    this.#old.delete(key);
  }
}
