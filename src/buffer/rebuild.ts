import { renameSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import { messageOf } from '../core/errors.ts';
import type { Interval } from '../lib/intervals.ts';
import { isFull } from '../lib/is-full.ts';
import { syncDirectory } from '../lib/sync-directory.ts';
import { type Files, keepAside, stamped } from './evidence.ts';
import type { BatchRow } from './row.ts';
import { type Salvaged, salvage } from './salvage/salvage.ts';
import { openText } from './sealed-text.ts';
import { Segment } from './segment.ts';
import { removeFiles, type SegmentMeta } from './segment-file.ts';
import { summaryOf } from './segment-rows.ts';
import type { Damage, SegmentSummary } from './worker-protocol.ts';

/** Behind the number of a segment that is being built anew. */
export const rebuilt = '.rebuilt';

/** What is to be known of a segment before its file is trusted. */
export interface Examined {
  readonly summary: SegmentSummary;
  readonly meta: SegmentMeta;
  readonly state: string | undefined;
  readonly others: readonly SegmentSummary[];
  readonly damage?: Damage;
}

export interface Ruin {
  readonly path: string;
  readonly number: number;
  readonly files: Files;
  /** What was noted of it elsewhere. */
  readonly known: SegmentSummary | undefined;
  /** Whose it is, should it not say so itself. */
  readonly fallback: () => SegmentMeta;
  /** Where damaged files are kept. */
  readonly damagedDirectory: string;
  /** Somebody waits for its records; otherwise it may stay as it is where there is no room, until somebody does. */
  readonly isNeeded: boolean;
}

/**
 * Builds a segment anew from what is sound in its files, which are kept aside as they were found. Where there is no room for
 * both, it stays as it is.
 * @throws an error of SQLite when there is no room and it is needed
 */
export function rebuild(ruin: Ruin): Examined | Damage {
  const { path, number, fallback, damagedDirectory } = ruin;
  const { database, wal } = ruin.files;
  // SQLite would have taken a stranger's pages for its own.
  const saved = salvage(
    isOwn(database, undefined, path, number) ? database : undefined,
    isOwn(undefined, wal, path, number) ? wal : undefined,
  );
  const meta = metaOf(saved) ?? fallback();
  const others = saved.segments.flatMap(({ json }) => summaryIn(json));
  const known = ruin.known ?? others.find((one) => one.number === number);
  // What lies behind its end was refused.
  const rows = saved.rows.filter(({ position }) => known === undefined || position < known.endPosition);
  const firstPosition = known?.firstPosition ?? meta.firstPosition ?? rows[0]?.position ?? 0;
  const state = saved.states.map(openText).findLast((text) => text !== undefined);
  const holes = holesIn(rows, firstPosition, known?.endPosition);
  const parts = { meta, state, others: others.filter((one) => one.number !== number) };
  const target = path.replace(/\.db$/, `${rebuilt}.db`);
  let summary: SegmentSummary | undefined;
  let failure = '';
  try {
    if (rows.length > 0 || state !== undefined) summary = build(target, { number, firstPosition }, rows, parts);
  } catch (error) {
    removeFiles(target);
    if (isFull(error)) {
      if (ruin.isNeeded) throw error;
      return { ...parts, summary: known ?? summaryOf(number, path, rows, firstPosition) };
    }
    // It must not keep the gateway from starting, and what could be saved is still in the old file.
    failure = ` It could not be built anew (${messageOf(error)}).`;
  }
  const lane = meta.lane.key;
  const message = `${describe(path, rows, holes, known !== undefined)}${failure} It was moved to ${damagedDirectory}.`;
  keepAside(path, ruin.files, damagedDirectory, stamped(`${lane}-${basename(path)}`));
  // How far it went, if nobody noted it, only what is damaged could have told.
  const isComplete = known !== undefined;
  const lost = failure === '' || known === undefined ? holes : [rangeOf(known)];
  const damage: Damage = { message, lane, holes: lost, ...(isComplete && { isComplete }) };
  if (summary === undefined) return damage;
  renameSync(target, path);
  syncDirectory(dirname(path));
  const endPosition = Math.max(summary.endPosition, known?.endPosition ?? 0);
  return { ...parts, summary: { ...summary, endPosition }, damage };
}

/** Whether a segment's file or log is not known to be another one's. */
export function isOwn(
  database: Uint8Array | undefined,
  wal: Uint8Array | undefined,
  path: string,
  number: number,
): boolean {
  const meta = metaOf(salvage(database, wal));
  return meta === undefined || (meta.number === number && meta.lane.key === basename(dirname(path)));
}

/** Whose a segment is, as its files say; undefined when nothing in them does. */
export function metaIn({ database, wal }: Files): SegmentMeta | undefined {
  return metaOf(salvage(database, wal));
}

function metaOf({ metas }: Salvaged): SegmentMeta | undefined {
  const text = metas.map(openText).findLast((one) => one !== undefined);
  return text === undefined ? undefined : (JSON.parse(text) as SegmentMeta);
}

function summaryIn(json: string): SegmentSummary[] {
  const text = openText(json);
  return text === undefined ? [] : [JSON.parse(text) as SegmentSummary];
}

function build(
  path: string,
  origin: { readonly number: number; readonly firstPosition: number },
  rows: readonly BatchRow[],
  { meta, state, others }: Pick<Examined, 'meta' | 'state' | 'others'>,
): SegmentSummary {
  const segment = Segment.create(path, meta, origin, state, others);
  try {
    segment.restore(rows);
  } finally {
    segment.close();
  }
  return segment.summary;
}

function describe(path: string, rows: readonly BatchRow[], holes: readonly Interval[], isKnown: boolean): string {
  const saved = rows.reduce((records, { count }) => records + count, 0);
  const lost = holes.reduce((records, { first, last }) => records + last - first + 1, 0);
  const rest = isKnown
    ? `${lost} are lost`
    : `${lost > 0 ? `at least ${lost} are lost` : 'it can not be told how many are lost'}`;
  return `The segment ${path} is damaged: ${saved} records were saved from it, ${rest}.`;
}

function rangeOf({ firstPosition, endPosition }: SegmentSummary): Interval {
  return { first: firstPosition, last: endPosition - 1 };
}

/** Positions that should be there and are not. */
function holesIn(rows: readonly BatchRow[], firstPosition: number, endPosition: number | undefined): Interval[] {
  const holes: Interval[] = [];
  let next = firstPosition;
  for (const { position, count } of rows) {
    if (position > next) holes.push({ first: next, last: position - 1 });
    next = position + count;
  }
  if (endPosition !== undefined && endPosition > next) holes.push({ first: next, last: endPosition - 1 });
  return holes;
}
