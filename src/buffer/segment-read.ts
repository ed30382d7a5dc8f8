import type { Interval } from '../lib/intervals.ts';
import { type BatchRow, isSound } from './row.ts';
import { batchOf, type Statements } from './segment-rows.ts';
import type { ReadBatch } from './worker-protocol.ts';

// Reading on from a place in a segment. SQLite does not notice all damage: a tree whose inner pages have changed leads past
// rows, and a page that was cut off or zeroed has fewer. So it is held against what a segment is: rows without a gap.

/** Batches of a segment, and what should have been among them. */
export interface Piece {
  readonly batches: ReadBatch[];
  /** Some rows are not as they were written. */
  readonly isDamaged: boolean;
  /** Positions without a row. */
  readonly missing: Interval[];
  /** Nothing comes behind them in this segment. */
  readonly isEnd: boolean;
}

/**
 * The batches at or behind position `from`: ≥ 1 if there is any, then up to `maxBytes`; and what was amiss on the way.
 * @param endPosition where the segment ends
 * @throws an error of SQLite when it is damaged
 */
export function readPiece({ before, read }: Statements, from: number, endPosition: number, maxBytes: number): Piece {
  const batches: ReadBatch[] = [];
  const missing: Interval[] = [];
  let isDamaged = false;
  let bytes = 0;
  let isEnd = true;
  // `from` may be in the middle of a batch: that of the row before it, if it fits what comes then. It may be damaged itself, and in
  // a damaged tree it may even lie behind.
  const last = before.get(from) as Pick<BatchRow, 'position' | 'count'> | undefined;
  const end = last === undefined || last.position >= from ? from : last.position + last.count;
  const nextAt = (position: number): number =>
    Number.isSafeInteger(end) && end > from && end <= position ? end : from;
  let next: number | undefined;
  for (const row of read.iterate(from, endPosition) as IterableIterator<BatchRow>) {
    const batch = batchOf(row);
    if (batch === undefined) {
      isDamaged = true;
      continue;
    }
    if (batches.length > 0 && bytes + batch.records.length > maxBytes) {
      isEnd = false;
      break;
    }
    next ??= nextAt(batch.position);
    if (batch.position > next) missing.push({ first: next, last: batch.position - 1 });
    next = batch.position + batch.count;
    batches.push(batch);
    bytes += batch.records.length;
  }
  next ??= nextAt(endPosition);
  if (isEnd && endPosition > next) missing.push({ first: next, last: endPosition - 1 });
  return { batches, isDamaged, missing, isEnd };
}

/**
 * The position of the first batch behind sequence `after`, looked for from position `from` on.
 * @throws an error of SQLite, or as SQLite's own, when it is damaged
 */
export function positionBehind(
  { find, before, read }: Statements,
  after: number,
  from: number,
  endPosition: number,
): number {
  let low = from;
  let high = endPosition;
  // Both grow together, so halving works; the row at or behind a position is one step down the tree.
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    const row = find.get(middle) as { position: number; first_sequence: number } | undefined;
    if (row === undefined || row.first_sequence > after) high = middle;
    else low = row.position + 1;
  }
  const last = before.get(low) as Pick<BatchRow, 'position' | 'first_sequence' | 'count'> | undefined;
  // Mostly it ends where the reader is. Where not, its sequence may have changed, and led past others.
  if (last !== undefined && last.first_sequence + last.count - 1 !== after) {
    const row = read.get(last.position, last.position + 1) as BatchRow | undefined;
    if (row === undefined || !isSound(row)) {
      throw Object.assign(new Error('a row that was passed over is damaged'), { code: 'SQLITE_CORRUPT' });
    }
  }
  return low;
}
