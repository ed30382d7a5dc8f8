export type Range = readonly [from: number, to: number];

/** So much of the height stays free above and below. */
const air = 0.08;
/** A range is made smaller only when what is shown takes up less of it. */
const shrinkBelow = 0.45;
/** Lines are taken in when they are not further away than so many times what the values span. */
const reach = 1.5;

/**
 * The range of an axis that holds still: it grows when a value would be outside, and shrinks only when much of it is empty.
 *
 * @param now what is shown; undefined: nothing yet
 * @param lines thresholds, taken in where they are near
 */
export function stickyRange(now: Range | undefined, min: number, max: number, lines: readonly number[] = []): Range {
  if (!Number.isFinite(min) || !Number.isFinite(max)) return now ?? [0, 1];
  const span = max - min || Math.abs(max) * 0.1 || 1;
  let low = min;
  let high = max;
  for (const line of lines) {
    if (line < min - reach * span || line > max + reach * span) continue;
    low = Math.min(low, line);
    high = Math.max(high, line);
  }
  const isInside = now !== undefined && low >= now[0] && high <= now[1];
  if (isInside && high - low >= (now[1] - now[0]) * shrinkBelow) return now;
  // What never changes is in the middle of something.
  const half = high === low ? span / 2 : (high - low) * air;
  const fresh: Range = [low - half, high + half];
  if (isInside && high === low && fresh[1] - fresh[0] >= (now[1] - now[0]) * shrinkBelow) return now;
  // Percentages, counts and the like don't look below zero.
  return low >= 0 && fresh[0] < 0 ? [0, fresh[1]] : fresh;
}
