import { decodeBuckets, encodeBuckets } from './bucket-codec.ts';
import type { Buckets } from './buckets.ts';
import { ByteReader, ByteWriter, packLarge } from './bytes.ts';

// What was told of many series within some time, as one row: for each, in order of their numbers, the difference to the number
// before it, the length of its run in bytes, and its run of buckets. So a reader passes over what it is not asked for.

export class JournalWriter {
  readonly #widthMs: number;
  readonly #row = new ByteWriter();
  readonly #run = new ByteWriter();
  #last = 0;
  /** Buckets in it. */
  buckets = 0;
  /** The least and the greatest number of a bucket in it. */
  first = Number.POSITIVE_INFINITY;
  last = Number.NEGATIVE_INFINITY;

  constructor(widthMs: number) {
    this.#widthMs = widthMs;
  }

  get length(): number {
    return this.#row.length;
  }

  /** @param series comes after all that were added before */
  add(series: number, buckets: Buckets): void {
    if (buckets.length === 0) return;
    buckets.settle();
    this.#run.clear();
    encodeBuckets(buckets, 0, buckets.length, this.#widthMs, this.#run);
    this.#row.varint(series - this.#last);
    this.#row.varint(this.#run.length);
    this.#row.bytes(this.#run.written);
    this.#last = series;
    this.buckets += buckets.length;
    this.first = Math.min(this.first, buckets.numberOf(0));
    this.last = Math.max(this.last, buckets.numberOf(buckets.length - 1));
  }

  packed(): Buffer {
    return packLarge(this.#row.written);
  }
}

/** Goes through a row, series by series. */
export class JournalReader {
  readonly #bytes: Buffer;
  readonly #reader: ByteReader;
  readonly #widthMs: number;
  /** The series that it stands at; infinite behind the last one. */
  series = 0;
  #start = 0;
  #end = 0;

  /** @param bytes as {@link JournalWriter} has written them. Every method throws {@link Damaged} where they are not that. */
  constructor(bytes: Buffer, widthMs: number) {
    this.#bytes = bytes;
    this.#reader = new ByteReader(this.#bytes);
    this.#widthMs = widthMs;
    this.next();
  }

  next(): void {
    if (this.#reader.isAtEnd) {
      this.series = Number.POSITIVE_INFINITY;
      return;
    }
    this.series += this.#reader.varint();
    const length = this.#reader.varint();
    this.#start = this.#reader.skip(length);
    this.#end = this.#start + length;
  }

  /** @returns whether it stands at that series now */
  seek(series: number): boolean {
    while (this.series < series) this.next();
    return this.series === series;
  }

  /** The buckets of the series that it stands at. */
  read(each: (bucket: Float64Array) => void): void {
    decodeBuckets(new ByteReader(this.#bytes, this.#start, this.#end), this.#widthMs, each);
  }
}
