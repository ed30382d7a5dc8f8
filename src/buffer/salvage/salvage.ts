import type { BatchRow } from '../row.ts';
import { BatchFinder } from './batch-finder.ts';
import { cellsOf, isFilledBy, isLeaf, searchCells } from './leaf-page.ts';
import { OverflowChains } from './overflow-chains.ts';
import { collectPages, type PageImage } from './page-images.ts';
import { layoutOf } from './record-format.ts';
import { type SegmentText, TextFinder } from './text-finder.ts';

/** What could be read out of a segment. */
export interface Salvaged {
  /**
   * Every batch whose checksum fits, by position, without overlaps. Their bytes may be views of the input: they hold as
   * long as it is not written to, and can't be transferred.
   */
  readonly rows: BatchRow[];
  /** Texts of `state`, valid JSON, at most 16: the newest that is not known to be damaged last. */
  readonly states: string[];
  /** The same of `meta`. */
  readonly metas: string[];
  /** Rows of `segments`, the newest of each, by number. */
  readonly segments: SegmentText[];
}

/** Leaves without trustworthy pointers that are searched byte by byte. */
const maxSearches = 1024;

/**
 * Reads every undamaged batch out of a segment, past whatever has happened to it: neither file has to be there, no header
 * or tree has to be right, only the pages of the batch itself. It knows SQLite's file format and goes through all page
 * images of both files. It never throws, and time and memory are bounded by the input's size.
 *
 * @param database the database file's content
 * @param wal its write-ahead log's
 */
export function salvage(database: Uint8Array | undefined, wal: Uint8Array | undefined): Salvaged {
  const images = collectPages(database, wal);
  const chains = new OverflowChains(images);
  const batches = new BatchFinder(chains);
  const texts = new TextFinder(chains);
  let searches = 0;
  // Newest first: most of what older images hold is then known already.
  for (const image of images.all.toReversed()) {
    if (!isLeaf(image.bytes)) continue;
    const bytes = offerCells(image, batches, texts);
    if (image.trust === 'proven' || isFilledBy(image.bytes, bytes) || searches >= maxSearches) continue;
    searches++;
    searchForBatches(image, batches);
  }
  batches.solve();
  return { rows: batches.rows(), states: texts.states, metas: texts.metas, segments: texts.segments };
}

/** @returns bytes of the cells that were what they should be */
function offerCells(image: PageImage, batches: BatchFinder, texts: TextFinder): number {
  let bytes = 0;
  for (const cell of cellsOf(image.bytes)) {
    const layout = layoutOf(cell);
    if (layout === undefined) continue;
    const found = batches.offer(cell, layout, image.asOf);
    if (found !== 'other' || texts.offer(cell, layout, image)) bytes += cell.cellBytes;
  }
  return bytes;
}

/** The page's own pointers have left rows out, or lead astray. */
function searchForBatches(image: PageImage, batches: BatchFinder): void {
  searchCells(image.bytes, (cell) => {
    const layout = layoutOf(cell);
    const isSound = layout !== undefined && batches.offer(cell, layout, image.asOf) === 'sound';
    return isSound ? cell.cellBytes : undefined;
  });
}
