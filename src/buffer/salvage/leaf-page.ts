/** A segment's page size. Fixed: a header that says otherwise is damaged, and all would be lost by believing it. */
export const pageBytes = 4096;
/** What an overflow page carries: all but the number of the next one. */
export const overflowBytes = pageBytes - 4;

/** An entry of a table's leaf page: a row. */
export interface Cell {
  readonly rowid: number;
  /** The whole payload, overflow pages included. */
  readonly payloadBytes: number;
  /** The part of it that lies on the leaf page. */
  readonly local: Buffer;
  /** Number of the page where it goes on; 0 when `local` is all. */
  readonly overflow: number;
  /** What the cell takes up on its page. */
  readonly cellBytes: number;
}

/*
 * https://sqlite.org/fileformat2.html § 1.6 "B-tree Pages". Nothing is said of page 1, whose own header lies behind
 * the file's: the only leaf there is the schema's.
 */
const leafType = 0x0d;
const pageHeaderBytes = 8;
const pageHeader = { cells: 3, contentStart: 5 };
/** The shortest row that we look for is longer. */
const minCellBytes = 6;
/** The header of a row of `batches`, for {@link searchCells}: its length and at least nine types, the blobs' up to four bytes. */
const headerBytes = { min: 10, max: 32 };
/** § 1.6: payloads up to `maxLocal` stay on the page; of larger ones at least `minLocal` does. No reserved bytes. */
const maxLocal = pageBytes - 35;
const minLocal = Math.floor(((pageBytes - 12) * 32) / 255) - 23;

/** Whether this may be a leaf of a table. An overflow page can't be taken for one: it begins with a page number. */
export function isLeaf(page: Buffer): boolean {
  return page[0] === leafType;
}

/** The cells that a leaf's pointers lead to, as far as they can be made out. */
export function* cellsOf(page: Buffer): Generator<Cell> {
  const count = page.readUInt16BE(pageHeader.cells);
  const pointersEnd = Math.min(pageHeaderBytes + 2 * count, pageBytes);
  let bytes = 0;
  for (let at = pageHeaderBytes; at + 2 <= pointersEnd; at += 2) {
    const cell = cellAt(page, page.readUInt16BE(at));
    if (cell === undefined) continue;
    bytes += cell.cellBytes;
    // Cells that overlap are damage or malice: they must not be made out as often as there are pointers.
    if (bytes > pageBytes) return;
    yield cell;
  }
}

/** Whether cells of so many bytes are all that a leaf holds to which rows were only ever added. */
export function isFilledBy(page: Buffer, bytes: number): boolean {
  return page.readUInt16BE(pageHeader.contentStart) === pageBytes - bytes;
}

/**
 * The offsets of a leaf where a row may begin whose first column is the rowid, for when its pointers can't be trusted.
 * @param bytesOfRow how long the row there is, behind which the search goes on; undefined when there is none
 */
export function searchCells(page: Buffer, bytesOfRow: (cell: Cell) => number | undefined): void {
  for (let at = pageHeaderBytes; at <= pageBytes - minCellBytes; ) {
    // Quick first, as it is asked of each byte: behind two varints comes a short header whose first type is NULL.
    const recordAt = at + varintBytes(page, at) + varintBytes(page, at + varintBytes(page, at));
    const length = page[recordAt]!;
    const isLikely = length >= headerBytes.min && length <= headerBytes.max && page[recordAt + 1] === 0;
    const cell = isLikely ? cellAt(page, at) : undefined;
    at += (cell && bytesOfRow(cell)) ?? 1;
  }
}

/** The cell at an offset of a leaf; undefined when there can't be one. § 1.6, "Table B-Tree Leaf Cell". */
export function cellAt(page: Buffer, offset: number): Cell | undefined {
  if (offset < pageHeaderBytes || offset > pageBytes - minCellBytes) return undefined;
  const payloadBytes = readVarint(page, offset);
  if (payloadBytes === undefined) return undefined;
  const rowidAt = offset + varintBytes(page, offset);
  const rowid = readVarint(page, rowidAt);
  if (rowid === undefined) return undefined;
  const localAt = rowidAt + varintBytes(page, rowidAt);
  const localBytes = localBytesOf(payloadBytes);
  const isSpilled = localBytes < payloadBytes;
  const end = localAt + localBytes + (isSpilled ? 4 : 0);
  if (end > pageBytes) return undefined;
  return {
    rowid,
    payloadBytes,
    local: page.subarray(localAt, localAt + localBytes),
    overflow: isSpilled ? page.readUInt32BE(localAt + localBytes) : 0,
    cellBytes: end - offset,
  };
}

function localBytesOf(payloadBytes: number): number {
  if (payloadBytes <= maxLocal) return payloadBytes;
  const local = minLocal + ((payloadBytes - minLocal) % overflowBytes);
  return local <= maxLocal ? local : minLocal;
}

/** § 1.6, "variable-length integer": big-endian, seven bits a byte; undefined when cut off, negative or beyond 2^53. */
export function readVarint(bytes: Buffer, at: number): number | undefined {
  let value = 0;
  for (let i = at; i < at + 8; i++) {
    const byte = bytes[i];
    if (byte === undefined) return undefined;
    value = value * 128 + (byte & 0x7f);
    if (byte < 0x80) return Number.isSafeInteger(value) ? value : undefined;
  }
  return undefined;
}

/** How long the varint there is: 1 to 9. */
export function varintBytes(bytes: Buffer, at: number): number {
  let size = 1;
  while (bytes[at + size - 1]! >= 0x80 && size < 9) size++;
  return size;
}
