import './chart.css';
import { gapsIn, longestSpan } from './gaps.ts';

const width = 96;
const height = 24;

/**
 * A small line without axes, for lists and tiles. Decoration: the value itself stands beside it.
 *
 * @param times in ms, ascending; as many as values
 * @param span what the width stands for; undefined: from the first to the last
 */
export function Sparkline({
  times,
  values,
  span,
}: {
  readonly times: readonly number[];
  readonly values: readonly number[];
  readonly span?: { readonly fromMs: number; readonly toMs: number };
}) {
  return (
    <svg class="sparkline" viewBox={`0 0 ${width} ${height}`} preserveAspectRatio="none" aria-hidden="true">
      <path
        d={sparkPath(times, values, span)}
        fill="none"
        stroke="currentColor"
        stroke-width="1.5"
        stroke-linejoin="round"
        stroke-linecap="round"
        vector-effect="non-scaling-stroke"
      />
    </svg>
  );
}

/** Its path; the line ends where there is a gap. */
function sparkPath(
  times: readonly number[],
  values: readonly number[],
  span: { readonly fromMs: number; readonly toMs: number } | undefined,
): string {
  const fromMs = span?.fromMs ?? times[0] ?? 0;
  const toMs = span?.toMs ?? times.at(-1) ?? 1;
  const gaps = gapsIn(times, longestSpan(times, 0));
  let min = Number.POSITIVE_INFINITY;
  let max = Number.NEGATIVE_INFINITY;
  for (const value of values) {
    min = Math.min(min, value);
    max = Math.max(max, value);
  }
  let path = '';
  let gap = 0;
  let isNew = true;
  for (const [i, time] of times.entries()) {
    const value = values[i];
    if (value === undefined || !Number.isFinite(value)) continue;
    while ((gaps[gap] ?? Number.POSITIVE_INFINITY) < time) {
      gap++;
      isNew = true;
    }
    const x = ((time - fromMs) / (toMs - fromMs || 1)) * width;
    const y = max === min ? height / 2 : height - 2 - ((value - min) / (max - min)) * (height - 4);
    // A point alone is a dot.
    path += isNew ? `M${x.toFixed(1)} ${y.toFixed(1)}h.1` : `L${x.toFixed(1)} ${y.toFixed(1)}`;
    isNew = false;
  }
  return path;
}
