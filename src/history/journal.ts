import type { Database, Statement } from 'better-sqlite3';
import { Buckets, bucketSize, firstMsAt, lastMsAt, numberAt } from './buckets.ts';
import { Damaged, unpack } from './bytes.ts';
import { deltaSize } from './deltas.ts';
import { JournalReader, JournalWriter } from './journal-rows.ts';
import type { Roll } from './roll.ts';
import { tiers } from './tiers.ts';
import type { Correction, DeltasRequest, Loss, Stamp } from './worker-protocol.ts';

/** Widths of the buckets in a row, by its level: of 10 s as they came, and of 15 min, of hours that are in the finer tiers. */
export const levels = [tiers[0].widthMs, tiers[2].widthMs] as const;
export type Level = 0 | 1;

/** A row of the journal that can be read. */
export interface JournalRow {
  readonly id: number;
  readonly reader: JournalReader;
  /** To be added to its times. */
  readonly shiftMs: number;
}

interface StoredRow {
  readonly id: number;
  readonly firstMs: number;
  readonly lastMs: number;
  readonly takenAtMs: number | null;
  readonly ageAtMs: number | null;
  readonly isUnset: number;
}

const allMs = { fromMs: -Infinity, toMs: Infinity };

/**
 * What was told lately, in the order in which it was told: a row for each commit. What the gateway's own clock stamped
 * keeps that time, and is corrected as it is read, until it goes to its place.
 */
export class Journal {
  readonly #roll: Roll;
  readonly #insert: Statement;
  readonly #select: Statement;
  readonly #data: Statement;
  readonly #delete: Statement;
  readonly #stamps: Statement;
  readonly #size: Statement;
  readonly #unplaced: Statement;
  damagedRows = 0;
  writtenBytes = 0;

