import type { ChartSeries } from '../../charts/history.ts';
import { indexFor, type Track } from '../../charts/track.ts';
import type { Span } from '../../charts/windows.ts';

const columns = ['device', 'field', 'tags', 'unit', 'time', 'value', 'min', 'avg', 'max'] as const;
type Row = Readonly<Partial<Record<(typeof columns)[number], string | number | boolean>>>;

/** What a chart shows, row by row: points have a `value`, buckets `min`, `avg` and `max`, and the time at which they begin. */
export function* rowsOfShown(
  series: readonly ChartSeries[],
  tracks: readonly Track[],
  { fromMs, toMs }: Span,
): Generator<Row> {
  for (const [n, { device, field, tags = '', unit }] of series.entries()) {
    const track = tracks[n];
    if (track === undefined) continue;
    const { times, widthMs, kind, labels, avg, min, max } = track;
    // A bucket that began before is shown as far as it goes on.
    for (let i = indexFor(times, fromMs - Math.max(0, widthMs - 1)); i < times.length; i++) {
      const ms = times[i] as number;
      if (ms > toMs) break;
      const drawn = avg[i] as number;
      const head = { device, field, tags, unit: unit ?? '', time: new Date(ms).toISOString() };
      if (kind === 'text') yield { ...head, value: labels[drawn] ?? '' };
      else if (widthMs > 0) yield { ...head, min: min[i] as number, avg: drawn, max: max[i] as number };
      else yield { ...head, value: kind === 'boolean' ? drawn === 1 : drawn };
    }
  }
}

/** A table (RFC 4180). */
export function csvOf(rows: Iterable<Row>): string {
  let text = `${columns.join(',')}\r\n`;
  for (const row of rows) text += `${columns.map((name) => cell(row[name])).join(',')}\r\n`;
  return text;
}

/** One JSON object a line. */
export function ndjsonOf(rows: Iterable<Row>): string {
  let text = '';
  for (const row of rows) text += `${JSON.stringify(row)}\n`;
  return text;
}

function cell(value: string | number | boolean | undefined): string {
  const text = value === undefined ? '' : String(value);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** A name for a file that every system takes. */
export function fileName(what: string, { fromMs, toMs }: Span, ending: string): string {
  const plain = what.replace(/[^\p{L}\p{N}.-]+/gu, '-').slice(0, 60);
  const stamp = (ms: number): string => new Date(ms).toISOString().slice(0, 19).replaceAll(':', '');
  return `headgate-${plain}-${stamp(fromMs)}Z-${stamp(toMs)}Z.${ending}`;
}
