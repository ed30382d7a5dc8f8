const headerBytes = 32;
const frameHeaderBytes = 24;
const magic = 0x377f0682;

/**
 * Whether SQLite will see all that a write-ahead log holds: every frame that belongs to it has the right checksum. SQLite
 * stops at the first that does not, and forgets what comes behind it; a log whose end was merely not written yet is sound.
 * https://sqlite.org/fileformat2.html § 4.1, 4.2
 */
export function isWalSound(wal: Uint8Array): boolean {
  if (wal.length === 0) return true;
  if (wal.length < headerBytes) return false;
  const view = new DataView(wal.buffer, wal.byteOffset, wal.byteLength);
  const marker = view.getUint32(0);
  if ((marker & ~1) >>> 0 !== magic) return false;
  // The low bit of the magic tells in which order the checksum reads its words.
  const isLittle = (marker & 1) === 0;
  const pageSize = view.getUint32(8);
  if (pageSize < 512 || pageSize > 65536 || (pageSize & (pageSize - 1)) !== 0) return false;
  let sums = checksum(view, 0, 24, [0, 0], isLittle);
  if (sums[0] !== view.getUint32(24) || sums[1] !== view.getUint32(28)) return false;
  const frameBytes = frameHeaderBytes + pageSize;
  for (let at = headerBytes; at + frameBytes <= wal.length; at += frameBytes) {
    // Another log's frames, left over from before: this one's end.
    if (view.getUint32(at + 8) !== view.getUint32(16) || view.getUint32(at + 12) !== view.getUint32(20)) return false;
    sums = checksum(view, at, 8, sums, isLittle);
    sums = checksum(view, at + frameHeaderBytes, pageSize, sums, isLittle);
    if (sums[0] !== view.getUint32(at + 16) || sums[1] !== view.getUint32(at + 20)) return false;
  }
  return true;
}

/** Whether a sound log holds a whole transaction: the last frame of each says how large the database is then. */
export function hasCommit(wal: Uint8Array): boolean {
  if (wal.length < headerBytes) return false;
  const view = new DataView(wal.buffer, wal.byteOffset, wal.byteLength);
  const frameBytes = frameHeaderBytes + view.getUint32(8);
  for (let at = headerBytes; at + frameBytes <= wal.length; at += frameBytes)
    if (view.getUint32(at + 4) > 0) return true;
  return false;
}

type Sums = readonly [number, number];

function checksum(view: DataView, from: number, length: number, [first, second]: Sums, isLittle: boolean): Sums {
  let s0 = first;
  let s1 = second;
  for (let at = from; at < from + length; at += 8) {
    s0 = (s0 + view.getUint32(at, isLittle) + s1) >>> 0;
    s1 = (s1 + view.getUint32(at + 4, isLittle) + s0) >>> 0;
  }
  return [s0, s1];
}
