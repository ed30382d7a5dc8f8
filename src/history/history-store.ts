import { statfsSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Database } from 'better-sqlite3';
import { formatBytes } from '../core/units.ts';
import { Blocks } from './blocks.ts';
import { deltaSize, extentOf } from './deltas.ts';
import { fold } from './fold.ts';
import { bytesOf, isDamage, openFile } from './history-file.ts';
import { Journal, keyOf, type Level } from './journal.ts';
import { Lookup } from './lookup.ts';
import { Losses } from './losses.ts';
import { Retention } from './retention.ts';
import { Roll } from './roll.ts';
import { storeStatus } from './store-status.ts';
import { tiers } from './tiers.ts';
import type {
  CommitRequest,
  Correction,
  DeltasRequest,
  Loss,
  QueryRequest,
  SeriesAnswer,
  StoreStatus,
  WorkerSettings,
} from './worker-protocol.ts';

/** What may wait in memory while the disk takes nothing, in buckets. */
const maxUnsaved = 100_000;
/** The journal is put in its place when it has grown to so much, if not before. */
const maxJournalBytes = 8 * 2 ** 20;
const maxJournalRows = 300;
/** What of it has no place, because nobody knows the time, may be so many rows: a day of them. */
const maxUnplacedRows = 1_500;
/** Spans after which a level of the journal is put in its place, and how long after their end. */
const spansMs = [tiers[0].blockMs, tiers[2].blockMs] as const;
const graceMs = 120_000;

/**
 * The history on disk, in the worker's thread. What is told is appended to the journal, a row for each commit; once an hour
 * that goes to its place in the two finer tiers, and once a day from there to the two coarser ones: so a bucket is written
 * about twice a tier, and blocks of many series lie side by side.
 */
export class HistoryStore {
  readonly putAside: string | undefined;
  readonly #settings: WorkerSettings;
  readonly #db: Database;
  readonly #reader: Database;
  readonly #roll: Roll;
  readonly #blocks: Blocks;
  readonly #journal: Journal;
  readonly #retention: Retention;
  /** For queries. */
  readonly #seen: { readonly blocks: Blocks; readonly journal: Journal };
  readonly #lookup: Lookup;
  readonly #losses: Losses;
  #unsaved: DeltasRequest[] = [];
  #unsavedRows = 0;
  #lostPoints = 0;
  #failure: string | undefined;
  #commits = 0;
  #lastCommitMs = 0;

