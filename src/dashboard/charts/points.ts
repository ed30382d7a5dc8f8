import { longestSpan } from './gaps.ts';
import { indexFor, type Track } from './track.ts';
import type { Span } from './windows.ts';

/** What a series is at a time. */
export interface Point {
  readonly timeMs: number;
  readonly avg: number;
  readonly min: number;
  readonly max: number;
}

/** The point that is nearest to a time; undefined where there is a gap. A state holds from its point on. */
export function pointAt(track: Track, ms: number): Point | undefined {
  const { times, kind, widthMs } = track;
  const after = indexFor(times, ms);
  const isState = kind !== 'number';
  const isNext = times[after] === ms || (!isState && closer(times[after], times[after - 1], ms));
  const at = isNext ? after : after - 1;
  const time = times[at];
  if (time === undefined) return undefined;
  const spanMs = longestSpan(times, widthMs, isState ? 0.9 : 0.5);
  if (Math.abs(ms - time) > spanMs) return undefined;
  return { timeMs: time, avg: track.avg[at] as number, min: track.min[at] as number, max: track.max[at] as number };
}

function closer(after: number | undefined, before: number | undefined, ms: number): boolean {
  if (after === undefined) return false;
  return before === undefined || after - ms < ms - before;
}

/** The next time at which any series has a point, `step` of them later or earlier; the last one there is. */
export function stepFrom(
  tracks: readonly Track[],
  { fromMs, toMs }: Span,
  ms: number | undefined,
  step: number,
): number {
  const all = [...new Set(tracks.flatMap(({ times }) => times))].filter((time) => time >= fromMs && time <= toMs);
  all.sort((a, b) => a - b);
  if (all.length === 0) return ms ?? toMs;
  const at = ms === undefined ? (step > 0 ? -1 : all.length) : indexFor(all, ms);
  // Between two points, the next one is already a step.
  const isBetween = ms !== undefined && all[at] !== ms && step > 0;
  const to = Math.min(all.length - 1, Math.max(0, at + step - (isBetween ? 1 : 0)));
  return all[to] as number;
}

/** One row of a chart's table: of each series what it was in that part of the span. */
export interface Row {
  readonly timeMs: number;
  readonly cells: readonly (Point | undefined)[];
}

const steps = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1_800, 3_600, 7_200, 14_400, 28_800, 43_200, 86_400];

/** The whole span in so many rows at the most, the newest first. Rows stay the same when time goes on. */
export function rowsOf(tracks: readonly Track[], { fromMs, toMs }: Span, maxRows = 60): Row[] {
  const wanted = (toMs - fromMs) / maxRows / 1_000;
  const stepMs = (steps.find((one) => one >= wanted) ?? 86_400) * 1_000;
  const rows = new Map<number, (Point | undefined)[]>();
  for (const [n, track] of tracks.entries()) {
    const sums = new Map<number, { sum: number; count: number; min: number; max: number }>();
    for (let i = indexFor(track.times, fromMs); i < track.times.length; i++) {
      const time = track.times[i] as number;
      if (time > toMs) break;
      const start = Math.floor(time / stepMs) * stepMs;
      const avg = track.avg[i] as number;
      const before = sums.get(start);
      // Texts have no average: the newest counts.
      if (before === undefined || track.kind === 'text') {
        sums.set(start, { sum: avg, count: 1, min: track.min[i] as number, max: track.max[i] as number });
        continue;
      }
      before.sum += avg;
      before.count++;
      before.min = Math.min(before.min, track.min[i] as number);
      before.max = Math.max(before.max, track.max[i] as number);
    }
    for (const [start, { sum, count, min, max }] of sums) {
      const cells = rows.get(start) ?? new Array<Point | undefined>(tracks.length).fill(undefined);
      cells[n] = { timeMs: start, avg: sum / count, min, max };
      rows.set(start, cells);
    }
  }
  return [...rows].sort(([a], [b]) => b - a).map(([timeMs, cells]) => ({ timeMs, cells }));
}
