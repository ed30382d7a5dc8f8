import type { BucketSeries, HistoryAnswer, RawSeries, SeriesHead } from '../../history/queries.ts';
import { jsonOf } from '../../lib/json-value.ts';
import type { FieldReport } from '../../registry/describe.ts';
import type { MeasurementsQuery, QueriedWindow } from './history-query.ts';

/** One point or bucket, in a list of all fields' together. */
export type Row = Readonly<Record<string, unknown>>;

const measures = ['min', 'max', 'avg', 'count', 'first', 'last'] as const;
const names = ['field', 'tags', 'unit'] as const;

/** What a window has, for JSON. */
export interface WindowBody {
  readonly device: string;
  readonly kind: HistoryAnswer['kind'];
  /** RFC 3339. */
  readonly from: string;
  readonly to: string;
  /** Null: points as they came. */
  readonly bucketSeconds: number | null;
  readonly tier: string | null;
  readonly losses: readonly {
    readonly from: string;
    readonly to: string;
    readonly points: number;
    readonly reason: string;
  }[];
  readonly leftSeries: number;
  /** Or `rows`. */
  readonly series?: readonly SeriesBody[];
  readonly rows?: readonly Row[];
}

/** Columns of one length: `values`, or the measures of buckets. */
export interface SeriesBody
  extends Partial<Omit<RawSeries, keyof SeriesHead | 'times'>>,
    Partial<Omit<BucketSeries, keyof SeriesHead | 'times'>> {
  readonly field: string;
  readonly tags: string;
  readonly unit: string | null;
  readonly type: SeriesHead['kind'];
  readonly times: readonly number[];
}

/** What the newest values are, as JSON. */
export function latestBody({ device, layout }: MeasurementsQuery, fields: readonly FieldReport[]): object {
  const rows = latestRows(fields);
  return layout === 'rows' ? { device, kind: 'latest', rows } : { device, kind: 'latest', fields: rows };
}

export function latestRows(fields: readonly FieldReport[]): Row[] {
  return fields.map(({ name, tags = '', unit, value, at }) => ({
    ...{ field: name, tags, unit, time: at, value: jsonOf(value) },
  }));
}

/** What a window has, as JSON. */
export function windowBody(query: MeasurementsQuery, window: QueriedWindow, answer: HistoryAnswer): WindowBody {
  const { device, layout } = query;
  const widthMs = answer.kind === 'buckets' ? answer.widthMs : 1;
  const about = {
    device,
    kind: answer.kind,
    // Buckets are whole, also the first and the last.
    from: iso(Math.floor(window.fromMs / widthMs) * widthMs),
    to: iso(Math.ceil(window.toMs / widthMs) * widthMs),
    bucketSeconds: answer.kind === 'buckets' ? widthMs / 1_000 : null,
    tier: answer.kind === 'buckets' ? answer.tier : null,
    losses: answer.losses.map(({ fromMs, toMs, points, reason }) => ({
      ...{ from: iso(fromMs), to: iso(toMs), points, reason },
    })),
    leftSeries: answer.leftSeries,
  };
  if (layout === 'rows') return { ...about, rows: [...rowsOf(answer)] };
  const columns = (one: RawSeries | BucketSeries): SeriesBody => {
    const { field, tags, unit, kind, ...rest } = one;
    return { field, tags, unit: unit === '' ? null : unit, type: kind, ...rest };
  };
  const texts = answer.kind === 'buckets' ? answer.texts.map(columns) : [];
  return { ...about, series: [...answer.series.map(columns), ...texts] };
}

/** Field by field, in the order of time. */
export function* rowsOf(answer: HistoryAnswer): Generator<Row> {
  if (answer.kind === 'raw') {
    for (const one of answer.series) yield* rawRows(one);
    return;
  }
  for (const one of answer.series) {
    const head = headOf(one);
    for (const [i, ms] of one.times.entries()) {
      const row: Record<string, unknown> = { ...head, time: iso(ms) };
      for (const measure of measures) row[measure] = one[measure][i];
      yield row;
    }
  }
  for (const one of answer.texts) yield* rawRows(one);
}

function* rawRows(one: RawSeries): Generator<Row> {
  const head = headOf(one);
  for (const [i, ms] of one.times.entries()) yield { ...head, time: iso(ms), value: one.values[i] };
}

function headOf({ field, tags, unit }: SeriesHead): Row {
  return { field, tags, unit: unit === '' ? null : unit };
}

/** Which columns a table has, by what is in it; texts are in `value` also beside buckets. */
export function csvHeader(kind: 'latest' | HistoryAnswer['kind']): string {
  return `${csvColumns(kind).join(',')}\r\n`;
}

/** A line of a table (RFC 4180). */
export function csvLine(kind: 'latest' | HistoryAnswer['kind'], row: Row): string {
  return `${csvColumns(kind)
    .map((column) => cell(row[column]))
    .join(',')}\r\n`;
}

function csvColumns(kind: 'latest' | HistoryAnswer['kind']): readonly string[] {
  return kind === 'buckets' ? [...names, 'time', ...measures, 'value'] : [...names, 'time', 'value'];
}

function cell(value: unknown): string {
  const text = value === undefined || value === null ? '' : String(value);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

function iso(ms: number): string {
  return new Date(ms).toISOString();
}
