import { tzOffset } from '@date-fns/tz';
import type { UnixMs } from '../../core/time.ts';
import type { TimeFormat } from './options.ts';

/** An instant: whole milliseconds since 1970, and nanoseconds beyond them. */
export interface Instant {
  readonly timeMs: UnixMs;
  readonly timeNanos?: number;
}

/** Before this a device's clock was never set: 2000-01-01T00:00:00Z. */
const earliestMs = Date.UTC(2000, 0, 1);
/** Where a date can't be: beyond the year 9999 is a number of another unit. */
const latestMs = Date.UTC(9999, 11, 31);

/** Whether a zone can be used: `UTC`, `+01:00`, `Europe/Amsterdam`. */
export function isZone(zone: string): boolean {
  return !Number.isNaN(tzOffset(zone, new Date(0)));
}

/**
 * A device's time; undefined when it can't be read, names no zone where none is given, or is before 2000.
 *
 * @param zone of times that name none; undefined: they are not used
 */
export function readTime(value: unknown, format: TimeFormat, zone: string | undefined): Instant | undefined {
  const instant = typeof value === 'string' ? fromText(value, format, zone) : fromNumber(value, format);
  if (instant === undefined || instant.timeMs < earliestMs || instant.timeMs > latestMs) return undefined;
  return instant;
}

function fromText(text: string, format: TimeFormat, zone: string | undefined): Instant | undefined {
  const trimmed = text.trim();
  if (/^\d+$/.test(trimmed)) return format === 'iso' ? undefined : fromNumber(BigInt(trimmed.slice(0, 25)), format);
  if (/^\d+\.\d+$/.test(trimmed)) return format === 'iso' ? undefined : fromNumber(Number(trimmed), format);
  return format === 'iso' || format === 'auto' ? fromIso(trimmed, zone) : undefined;
}

const iso =
  /^(\d{4})-(\d\d)-(\d\d)(?:(?:[T ]|\+(?=\d\d:\d\d:\d\d))(\d\d):(\d\d)(?::(\d\d)(?:[.,](\d{1,9})\d*)?)?)?\s*(Z|UTC|[+-]\d\d(?::?\d\d)?)?$/i;

function fromIso(text: string, zone: string | undefined): Instant | undefined {
  if (text.length > 60) return undefined;
  const found = iso.exec(text);
  if (!found) return undefined;
  const [, year, month, day, hour = '0', minute = '0', second = '0', fraction = '', own] = found;
  const local = Date.UTC(+year!, +month! - 1, +day!, +hour, +minute, Math.min(+second, 59));
  if (Number.isNaN(local) || +month! < 1 || +month! > 12 || +day! < 1 || +day! > 31 || +hour > 24 || +minute > 59) {
    return undefined;
  }
  const offset = own === undefined ? (zone === undefined ? undefined : zoneOffset(zone, local)) : ownOffset(own);
  if (offset === undefined) return undefined;
  const nanos = Number(fraction.padEnd(9, '0'));
  return instantOf(local - offset * 60_000 + Math.floor(nanos / 1e6), nanos % 1e6);
}

function ownOffset(text: string): number {
  if (/^(z|utc)$/i.test(text)) return 0;
  const minutes = Number(text.slice(1, 3)) * 60 + Number(text.slice(3).replace(':', '') || 0);
  return text.startsWith('-') ? -minutes : minutes;
}

/** How far local time is ahead of UTC, in minutes, when the clocks on the wall show `localMs`. */
function zoneOffset(zone: string, localMs: number): number {
  const guess = tzOffset(zone, new Date(localMs));
  // The guess was made for a moment that is off by the offset itself: near a change of the clocks that matters.
  return tzOffset(zone, new Date(localMs - guess * 60_000));
}

/** Seconds, milliseconds, microseconds or nanoseconds in one of the latter units. */
const perMs: Readonly<Record<string, bigint>> = { 'unix-us': 1_000n, 'unix-ns': 1_000_000n };

function fromNumber(value: unknown, format: TimeFormat): Instant | undefined {
  if (typeof value === 'bigint') return fromWhole(value, format === 'auto' ? formatOf(Number(value)) : format);
  if (typeof value !== 'number' || !Number.isFinite(value)) return undefined;
  const unit = format === 'auto' ? formatOf(value) : format;
  if (unit === 'unix') return instantOf(Math.round(value * 1e3), 0);
  if (unit === 'unix-ms') return instantOf(Math.floor(value), Math.round((value - Math.floor(value)) * 1e6));
  return unit === 'iso' ? undefined : fromWhole(BigInt(Math.round(value)), unit);
}

function fromWhole(value: bigint, format: TimeFormat): Instant | undefined {
  if (format === 'unix') return instantOf(Number(value) * 1e3, 0);
  if (format === 'unix-ms') return instantOf(Number(value), 0);
  const divisor = perMs[format];
  if (divisor === undefined || value < 0n) return undefined;
  return instantOf(Number(value / divisor), Number(value % divisor) * (1e6 / Number(divisor)));
}

/** By its size: until the year 5138 the four do not overlap after 1973. */
function formatOf(value: number): TimeFormat {
  if (value < 1e11) return 'unix';
  if (value < 1e14) return 'unix-ms';
  return value < 1e17 ? 'unix-us' : 'unix-ns';
}

function instantOf(timeMs: number, timeNanos: number): Instant {
  return timeNanos === 0 ? { timeMs } : { timeMs, timeNanos };
}
