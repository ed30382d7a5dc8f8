import type { Database, Statement } from 'better-sqlite3';
import type { Loss } from './worker-protocol.ts';

/** The newest are kept. */
const maxLosses = 500;

/** Which points are in no bucket, so that a gap in an answer is told from a silence. */
export class Losses {
  readonly #insert: Statement;
  readonly #trim: Statement;
  readonly #within: Statement;
  #unsaved: Loss[] = [];

  constructor(db: Database) {
    this.#insert = db.prepare('INSERT INTO loss (fromMs, toMs, points, reason) VALUES (?, ?, ?, ?)');
    this.#trim = db.prepare('DELETE FROM loss WHERE id <= (SELECT max(id) FROM loss) - ?');
    this.#within = db.prepare(
      'SELECT fromMs, toMs, points, reason FROM loss WHERE toMs >= ? AND fromMs < ? ORDER BY id DESC LIMIT 50',
    );
  }

  get areUnsaved(): boolean {
    return this.#unsaved.length > 0;
  }

  /** Those of one kind that follow one another become one. */
  note(loss: Loss): void {
    const last = this.#unsaved.at(-1);
    if (last?.reason !== loss.reason) {
      if (this.#unsaved.length < maxLosses) this.#unsaved.push(loss);
      return;
    }
    this.#unsaved[this.#unsaved.length - 1] = {
      fromMs: Math.min(last.fromMs, loss.fromMs),
      toMs: Math.max(last.toMs, loss.toMs),
      points: last.points + loss.points,
      reason: loss.reason,
    };
  }

  /** In a transaction; when that is durable, {@link saved}. */
  save(): void {
    for (const { fromMs, toMs, points, reason } of this.#unsaved) {
      this.#insert.run(Math.floor(fromMs), Math.ceil(toMs), points, reason);
    }
    this.#trim.run(maxLosses);
  }

  saved(): void {
    this.#unsaved = [];
  }

  within(fromMs: number, toMs: number): Loss[] {
    const unsaved = this.#unsaved.filter((loss) => loss.toMs >= fromMs && loss.fromMs < toMs);
    return [...unsaved, ...(this.#within.all(fromMs, toMs) as Loss[])];
  }
}
