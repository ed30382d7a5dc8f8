import { computed, signal } from '@preact/signals';
import { locale, t } from './text.ts';
import { inUnits, type Units } from './units.ts';

// Numbers, sizes, times and ages in the language that is spoken.

/** The accented locale is English to Intl. */
const tag = computed(() => (locale.value === 'en-XA' ? 'en' : locale.value));
const numbers = computed(() => new Intl.NumberFormat(tag.value, { maximumFractionDigits: 3 }));
const counts = computed(() => new Intl.NumberFormat(tag.value, { maximumFractionDigits: 0 }));
const ages = computed(() => new Intl.RelativeTimeFormat(tag.value, { numeric: 'always', style: 'short' }));

/** In which values are shown. */
export const shownUnits = signal<Units>('metric');
/** The time zone in which times are shown, an IANA name; undefined: the browser's. */
export const shownZone = signal<string | undefined>(undefined);

/** A number of a unit as it is shown, without it. */
export function numberIn(value: number, unit: string | null | undefined): string {
  return number(inUnits(value, unit ?? '', shownUnits.value).value);
}

/** A unit as it is shown. */
export function unitShown(unit: string | null | undefined): string {
  return inUnits(0, unit ?? '', shownUnits.value).unit;
}

/** A measured value: up to three decimals, a few significant ones where it is small. */
export function number(value: number): string {
  if (!Number.isFinite(value)) return String(value);
  const size = Math.abs(value);
  if (size !== 0 && (size < 0.001 || size >= 1e12)) return value.toExponential(3);
  return numbers.value.format(value);
}

/** A whole number of things. */
export function count(value: number): string {
  return counts.value.format(value);
}

/** A value of a field with its unit. @param value as the API has it; null: no number (NaN, infinite) */
export function fieldValue(value: unknown, unit?: string | null): string {
  if (value === null || value === undefined) return '–';
  if (typeof value === 'boolean') return value ? t('on') : t('off');
  const text =
    typeof value === 'number' ? numberIn(value, unit) : typeof value === 'string' ? value : JSON.stringify(value);
  const shown = typeof value === 'number' ? unitShown(unit) : (unit ?? '');
  return shown === '' ? text : `${text} ${shown}`;
}

const sizes = ['B', 'kB', 'MB', 'GB', 'TB'] as const;
/** French counts octets. */
const octets = ['o', 'ko', 'Mo', 'Go', 'To'] as const;

/** `12.3 MB`: powers of a thousand, as disks are sold. */
export function bytes(value: number): string {
  const names = locale.value === 'fr' ? octets : sizes;
  let size = value;
  let step = 0;
  while (size >= 999.5 && step < names.length - 1) {
    size /= 1_000;
    step++;
  }
  const digits = step === 0 || size >= 99.5 ? 0 : 1;
  return `${new Intl.NumberFormat(tag.value, { maximumFractionDigits: digits }).format(size)} ${names[step]}`;
}

/** `3.4/s`, `0.2/s`, `120/s`. */
export function rate(perSecond: number): string {
  const digits = perSecond < 10 ? 1 : 0;
  const text = new Intl.NumberFormat(tag.value, { maximumFractionDigits: digits }).format(perSecond);
  return t('{n}/s', { n: text });
}

const steps = [
  ['year', 31_536_000],
  ['day', 86_400],
  ['hour', 3_600],
  ['minute', 60],
  ['second', 1],
] as const;

/** How long ago: `3 min ago`. @param fromMs, nowMs in ms since 1970, by the same clock */
export function ago(fromMs: number, nowMs: number): string {
  const seconds = Math.max(0, Math.round((nowMs - fromMs) / 1_000));
  if (seconds < 2) return t('just now');
  const [unit, size] = steps.find(([, size]) => seconds >= size * 2) ?? ['second', 1];
  return ages.value.format(-Math.round(seconds / size), unit);
}

/** How long: `6 h 12 min`, the two largest units. */
export function duration(seconds: number): string {
  if (!Number.isFinite(seconds)) return '–';
  let rest = Math.max(0, Math.round(seconds));
  const parts: string[] = [];
  for (const [unit, size] of steps) {
    const n = Math.floor(rest / size);
    if (n === 0 && !(unit === 'second' && parts.length === 0)) {
      if (parts.length > 0) break;
      continue;
    }
    parts.push(new Intl.NumberFormat(tag.value, { style: 'unit', unit, unitDisplay: 'short' }).format(n));
    rest -= n * size;
    if (parts.length === 2) break;
  }
  return parts.join(' ');
}

/** A date and a time, as people write them. @param zone an IANA name; undefined: the one that was chosen */
export function dateTime(ms: number, zone = shownZone.value): string {
  return new Intl.DateTimeFormat(tag.value, {
    dateStyle: 'medium',
    timeStyle: 'medium',
    ...(zone !== undefined && { timeZone: zone }),
  }).format(ms);
}

/** A time of today. */
export function timeOfDay(ms: number, zone = shownZone.value): string {
  return new Intl.DateTimeFormat(tag.value, {
    timeStyle: 'medium',
    ...(zone !== undefined && { timeZone: zone }),
  }).format(ms);
}
