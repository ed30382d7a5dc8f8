const minute = 60_000;
const hour = 60 * minute;
const day = 24 * hour;

/** What can be chosen, in ms. */
export const windows = [5 * minute, 15 * minute, hour, 6 * hour, day, 7 * day, 30 * day] as const;

/** A span of time, in ms since 1970. */
export interface Span {
  readonly fromMs: number;
  readonly toMs: number;
}

const shortestMs = 5_000;
const mostPoints = 2_000;
const fewestPoints = 50;

/** One point for two CSS pixels: more can't be seen. */
export function pointsFor(widthPx: number): number {
  return Math.min(mostPoints, Math.max(fewestPoints, Math.floor(widthPx / 2)));
}

/** A span made shorter (factor < 1) or longer around a time of it, from 5 s to 30 d, that does not end after `nowMs`. */
export function zoomed({ fromMs, toMs }: Span, factor: number, aroundMs: number, nowMs: number): Span {
  const span = Math.min(30 * day, Math.max(shortestMs, (toMs - fromMs) * factor));
  const share = (aroundMs - fromMs) / (toMs - fromMs);
  return moved({ fromMs: aroundMs - span * share, toMs: aroundMs + span * (1 - share) }, 0, nowMs);
}

/** The same span later or earlier, but not after `nowMs`. */
export function moved({ fromMs, toMs }: Span, byMs: number, nowMs: number): Span {
  const by = Math.min(byMs, nowMs - toMs);
  return { fromMs: fromMs + by, toMs: toMs + by };
}
