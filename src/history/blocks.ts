import type { Database, Statement } from 'better-sqlite3';
import { decodeBuckets, encodeBuckets } from './bucket-codec.ts';
import { Buckets } from './buckets.ts';
import { ByteReader, ByteWriter, Damaged, packSmall, unpack } from './bytes.ts';
import { tiers } from './tiers.ts';

/** The buckets of every tier that are at their place for good. */
export class Blocks {
  readonly #get: Statement;
  readonly #put: Statement;
  readonly #note: Statement;
  readonly #out = new ByteWriter();
  readonly #merged = new Buckets();
  /** Since the start. */
  writtenBytes = 0;
  damagedRows = 0;

  constructor(db: Database) {
    this.#get = db.prepare('SELECT data FROM block WHERE tier = ? AND startMs = ? AND series = ?').pluck();
    this.#put = db.prepare('INSERT OR REPLACE INTO block (tier, startMs, series, data) VALUES (?, ?, ?, ?)');
    this.#note = db.prepare(
      `INSERT INTO extent (tier, startMs, blocks, bytes) VALUES (?, ?, ?, ?)
       ON CONFLICT DO UPDATE SET blocks = blocks + excluded.blocks, bytes = bytes + excluded.bytes`,
    );
  }

  /**
   * Reads a block. One that is damaged is as if it were not there, and counted.
   *
   * @param each gets an array that is used again for the next bucket
   */
  read(tier: number, startMs: number, series: number, each: (bucket: Float64Array) => void): void {
    const data = this.#get.get(tier, startMs, series) as Buffer | undefined;
    if (data !== undefined) this.#decode(data, tier, each);
  }

  /** Puts a series' buckets into its blocks, beside and into what is there. @param sinceMs older blocks are past keeping */
  put(tier: number, series: number, buckets: Buckets, sinceMs: number): void {
    const { widthMs, blockMs } = tiers[tier]!;
    buckets.settle();
    for (let from = 0; from < buckets.length; ) {
      const startMs = Math.floor((buckets.numberOf(from) * widthMs) / blockMs) * blockMs;
      let to = from + 1;
      while (to < buckets.length && buckets.numberOf(to) * widthMs < startMs + blockMs) to++;
      if (startMs + blockMs > sinceMs) this.#putBlock(tier, startMs, series, buckets, from, to);
      from = to;
    }
  }

  #putBlock(tier: number, startMs: number, series: number, buckets: Buckets, from: number, to: number): void {
    const { widthMs } = tiers[tier]!;
    const before = this.#get.get(tier, startMs, series) as Buffer | undefined;
    let run = buckets;
    if (before !== undefined) {
      const merged = this.#merged;
      merged.clear();
      this.#decode(before, tier, (bucket) => merged.put(bucket[0]!, bucket, 0));
      for (let i = from; i < to; i++) merged.put(buckets.numberOf(i), buckets.data, buckets.placeOf(i));
      merged.settle();
      run = merged;
      from = 0;
      to = merged.length;
    }
    this.#out.clear();
    encodeBuckets(run, from, to, widthMs, this.#out);
    const data = packSmall(this.#out.written);
    this.#put.run(tier, startMs, series, data);
    this.#note.run(tier, startMs, before === undefined ? 1 : 0, data.length - (before?.length ?? 0));
    this.writtenBytes += data.length;
  }

  #decode(data: Buffer, tier: number, each: (bucket: Float64Array) => void): void {
    try {
      decodeBuckets(new ByteReader(unpack(data)), tiers[tier]!.widthMs, each);
    } catch (error) {
      if (!(error instanceof Damaged)) throw error;
      this.damagedRows++;
    }
  }
}
