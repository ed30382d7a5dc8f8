import type Database from 'better-sqlite3';
import { gapReasonText } from '../wire/gap-reasons.ts';
import { RecordJson } from '../wire/record-json.ts';
import type { DecodedRecord } from '../wire/record-reader.ts';
import { traceField } from '../wire/trace-field.ts';
import { BulkInsert } from './bulk-insert.ts';
import { Origins } from './origins.ts';

const usual = ['origin', 'sequence', 'time', 'received_at', 'fields', 'payload', 'encoded'];

/** Writes records into `record`, and reports of gaps into `gap_record`, in the caller's transaction. */
export class RecordRows {
  readonly #json = new RecordJson();
  readonly #origins: Origins;
  /** Most records have nothing in the columns that came later, and need not pay for them. */
  readonly #usual: BulkInsert;
  readonly #whole: BulkInsert;
  readonly #insertGap: Database.Statement;
  readonly #supersede: Database.Statement;

  constructor(db: Database.Database) {
    this.#origins = new Origins(db);
    this.#usual = new BulkInsert(db, 'record', usual);
    this.#whole = new BulkInsert(db, 'record', [...usual, 'kind', 'tags', 'message', 'supersedes', 'retained']);
    this.#supersede = db.prepare('INSERT OR IGNORE INTO superseded VALUES (?, ?)');
    this.#insertGap = db.prepare(`
      INSERT INTO gap_record (origin, sequence, received_at, rule, device, reason, count, first_sequence, last_sequence,
        first_at, last_at, encoded, after_record)
      VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, (SELECT coalesce(max(id), 0) FROM record))`);
  }

  /** @param gatewayKey of `gateways` */
  add(gatewayKey: number, record: DecodedRecord): void {
    const origin = this.#origins.keyOf(gatewayKey, record);
    if (record.gap !== undefined) {
      this.#addGap(origin, record, record.gap);
      return;
    }
    const { sequence, time, receivedAt, fields, payload, kind, tags, message, supersedes, retained, traceId } = record;
    const fieldsText = fields.length > 0 ? this.#json.fields(fields) : null;
    // A trace id has no column.
    const encoded = record.encoded ?? (traceId === undefined ? null : traceField(traceId));
    const row = [origin, sequence, time ?? null, receivedAt ?? null, fieldsText, payload ?? null, encoded];
    // Rows of one kind wait only as long as no other comes: their order is that of arrival.
    if (kind === 0 && message === 0 && tags.length === 0 && supersedes.length === 0 && !retained) {
      this.#whole.flush();
      this.#usual.add(...row);
      return;
    }
    for (const replaced of supersedes) this.#supersede.run(gatewayKey, replaced);
    this.#usual.flush();
    const replaces = supersedes.length > 0 ? JSON.stringify(supersedes) : null;
    this.#whole.add(
      ...row,
      kind || null,
      this.#json.tags(tags) || null,
      message || null,
      replaces,
      retained ? 1 : null,
    );
  }

  /** Writes what still waits: before the commit. */
  flush(): void {
    this.#usual.flush();
    this.#whole.flush();
  }

  /** Drops what waits, and the keys of rows that may not be there any more: after a rollback, or a stranger's writing. */
  forget(): void {
    this.#usual.forget();
    this.#whole.forget();
    this.#origins.forget();
  }

  #addGap(origin: number, record: DecodedRecord, gap: NonNullable<DecodedRecord['gap']>): void {
    // What came before it has to have its place before it is asked for.
    this.flush();
    const { reason, rule, deviceId, count, firstSequence, lastSequence, firstAt, lastAt } = gap;
    const values: unknown[] = [origin, record.sequence, record.receivedAt ?? null];
    values.push(rule, deviceId || null, gapReasonText(reason), count || null, firstSequence || null);
    this.#insertGap.run([...values, lastSequence || null, firstAt ?? null, lastAt ?? null, record.encoded ?? null]);
  }
}
