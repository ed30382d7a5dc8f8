/** A queue whose ends cost the same at any length: `Array.shift` moves every element that stays. */
export class Fifo<T> {
  #items: (T | undefined)[] = [];
  /** Where the first one is; what lies before it has left. */
  #from = 0;

  get length(): number {
    return this.#items.length - this.#from;
  }

  push(item: T): void {
    this.#items.push(item);
  }

  /** The first one, which stays; undefined when the queue is empty. */
  get first(): T | undefined {
    return this.#items[this.#from];
  }

  get last(): T | undefined {
    return this.length === 0 ? undefined : this.#items.at(-1);
  }

  /** Takes the first one out; undefined when the queue is empty. */
  shift(): T | undefined {
    if (this.length === 0) return undefined;
    const item = this.#items[this.#from];
    this.#items[this.#from++] = undefined;
    // Now and then the empty front is cut off: at most one move an element.
    if (this.#from * 2 >= this.#items.length && (this.#from > 32 || this.length === 0)) {
      this.#items.splice(0, this.#from);
      this.#from = 0;
    }
    return item;
  }

  /** From the first one to the last. */
  *[Symbol.iterator](): Generator<T> {
    for (let i = this.#from; i < this.#items.length; i++) yield this.#items[i]!;
  }

  clear(): void {
    this.#items = [];
    this.#from = 0;
  }
}
