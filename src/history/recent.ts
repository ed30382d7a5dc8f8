import type { UnixMs } from '../core/time.ts';

/** Points in a chunk: a kibibyte. */
const perChunk = 64;
const chunkBytes = perChunk * 16;
/** Memory is taken so many chunks at a time. */
const perSlab = 64;
const none = -1;

/**
 * The last points of every series, as they came. They lie in chunks of one pool, which grows with use up to a limit; then who
 * needs one gets the one that was begun first of all, whosever it is. Nothing here is an object per point.
 */
export class RecentPoints {
  readonly #maxChunks: number;
  readonly #maxPerSeries: number;
  readonly #slabs: Float64Array[] = [];
  #chunks = 0;
  // By chunk. In use, they are a list in the order in which they were begun; each series' are a list of its own within it.
  readonly #owner: number[] = [];
  readonly #used: number[] = [];
  /** By whose clock its points are: a period of the gateway's, or 0 for the device's. */
  readonly #period: number[] = [];
  readonly #before: number[] = [];
  readonly #after: number[] = [];
  readonly #nextOfSeries: number[] = [];
  readonly #free: number[] = [];
  #oldest = none;
  #newest = none;
  // By series.
  readonly #head: number[] = [];
  readonly #tail: number[] = [];
  readonly #held: number[] = [];
  /** When the last point was that is not kept any more. */
  readonly #lostMs: number[] = [];

  /** @param maxPoints of each series @param maxBytes of all */
  constructor(maxPoints: number, maxBytes: number) {
    this.#maxChunks = Math.max(1, Math.floor(maxBytes / chunkBytes));
    this.#maxPerSeries = Math.max(1, Math.ceil(maxPoints / perChunk));
  }

  get bytes(): number {
    return this.#slabs.length * perSlab * chunkBytes;
  }

  note(series: number, ms: UnixMs, value: number, period: number): void {
    let chunk = this.#tail[series] ?? none;
    if (chunk === none || this.#used[chunk] === perChunk || this.#period[chunk] !== period) {
      chunk = this.#begin(series, period);
    }
    const used = this.#used[chunk]!;
    const slab = this.#slabs[Math.floor(chunk / perSlab)]!;
    const at = ((chunk % perSlab) * perChunk + used) * 2;
    slab[at] = ms;
    slab[at + 1] = value;
    this.#used[chunk] = used + 1;
  }

  /** In the order in which they came. */
  read(series: number, each: (ms: UnixMs, value: number, period: number) => void): void {
    for (let chunk = this.#head[series] ?? none; chunk !== none; chunk = this.#nextOfSeries[chunk]!) {
      const slab = this.#slabs[Math.floor(chunk / perSlab)]!;
      const at = (chunk % perSlab) * perChunk * 2;
      for (let i = 0; i < this.#used[chunk]!; i++) each(slab[at + i * 2]!, slab[at + i * 2 + 1]!, this.#period[chunk]!);
    }
  }

  /** Later than this, all of its points are here, unless some came late. */
  lostMs(series: number): UnixMs {
    return this.#lostMs[series] ?? Number.NEGATIVE_INFINITY;
  }

  /** The series' place is another's now. */
  forget(series: number): void {
    while ((this.#held[series] ?? 0) > 0) this.#free.push(this.#release(this.#head[series]!));
    this.#lostMs[series] = Number.NEGATIVE_INFINITY;
  }

  #begin(series: number, period: number): number {
    const chunk = this.#take(series);
    this.#owner[chunk] = series;
    this.#used[chunk] = 0;
    this.#period[chunk] = period;
    this.#nextOfSeries[chunk] = none;
    const held = this.#held[series] ?? 0;
    if (held === 0) this.#head[series] = chunk;
    else this.#nextOfSeries[this.#tail[series]!] = chunk;
    this.#tail[series] = chunk;
    this.#held[series] = held + 1;
    this.#before[chunk] = this.#newest;
    this.#after[chunk] = none;
    if (this.#newest === none) this.#oldest = chunk;
    else this.#after[this.#newest] = chunk;
    this.#newest = chunk;
    return chunk;
  }

  #take(series: number): number {
    if ((this.#held[series] ?? 0) >= this.#maxPerSeries) return this.#release(this.#head[series]!);
    const free = this.#free.pop();
    if (free !== undefined) return free;
    if (this.#chunks >= this.#maxChunks) return this.#release(this.#oldest);
    if (this.#chunks % perSlab === 0) this.#slabs.push(new Float64Array(perSlab * perChunk * 2));
    return this.#chunks++;
  }

  /** Takes a chunk from its series, of which it is the first. */
  #release(chunk: number): number {
    const series = this.#owner[chunk]!;
    const slab = this.#slabs[Math.floor(chunk / perSlab)]!;
    const last = ((chunk % perSlab) * perChunk + this.#used[chunk]! - 1) * 2;
    this.#lostMs[series] = Math.max(this.lostMs(series), slab[last]!);
    const held = this.#held[series]! - 1;
    this.#held[series] = held;
    this.#head[series] = this.#nextOfSeries[chunk]!;
    if (held === 0) this.#tail[series] = none;
    const before = this.#before[chunk]!;
    const after = this.#after[chunk]!;
    if (before === none) this.#oldest = after;
    else this.#after[before] = after;
    if (after === none) this.#newest = before;
    else this.#before[after] = before;
    return chunk;
  }
}
