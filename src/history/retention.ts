import type { Database, Statement } from 'better-sqlite3';
import { tiers } from './tiers.ts';

/** What is deleted when there is more than may be. */
export class Retention {
  readonly #db: Database;
  readonly #maxBytes: number;
  readonly #maxSeries: number;
  readonly #keepMs: readonly number[];
  readonly #deleteBlocks: Statement;
  readonly #deleteExtents: Statement;
  /** Since the start. */
  expiredBlocks = 0;
  evictedBlocks = 0;
  evictedSeries = 0;

  constructor(
    db: Database,
    limits: { readonly maxBytes: number; readonly maxSeries: number; readonly keepMs: readonly number[] },
  ) {
    this.#db = db;
    this.#maxBytes = limits.maxBytes;
    this.#maxSeries = limits.maxSeries;
    this.#keepMs = limits.keepMs;
    this.#deleteBlocks = db.prepare('DELETE FROM block WHERE tier = ? AND startMs <= ?');
    this.#deleteExtents = db.prepare('DELETE FROM extent WHERE tier = ? AND startMs <= ?');
  }

  /** From when on each tier is kept. */
  sinceMs(nowMs: number): number[] {
    return this.#keepMs.map((keepMs) => nowMs - keepMs);
  }

  /** Deletes what is past keeping: a block goes when all of it is. */
  expire(nowMs: number): void {
    for (const [tier, sinceMs] of this.sinceMs(nowMs).entries()) {
      this.expiredBlocks += this.#delete(tier, sinceMs - tiers[tier]!.blockMs);
    }
  }

  /** Deletes the oldest blocks of the tier that takes most, until the rest has room: so the finest goes first, and the long view last. */
  makeRoom(): void {
    const oldest = this.#db.prepare(
      'SELECT tier, min(startMs) AS startMs FROM extent GROUP BY tier ORDER BY sum(bytes) DESC',
    );
    while (this.usedBytes > this.#maxBytes) {
      const first = oldest.get() as { readonly tier: number; readonly startMs: number } | undefined;
      if (first === undefined) return;
      this.evictedBlocks += this.#delete(first.tier, first.startMs);
    }
  }

  /** What of the file is in use. */
  get usedBytes(): number {
    const pragma = (name: string): number => this.#db.pragma(name, { simple: true }) as number;
    return (pragma('page_count') - pragma('freelist_count')) * pragma('page_size');
  }

  /**
   * Deletes series: those of which nothing is kept any more, and the least recently heard beyond the limit, with all that is of
   * them. That goes through the whole file, and happens once a day at the most.
   *
   * @param live those that are in use now: they stay
   */
  thinSeries(nowMs: number, live: ReadonlySet<number>): void {
    const count = this.#db.prepare('SELECT count(*) FROM series').pluck().get() as number;
    const silentMs = Math.max(...this.#keepMs);
    const oldest = this.#db.prepare('SELECT id, heardMs FROM series ORDER BY heardMs, id');
    const victims: number[] = [];
    for (const { id, heardMs } of oldest.iterate() as IterableIterator<{ id: number; heardMs: number }>) {
      if (count - victims.length <= this.#maxSeries && heardMs >= nowMs - silentMs) break;
      if (!live.has(id)) victims.push(id);
    }
    if (victims.length === 0) return;
    this.#db.exec('CREATE TEMP TABLE victim (id INTEGER PRIMARY KEY)');
    const note = this.#db.prepare('INSERT INTO victim VALUES (?)');
    for (const id of victims) note.run(id);
    this.#db.exec(`
      DELETE FROM block WHERE series IN (SELECT id FROM victim);
      DELETE FROM series WHERE id IN (SELECT id FROM victim);
      DELETE FROM extent;
      INSERT INTO extent SELECT tier, startMs, count(*), sum(length(data)) FROM block GROUP BY tier, startMs;
      DROP TABLE victim;
    `);
    this.evictedSeries += victims.length;
  }

  #delete(tier: number, upToMs: number): number {
    this.#deleteExtents.run(tier, upToMs);
    return this.#deleteBlocks.run(tier, upToMs).changes;
  }
}
