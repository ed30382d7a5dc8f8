import type Database from 'better-sqlite3';
import { type Interval, Intervals } from '../lib/intervals.ts';

/** What is durable, in SQL: both sinks keep it in the same two tables, as runs of sequences. */
export const progressSchema = `
  CREATE TABLE gateways (
    key INTEGER PRIMARY KEY,
    gateway TEXT NOT NULL,
    epoch TEXT NOT NULL,
    UNIQUE (gateway, epoch)
  ) STRICT;
  CREATE TABLE progress (
    gateway_key INTEGER NOT NULL REFERENCES gateways,
    first INTEGER NOT NULL,
    last INTEGER NOT NULL,
    PRIMARY KEY (gateway_key, first)
  ) STRICT, WITHOUT ROWID;
`;

/** Reads and writes {@link progressSchema}. Writes belong in the caller's transaction. */
export class ProgressTable {
  readonly #findKey: Database.Statement;
  readonly #addKey: Database.Statement;
  readonly #runs: Database.Statement;
  readonly #lastTwo: Database.Statement;
  readonly #absorb: Database.Statement;
  readonly #insert: Database.Statement;
  readonly #extend: Database.Statement;
  readonly #delete: Database.Statement;

  constructor(db: Database.Database) {
    this.#findKey = db.prepare('SELECT key FROM gateways WHERE gateway = ? AND epoch = ?').pluck();
    this.#addKey = db.prepare('INSERT INTO gateways (gateway, epoch) VALUES (?, ?)');
    this.#runs = db.prepare('SELECT first, last FROM progress WHERE gateway_key = ? ORDER BY first');
    this.#lastTwo = db
      .prepare('SELECT first, last FROM progress WHERE gateway_key = ? AND first <= ? ORDER BY first DESC LIMIT 2')
      .raw();
    this.#absorb = db
      .prepare('DELETE FROM progress WHERE gateway_key = ? AND first BETWEEN ? AND ? RETURNING first, last')
      .raw();
    this.#insert = db.prepare('INSERT INTO progress (gateway_key, first, last) VALUES (?, ?, ?)');
    this.#extend = db.prepare('UPDATE progress SET last = ? WHERE gateway_key = ? AND first = ?');
    this.#delete = db.prepare('DELETE FROM progress WHERE gateway_key = ? AND first = ?');
  }

  /** The key of one gateway's epoch, undefined when it has never sent anything. */
  find(gateway: string, epoch: string): number | undefined {
    return this.#findKey.get(gateway, epoch) as number | undefined;
  }

  create(gateway: string, epoch: string): number {
    return Number(this.#addKey.run(gateway, epoch).lastInsertRowid);
  }

  load(key: number): Intervals {
    return new Intervals(this.#runs.all(key) as Interval[]);
  }

  /**
   * Adds a run; those that it overlaps or touches become one with it. As the priorities of a gateway come one ahead of
   * the other, many runs may come alone and others between two: each of these takes as few statements as it must.
   */
  add(key: number, { first, last }: Interval): void {
    const [found, before] = this.#lastTwo.all(key, last + 1) as Row[];
    if (found === undefined || found[1] < first - 1) {
      this.#insert.run(key, first, last);
    } else if (found[0] <= first) {
      if (found[1] < last) this.#extend.run(last, key, found[0]);
    } else if (before !== undefined && before[0] > first) {
      this.#bridge(key, first, last);
    } else {
      this.#delete.run(key, found[0]);
      const end = Math.max(last, found[1]);
      if (before !== undefined && before[1] >= first - 1) this.#extend.run(end, key, before[0]);
      else this.#insert.run(key, first, end);
    }
  }

  /** Adds a run that reaches over two others or more. */
  #bridge(key: number, first: number, last: number): void {
    const [before] = this.#lastTwo.all(key, first) as Row[];
    const start = before !== undefined && before[1] >= first - 1 ? before[0] : first;
    const absorbed = this.#absorb.all(key, start, last + 1) as Row[];
    this.#insert.run(
      key,
      start,
      absorbed.reduce((end, row) => Math.max(end, row[1]), last),
    );
  }
}

/** `first` and `last` of a row of `progress`. */
type Row = readonly [first: number, last: number];
