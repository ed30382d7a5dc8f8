import type { UnixMs } from '../core/time.ts';

/** Minutes of the day, from `from` up to `to`, which is not in; over midnight when `to` is not above `from`. */
export interface Window {
  readonly from: number;
  readonly to: number;
}

/** When the months of a plan begin: at midnight of this day, 1 to 28, by the clock of this zone (undefined: the system's). */
export interface MonthStart {
  readonly day: number;
  readonly timeZone: string | undefined;
}

const minutesOfDay = 24 * 60;
const dayMs = minutesOfDay * 60_000;

/** `22:00-06:00` as minutes; undefined when it is not of that form. `24:00` may end one. */
export function parseWindow(text: string): Window | undefined {
  const match = /^(\d{2}):(\d{2})-(\d{2}):(\d{2})$/.exec(text);
  if (match === null) return undefined;
  const [fromHour, fromMinute, toHour, toMinute] = match.slice(1).map(Number) as [number, number, number, number];
  if (fromMinute > 59 || toMinute > 59) return undefined;
  const window = { from: fromHour * 60 + fromMinute, to: toHour * 60 + toMinute };
  return window.from < minutesOfDay && window.to <= minutesOfDay ? window : undefined;
}

const formats = new Map<string | undefined, Intl.DateTimeFormat>();

/** What the wall clock of a zone shows, as if it were UTC: milliseconds whose UTC fields are the local ones. */
function localOf(now: UnixMs, timeZone: string | undefined): number {
  let format = formats.get(timeZone);
  if (format === undefined) {
    format = new Intl.DateTimeFormat('en-US', {
      ...(timeZone !== undefined && { timeZone }),
      hourCycle: 'h23',
      year: 'numeric',
      month: 'numeric',
      day: 'numeric',
      hour: 'numeric',
      minute: 'numeric',
      second: 'numeric',
    });
    formats.set(timeZone, format);
  }
  const parts = Object.fromEntries(format.formatToParts(now).map(({ type, value }) => [type, Number(value)]));
  const { year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0 } = parts;
  return Date.UTC(year, month - 1, day, hour, minute, second);
}

/** The instant at which a zone's clock shows `local`, see {@link localOf}. In an hour that is skipped or repeated, one near it. */
function instantOf(local: number, timeZone: string | undefined): UnixMs {
  let instant = local;
  // The zone's offset at a first guess may be another one than at the instant itself.
  for (let turn = 0; turn < 2; turn++) instant = local - (localOf(instant, timeZone) - instant);
  return instant;
}

/**
 * Undefined when one of the windows is open by a zone's clock, else when the next one opens, to the minute. A window that
 * begins in an hour that the zone skips opens when that hour would have been over.
 */
export function untilOpen(now: UnixMs, windows: readonly Window[], timeZone: string | undefined): UnixMs | undefined {
  const local = localOf(now, timeZone);
  const minute = Math.floor((local % dayMs) / 60_000);
  let least = minutesOfDay;
  for (const { from, to } of windows) {
    const isOpen = from < to ? minute >= from && minute < to : minute >= from || minute < to;
    if (isOpen) return undefined;
    least = Math.min(least, (from - minute + minutesOfDay) % minutesOfDay);
  }
  const opens = (Math.floor(local / 60_000) + least) * 60_000;
  // Where the clock is set back there are two such instants, and the earlier may be over.
  return Math.max(instantOf(opens, timeZone), (Math.floor(now / 60_000) + 1) * 60_000);
}

/** The day on which the plan's month began, as `2026-11-01`: it names the month, and sorts by time. */
export function monthOf(now: UnixMs, { day, timeZone }: MonthStart): string {
  return new Date(startOf(now, 0, day, timeZone)).toISOString().slice(0, 10);
}

/** When the plan's next month begins. */
export function nextMonthAt(now: UnixMs, { day, timeZone }: MonthStart): UnixMs {
  return instantOf(startOf(now, 1, day, timeZone), timeZone);
}

function startOf(now: UnixMs, later: number, day: number, timeZone: string | undefined): number {
  const local = new Date(localOf(now, timeZone));
  const before = local.getUTCDate() < day ? 1 : 0;
  return Date.UTC(local.getUTCFullYear(), local.getUTCMonth() - before + later, day);
}
