import { statfsSync } from 'node:fs';

/** Small segments cost files, large ones make what is dropped at once a large part of a small budget. */
const segmentsPerBudget = 16;
const minSegmentBytes = 64 * 1024;

/** What the buffer may take when nobody says: half of its file system, the other half is for whoever else lives there. */
export function usualBudget(directory: string): number {
  const { blocks, bsize } = statfsSync(directory);
  return (blocks * bsize) / 2;
}

/** Size at which segments are sealed. @param usual unless the budget, in bytes, is so small that they would be most of it */
export function segmentBytesFor(budget: number, usual: number): number {
  return Math.max(minSegmentBytes, Math.min(usual, budget / segmentsPerBudget));
}
