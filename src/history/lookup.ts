import type { Database, Statement } from 'better-sqlite3';
import type { Blocks } from './blocks.ts';
import { Buckets, bucketSize, countAt, merge, numberAt } from './buckets.ts';
import { deltaSize } from './deltas.ts';
import { type Journal, keyOf, type Level, levels, shifted } from './journal.ts';
import type { KnownSeries, Roll } from './roll.ts';
import { finestMs, tierOf, tiers } from './tiers.ts';
import type { Correction, DeltasRequest, QueryRequest, SeriesAnswer } from './worker-protocol.ts';

/** Where what is asked for may be. */
export interface Sources {
  readonly roll: Roll;
  readonly blocks: Blocks;
  readonly journal: Journal;
  /** What is not on disk yet. */
  readonly unsaved: readonly DeltasRequest[];
}

/** Answers queries. */
export class Lookup {
  readonly #sources: () => Sources;
  readonly #oldest: Statement;

  constructor(db: Database, sources: () => Sources) {
    this.#sources = sources;
    this.#oldest = db.prepare('SELECT min(startMs) FROM extent WHERE tier = ?').pluck();
  }

  /** @returns the series, and how many of those that were asked for are left out */
  answer(asking: QueryRequest): { readonly series: SeriesAnswer[]; readonly left: number } {
    const { widthMs } = asking;
    // Buckets are whole, also the first and the last.
    const fromMs = Math.floor(asking.fromMs / widthMs) * widthMs;
    const query = { ...asking, fromMs, toMs: Math.ceil(asking.toMs / widthMs) * widthMs };
    const known = this.#sources().roll.ofDevice(query.device, query.fields);
    const asked = known.slice(0, query.maxSeries).sort((a, b) => a.id - b.id);
    const corrections = new Map(query.corrections.map((one) => [keyOf(one), one]));
    const results = asked.map(() => new Dense(query));
    const tier = tierOf(widthMs);
    for (const [i, { id }] of asked.entries()) if (id !== 0) this.#readBlocks(tier, id, query, results[i]!);
    if (tier >= 2) this.#readJournal(1, asked, results, query, corrections);
    this.#readJournal(0, asked, results, query, corrections);
    for (const batch of this.#sources().unsaved) this.#readUnsaved(batch, asked, results, corrections);
    const series = asked.map(({ device, name, tags, unit, kind }, i) => ({
      ...{ device, name, tags, unit, kind },
      ...results[i]!.packed(),
    }));
    return { series, left: known.length - asked.length };
  }

  #readBlocks(tier: number, series: number, { fromMs, toMs }: QueryRequest, result: Dense): void {
    const { blockMs, widthMs } = tiers[tier]!;
    const oldestMs = (this.#oldest.get(tier) as number | null) ?? Number.POSITIVE_INFINITY;
    const { blocks } = this.#sources();
    for (let startMs = Math.max(oldestMs, Math.floor(fromMs / blockMs) * blockMs); startMs < toMs; startMs += blockMs) {
      blocks.read(tier, startMs, series, (bucket) => result.merge(bucket, 0, widthMs));
    }
  }

  #readJournal(
    level: Level,
    asked: readonly KnownSeries[],
    results: readonly Dense[],
    query: QueryRequest,
    corrections: ReadonlyMap<string, Correction>,
  ): void {
    const widthMs = levels[level];
    for (const { reader, shiftMs } of this.#sources().journal.rows(level, corrections, false, query)) {
      // In the order of their ids, as the rows are.
      for (const [i, { id }] of asked.entries()) {
        if (id === 0 || !reader.seek(id)) continue;
        reader.read((bucket) => results[i]!.merge(shifted(bucket, 0, shiftMs, widthMs), 0, widthMs));
      }
    }
  }

  #readUnsaved(
    { rows, length, stamp }: DeltasRequest,
    asked: readonly KnownSeries[],
    results: readonly Dense[],
    corrections: ReadonlyMap<string, Correction>,
  ): void {
    const { roll } = this.#sources();
    const byId = new Map(asked.flatMap(({ id }, i) => (id === 0 ? [] : [[id, results[i]!]])));
    const byHandle = new Map(asked.flatMap(({ id, handle }, i) => (id === 0 ? [[handle, results[i]!]] : [])));
    const shiftMs = stamp === undefined ? 0 : (corrections.get(keyOf(stamp))?.shiftMs ?? 0);
    for (let i = 0; i < length; i++) {
      const handle = rows[i * deltaSize]!;
      const id = roll.idOf(handle);
      const result = id === 0 ? byHandle.get(handle) : byId.get(id);
      result?.merge(shifted(rows, i * deltaSize + 1, shiftMs, finestMs), 0, finestMs);
    }
  }
}

/** A bucket for each span of a window, most of which may be empty. */
class Dense {
  readonly #first: number;
  readonly #widthMs: number;
  readonly #count: number;
  readonly #data: Float64Array;

  constructor({ fromMs, toMs, widthMs }: QueryRequest) {
    this.#first = Math.floor(fromMs / widthMs);
    this.#widthMs = widthMs;
    this.#count = Math.ceil(toMs / widthMs) - this.#first;
    this.#data = new Float64Array(this.#count * bucketSize);
  }

  /** @param widthMs of that bucket; it divides this one's */
  merge(from: Float64Array, at: number, widthMs: number): void {
    const index = Math.floor((from[at]! * widthMs) / this.#widthMs) - this.#first;
    if (index >= 0 && index < this.#count) merge(this.#data, index * bucketSize, from, at);
  }

  /** Only those with points. */
  packed(): { readonly buckets: Float64Array; readonly length: number } {
    const found = new Buckets();
    for (let i = 0; i < this.#count; i++) {
      const at = i * bucketSize;
      if (this.#data[at + countAt] === 0) continue;
      this.#data[at + numberAt] = this.#first + i;
      found.put(this.#first + i, this.#data, at);
    }
    return { buckets: found.data.slice(0, found.length * bucketSize), length: found.length };
  }
}
