/** A span without a point that is so many times the usual one is a gap. */
const gapFactor = 3;
/** The newest so many spans tell what is usual. */
const looked = 200;

/**
 * The longest span in ms between two points across which a line is drawn; infinite as long as nothing can be told.
 *
 * @param widthMs of the buckets: nothing finer can be told. 0: points
 * @param quantile 0.5 for what is sent regularly; higher for what is sent when it changes
 */
export function longestSpan(times: readonly number[], widthMs: number, quantile = 0.5): number {
  const from = Math.max(1, times.length - looked);
  const spans: number[] = [];
  for (let i = from; i < times.length; i++) spans.push((times[i] as number) - (times[i - 1] as number));
  if (spans.length < 2) return Number.POSITIVE_INFINITY;
  spans.sort((a, b) => a - b);
  const usual = spans[Math.floor((spans.length - 1) * quantile)] as number;
  return Math.max(usual, widthMs, 1) * gapFactor;
}

/** A time in the middle of nothing for each gap: there the line ends. Ascending. */
export function gapsIn(times: readonly number[], spanMs: number): number[] {
  const gaps: number[] = [];
  for (let i = 1; i < times.length; i++) {
    const before = times[i - 1] as number;
    const after = times[i] as number;
    if (after - before > spanMs) gaps.push((before + after) / 2);
  }
  return gaps;
}
