import type Database from 'better-sqlite3';
import { Intervals } from '../lib/intervals.ts';
import { RecordReader } from '../wire/record-reader.ts';
import { ProgressTable } from './progress-table.ts';
import type { Delivery, Outcome, Sink } from './sink.ts';
import { storageError } from './sqlite-errors.ts';
import { RecordRows } from './sqlite-rows.ts';
import { openRecords } from './sqlite-schema.ts';
import { commitSound, refuseMalformed, Staging } from './staging.ts';

/** Gateways remembered; beyond it all are forgotten and read again as they come. */
const maxStreams = 10_000;

interface KnownStream {
  /** In `gateways`; undefined until its first record. */
  key: number | undefined;
  readonly gateway: string;
  readonly epoch: string;
  readonly durable: Intervals;
}

interface Open {
  readonly db: Database.Database;
  readonly progress: ProgressTable;
  readonly rows: RecordRows;
  readonly begin: Database.Statement;
  readonly commit: Database.Statement;
  readonly dataVersion: Database.Statement;
}

/**
 * Records as rows of an SQLite database. The records and the sequences they fill are one transaction, which is what
 * makes a re-sent record appear once. Others may read the database at any time, and even write to it: before each
 * transaction the sink looks whether someone else has, and if so reads again what is durable.
 */
export class SqliteSink implements Sink {
  readonly #path: string;
  readonly #reader = new RecordReader();
  readonly #streams = new Map<string, KnownStream>();
  #open: Open | undefined;
  #seenVersion: unknown;

  constructor(path: string) {
    this.#path = path;
  }

  open(): void {
    this.#guard(() => {
      const db = openRecords(this.#path);
      this.#open = {
        db,
        progress: new ProgressTable(db),
        rows: new RecordRows(db),
        begin: db.prepare('BEGIN IMMEDIATE'),
        commit: db.prepare('COMMIT'),
        dataVersion: db.prepare('PRAGMA data_version').pluck(),
      };
      this.#forget();
    });
  }

  progress(gateway: string, epoch: string): Intervals {
    return this.#guard(() => {
      const open = this.#opened();
      this.#noticeOthers(open);
      return this.#streamOf(open, gateway, epoch).durable;
    });
  }

  commit(deliveries: readonly Delivery[]): Outcome[] {
    return this.#guard(() => commitSound(deliveries, (sound) => this.#transaction(this.#opened(), sound)));
  }

  close(): void {
    this.#open?.db.close();
    this.#open = undefined;
    this.#forget();
  }

  #transaction(open: Open, deliveries: readonly Delivery[]): Outcome[] {
    const staging = new Staging<KnownStream>(this.#reader);
    open.begin.run();
    try {
      // Inside the transaction: from here on nobody else can write.
      this.#noticeOthers(open);
      const outcomes = deliveries.map((delivery) =>
        refuseMalformed(delivery, () => this.#insert(open, staging, delivery)),
      );
      open.rows.flush();
      for (const [stream, fresh] of staging.fresh()) {
        for (const run of fresh) open.progress.add(stream.key!, run);
      }
      open.commit.run();
      staging.settle();
      return outcomes;
    } catch (error) {
      // SQLite may have rolled back by itself, as it does when the disk is full.
      if (open.db.inTransaction) open.db.exec('ROLLBACK');
      // Keys given out in this transaction do not exist any more, and rows that wait for it must not join the next one.
      this.#forget();
      throw error;
    }
  }

  #insert(open: Open, staging: Staging<KnownStream>, { gateway, epoch, upload }: Delivery): Outcome {
    const stream = this.#streamOf(open, gateway, epoch);
    stream.key ??= open.progress.create(gateway, epoch);
    const key = stream.key;
    return staging.add(stream, upload, (record) => open.rows.add(key, record));
  }

  #streamOf(open: Open, gateway: string, epoch: string): KnownStream {
    const name = JSON.stringify([gateway, epoch]);
    const known = this.#streams.get(name);
    if (known !== undefined) return known;
    const key = open.progress.find(gateway, epoch);
    const durable = key === undefined ? new Intervals() : open.progress.load(key);
    const stream: KnownStream = { key, gateway, epoch, durable };
    this.#streams.set(name, stream);
    return stream;
  }

  #noticeOthers(open: Open): void {
    const version = open.dataVersion.get();
    if (version !== this.#seenVersion || this.#streams.size > maxStreams) this.#forget();
    this.#seenVersion = version;
  }

  #forget(): void {
    this.#streams.clear();
    this.#open?.rows.forget();
    this.#seenVersion = undefined;
  }

  #opened(): Open {
    if (this.#open === undefined) throw new Error('the sink is not open');
    return this.#open;
  }

  #guard<T>(work: () => T): T {
    try {
      return work();
    } catch (error) {
      throw storageError(this.#path, error);
    }
  }
}
