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
  readonly #before: Database.Statement;
  readonly #absorb: Database.Statement;
  readonly #insert: Database.Statement;

  constructor(db: Database.Database) {
    this.#findKey = db.prepare('SELECT key FROM gateways WHERE gateway = ? AND epoch = ?').pluck();
    this.#addKey = db.prepare('INSERT INTO gateways (gateway, epoch) VALUES (?, ?)');
    this.#runs = db.prepare('SELECT first, last FROM progress WHERE gateway_key = ? ORDER BY first');
    this.#before = db.prepare('SELECT max(first) AS first, last FROM progress WHERE gateway_key = ? AND first < ?');
    this.#absorb = db
      .prepare('DELETE FROM progress WHERE gateway_key = ? AND first BETWEEN ? AND ? RETURNING last')
      .pluck();
    this.#insert = db.prepare('INSERT INTO progress (gateway_key, first, last) VALUES (?, ?, ?)');
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

  /** Adds a run; those that it overlaps or touches become one with it. */
  add(key: number, run: Interval): void {
    let { first, last } = run;
    const before = this.#before.get(key, first) as { first: number | null; last: number | null };
    if (before.first !== null && before.last! >= first - 1) {
      first = before.first;
      last = Math.max(last, before.last!);
    }
    for (const end of this.#absorb.all(key, first, last + 1) as number[]) last = Math.max(last, end);
    this.#insert.run(key, first, last);
  }
}
