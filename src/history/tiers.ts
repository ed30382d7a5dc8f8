import type { UnixMs } from '../core/time.ts';

export const tierNames = ['10s', '1m', '15m', '1h'] as const;
export type TierName = (typeof tierNames)[number];

/** Buckets of one width. */
export interface Tier {
  readonly name: TierName;
  readonly widthMs: number;
  /** A series' buckets of so long lie in one row on disk. */
  readonly blockMs: number;
}

const second = 1_000;
const minute = 60 * second;
const hour = 60 * minute;
const day = 24 * hour;

/** From fine to coarse. Each is made of the one before it, so that each width divides the next. */
export const tiers: readonly [Tier, Tier, Tier, Tier] = [
  { name: '10s', widthMs: 10 * second, blockMs: hour },
  { name: '1m', widthMs: minute, blockMs: hour },
  { name: '15m', widthMs: 15 * minute, blockMs: day },
  { name: '1h', widthMs: hour, blockMs: 16 * day },
];
export const finestMs = tiers[0].widthMs;

/** Widths that people think in. */
const widthsMs: readonly number[] = [
  ...[10, 20, 30].map((n) => n * second),
  ...[1, 2, 3, 5, 10, 15, 30].map((n) => n * minute),
  ...[1, 2, 3, 4, 6, 12].map((n) => n * hour),
  ...[1, 2, 3, 5, 10, 20, 30, 60, 90, 180, 365].map((n) => n * day),
];

/** The coarsest tier of whose buckets those of a width can be made. @returns its index */
export function tierOf(widthMs: number): number {
  return tiers.findLastIndex((tier) => widthMs % tier.widthMs === 0);
}

/** How many buckets of a width a window touches. */
export function bucketsIn(fromMs: UnixMs, toMs: UnixMs, widthMs: number): number {
  return Math.ceil(toMs / widthMs) - Math.floor(fromMs / widthMs);
}

/**
 * The narrowest width that cuts a window into so many buckets at the most, and of whose tier the window's begin is still kept;
 * when none goes back so far, the narrowest of the tier that is kept longest.
 *
 * @param keepMs of each tier
 */
export function widthFor(
  fromMs: UnixMs,
  toMs: UnixMs,
  maxPoints: number,
  nowMs: UnixMs,
  keepMs: readonly number[],
): number {
  const fits = widthsMs.filter((width) => bucketsIn(fromMs, toMs, width) <= maxPoints);
  const reach = (width: number): number => keepMs[tierOf(width)]!;
  const longest = Math.max(...fits.map(reach));
  const wanted = Math.min(nowMs - fromMs, longest);
  return fits.find((width) => reach(width) >= wanted) ?? widthsMs.at(-1)!;
}
