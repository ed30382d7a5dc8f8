import { existsSync, readdirSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { HeadgateError } from '../core/errors.ts';
import { type Files, readFiles } from './evidence.ts';
import { type Examined, isOwn, rebuild, rebuilt } from './rebuild.ts';
import { salvage } from './salvage/salvage.ts';
import { Segment } from './segment.ts';
import { removeFiles, type SegmentMeta } from './segment-file.ts';
import { isWalSound } from './wal.ts';
import type { Damage, SegmentSummary } from './worker-protocol.ts';

/** What a file has that nothing was moved into from its log yet. */
const firstPageBytes = 4096;

export function pathOf(directory: string, number: number): string {
  return join(directory, `${String(number).padStart(8, '0')}.db`);
}

/** The numbers of the segments in a lane's folder, ascending; finishes what a crash interrupted. */
export function numbersIn(directory: string): number[] {
  for (const name of readdirSync(directory)) {
    if (!name.endsWith(`${rebuilt}.db`)) continue;
    const target = join(directory, name.replace(`${rebuilt}.db`, '.db'));
    if (existsSync(target) || existsSync(`${target}-wal`)) removeFiles(join(directory, name));
    else renameSync(join(directory, name), target);
  }
  const found = readdirSync(directory).map((name) => /^(\d{8,})\.db(?:-wal)?$/.exec(name)?.[1]);
  return [...new Set(found.filter((digits) => digits !== undefined).map(Number))].sort((a, b) => a - b);
}

/**
 * Looks at a segment that was not closed in good order, or of which nothing is known: every row is read, past whatever
 * SQLite thinks of the file, and where SQLite sees less than there is, the file is built anew from what is sound and the
 * old one moved aside.
 *
 * @param known what was noted of it elsewhere; tells how much is missing
 * @param fallback whose it is, should it not say so itself
 * @param damagedDirectory where damaged files are kept
 */
export function examine(
  directory: string,
  number: number,
  known: SegmentSummary | undefined,
  fallback: () => SegmentMeta,
  damagedDirectory: string,
): Examined | Damage {
  const path = pathOf(directory, number);
  const files = readFiles(path);
  const { database, wal } = files;
  // SQLite would end the log at its first bad frame, and throw away what comes behind it when it closes the file.
  const isForSqlite = database !== undefined && (wal === undefined || isWalSound(wal));
  // A log beside a file that is complete: a checkpoint was interrupted, or it is a stranger that SQLite would believe.
  const isOdd = (wal?.length ?? 0) > 0 && (database?.length ?? 0) > firstPageBytes;
  const isStranger = isOdd && !isOwn(undefined, wal, path, number);
  const found = isForSqlite && !isStranger ? lookThroughSqlite(path, number) : undefined;
  // A log that was cut ends before it: a batch may be there of which only the transaction's end is missing.
  const isShort = found !== undefined && known !== undefined && found.summary.endPosition < known.endPosition;
  if (found !== undefined && !isShort && !(isOdd && holdsMore(files, found.summary))) return found;
  return rebuild({ path, number, files, known, fallback, damagedDirectory, isNeeded: false });
}

/** @returns undefined when anything in it is not as it was written */
function lookThroughSqlite(path: string, number: number): Examined | undefined {
  let segment: Segment | undefined;
  try {
    segment = Segment.open(path, number);
    const { meta, summary } = segment;
    const { state, others } = segment.saved;
    return segment.isWhole ? { meta, summary, state, others } : undefined;
  } catch (error) {
    if (error instanceof HeadgateError) throw error;
    return undefined;
  } finally {
    segment?.close();
  }
}

/**
 * A log of an earlier day hides what was written since, which was moved into the database then. What only a log has behind
 * the end was refused.
 */
function holdsMore({ database }: Files, { endPosition }: SegmentSummary): boolean {
  return salvage(database, undefined).rows.some(({ position }) => position >= endPosition);
}
