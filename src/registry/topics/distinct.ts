/** Counts different texts, exactly up to a limit; it keeps four bytes of each, not the text. */
export class Distinct {
  readonly #max: number;
  #seen: Set<number> | undefined;
  #first = 0;
  #count = 0;

  constructor(max: number) {
    this.#max = max;
  }

  /** How many there are, `max` at the most. */
  get count(): number {
    return this.#count;
  }

  /** There may be more of them. */
  get isFull(): boolean {
    return this.#count >= this.#max;
  }

  /** @returns whether it is new */
  add(text: string): boolean {
    return this.#note(hashOf(text));
  }

  join(other: Distinct): void {
    if (other.#count === 0) return;
    this.#note(other.#first);
    for (const hash of other.#seen ?? []) this.#note(hash);
  }

  #note(hash: number): boolean {
    // Nearly all have one alone.
    if (this.#count === 0) this.#first = hash;
    else if (hash === this.#first || this.#seen?.has(hash) || this.#count >= this.#max) return false;
    else {
      this.#seen ??= new Set();
      this.#seen.add(hash);
    }
    this.#count++;
    return true;
  }
}

/** FNV-1a of its UTF-16 units. */
function hashOf(text: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  return hash;
}
