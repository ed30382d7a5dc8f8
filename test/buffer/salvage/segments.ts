import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import Database from 'better-sqlite3';
import { type BatchRow, batchColumns, checksumOf, packRecords, segmentSchema } from '../../../src/buffer/row.ts';
import type { Random } from '../../support/random.ts';
import { tempDir } from '../../support/temp-dir.ts';

/** A segment's files at some moment. */
export interface Files {
  readonly database: Buffer;
  readonly wal: Buffer;
}

/** What a segment is made of. */
export interface Plan {
  readonly commits: number;
  readonly batchesPerCommit: number;
  /** Bytes of a batch's records. */
  readonly size: (random: Random) => number;
  /** Share of the batches that can be packed; 0.2 when not given. */
  readonly packable?: number;
  /** Length of the text that `state` is set to with each commit; without it `state` stays empty. */
  readonly stateBytes?: number;
}

/** A segment that is being written, as the store does it but for the fsyncs. */
export class TestSegment {
  readonly #random: Random;
  readonly #path: string;
  readonly db: Database.Database;
  #position = 0;
  #sequence = 1000;
  #commits = 0;

  constructor(t: TestContext, random: Random, path = join(tempDir(t), '00000001.db')) {
    this.#random = random;
    this.#path = path;
    const isNew = !existsSync(path);
    this.db = new Database(path);
    t.after(() => this.db.close());
    for (const pragma of ['locking_mode = EXCLUSIVE', 'page_size = 4096', 'journal_mode = WAL']) this.db.pragma(pragma);
    for (const pragma of ['synchronous = OFF', 'wal_autocheckpoint = 0']) this.db.pragma(pragma);
    if (!isNew) return;
    this.db.transaction(() => {
      this.db.exec(segmentSchema);
      this.db.prepare('INSERT INTO meta VALUES (2, 2, ?)').run(JSON.stringify({ gateway: 'hg-test' }));
      for (const number of [1, 2, 300]) this.saveSummary(number, `first ${number}`);
    })();
  }

  write(plan: Plan): this {
    for (let i = 0; i < plan.commits; i++) {
      this.db.transaction(() => {
        for (let k = 0; k < plan.batchesPerCommit; k++) this.#append(plan.size(this.#random), plan.packable ?? 0.2);
        if (plan.stateBytes !== undefined) this.saveState(stateText(++this.#commits, plan.stateBytes));
      })();
    }
    return this;
  }

  saveState(json: string): void {
    this.db.prepare('INSERT INTO state VALUES (1, ?) ON CONFLICT DO UPDATE SET json = excluded.json').run(json);
  }

  saveSummary(number: number, text: string): void {
    this.db.prepare('INSERT OR REPLACE INTO segments VALUES (?, ?)').run(number, JSON.stringify({ number, text }));
  }

  /** Begins with these rows, and goes on at sequences that are further on, as after a write that failed. */
  resume(rows: readonly BatchRow[], skipped: number): this {
    this.db.transaction(() => rows.map((row) => this.#insert(row)))();
    const { position, count, first_sequence } = rows.at(-1)!;
    this.#position = position + count;
    this.#sequence = first_sequence + count + skipped;
    return this;
  }

  /** What SQLite has. */
  rows(): BatchRow[] {
    return this.db.prepare('SELECT * FROM batches ORDER BY position').all() as BatchRow[];
  }

  /** The files as they lie there: everything is in the log. */
  active(): Files {
    return { database: readFileSync(this.#path), wal: readFileSync(`${this.#path}-wal`) };
  }

  /** The files after the log has been moved into the database: it is empty. */
  sealed(): Files {
    this.db.pragma('wal_checkpoint(TRUNCATE)');
    return this.active();
  }

  #append(size: number, packable: number): void {
    const count = this.#random.between(1, 50);
    const random = garbage(this.#random, size);
    const records = this.#random.next() < packable ? Buffer.from(random.toString('hex').slice(0, size)) : random;
    const { encoding, bytes } = packRecords(records);
    const answers = this.#random.next() < 0.5 ? null : garbage(this.#random, this.#random.between(0, 40));
    const row = {
      position: this.#position,
      first_sequence: this.#sequence,
      count,
      taken_at_ms: 1_760_000_000_000 + this.#position,
      age_at_ms: this.#position * 1000,
      encoding,
      answers,
      records: bytes,
    };
    this.#insert({ ...row, checksum: checksumOf(row) });
    this.#position += count;
    this.#sequence += count + this.#random.between(0, 3);
  }

  #insert(row: BatchRow): void {
    const insert = `INSERT INTO batches VALUES (${batchColumns.map(() => '?').join()})`;
    this.db.prepare(insert).run(batchColumns.map((column) => row[column]));
  }
}

/** Quick to say no: a diff of megabytes takes minutes. */
export function assertRows(found: readonly BatchRow[], expected: readonly BatchRow[], what = ''): void {
  const positions = (rows: readonly BatchRow[]) => rows.map(({ position }) => position);
  assert.deepEqual(positions(found), positions(expected), what);
  const wrong = found.filter((row, index) => !isSame(row, expected[index]));
  assert.deepEqual(positions(wrong), [], what);
}

export function isSame(found: BatchRow, expected: BatchRow | undefined): boolean {
  if (expected === undefined) return false;
  return batchColumns.every((column) => {
    const [value, wanted] = [found[column], expected[column]];
    return value instanceof Uint8Array && wanted instanceof Uint8Array
      ? Buffer.compare(value, wanted) === 0
      : value === wanted;
  });
}

export function stateText(commit: number, bytes: number): string {
  return JSON.stringify({ commit, text: String(commit % 10).repeat(bytes) });
}

/** Random bytes, four at a time: half a megabyte of them should not take longer than what is tested. */
export function garbage(random: Random, bytes: number): Buffer {
  const words = new Uint32Array(Math.ceil(bytes / 4));
  for (let i = 0; i < words.length; i++) words[i] = Math.floor(random.next() * 2 ** 32);
  return Buffer.from(words.buffer, 0, bytes);
}