  /** @throws {Error} as `openFile` */
  constructor(settings: WorkerSettings) {
    const { db, reader, putAside } = openFile(settings.path, settings.isDamaged);
    this.#settings = settings;
    this.putAside = putAside;
    this.#db = db;
    this.#reader = reader;
    this.#roll = new Roll(db);
    this.#blocks = new Blocks(db);
    this.#journal = new Journal(db, this.#roll);
    this.#retention = new Retention(db, settings);
    this.#losses = new Losses(db);
    const seen = { roll: this.#roll, blocks: new Blocks(reader), journal: new Journal(reader, this.#roll) };
    this.#seen = seen;
    this.#lookup = new Lookup(reader, () => ({ ...seen, unsaved: this.#unsaved }));
  }

  get stamps(): ReturnType<Journal['stamps']> {
    return this.#journal.stamps();
  }

  take(batch: DeltasRequest): void {
    for (const one of batch.series) this.#roll.introduce(one);
    if (batch.length === 0) return;
    // A slot may stand for another series before this is saved.
    for (let i = 0; i < batch.length; i++) batch.rows[i * deltaSize] = this.#roll.handleOf(batch.rows[i * deltaSize]!);
    this.#unsaved.push(batch);
    this.#unsavedRows += batch.length;
    while (this.#unsavedRows > maxUnsaved && this.#unsaved.length > 1) {
      const oldest = this.#unsaved.shift()!;
      this.#unsavedRows -= oldest.length;
      const extent = extentOf(oldest.rows, oldest.length);
      this.#losses.note({ ...extent, reason: 'disk' });
      this.#lostPoints += extent.points;
    }
  }

  /**
   * Writes what was told, and does what is due, step by step: between two steps it can be asked and told things, but not to
   * commit.
   *
   * @throws what SQLite says of a damaged file; anything else is in the status
   */
  *committing({ nowMs, corrections, losses }: CommitRequest): Generator<void> {
    for (const loss of losses) this.#losses.note(loss);
    const began = performance.now();
    try {
      this.#checkRoom();
      this.#save(nowMs);
      if (nowMs !== undefined) yield* this.#foldWhatIsDue(nowMs, new Map(corrections.map((one) => [keyOf(one), one])));
      this.#failure = undefined;
    } catch (error) {
      if (isDamage(error)) throw error;
      this.#failure = error instanceof Error ? error.message : String(error);
    }
    this.#lastCommitMs = performance.now() - began;
  }

  /** All steps of {@link committing} at once. */
  commit(request: CommitRequest): void {
    const steps = this.committing(request);
    while (steps.next().done !== true);
  }

  /** @throws what SQLite says */
  query(query: QueryRequest): { readonly series: SeriesAnswer[]; readonly left: number; readonly losses: Loss[] } {
    return { ...this.#lookup.answer(query), losses: this.#losses.within(query.fromMs, query.toMs) };
  }

  status(): StoreStatus {
    const { expiredBlocks, evictedBlocks, evictedSeries, usedBytes } = this.#retention;
    const { blocks, journal } = this.#seen;
    return {
      ...storeStatus(this.#reader),
      fileBytes: bytesOf(this.#settings.path),
      usedBytes,
      commits: this.#commits,
      lastCommitMs: this.#lastCommitMs,
      writtenBytes: this.#blocks.writtenBytes + this.#journal.writtenBytes,
      expiredBlocks,
      evictedBlocks,
      evictedSeries,
      damagedRows: this.#blocks.damagedRows + this.#journal.damagedRows + blocks.damagedRows + journal.damagedRows,
      lostPoints: this.#lostPoints,
      failure: this.#failure,
    };
  }

  close(): void {
    this.#reader.close();
    this.#db.close();
  }

  /** The rest of the disk is for records. @throws an Error when there is too little */
  #checkRoom(): void {
    const { bavail, bsize } = statfsSync(dirname(this.#settings.path));
    const { minFreeBytes } = this.#settings;
    if (bavail * bsize >= minFreeBytes) return;
    throw new Error(
      `the disk has ${formatBytes(bavail * bsize)} left, of which history takes nothing below ${formatBytes(minFreeBytes)}`,
    );
  }

  #save(nowMs: number | undefined): void {
    if (this.#unsaved.length === 0 && !this.#losses.areUnsaved) return;
    try {
      this.#db
        .transaction(() => {
          this.#roll.settle(nowMs ?? 0);
          this.#journal.add(this.#unsaved);
          this.#losses.save();
        })
        .immediate();
    } catch (error) {
      this.#roll.unsettle();
      throw error;
    }
    this.#roll.saved();
    this.#losses.saved();
    this.#unsaved = [];
    this.#unsavedRows = 0;
    this.#commits++;
  }

  *#foldWhatIsDue(nowMs: number, corrections: ReadonlyMap<string, Correction>): Generator<void> {
    const { rows, bytes } = this.#journal.size(0);
    const isDue = this.#isDue(0, nowMs);
    const isTooMuch = rows > maxJournalRows || bytes > maxJournalBytes;
    if (isDue || isTooMuch) {
      yield* this.#fold(0, nowMs, isTooMuch ? Number.POSITIVE_INFINITY : startOf(0, nowMs), corrections);
      this.#dropUnplaced(corrections);
    }
    if (!isDue) return;
    if (this.#isDue(1, nowMs)) {
      yield* this.#fold(1, nowMs, startOf(1, nowMs), corrections);
      this.#db.transaction(() => this.#retention.thinSeries(nowMs, this.#roll.live)).immediate();
    }
    this.#db.transaction(() => {
      this.#retention.expire(nowMs);
      this.#retention.makeRoom();
    })();
  }

  /** Whether another span has begun since the level was put in its place. The first time of all it has not. */
  #isDue(level: Level, nowMs: number): boolean {
    const span = Math.floor((nowMs - graceMs) / spansMs[level]);
    const last = this.#db.prepare('SELECT span FROM folded WHERE level = ?').pluck().get(level) as number | undefined;
    if (last === span) return false;
    this.#db.prepare('INSERT OR REPLACE INTO folded (level, span) VALUES (?, ?)').run(level, span);
    return last !== undefined;
  }

  *#fold(level: Level, nowMs: number, untilMs: number, corrections: ReadonlyMap<string, Correction>): Generator<void> {
    this.#db.exec('BEGIN IMMEDIATE');
    try {
      const rows = this.#journal.rows(level, corrections, true);
      const sinceMs = this.#retention.sinceMs(nowMs);
      const folded = yield* fold(level, rows, this.#blocks, untilMs, sinceMs, this.#settings.turnMs);
      this.#journal.addRow(level, folded.rest, undefined);
      if (folded.coarser !== undefined) this.#journal.addRow(1, folded.coarser, undefined);
      else this.#roll.heard(folded.series, nowMs);
      this.#journal.delete(rows.map(({ id }) => id));
      this.#db.exec('COMMIT');
    } finally {
      // Some failures have ended it already.
      if (this.#db.inTransaction) this.#db.exec('ROLLBACK');
    }
  }

  /** What has waited for the time for so long that there is too much of it. */
  #dropUnplaced(corrections: ReadonlyMap<string, Correction>): void {
    const dropped = this.#journal.dropUnplaced(maxUnplacedRows, corrections);
    for (const loss of dropped) this.#losses.note(loss);
  }
}

/** When the span began in which it is, as far as it has come. */
function startOf(level: Level, nowMs: number): number {
  return Math.floor((nowMs - graceMs) / spansMs[level]) * spansMs[level];
}
