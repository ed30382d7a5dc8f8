import { crc32 } from 'node:zlib';
import { type BatchRow, isSound } from '../row.ts';
import type { Cell } from './leaf-page.ts';
import type { OverflowChains } from './overflow-chains.ts';
import { bytesAt, integerOf, isBlob, isNull, type RecordLayout } from './record-format.ts';

/** A row of `batches` of which only what lies on the leaf is known so far. */
interface Candidate {
  readonly cell: Cell;
  /** The order that its leaf's transaction ends with. */
  readonly asOf: number;
  /** All columns, but nothing in the last two. */
  readonly row: BatchRow;
  readonly layout: RecordLayout;
}

/** Paths tried for a batch whose likeliest pages do not fit its checksum. */
const maxTries = 64;

/** Gathers the sound batches among the cells that it is shown. */
export class BatchFinder {
  readonly #chains: OverflowChains;
  readonly #rows = new Map<number, BatchRow>();
  /** Batches whose likeliest overflow pages do not fit, by what tells their cells apart. */
  readonly #puzzles = new Map<string, Candidate>();

  constructor(chains: OverflowChains) {
    this.#chains = chains;
  }

  /**
   * Takes the cell's row when it is a batch and sound.
   * @param asOf the order that its leaf's transaction ends with
   * @returns what it was: a batch that is sound, one that is not (yet), or a row of another table
   */
  offer(cell: Cell, layout: RecordLayout, asOf: number): 'sound' | 'unsound' | 'other' {
    if (!isBatch(layout)) return 'other';
    const known = this.#rows.get(cell.rowid);
    // Nearly always the same row on an older image of its page.
    if (known !== undefined && isSame(known, cell, layout)) return 'sound';
    const row = leafRowOf(cell, layout);
    if (row === undefined) return 'unsound';
    const candidate = { cell, asOf, row, layout };
    if (cell.overflow === 0) return this.#take(rowOf(candidate, cell.local));
    // All of the cell: on another image of the leaf it may be whole.
    const key = `${cell.rowid},${cell.payloadBytes},${cell.overflow},${crc32(cell.local)}`;
    if (this.#puzzles.has(key)) return 'unsound';
    const payload = this.#chains.find(cell, asOf, 1, (bytes) => isSound(rowOf(candidate, bytes)));
    if (payload !== undefined) return this.#take(rowOf(candidate, payload));
    this.#puzzles.set(key, candidate);
    return 'unsound';
  }

  /** Tries other images of the pages that did not fit. After all cells were offered: what is whole comes first. */
  solve(): void {
    for (const candidate of this.#puzzles.values()) {
      const { position, first_sequence } = candidate.row;
      const known = this.#rows.get(position);
      // Another image of its leaf had it whole.
      if (known !== undefined && known.first_sequence >= first_sequence) continue;
      const isRight = (bytes: Buffer) => isSound(rowOf(candidate, bytes));
      // A leaf may be whole in the database file alone, and its overflow pages only in the log: then as of the newest.
      for (const asOf of [candidate.asOf, Number.POSITIVE_INFINITY]) {
        const payload = this.#chains.find(candidate.cell, asOf, maxTries, isRight);
        if (payload === undefined) continue;
        this.#take(rowOf(candidate, payload));
        break;
      }
    }
  }

  /**
   * The batches by position. A write that failed can leave rows behind whose positions were then given away again: of
   * rows that overlap, those with the newer sequences stay, as sequences are never used twice.
   */
  rows(): BatchRow[] {
    const kept: BatchRow[] = [];
    for (const row of [...this.#rows.values()].sort((a, b) => a.position - b.position)) {
      const last = kept.at(-1);
      if (last !== undefined && last.position + last.count > row.position) {
        if (last.first_sequence > row.first_sequence) continue;
        kept.pop();
      }
      kept.push(row);
    }
    return kept;
  }

  #take(row: BatchRow): 'sound' | 'unsound' {
    if (!isSound(row)) return 'unsound';
    const known = this.#rows.get(row.position);
    if (known === undefined || known.first_sequence < row.first_sequence) this.#rows.set(row.position, row);
    return 'sound';
  }
}

// The columns' indices are those of `batchColumns`.
const firstSequenceColumn = 1;
const checksumColumn = 6;
const answersColumn = 7;
const recordsColumn = 8;
const nothing = Buffer.alloc(0);

/** An INTEGER PRIMARY KEY is the rowid, and NULL in the record (§ 2.3 "Representation Of SQL Tables"). */
function isBatch({ types }: RecordLayout): boolean {
  const answers = types[answersColumn];
  return isNull(types[0]) && isBlob(types[recordsColumn]) && (isNull(answers) || isBlob(answers));
}

function isSame(known: BatchRow, { local }: Cell, layout: RecordLayout): boolean {
  return (
    integerOf(local, layout, checksumColumn) === known.checksum &&
    integerOf(local, layout, firstSequenceColumn) === known.first_sequence &&
    layout.offsets[recordsColumn + 1]! - layout.offsets[recordsColumn]! === known.records.length
  );
}

function leafRowOf({ rowid, local }: Cell, layout: RecordLayout): BatchRow | undefined {
  const first_sequence = integerOf(local, layout, firstSequenceColumn);
  const count = integerOf(local, layout, 2);
  const taken_at_ms = integerOf(local, layout, 3);
  const age_at_ms = integerOf(local, layout, 4);
  const encoding = integerOf(local, layout, 5);
  const checksum = integerOf(local, layout, checksumColumn);
  if (first_sequence === undefined || count === undefined || taken_at_ms === undefined) return undefined;
  if (age_at_ms === undefined || encoding === undefined || checksum === undefined) return undefined;
  const numbers = { position: rowid, first_sequence, count, taken_at_ms, age_at_ms, encoding, checksum };
  return { ...numbers, answers: null, records: nothing };
}

function rowOf({ row, layout }: Candidate, payload: Buffer): BatchRow {
  return {
    ...row,
    answers: isNull(layout.types[answersColumn]) ? null : bytesAt(payload, layout, answersColumn),
    records: bytesAt(payload, layout, recordsColumn),
  };
}
