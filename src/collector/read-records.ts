import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import Database from 'better-sqlite3';
import { HeadgateError } from '../core/errors.ts';
import type { DecodedGap } from '../wire/gap-reader.ts';
import { gapReasonNumber } from '../wire/gap-reasons.ts';
import { RecordJson } from '../wire/record-json.ts';
import { traceOnlyIn } from '../wire/trace-field.ts';
import { readLine } from './file-lines.ts';
import { parseSink } from './sink.ts';
import { storageError } from './sqlite-errors.ts';
import { encodedVersion, gapsVersion, kindsVersion, retainedVersion, versionOf } from './sqlite-schema.ts';

/**
 * The newest `last` records of a sink on a disk, oldest first, reports of gaps among them, each as one line of JSON in the form of the file sink, without the
 * line break. Reads only, also while a collector writes.
 *
 * @throws HeadgateError `config.invalid` for an unknown sink, `data.*` when it can't be read
 */
export function readRecords(sink: string, last: number): string[] {
  const address = parseSink(sink);
  if (address.kind === 'nats') throw new HeadgateError('config.invalid', 'What is in NATS is not read from a disk.');
  const { kind, path } = address;
  try {
    return kind === 'sqlite' ? readRows(path, last) : readLines(path, last);
  } catch (error) {
    throw storageError(path, error);
  }
}

/** What both kinds of row have. */
interface Row {
  readonly id: number;
  readonly gateway: string;
  readonly epoch: string;
  readonly sequence: number;
  readonly deviceId: string;
  readonly receivedAt: string | null;
  readonly clockQuality: number;
  readonly priority: number;
  readonly source: string;
  readonly topic: string;
  readonly profile: string;
  readonly profileVersion: number;
  readonly historical: number;
  readonly encoded: Uint8Array | null;
}

interface DataRow extends Row {
  readonly time: string | null;
  readonly fields: string | null;
  readonly payload: Uint8Array | null;
  readonly kind: number | null;
  readonly tags: string | null;
  readonly message: number | null;
  readonly supersedes: string | null;
  readonly retained: number | null;
}

interface GapRow extends Row {
  readonly afterRecord: number;
  readonly reason: string;
  readonly rule: string;
  readonly device: string | null;
  readonly count: number | null;
  readonly firstSequence: number | null;
  readonly lastSequence: number | null;
  readonly firstAt: string | null;
  readonly lastAt: string | null;
}

const newest = (table: string, columns: string, version: number): string => `
  SELECT r.id, g.gateway, g.epoch, r.sequence, o.device AS deviceId, r.received_at AS receivedAt,
    o.clock_quality AS clockQuality, o.priority, o.source, o.topic, o.profile, o.profile_version AS profileVersion,
    o.historical, ${version < encodedVersion ? 'NULL AS encoded' : 'r.encoded'}, ${columns}
  FROM (SELECT * FROM ${table} ORDER BY id DESC LIMIT ?) r
  JOIN origins o ON o.key = r.origin JOIN gateways g ON g.key = o.gateway_key ORDER BY r.id`;
const newestData = (version: number): string => {
  const since4 = ['kind', 'tags', 'message', 'supersedes'].map((column) =>
    version < kindsVersion ? `NULL AS ${column}` : `r.${column}`,
  );
  const since5 = version < retainedVersion ? 'NULL AS retained' : 'r.retained';
  return newest('record', `r.time, r.fields, r.payload, ${since4.join(', ')}, ${since5}`, version);
};
const newestGaps = (version: number): string =>
  newest(
    'gap_record',
    `r.after_record AS afterRecord, r.reason, r.rule, r.device, r.count, r.first_sequence AS firstSequence,
    r.last_sequence AS lastSequence, r.first_at AS firstAt, r.last_at AS lastAt`,
    version,
  );

function readRows(path: string, last: number): string[] {
  const db = new Database(path, { readonly: true, fileMustExist: true });
  try {
    const json = new RecordJson();
    // One moment of the database, also when a collector writes to it between the two.
    return db.transaction(() => {
      const version = versionOf(db, path);
      if (version === 0) return [];
      const data = db.prepare(newestData(version)).all(last) as DataRow[];
      const gaps = version < gapsVersion ? [] : (db.prepare(newestGaps(version)).all(last) as GapRow[]);
      return inOrder(data, gaps)
        .slice(-last)
        .map((row) => lineOf(json, row));
    })();
  } finally {
    db.close();
  }
}

/** Rows of both tables in the order in which they came. */
function inOrder(data: readonly DataRow[], gaps: readonly GapRow[]): (DataRow | GapRow)[] {
  const rows: (DataRow | GapRow)[] = [];
  let next = 0;
  for (const gap of gaps) {
    while (next < data.length && data[next]!.id <= gap.afterRecord) rows.push(data[next++]!);
    rows.push(gap);
  }
  return rows.concat(data.slice(next));
}

function lineOf(json: RecordJson, row: DataRow | GapRow): string {
  const isData = 'payload' in row;
  const traceId = row.encoded === null ? undefined : traceOnlyIn(row.encoded);
  const record = {
    ...row,
    time: (isData && row.time) || undefined,
    receivedAt: row.receivedAt ?? undefined,
    payload: (isData && row.payload) || undefined,
    historical: row.historical !== 0,
    encoded: traceId === undefined ? (row.encoded ?? undefined) : undefined,
    traceId,
    gap: isData ? undefined : gapOf(row),
    kind: (isData && row.kind) || 0,
    message: (isData && row.message) || 0,
    retained: isData && row.retained === 1,
    supersedes: isData && row.supersedes !== null ? (JSON.parse(row.supersedes) as number[]) : [],
  };
  const fields = (isData && row.fields) || '';
  return json.lineOf(json.prefix(row.gateway, row.epoch), record, fields, (isData && row.tags) || '');
}

function gapOf(row: GapRow): DecodedGap {
  return {
    reason: gapReasonNumber(row.reason),
    rule: row.rule,
    deviceId: row.device ?? '',
    count: row.count ?? 0,
    firstSequence: row.firstSequence ?? 0,
    lastSequence: row.lastSequence ?? 0,
    firstAt: row.firstAt ?? undefined,
    lastAt: row.lastAt ?? undefined,
  };
}

const chunkBytes = 256 * 1024;
const newline = 0x0a;

function readLines(path: string, last: number): string[] {
  const fd = openSync(path, 'r');
  try {
    const tail = readTail(fd, last);
    const lines = tail.toString('utf8').split('\n');
    // Behind the last line break is nothing, or a line that is being written.
    lines.pop();
    return lines.filter((line) => readLine(line) !== undefined).slice(-last);
  } finally {
    closeSync(fd);
  }
}

/** The end of the file, from a line's beginning on, with `last` line breaks or more if it has them. */
function readTail(fd: number, last: number): Buffer {
  const chunks: Buffer[] = [];
  let breaks = 0;
  let at = fstatSync(fd).size;
  while (at > 0 && breaks <= last) {
    const length = Math.min(chunkBytes, at);
    at -= length;
    const chunk = Buffer.alloc(length);
    const bytes = chunk.subarray(0, readSync(fd, chunk, 0, length, at));
    for (const byte of bytes) if (byte === newline) breaks++;
    chunks.unshift(bytes);
  }
  const tail = Buffer.concat(chunks);
  return at > 0 ? tail.subarray(tail.indexOf(newline) + 1) : tail;
}
