import { longestSpan } from './gaps.ts';
import type { Track } from './track.ts';

/** A state that held for a while. */
export interface Segment {
  readonly fromMs: number;
  readonly toMs: number;
  /** As the track has it: 0, 1 or between for a boolean, a label's number for a text. */
  readonly value: number;
}

/** The quantile of spans that is usual for states: they are told when they change, some also now and then. */
const usual = 0.9;

/**
 * What a strip shows: neighbours of one value are one. A state holds until the next one, or until it is too long that nothing was
 * heard.
 *
 * @param toMs the last one holds until then
 */
export function segmentsOf({ times, avg, widthMs }: Track, toMs: number): Segment[] {
  const spanMs = longestSpan(times, widthMs, usual);
  const segments: { fromMs: number; toMs: number; value: number }[] = [];
  for (let i = 0; i < times.length; i++) {
    const fromMs = times[i] as number;
    const next = times[i + 1] ?? Math.max(toMs, fromMs);
    const endMs = next - fromMs > spanMs ? fromMs + spanMs / 3 : next;
    const value = avg[i] as number;
    const last = segments.at(-1);
    if (last !== undefined && last.value === value && last.toMs === fromMs) last.toMs = endMs;
    else segments.push({ fromMs, toMs: endMs, value });
  }
  return segments;
}
