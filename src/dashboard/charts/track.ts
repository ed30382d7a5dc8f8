/** What a series holds: a number, on or off (1, 0; between: both), or a text (the number of its label). */
export type TrackKind = 'number' | 'boolean' | 'text';

const maxLabels = 100;

/**
 * The points of one series, in the order of their times, bounded: what is too old goes. With `widthMs` points are buckets, and what
 * comes live is added to the one it belongs to.
 */
export class Track {
  kind: TrackKind | undefined;
  /** 0: points as they came. */
  readonly widthMs: number;
  readonly times: number[] = [];
  readonly avg: number[] = [];
  readonly min: number[] = [];
  readonly max: number[] = [];
  readonly #counts: number[] = [];
  readonly #max: number;
  /** Texts by the number that stands for them. */
  readonly labels: string[] = [];
  /** The value that was measured last, drawn as the others. */
  newest: { readonly timeMs: number; readonly value: number } | undefined;

  /** @param max points that are kept; the oldest go first */
  constructor(widthMs = 0, max = 4_000) {
    this.widthMs = widthMs;
    this.#max = max;
  }

  /** A point, or a whole bucket: instead of the one of that time, if there is one. Values that are no numbers are left out. */
  put(time: number, avg: number, min = avg, max = avg, count = 1): void {
    if (!Number.isFinite(avg) || !Number.isFinite(time)) return;
    const at = this.#indexFor(time);
    if (this.times[at] !== time) {
      // The newest almost always: then nothing is moved.
      this.times.splice(at, 0, time);
      for (const column of [this.avg, this.min, this.max, this.#counts]) column.splice(at, 0, 0);
    }
    this.avg[at] = avg;
    this.min[at] = min;
    this.max[at] = max;
    this.#counts[at] = count;
    if (this.times.length > this.#max * 1.25) this.#dropFirst(this.times.length - this.#max);
  }

  /** A value as it came. What is neither number, boolean nor text is not drawn. @returns whether it was taken */
  add(time: number, value: unknown): boolean {
    const kind = kindOf(value);
    if (kind === undefined) return false;
    this.kind ??= kind;
    // A field that changes its type: only what can be drawn with the rest.
    if (kind !== this.kind) return false;
    const drawn = kind === 'text' ? this.#label(String(value)) : Number(value);
    this.heard(time, drawn);
    if (this.widthMs === 0 || kind === 'text') {
      this.put(time, drawn);
      return true;
    }
    const start = Math.floor(time / this.widthMs) * this.widthMs;
    const at = this.#indexFor(start);
    if (this.times[at] !== start) {
      this.put(start, drawn);
      return true;
    }
    const count = (this.#counts[at] ?? 0) + 1;
    const avg = this.avg[at] ?? drawn;
    this.avg[at] = avg + (drawn - avg) / count;
    this.min[at] = Math.min(this.min[at] ?? drawn, drawn);
    this.max[at] = Math.max(this.max[at] ?? drawn, drawn);
    this.#counts[at] = count;
    return true;
  }

  /** That was measured, and may be the newest. */
  heard(timeMs: number, value: number): void {
    if (Number.isFinite(value) && timeMs >= (this.newest?.timeMs ?? Number.NEGATIVE_INFINITY)) {
      this.newest = { timeMs, value };
    }
  }

  /** Leaves out what is older, but for the last one, from which the line comes in. */
  trim(fromMs: number): void {
    const at = this.#indexFor(fromMs);
    if (at > 64) this.#dropFirst(at - 1);
  }

  #dropFirst(n: number): void {
    for (const column of [this.times, this.avg, this.min, this.max, this.#counts]) column.splice(0, n);
  }

  #label(text: string): number {
    const known = this.labels.indexOf(text);
    if (known !== -1) return known;
    if (this.labels.length >= maxLabels) return maxLabels - 1;
    return this.labels.push(this.labels.length === maxLabels - 1 ? '…' : text) - 1;
  }

  /** Where a time is or belongs. */
  #indexFor(time: number): number {
    return indexFor(this.times, time);
  }
}

/** The first index whose time is not before it; the length where there is none. */
export function indexFor(times: readonly number[], time: number): number {
  let low = 0;
  let high = times.length;
  if (high === 0 || (times[high - 1] as number) < time) return high;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((times[middle] as number) < time) low = middle + 1;
    else high = middle;
  }
  return low;
}

function kindOf(value: unknown): TrackKind | undefined {
  if (typeof value === 'number') return 'number';
  if (typeof value === 'boolean') return 'boolean';
  return typeof value === 'string' ? 'text' : undefined;
}
