import { pageBytes } from './leaf-page.ts';
import { pageAt, readFrames } from './wal-frames.ts';

/** What a page held at some moment. */
export interface PageImage {
  readonly number: number;
  /** Views of the input, `pageBytes` long. */
  readonly bytes: Buffer;
  /** When it was written: 0 in the database file, then the log's frames from 1 on. */
  readonly order: number;
  /** The order that its transaction ends with: pages that belong to it were written by then. */
  readonly asOf: number;
  /** `proven` by a frame's checksum; `doubtful` when that does not fit; a page of the database file has none: `plain`. */
  readonly trust: 'proven' | 'plain' | 'doubtful';
}

/** Images of one page that are tried, from the moment in question backwards. */
const maxOlder = 6;

/** All that two files still hold of a segment's pages, damaged or not. */
export class PageImages {
  /** Oldest first: the database file's by page number, then the log's. */
  readonly all: readonly PageImage[];
  readonly #byNumber: ReadonlyMap<number, readonly PageImage[]>;

  constructor(all: readonly PageImage[], byNumber: ReadonlyMap<number, readonly PageImage[]>) {
    this.all = all;
    this.#byNumber = byNumber;
  }

  /** The page as a reader saw it then: the newest image that was there; undefined when none is known. */
  at(number: number, asOf: number): PageImage | undefined {
    const images = this.#byNumber.get(number);
    if (images === undefined) return undefined;
    return images[indexAt(images, asOf)];
  }

  /** What the page may have held then, the likeliest first, each content once. */
  candidates(number: number, asOf: number): readonly PageImage[] {
    const images = this.#byNumber.get(number) ?? [];
    if (images.length <= 1) return images;
    const index = indexAt(images, asOf);
    const before = images.slice(Math.max(0, index + 1 - maxOlder), index + 1).reverse();
    // The database file has one at the most, and it is the oldest.
    const plain = images.slice(0, 1).filter(({ trust }) => trust === 'plain');
    // A frame that is as it was written comes before a page that nothing vouches for, and that before a damaged frame.
    const likeliest = before.filter(({ trust }) => trust === 'proven').slice(0, 1);
    const distinct: PageImage[] = [];
    for (const image of [...likeliest, ...plain, ...before, ...images.slice(-1)]) {
      if (!distinct.some(({ bytes }) => bytes.equals(image.bytes))) distinct.push(image);
    }
    return distinct;
  }
}

/** Finds every page image in a database file and its write-ahead log; either may be missing. */
export function collectPages(database: Uint8Array | undefined, wal: Uint8Array | undefined): PageImages {
  const all: PageImage[] = [];
  if (database !== undefined) {
    const file = bufferOf(database);
    for (let at = 0; at < file.length; at += pageBytes) {
      all.push({ number: at / pageBytes + 1, bytes: pageAt(file, at), order: 0, asOf: 0, trust: 'plain' });
    }
  }
  const frames = wal === undefined ? [] : readFrames(bufferOf(wal));
  const ends = transactionEnds(frames);
  for (const [index, { page, bytes, isVerified }] of frames.entries()) {
    const trust = isVerified ? 'proven' : 'doubtful';
    all.push({ number: page, bytes, order: index + 1, asOf: ends[index]!, trust });
  }
  return new PageImages(
    all,
    Map.groupBy(all, ({ number }) => number),
  );
}

/** For each frame, the order of the one that ends its transaction; infinity for what was never committed. */
function transactionEnds(frames: readonly { readonly isCommit: boolean }[]): number[] {
  const ends: number[] = new Array(frames.length);
  let end = Number.POSITIVE_INFINITY;
  for (let i = frames.length - 1; i >= 0; i--) {
    if (frames[i]!.isCommit) end = i + 1;
    ends[i] = end;
  }
  return ends;
}

/** Index of the newest image written by then; -1 when all are newer. */
function indexAt(images: readonly PageImage[], asOf: number): number {
  let low = 0;
  let high = images.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (images[middle]!.order <= asOf) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}

function bufferOf(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
