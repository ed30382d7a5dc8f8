import type { Taken } from '../core/taken.ts';
import { earliestPlausibleMs, type UnixMs } from '../core/time.ts';
import { add, begin, bucketSize, countAt, lastAt, lastMsAt, numberAt } from './buckets.ts';
import { Deltas } from './deltas.ts';
import type { Periods } from './periods.ts';
import type { RecentPoints } from './recent.ts';
import { type Series, type SeriesBook, tagText } from './series.ts';
import type { RecentTexts } from './texts.ts';
import { finestMs } from './tiers.ts';
import type { Introduction, Stamp } from './worker-protocol.ts';

/** A series' open bucket, behind whether its points have the gateway's time (1) or the device's (0). */
const openSize = 1 + bucketSize;
/** A device's clock may be ahead by so much. */
const maxAheadMs = 10 * 60_000;
/** Buckets that are handed over when they are so many, if not before. */
const maxPending = 8_192;

export interface IngestDependencies {
  readonly book: SeriesBook;
  readonly recent: RecentPoints;
  readonly texts: RecentTexts;
  readonly periods: Periods;
  readonly maxLatenessMs: number;
  /** Takes buckets on their way to the disk, and series that are named in them for the first time. */
  readonly send: (series: readonly Introduction[], deltas: Deltas, stamp: Stamp | undefined) => void;
}

/**
 * From measurements to buckets of ten seconds, in the main thread. Each series has one bucket open; a point of another span
 * sends it off, as a part of its bucket that is merged with others later. So a point in order costs a comparison and some
 * numbers in an array, and one out of order finds its place all the same.
 */
export class Ingest {
  readonly #deps: IngestDependencies;
  #open = new Float64Array(16 * openSize);
  readonly #own = new Deltas();
  readonly #device = new Deltas();
  /** Points that are in a bucket, since the start. */
  points = 0;
  /** Points that are in none, by why. */
  readonly left = { late: 0, ahead: 0, duplicate: 0, unusable: 0 };

  constructor(deps: IngestDependencies) {
    this.#deps = deps;
  }

  taken(taken: Taken): void {
    const { measurement, receivedAtMs, clockQuality } = taken;
    const { fields, timeMs, deviceId } = measurement;
    if (fields.length === 0 || taken.kind === 'duplicate') return;
    const { book, periods } = this.#deps;
    if (periods.mayHaveChanged(receivedAtMs, clockQuality)) this.look();
    const isOwn = timeMs === undefined;
    const ms = timeMs ?? receivedAtMs;
    if (!isOwn && !this.#isInTime(ms, taken, fields.length)) return;
    const slots = book.slotsOf(deviceId, taken.topic);
    const tags = tagText(measurement.tags);
    for (let i = 0; i < fields.length; i++) {
      const field = fields[i]!;
      const { value } = field;
      const series = book.find(slots, i, field, measurement, tags);
      if (series === undefined) continue;
      if (typeof value === 'number') this.#note(series, ms, value, isOwn);
      else if (typeof value === 'boolean') this.#note(series, ms, value ? 1 : 0, isOwn);
      else if (typeof value === 'bigint') this.#note(series, ms, Number(value), isOwn);
      else if (typeof value === 'string' && series.kind === 'text') {
        this.#deps.texts.note(series.slot, ms, value, isOwn ? periods.current : 0);
      } else this.left.unusable++;
    }
  }

  /** Looks at the clock: what is stamped from now on may belong to another period. */
  look(): void {
    const { periods } = this.#deps;
    if (!periods.hasChanged()) return;
    if (periods.current > 0) {
      this.#closeAll((at) => this.#open[at] === 1);
      this.#sendOwn();
    }
    periods.begin();
  }

  /** Sends off the buckets that are over at that time, and what waits besides. */
  flush(nowMs: UnixMs): void {
    this.#closeAll((at) => (this.#open[at + 1 + numberAt]! + 1) * finestMs <= nowMs);
    this.send();
  }

  /** Sends off the open buckets of these series, over or not. */
  flushSeries(all: Iterable<Series>): void {
    for (const { slot } of all) this.#close(slot);
    this.send();
  }

  /** The series' place is going to be another's. */
  forget({ slot }: Series): void {
    this.#close(slot);
    // What is named by its place has to be on its way before that names another.
    this.send();
  }

  send(): void {
    this.#sendOwn();
    if (this.#device.length > 0) this.#deps.send(this.#introductions(this.#device), this.#device, undefined);
  }

  #sendOwn(): void {
    if (this.#own.length > 0) this.#deps.send(this.#introductions(this.#own), this.#own, this.#deps.periods.stamp);
  }

  /** The series in these buckets that the worker does not know. */
  #introductions(deltas: Deltas): readonly Introduction[] {
    const found: Introduction[] = [];
    for (let i = 0; i < deltas.length; i++) {
      const series = this.#deps.book.at(deltas.slotOf(i));
      if (series === undefined || series.isIntroduced) continue;
      series.isIntroduced = true;
      const { slot, device, name, tags, unit, kind } = series;
      found.push({ slot, device, name, tags, unit, kind });
    }
    return found;
  }

  #isInTime(ms: UnixMs, { receivedAtMs, clockQuality }: Taken, fields: number): boolean {
    const isUnset = clockQuality === 'unset';
    if (ms < (isUnset ? earliestPlausibleMs : receivedAtMs - this.#deps.maxLatenessMs)) this.left.late += fields;
    else if (!isUnset && ms > receivedAtMs + maxAheadMs) this.left.ahead += fields;
    else return true;
    return false;
  }

  #note(series: Series, ms: UnixMs, value: number, isOwn: boolean): void {
    const { slot } = series;
    if (!Number.isFinite(value) || series.kind === 'text') {
      this.left.unusable++;
      return;
    }
    const at = slot * openSize;
    if (at >= this.#open.length) this.#grow(slot);
    const open = this.#open;
    const bucket = at + 1;
    const own = isOwn ? 1 : 0;
    const number = Math.floor(ms / finestMs);
    if (open[bucket + countAt] !== 0 && open[bucket + numberAt] === number && open[at] === own) {
      // A device that says the same again of the same instant has sent it again.
      if (!isOwn && open[bucket + lastMsAt] === ms && open[bucket + lastAt] === value) {
        this.left.duplicate++;
        return;
      }
      add(open, bucket, ms, value);
    } else {
      this.#close(slot);
      open[at] = own;
      begin(open, bucket, number, ms, value);
    }
    this.points++;
    this.#deps.recent.note(slot, ms, value, isOwn ? this.#deps.periods.current : 0);
    if (this.#own.length + this.#device.length >= maxPending) this.send();
  }

  /** @param isDue where a series' open bucket begins in the table: whether to close it */
  #closeAll(isDue: (at: number) => boolean): void {
    for (let slot = 0; slot * openSize < this.#open.length; slot++) if (isDue(slot * openSize)) this.#close(slot);
  }

  #close(slot: number): void {
    const bucket = slot * openSize + 1;
    if (bucket >= this.#open.length || this.#open[bucket + countAt] === 0) return;
    (this.#open[bucket - 1] === 1 ? this.#own : this.#device).push(slot, this.#open, bucket);
    this.#open[bucket + countAt] = 0;
  }

  #grow(slot: number): void {
    let size = this.#open.length;
    while (size <= slot * openSize) size *= 2;
    const grown = new Float64Array(size);
    grown.set(this.#open);
    this.#open = grown;
  }
}
