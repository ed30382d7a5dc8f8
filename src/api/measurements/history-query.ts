import type { UnixMs } from '../../core/time.ts';
import { parseDuration } from '../../core/units.ts';
import { timeOf } from '../window.ts';

/** What `GET /api/v1/measurements` is asked for. */
export interface MeasurementsQuery {
  readonly device: string;
  /** Empty: all. */
  readonly fields: readonly string[];
  /** Undefined: the newest value of each field. */
  readonly window: QueriedWindow | undefined;
  readonly format: Format;
  readonly layout: 'columns' | 'rows';
}

export interface QueriedWindow {
  readonly fromMs: UnixMs;
  readonly toMs: UnixMs;
  readonly points: number;
  /** Undefined: as wide as it has to be. */
  readonly bucketMs: number | undefined;
  /** As fine as there is. */
  readonly isFinest: boolean;
}

export type Format = 'json' | 'ndjson' | 'csv';

/** What holds for every query. */
export interface QueryLimits {
  readonly nowMs: UnixMs;
  /** Nothing is kept from before. */
  readonly oldestMs: UnixMs;
  readonly maxPoints: number;
}

const parameters = ['device', 'field', 'from', 'to', 'points', 'bucket', 'format', 'layout'];
const usualPoints = 500;
const maxFields = 100;
const finestMs = 10_000;
const maxBucketMs = 366 * 86_400_000;
const formats: readonly Format[] = ['json', 'ndjson', 'csv'];

/** What the query of a URL asks for. @returns a sentence when it can't be asked for */
export function measurementsQueryOf(
  query: Readonly<Record<string, unknown>>,
  limits: QueryLimits,
): MeasurementsQuery | string {
  const stray = Object.keys(query).find((name) => !parameters.includes(name));
  if (stray !== undefined) {
    return `There is no parameter \`${stray.slice(0, 40)}\`; there are ${parameters.join(', ')}.`;
  }
  const twice = Object.keys(query).find((name) => name !== 'field' && typeof query[name] !== 'string');
  if (twice !== undefined) return `\`${twice}\` must be given once.`;
  const {
    device,
    from,
    to,
    points,
    bucket,
    format = 'json',
    layout = 'columns',
  } = query as Readonly<Record<string, string>>;
  if (device === undefined || device === '') return '`device` must be the id of a device.';
  const fields = [query.field ?? []].flat() as string[];
  if (fields.length > maxFields) return `\`field\` can be given ${maxFields} times.`;
  if (!isFormat(format)) return `\`format\` must be ${formats.join(', ')}.`;
  if (layout !== 'columns' && layout !== 'rows') return '`layout` must be columns or rows.';
  const isWindow = [from, to, points, bucket].some((one) => one !== undefined);
  const window = isWindow ? windowOf({ from, to, points, bucket }, format, limits) : undefined;
  return typeof window === 'string' ? window : { device, fields, window, format, layout };
}

function windowOf(
  { from, to, points, bucket }: Readonly<Record<'from' | 'to' | 'points' | 'bucket', string | undefined>>,
  format: Format,
  { nowMs, oldestMs, maxPoints }: QueryLimits,
): QueriedWindow | string {
  const fromMs = from === undefined ? nowMs - 3_600_000 : instantOf(from, nowMs);
  // What came this very millisecond is in it.
  const toMs = to === undefined ? nowMs + 1 : instantOf(to, nowMs);
  const example = 'a time with its zone, such as 2026-11-22T18:00:00Z, or how long ago, such as -1h';
  if (fromMs === undefined) return `\`from\` must be ${example}.`;
  if (toMs === undefined) return `\`to\` must be ${example}.`;
  if (toMs <= fromMs) return '`to` must be later than `from`.';
  const count = points === undefined ? usualPoints : /^\d{1,5}$/.test(points) ? Number(points) : 0;
  if (count < 1 || count > maxPoints) return `\`points\` must be from 1 to ${maxPoints}.`;
  // Where nothing is kept, and nothing can be yet, there is nothing to be looked for.
  const first = Math.min(Math.max(fromMs, oldestMs), nowMs);
  const end = Math.max(Math.min(toMs, nowMs + 86_400_000), first + 1);
  const isFinest = bucket === 'finest';
  if (isFinest && format === 'json') return '`bucket=finest` may be very long: take `format` ndjson or csv.';
  const bucketMs = bucket === undefined || isFinest ? undefined : parseDuration(bucket);
  if (bucket !== undefined && !isFinest) {
    const isWidth = bucketMs !== undefined && bucketMs % finestMs === 0 && bucketMs > 0 && bucketMs <= maxBucketMs;
    if (!isWidth) return '`bucket` must be a multiple of 10s, such as 10s, 5m or 1h, or `finest`.';
    if (format === 'json' && Math.ceil(end / bucketMs) - Math.floor(first / bucketMs) > maxPoints) {
      return `That would be more than ${maxPoints} buckets of each field: take a larger \`bucket\`, or \`format\` ndjson or csv.`;
    }
  }
  return { fromMs: first, toMs: end, points: count, bucketMs, isFinest };
}

/** `2026-11-22T18:00:00Z`, `now`, or `-1h` for an hour ago. */
function instantOf(text: string, nowMs: UnixMs): UnixMs | undefined {
  if (text === 'now') return nowMs;
  if (!text.startsWith('-')) return timeOf(text);
  const ago = parseDuration(text.slice(1));
  return ago === undefined ? undefined : nowMs - ago;
}

function isFormat(text: string): text is Format {
  return formats.some((one) => one === text);
}
