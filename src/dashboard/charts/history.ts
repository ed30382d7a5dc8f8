import { ask } from '../api/ask.ts';
import type { GetMeasurementsAnswer } from '../api/schema.ts';
import type { MeasurementEvent } from '../live/protocol.ts';
import type { Track } from './track.ts';
import type { Span } from './windows.ts';

/** One field of a device, as a chart shows it. */
export interface ChartSeries {
  readonly device: string;
  readonly field: string;
  /** `room=3,rack=b`; undefined or empty: the series without. */
  readonly tags?: string | undefined;
  /** What it is called in the legend. */
  readonly label: string;
  /** As people write it: `°C`. */
  readonly unit?: string | null | undefined;
}

export type HistoryWindow = Extract<GetMeasurementsAnswer, { series: unknown }>;
type HistorySeries = HistoryWindow['series'][number];

/**
 * What was measured in a span: points as they came where these are few enough, else buckets.
 *
 * @param points at the most, of each series
 * @param bucketMs so wide; undefined: as it has to be
 * @throws {ApiProblem}
 */
export function askHistory(
  device: string,
  fields: readonly string[],
  { fromMs, toMs }: Span,
  points: number,
  { bucketMs, signal }: { readonly bucketMs?: number | undefined; readonly signal?: AbortSignal } = {},
): Promise<HistoryWindow> {
  const query = new URLSearchParams({
    device,
    from: new Date(fromMs).toISOString(),
    to: new Date(toMs).toISOString(),
    points: String(points),
  });
  for (const field of fields) query.append('field', field);
  if (bucketMs !== undefined) query.set('bucket', `${bucketMs / 1_000}s`);
  return ask(`api/v1/measurements?${query}`, signal === undefined ? {} : { signal });
}

/** Puts what the history has of one series into its track. */
export function fill(track: Track, { field, tags = '' }: ChartSeries, { series }: HistoryWindow): void {
  for (const one of series) {
    if (one.field !== field || one.tags !== tags) continue;
    track.kind ??= one.type;
    if (track.kind !== one.type) continue;
    put(track, one);
  }
}

function put(track: Track, one: HistorySeries): void {
  if ('values' in one) {
    for (const [i, time] of one.times.entries()) track.add(time, one.values[i]);
    return;
  }
  const { times, avg, min, max, count, last } = one;
  for (const [i, time] of times.entries()) {
    track.put(time, avg[i] ?? Number.NaN, min[i], max[i], count[i]);
    // When in its bucket is not known: whatever comes live is newer.
    track.heard(time, Number(last[i] ?? Number.NaN));
  }
}

/** Adds what a live event has of a series. @returns whether it has something */
export function addLive(track: Track, { device, field, tags = '' }: ChartSeries, event: MeasurementEvent): boolean {
  if (event.deviceId !== device || tagsOf(event) !== tags) return false;
  const time = Date.parse(event.time ?? event.receivedAt);
  let isTaken = false;
  for (const one of event.fields) {
    if (one.name === field && track.add(time, one.value)) isTaken = true;
  }
  return isTaken;
}

/** As the history names series: in the order in which they were told. */
export function tagsOf({ tags }: MeasurementEvent): string {
  return Object.entries((tags ?? {}) as Readonly<Record<string, string>>)
    .map(([key, value]) => `${key}=${value}`)
    .join(',');
}