  constructor(db: Database, roll: Roll) {
    this.#roll = roll;
    this.#insert = db.prepare(
      'INSERT INTO journal (level, firstMs, lastMs, takenAtMs, ageAtMs, isUnset, data) VALUES (?, ?, ?, ?, ?, ?, ?)',
    );
    this.#select = db.prepare(
      'SELECT id, firstMs, lastMs, takenAtMs, ageAtMs, isUnset FROM journal WHERE level = ? ORDER BY id',
    );
    this.#data = db.prepare('SELECT data FROM journal WHERE id = ?').pluck();
    this.#delete = db.prepare('DELETE FROM journal WHERE id = ?');
    this.#size = db.prepare(
      'SELECT count(*) AS rows, coalesce(sum(length(data)), 0) AS bytes FROM journal WHERE level = ? AND isUnset = 0',
    );
    this.#unplaced = db.prepare(
      'SELECT id, firstMs, lastMs, takenAtMs, ageAtMs FROM journal WHERE level = 0 AND isUnset = 1 ORDER BY id',
    );
    this.#stamps = db.prepare('SELECT DISTINCT takenAtMs, ageAtMs, isUnset FROM journal WHERE takenAtMs IS NOT NULL');
  }

  /** What there are corrections to be had for. */
  stamps(): Stamp[] {
    return (this.#stamps.all() as StoredRow[]).map((row) => ({
      takenAtMs: row.takenAtMs ?? 0,
      ageAtMs: row.ageAtMs ?? 0,
      isUnset: row.isUnset === 1,
    }));
  }

  /** Adds what was told, one row for each stamp. Every series has an id. */
  add(batches: readonly DeltasRequest[]): void {
    const groups = new Map<string, DeltasRequest[]>();
    for (const batch of batches) {
      const key = keyOf(batch.stamp);
      const group = groups.get(key);
      if (group === undefined) groups.set(key, [batch]);
      else group.push(batch);
    }
    for (const group of groups.values()) this.#addGroup(group);
  }

  /** Adds a row of another level. */
  addRow(level: Level, row: JournalWriter, stamp: Stamp | undefined): void {
    if (row.buckets === 0) return;
    const widthMs = levels[level];
    const data = row.packed();
    this.#insert.run(
      level,
      row.first * widthMs,
      (row.last + 1) * widthMs,
      stamp?.takenAtMs ?? null,
      stamp?.ageAtMs ?? null,
      stamp?.isUnset === true ? 1 : 0,
      data,
    );
    this.writtenBytes += data.length;
  }

  /**
   * Rows of a level that may have something of a window, in their order. Damaged ones are counted, and left out.
   *
   * @param isPlacedOnly leaves out those of which nobody knows yet when they were
   */
  rows(
    level: Level,
    corrections: ReadonlyMap<string, Correction>,
    isPlacedOnly: boolean,
    window: { readonly fromMs: number; readonly toMs: number } = allMs,
  ): JournalRow[] {
    const found: JournalRow[] = [];
    for (const row of this.#select.all(level) as StoredRow[]) {
      const correction = row.takenAtMs === null ? undefined : corrections.get(keyOfRow(row));
      if (isPlacedOnly && row.isUnset === 1 && correction?.isPlaced !== true) continue;
      const shiftMs = correction?.shiftMs ?? 0;
      if (row.lastMs + shiftMs + levels[level] <= window.fromMs || row.firstMs + shiftMs >= window.toMs) continue;
      try {
        found.push({
          id: row.id,
          reader: new JournalReader(unpack(this.#data.get(row.id) as Buffer), levels[level]),
          shiftMs,
        });
      } catch (error) {
        if (!(error instanceof Damaged)) throw error;
        this.damagedRows++;
        // Nothing to be read: it goes with those that are put in their place.
        if (isPlacedOnly)
          found.push({ id: row.id, reader: new JournalReader(Buffer.alloc(0), levels[level]), shiftMs });
      }
    }
    return found;
  }

  size(level: Level): { readonly rows: number; readonly bytes: number } {
    return this.#size.get(level) as { readonly rows: number; readonly bytes: number };
  }

  /** Deletes the oldest of those that have no place, beyond so many. @returns what was in them */
  dropUnplaced(maxRows: number, corrections: ReadonlyMap<string, Correction>): Loss[] {
    const unplaced = (this.#unplaced.all() as StoredRow[]).filter(
      (row) => corrections.get(keyOfRow(row))?.isPlaced !== true,
    );
    const tooMany = unplaced.slice(0, Math.max(0, unplaced.length - maxRows));
    this.delete(tooMany.map(({ id }) => id));
    return tooMany.map(({ firstMs, lastMs }) => ({ fromMs: firstMs, toMs: lastMs, points: 0, reason: 'clock' }));
  }

  /** Takes rows out. */
  delete(ids: Iterable<number>): void {
    for (const id of ids) this.#delete.run(id);
  }

  #addGroup(batches: readonly DeltasRequest[]): void {
    // Where a row of which batch begins, by series and then as they came.
    const places: (readonly [series: number, rows: Float64Array, at: number])[] = [];
    for (const { rows, length } of batches) {
      for (let i = 0; i < length; i++) places.push([this.#roll.idOf(rows[i * deltaSize]!), rows, i * deltaSize + 1]);
    }
    places.sort(([a], [b]) => a - b);
    const out = new JournalWriter(levels[0]);
    const buckets = new Buckets();
    for (let i = 0; i < places.length; i++) {
      const [series, rows, at] = places[i]!;
      buckets.put(rows[at + numberAt]!, rows, at);
      if (places[i + 1]?.[0] === series) continue;
      out.add(series, buckets);
      buckets.clear();
    }
    this.addRow(0, out, batches[0]!.stamp);
  }
}

export function keyOf(stamp: Stamp | undefined): string {
  return stamp === undefined ? '' : `${stamp.takenAtMs} ${stamp.ageAtMs}`;
}

function keyOfRow({ takenAtMs, ageAtMs }: StoredRow): string {
  return `${takenAtMs} ${ageAtMs}`;
}

const moved = new Float64Array(bucketSize);

/**
 * A bucket whose times are corrected. One that lies across two spans then counts for the one that its first point is in: half a
 * bucket's error at the most, for points whose time was not known.
 */
export function shifted(bucket: Float64Array, at: number, shiftMs: number, widthMs: number): Float64Array {
  for (let i = 0; i < bucketSize; i++) moved[i] = bucket[at + i]!;
  if (shiftMs !== 0) {
    moved[firstMsAt]! += shiftMs;
    moved[lastMsAt]! += shiftMs;
    moved[numberAt] = Math.floor(moved[firstMsAt]! / widthMs);
  }
  return moved;
}
