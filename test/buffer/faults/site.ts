import { cpSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { unpackRecords } from '../../../src/buffer/row.ts';
import type { Handling } from '../../../src/core/handling.ts';
import type { Random } from '../../support/random.ts';
import { alarms, nameOf, noise, Rig, readings } from './rig.ts';

/** What a site's buffer holds, and in which pages of which files. */
export interface Site {
  readonly directory: string;
  /** The same directory at an earlier moment. */
  readonly earlier: string;
  /** Sequences by record, of all that were appended. */
  readonly truth: ReadonlyMap<string, number>;
  /** Those that the collector has confirmed. */
  readonly delivered: ReadonlySet<string>;
  /** Sequences up to here may have been used, also by records that were never stored. */
  readonly reserved: number;
  readonly identity: { readonly gateway: string; readonly epoch: string };
  /** By file, and by the index of a page in it, the records of which something lies there. */
  readonly pages: ReadonlyMap<string, readonly ReadonlySet<string>[]>;
}

export const pageBytes = 4096;
export const walHeaderBytes = 32;
export const frameBytes = 24 + pageBytes;

/**
 * A data directory with several lanes of several segments, made by a real buffer.
 * @param isKilled as a kill leaves it, with its write-ahead logs; otherwise closed in good order
 */
export async function makeSite(directory: string, random: Random, isKilled: boolean): Promise<Site> {
  const live = join(directory, 'live');
  const rig = await Rig.start({ directory: live });
  const truth = new Map<string, number>();
  const delivered = new Set<string>();
  let index = 0;
  const burst = async (handling: Handling, count: number): Promise<void> => {
    const texts = Array.from({ length: count }, () => textOf(random, handling.rule, index++));
    const sequences = await Promise.all(texts.map((text) => rig.append(handling, text)));
    for (const [at, text] of texts.entries()) truth.set(nameOf(text), sequences[at]!);
  };
  for (let round = 0; round < 50; round++) {
    for (const handling of [alarms, readings, noise]) await burst(handling, random.between(1, 12));
    if (round === 15) for (const { name } of await rig.drain()) delivered.add(name);
    if (round === 32) cpSync(live, join(directory, 'earlier'), { recursive: true });
  }
  const { identity } = rig.buffer;
  const target = join(directory, 'site');
  if (isKilled) cpSync(live, target, { recursive: true });
  await rig.buffer.stop();
  if (!isKilled) cpSync(live, target, { recursive: true });
  const pages = mapPages(target, join(directory, 'map'));
  const head = new Database(join(directory, 'map', 'head.db'));
  const reserved = head.prepare('SELECT reserved FROM head').pluck().get() as number;
  head.close();
  return { directory: target, earlier: join(directory, 'earlier'), truth, delivered, reserved, identity, pages };
}

/** Some can be packed and some can't; a few are larger than a page. */
function textOf(random: Random, rule: string, index: number): string {
  const length = random.next() < 0.03 ? random.between(4_000, 9_000) : random.between(20, 400);
  const filling =
    random.next() < 0.3 ? 'temperature 21.5 '.repeat(length / 17) : random.bytes(length).toString('base64');
  return `${rule} ${index} ${filling}`;
}

/** The files of a directory and its folders, as paths relative to it. */
export function filesIn(directory: string): string[] {
  return readdirSync(directory, { recursive: true, encoding: 'utf8' })
    .filter((name) => statSync(join(directory, name)).isFile())
    .sort();
}

export const isSegment = (path: string): boolean => /^[^/]+\/\d{8}\.db$/.test(path);
export const isLog = (path: string): boolean => /^[^/]+\/\d{8}\.db-wal$/.test(path);

/** Which records lie on which page: every page is held against the bytes of every stored batch, as SQLite reads them. */
function mapPages(directory: string, scratch: string): Map<string, Set<string>[]> {
  cpSync(directory, scratch, { recursive: true });
  const windows = new Map<bigint, readonly string[]>();
  const nobody: readonly string[] = [];
  for (const path of filesIn(scratch).filter(isSegment)) {
    const db = new Database(join(scratch, path));
    const rows = db.prepare('SELECT encoding, checksum, records FROM batches').all() as Row[];
    db.close();
    for (const row of rows) {
      const texts = Buffer.from(unpackRecords(row)).toString('latin1').slice(1, -1).split('><');
      const names = texts.map(nameOf);
      windows.set(startOf(row), names);
      // What a page holds of a row is always more than two windows long: SQLite leaves the remainder on the leaf.
      for (let at = 0; at + 8 <= row.records.length; at += 8) {
        const window = row.records.readBigUInt64LE(at);
        windows.set(window, windows.has(window) ? nobody : names);
      }
    }
  }
  return new Map(
    filesIn(directory)
      .filter((path) => isSegment(path) || isLog(path))
      .map((path) => [path, pagesOf(readFileSync(join(directory, path)), isLog(path), windows)]),
  );
}

interface Row {
  readonly encoding: number;
  readonly checksum: number;
  readonly records: Buffer;
}

/**
 * Where a row begins on its leaf: the end of its checksum, and what follows, as there are no delivery keys here. Of short rows it may
 * be all that no other row has.
 */
function startOf({ checksum, records }: Row): bigint {
  const bytes = Buffer.alloc(8);
  bytes.writeUInt32BE(checksum);
  records.copy(bytes, 4, 0, 4);
  return bytes.readBigUInt64LE();
}

function pagesOf(file: Buffer, isWal: boolean, windows: ReadonlyMap<bigint, readonly string[]>): Set<string>[] {
  const pages: Set<string>[] = [];
  for (let start = isWal ? walHeaderBytes : 0; start < file.length; start += isWal ? frameBytes : pageBytes) {
    const names = new Set<string>();
    const end = Math.min(file.length, start + (isWal ? frameBytes : pageBytes)) - 8;
    for (let at = start; at <= end; at++) {
      const found = windows.get(file.readBigUInt64LE(at));
      if (found === undefined) continue;
      for (const name of found) names.add(name);
    }
    pages.push(names);
  }
  return pages;
}
