import type { Database, Statement } from 'better-sqlite3';
import type { FieldKind } from './series.ts';
import type { Introduction, SeriesName } from './worker-protocol.ts';

/** A series as a query finds it. */
export interface KnownSeries extends SeriesName {
  /** On disk; 0: not yet. */
  readonly id: number;
  /** Where its `id` is 0. */
  readonly handle: number;
}

interface Row {
  readonly id: number;
  readonly name: string;
  readonly tags: string;
  readonly unit: string;
  readonly kind: FieldKind;
}

/**
 * Which series there are, on disk, and which of them the main thread means by a slot. Texts are kept as JSON: SQLite's
 * are UTF-8, in which two names with halves of surrogate pairs would be one.
 */
export class Roll {
  readonly #find: Statement;
  readonly #insert: Statement;
  readonly #ofDevice: Statement;
  readonly #heard: Statement;
  /** By slot: what it stands for now. A handle stands for one series, and is never used for another. */
  readonly #handles: number[] = [];
  #lastHandle = 0;
  /** By handle. */
  readonly #ids = new Map<number, number>();
  /** Handles of series that are not on disk yet. */
  readonly #fresh = new Map<number, Introduction>();
  /** Handles that no slot has any more; what is not saved yet may have them. */
  readonly #retired: number[] = [];

  constructor(db: Database) {
    this.#find = db.prepare('SELECT id FROM series WHERE device = ? AND name = ? AND tags = ? AND unit = ?').pluck();
    this.#insert = db.prepare(
      'INSERT INTO series (device, name, tags, unit, kind, heardMs) VALUES (?, ?, ?, ?, ?, ?) RETURNING id',
    );
    this.#insert.pluck();
    this.#heard = db.prepare('UPDATE series SET heardMs = ? WHERE id = ?');
    this.#ofDevice = db.prepare('SELECT id, name, tags, unit, kind FROM series WHERE device = ? ORDER BY id');
  }

  introduce(one: Introduction): void {
    const before = this.#handles[one.slot];
    if (before !== undefined) this.#retired.push(before);
    const handle = ++this.#lastHandle;
    this.#handles[one.slot] = handle;
    const id = this.#find.get(...keyOf(one)) as number | undefined;
    if (id === undefined) this.#fresh.set(handle, one);
    else this.#ids.set(handle, id);
  }

  /** 0: none was introduced there. */
  handleOf(slot: number): number {
    return this.#handles[slot] ?? 0;
  }

  /** 0: none yet. */
  idOf(handle: number): number {
    return this.#ids.get(handle) ?? 0;
  }

  /** Ids that slots stand for now. */
  get live(): ReadonlySet<number> {
    return new Set(this.#ids.values());
  }

  /** Gives every series an id, in the transaction that first needs it. Then {@link saved}, or {@link unsettle}. */
  settle(nowMs: number): void {
    for (const [handle, one] of this.#fresh) {
      const known = this.#find.get(...keyOf(one)) as number | undefined;
      this.#ids.set(handle, known ?? (this.#insert.get(...keyOf(one), one.kind, nowMs) as number));
    }
  }

  saved(): void {
    this.#fresh.clear();
    for (const handle of this.#retired) this.#ids.delete(handle);
    this.#retired.length = 0;
  }

  /** The transaction came to nothing. */
  unsettle(): void {
    for (const handle of this.#fresh.keys()) this.#ids.delete(handle);
  }

  /** Notes that series were heard. */
  heard(ids: readonly number[], nowMs: number): void {
    for (const id of ids) this.#heard.run(nowMs, id);
  }

  /** @param fields empty: all */
  ofDevice(device: string, fields: readonly string[]): KnownSeries[] {
    const found: KnownSeries[] = (this.#ofDevice.all(JSON.stringify(device)) as Row[]).map((row) => ({
      id: row.id,
      handle: 0,
      device,
      name: textOf(row.name),
      tags: textOf(row.tags),
      unit: textOf(row.unit),
      kind: row.kind,
    }));
    for (const [handle, one] of this.#fresh) if (one.device === device) found.push({ ...one, id: 0, handle });
    return fields.length === 0 ? found : found.filter(({ name }) => fields.includes(name));
  }
}

function keyOf({ device, name, tags, unit }: SeriesName): [string, string, string, string] {
  return [JSON.stringify(device), JSON.stringify(name), JSON.stringify(tags), JSON.stringify(unit)];
}

const textOf = (json: string): string => JSON.parse(json) as string;
