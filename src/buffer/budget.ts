import { statfsSync } from 'node:fs';

/** Small segments cost files, large ones make what is dropped at once a large part of a small budget. */
const segmentsPerBudget = 16;
const minSegmentBytes = 64 * 1024;

/** What the buffer may take when nobody says: half of its file system, the other half is for whoever else lives there. */
export function usualBudget(directory: string): number {
  const { blocks, bsize } = statfsSync(directory);
  return (blocks * bsize) / 2;
}

/** What the disk of a directory has left for this user, in bytes; 0 where it does not tell. */
export function freeBytesOf(directory: string): number {
  try {
    const { bavail, bsize } = statfsSync(directory);
    return bavail * bsize;
  } catch {
    // A disk that does not even answer that has no room.
    return 0;
  }
}

/** Size at which segments are sealed. @param usual unless the budget, in bytes, is so small that they would be most of it */
export function segmentBytesFor(budget: number, usual: number): number {
  return Math.max(minSegmentBytes, Math.min(usual, budget / segmentsPerBudget));
}
