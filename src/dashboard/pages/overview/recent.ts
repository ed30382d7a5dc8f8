/** A line of the last minutes, as small tiles show it. */
export interface Recent {
  readonly times: readonly number[];
  readonly values: readonly number[];
}

export const noRecent: Recent = { times: [], values: [] };

/** The line with a value more; what is older than its span goes. Of values that come within `apartMs` the newest counts. */
export function withValue(line: Recent, atMs: number, value: number, spanMs: number, apartMs = 0): Recent {
  const last = line.times.at(-1);
  if (last !== undefined && atMs < last) return line;
  const isSame = last !== undefined && atMs - last < apartMs && line.times.length > 1;
  const keep = isSame ? line.times.length - 1 : line.times.length;
  let from = 0;
  while (from < keep && (line.times[from] ?? 0) < atMs - spanMs) from++;
  // The time of the first of those that count as one, or the line would never get on.
  const time = isSame ? (last ?? atMs) : atMs;
  return { times: [...line.times.slice(from, keep), time], values: [...line.values.slice(from, keep), value] };
}
