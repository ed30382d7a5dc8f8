import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import Database from 'better-sqlite3';
import { RecordJson } from '../wire/record-json.ts';
import { readLine } from './file-lines.ts';
import { parseSink } from './sink.ts';
import { storageError } from './sqlite-errors.ts';
import { checkOwner } from './sqlite-schema.ts';

/**
 * The newest `last` records of a sink, oldest first, each as one line of JSON in the form of the file sink, without the
 * line break. Reads only, also while a collector writes.
 *
 * @throws HeadgateError `config.invalid` for an unknown sink, `data.*` when it can't be read
 */
export function readRecords(sink: string, last: number): string[] {
  const { kind, path } = parseSink(sink);
  try {
    return kind === 'sqlite' ? readRows(path, last) : readLines(path, last);
  } catch (error) {
    throw storageError(path, error);
  }
}

interface Row {
  readonly gateway: string;
  readonly epoch: string;
  readonly sequence: number;
  readonly deviceId: string;
  readonly time: string | null;
  readonly receivedAt: string | null;
  readonly clockQuality: number;
  readonly priority: number;
  readonly source: string;
  readonly topic: string;
  readonly fields: string | null;
  readonly payload: Uint8Array | null;
  readonly profile: string;
  readonly profileVersion: number;
  readonly historical: number;
}

const newestRows = `
  SELECT g.gateway, g.epoch, r.sequence, o.device AS deviceId, r.time, r.received_at AS receivedAt,
    o.clock_quality AS clockQuality, o.priority, o.source, o.topic, r.fields, r.payload, o.profile,
    o.profile_version AS profileVersion, o.historical
  FROM (SELECT * FROM record ORDER BY id DESC LIMIT ?) r
  JOIN origins o ON o.key = r.origin JOIN gateways g ON g.key = o.gateway_key ORDER BY r.id DESC`;

function readRows(path: string, last: number): string[] {
  const db = new Database(path, { readonly: true, fileMustExist: true });
  try {
    if (checkOwner(db, path) === 'new') return [];
    const json = new RecordJson();
    const rows = db.prepare(newestRows).all(last) as Row[];
    return rows.reverse().map((row) => lineOf(json, row));
  } finally {
    db.close();
  }
}

function lineOf(json: RecordJson, row: Row): string {
  const record = {
    ...row,
    time: row.time ?? undefined,
    receivedAt: row.receivedAt ?? undefined,
    payload: row.payload ?? undefined,
    historical: row.historical !== 0,
  };
  return json.lineOf(json.prefix(row.gateway, row.epoch), record, row.fields ?? '');
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
