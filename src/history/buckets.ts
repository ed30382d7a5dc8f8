// A bucket is what is known of a series' points within one span of time: nine numbers side by side in one array, so that
// millions of them are neither objects nor garbage. Buckets of one span can be merged, in any order, to one.

/** Which span: its begin by UTC, divided by the width of its tier. */
export const numberAt = 0;
/** How many points; the others mean nothing when it is 0. */
export const countAt = 1;
/** When the first and the last point were, in Unix ms. */
export const firstMsAt = 2;
export const lastMsAt = 3;
export const minAt = 4;
export const maxAt = 5;
export const sumAt = 6;
/** The value of the first and of the last point. */
export const firstAt = 7;
export const lastAt = 8;
export const bucketSize = 9;

/** Begins a bucket with one point. @param at where in `data` it lies */
export function begin(data: Float64Array, at: number, number: number, ms: number, value: number): void {
  data[at] = number;
  data[at + countAt] = 1;
  data[at + firstMsAt] = ms;
  data[at + lastMsAt] = ms;
  data[at + minAt] = value;
  data[at + maxAt] = value;
  data[at + sumAt] = value;
  data[at + firstAt] = value;
  data[at + lastAt] = value;
}

/** One more point. Of two at the same instant the later one to come is the last. */
export function add(data: Float64Array, at: number, ms: number, value: number): void {
  data[at + countAt]! += 1;
  data[at + sumAt]! += value;
  if (value < data[at + minAt]!) data[at + minAt] = value;
  if (value > data[at + maxAt]!) data[at + maxAt] = value;
  if (ms >= data[at + lastMsAt]!) {
    data[at + lastMsAt] = ms;
    data[at + lastAt] = value;
  }
  if (ms < data[at + firstMsAt]!) {
    data[at + firstMsAt] = ms;
    data[at + firstAt] = value;
  }
}

/** Merges a bucket into another, whose number stays; what is merged came later. */
export function merge(data: Float64Array, at: number, from: Float64Array, fromAt: number): void {
  const count = from[fromAt + countAt]!;
  if (count === 0) return;
  if (data[at + countAt] === 0) {
    for (let i = countAt; i < bucketSize; i++) data[at + i] = from[fromAt + i]!;
    return;
  }
  data[at + countAt]! += count;
  data[at + sumAt]! += from[fromAt + sumAt]!;
  if (from[fromAt + minAt]! < data[at + minAt]!) data[at + minAt] = from[fromAt + minAt]!;
  if (from[fromAt + maxAt]! > data[at + maxAt]!) data[at + maxAt] = from[fromAt + maxAt]!;
  if (from[fromAt + lastMsAt]! >= data[at + lastMsAt]!) {
    data[at + lastMsAt] = from[fromAt + lastMsAt]!;
    data[at + lastAt] = from[fromAt + lastAt]!;
  }
  if (from[fromAt + firstMsAt]! < data[at + firstMsAt]!) {
    data[at + firstMsAt] = from[fromAt + firstMsAt]!;
    data[at + firstAt] = from[fromAt + firstAt]!;
  }
}

/** Buckets of one series. Grows with use, and is used again and again. */
export class Buckets {
  data = new Float64Array(8 * bucketSize);
  length = 0;
  #isSettled = true;

  clear(): void {
    this.length = 0;
    this.#isSettled = true;
  }

  numberOf(index: number): number {
    return this.data[index * bucketSize]!;
  }

  /** Where in `data` a bucket begins. */
  placeOf(index: number): number {
    return index * bucketSize;
  }

  /**
   * Takes a bucket in. They may come in any order; before they are read, {@link settle}.
   *
   * @param number of its span, in these buckets' width
   */
  put(number: number, from: Float64Array, fromAt: number): void {
    const last = this.length === 0 ? Number.NEGATIVE_INFINITY : this.numberOf(this.length - 1);
    if (number === last) {
      merge(this.data, (this.length - 1) * bucketSize, from, fromAt);
      return;
    }
    if (number < last) this.#isSettled = false;
    this.#reserve();
    const at = this.length * bucketSize;
    this.data[at] = number;
    for (let i = countAt; i < bucketSize; i++) this.data[at + i] = from[fromAt + i]!;
    this.length++;
  }

  /** Puts them in order, each span once. */
  settle(): void {
    if (this.#isSettled) return;
    const { data, length } = this;
    // Those of one span stay in the order in which they came.
    const order = Array.from({ length }, (_, i) => i).sort((a, b) => data[a * bucketSize]! - data[b * bucketSize]!);
    this.data = new Float64Array(data.length);
    this.clear();
    for (const index of order) this.put(data[index * bucketSize]!, data, index * bucketSize);
  }

  /** The same in a width that is `factor` times as wide: what several were becomes one. */
  rollInto(wider: Buckets, factor: number): void {
    this.settle();
    for (let i = 0; i < this.length; i++) wider.put(Math.floor(this.numberOf(i) / factor), this.data, i * bucketSize);
  }

  #reserve(): void {
    if ((this.length + 1) * bucketSize <= this.data.length) return;
    const grown = new Float64Array(this.data.length * 2);
    grown.set(this.data);
    this.data = grown;
  }
}
