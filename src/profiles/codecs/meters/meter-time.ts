import { tzOffset } from '@date-fns/tz';
import type { UnixMs } from '../../../core/time.ts';

const hourMs = 3_600_000;
const earliest = Date.UTC(2000, 0, 1);

/**
 * A time of DSMR: `YYMMDDhhmmss` with `W` behind it in winter (UTC+1) and `S` in summer (UTC+2); meters before DSMR 4 leave that out and
 * show Dutch local time. @returns undefined: it is none, as of a gas meter that was never heard (`632525252525W`)
 */
export function meterTime(text: string): UnixMs | undefined {
  const found = /^(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)([WS]?)$/.exec(text);
  if (!found) return undefined;
  const [year, month, day, hours, minutes, seconds] = found.slice(1, 7).map(Number) as [
    number,
    number,
    number,
    number,
    number,
    number,
  ];
  // 1970-01-01 stands where a meter behind the M-Bus was never heard, or is there no more.
  if (year >= 70 || month < 1 || month > 12 || day < 1 || day > 31 || hours > 23 || minutes > 59 || seconds > 59)
    return undefined;
  const local = Date.UTC(2000 + year, month - 1, day, hours, minutes, seconds);
  // In the hour that comes twice, it is the first one.
  const offset =
    found[7] === 'W' ? 1 : found[7] === 'S' ? 2 : tzOffset('Europe/Amsterdam', new Date(local - 2 * hourMs)) / 60;
  const time = local - offset * hourMs;
  return time < earliest ? undefined : time;
}
