import { pageBytes } from './leaf-page.ts';

/** A page as a write-ahead log holds it (https://sqlite.org/fileformat2.html § 4.1 "WAL File Format"). */
export interface Frame {
  /** Page number, 1 to 2^32 - 1. */
  readonly page: number;
  /** It ends a transaction. */
  readonly isCommit: boolean;
  /** Its checksum fits it and the frame before it: not a bit of it has changed. */
  readonly isVerified: boolean;
  /** A view of the log, `pageBytes` long. */
  readonly bytes: Buffer;
}

const walHeaderBytes = 32;
const frameHeaderBytes = 24;
const frameBytes = frameHeaderBytes + pageBytes;
/** Offsets within the log's header, and within a frame's. */
const walHeader = { salts: 16, checksum: 24 };
const frameHeader = { page: 0, pagesAfterCommit: 4, salts: 8, checksum: 16 };
/** Places where bytes are missing or too many. Real damage has few; a log made to waste our time has more. */
const maxResyncs = 64;

/**
 * Every frame of a write-ahead log, in its order, whole or not. SQLite itself stops at the first frame whose salts or
 * checksum do not fit; what lies behind is as good as what lies before, and each batch has a checksum of its own.
 * The log's header is not needed. Where frames are not where they should be, because bytes were lost or put in, the
 * salts that all frames of a log share tell where the next one begins.
 */
export function readFrames(wal: Buffer): Frame[] {
  const frames: Frame[] = [];
  const sum = frameSum();
  const salts = sharedSalts(wal, sum);
  let checksumBeforeAt = walHeader.checksum;
  let resyncs = 0;
  // The last frame with the right salts, and the next one behind it that a search has found.
  let anchor = 0;
  let next = 0;
  for (let at = walHeaderBytes; ; ) {
    if (!hasSalts(wal, at, salts) && resyncs < maxResyncs) {
      if (next <= anchor) next = findSalts(wal, anchor + frameHeaderBytes, salts);
      if (next < at) {
        at = next;
        resyncs++;
      }
    }
    if (at + frameHeaderBytes >= wal.length) return frames;
    const bytes = pageAt(wal, at + frameHeaderBytes);
    const page = wal.readUInt32BE(at + frameHeader.page);
    if (page !== 0) {
      const isCommit = wal.readUInt32BE(at + frameHeader.pagesAfterCommit) !== 0;
      const isWhole = at + frameBytes <= wal.length;
      frames.push({ page, isCommit, isVerified: isWhole && sum.fits(wal, at, checksumBeforeAt), bytes });
    }
    if (hasSalts(wal, at, salts)) anchor = at;
    checksumBeforeAt = at + frameHeader.checksum;
    at += frameBytes;
  }
}

/** The page at `at`; one that the end of the file cuts off is filled up with zeros, for what is left of it. */
export function pageAt(file: Buffer, at: number): Buffer {
  if (at + pageBytes <= file.length) return file.subarray(at, at + pageBytes);
  const page = Buffer.alloc(pageBytes);
  file.copy(page, 0, at);
  return page;
}

function hasSalts(wal: Buffer, at: number, salts: bigint): boolean {
  const saltsAt = at + frameHeader.salts;
  return saltsAt + 8 <= wal.length && wal.readBigUInt64BE(saltsAt) === salts;
}

/** Where the first frame with these salts at or behind `from` begins; infinity when there is none. */
function findSalts(wal: Buffer, from: number, salts: bigint): number {
  const found = wal.indexOf(bytesOf(salts), from + frameHeader.salts);
  return found === -1 ? Number.POSITIVE_INFINITY : found - frameHeader.salts;
}

function bytesOf(salts: bigint): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64BE(salts);
  return bytes;
}

/**
 * The salts that the log's frames share: those of two frames that are known to be whole. They can't be put to the vote
 * among all frames: where bytes were put in, what lies in their place may be more alike than they are.
 */
function sharedSalts(wal: Buffer, sum: FrameSum): bigint {
  if (wal.length < walHeaderBytes) return 0n;
  const seen = new Set<bigint>();
  let checksumBeforeAt = walHeader.checksum;
  for (let at = walHeaderBytes; at + frameBytes <= wal.length; at += frameBytes) {
    const isVerified = sum.fits(wal, at, checksumBeforeAt);
    checksumBeforeAt = at + frameHeader.checksum;
    // Zeros fit one another, and no frame is of page 0.
    if (!isVerified || wal.readUInt32BE(at + frameHeader.page) === 0) continue;
    // The checksum says nothing of the salts themselves.
    const salts = wal.readBigUInt64BE(at + frameHeader.salts);
    if (seen.has(salts)) return salts;
    seen.add(salts);
  }
  // Bytes are missing near the beginning: salts that are right are found somewhere else too.
  const candidates = [wal.readBigUInt64BE(walHeader.salts), ...seen].filter((salts) => salts !== 0n);
  return candidates.find((salts) => wal.indexOf(bytesOf(salts)) !== wal.lastIndexOf(bytesOf(salts))) ?? 0n;
}

interface FrameSum {
  /** @param checksumBeforeAt where the checksum of the frame before lies */
  fits(wal: Buffer, at: number, checksumBeforeAt: number): boolean;
}

/**
 * A frame's checksum goes on from that of the frame before it, which is stored in that one's header: so each frame can
 * be checked by itself (§ 4.2 "Checksum Algorithm"). Words are little-endian, as the machines are that write segments.
 */
function frameSum(): FrameSum {
  const frame = Buffer.from(new ArrayBuffer(frameBytes));
  const words = new Int32Array(frame.buffer);
  const pageStart = frameHeaderBytes / 4;
  return {
    fits(wal: Buffer, at: number, checksumBeforeAt: number): boolean {
      wal.copy(frame, 0, at, at + frameBytes);
      let a = wal.readInt32BE(checksumBeforeAt);
      let b = wal.readInt32BE(checksumBeforeAt + 4);
      a = (a + words[0]! + b) | 0;
      b = (b + words[1]! + a) | 0;
      for (let i = pageStart; i < words.length; i += 2) {
        a = (a + words[i]! + b) | 0;
        b = (b + words[i + 1]! + a) | 0;
      }
      return a === frame.readInt32BE(frameHeader.checksum) && b === frame.readInt32BE(frameHeader.checksum + 4);
    },
  };
}
