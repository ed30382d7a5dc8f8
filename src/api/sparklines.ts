import { messageOf } from '../core/errors.ts';
import type { Pin } from '../first-run/preferences.ts';
import type { HistoryAnswer } from '../history/queries.ts';
import type { DeviceSummary } from '../registry/describe.ts';
import type { DevicesApi } from './devices-routes.ts';
import type { HistoryApi } from './measurements/history-routes.ts';

/** One small chart. Columns of one length. */
export interface Sparkline extends Pin {
  readonly deviceName: string;
  readonly unit: string | null;
  readonly unitSymbol: string | null;
  /** The field's newest value, which averages hide; null: none since the start. */
  readonly newest: { readonly value: number; readonly at: string | null } | null;
  /** Unix time in ms. */
  readonly times: readonly number[];
  readonly values: readonly number[];
}

export interface Sparklines {
  /** Up to now. */
  readonly windowSeconds: number;
  readonly series: readonly Sparkline[];
  /** Why there are no points; null: nothing is wrong. */
  readonly problem: string | null;
}

const maxSeries = 6;
const maxPoints = 60;
const windowMs = 3_600_000;
/** Devices that are looked at for fields that have numbers. */
const maxLookedAt = 50;
/** So long the first page waits for the history's disk. */
const patienceMs = 1_000;

/** What somebody has pinned, as far as they may see it; else numbers of the devices that came last. */
export function chosenPins(
  pinned: readonly Pin[],
  seen: readonly DeviceSummary[],
  devices: Pick<DevicesApi, 'describe'>,
): readonly Pin[] {
  if (pinned.length > 0) {
    const ids = new Set(seen.map(({ id }) => id));
    return pinned.filter(({ device }) => ids.has(device)).slice(0, maxSeries);
  }
  const latest = seen
    .filter(({ isIgnored }) => !isIgnored)
    .sort((a, b) => (a.firstSeen.at < b.firstSeen.at ? 1 : -1))
    .slice(0, maxLookedAt);
  const first: Pin[] = [];
  const others: Pin[] = [];
  for (const { id } of latest) {
    if (first.length >= maxSeries) break;
    let isFirst = true;
    for (const { name, tags = '', value } of devices.describe(id)?.fields ?? []) {
      if (typeof value !== 'number') continue;
      (isFirst ? first : others).push({ device: id, field: name, tags });
      isFirst = false;
    }
  }
  return [...first, ...others].slice(0, maxSeries);
}

/** The last hour of each, in at most 60 points. A history that fails takes nothing else from whoever asks. */
export async function sparklinesOf(
  pins: readonly Pin[],
  history: HistoryApi,
  devices: Pick<DevicesApi, 'describe'>,
): Promise<Sparklines> {
  const toMs = history.nowMs + 1;
  const window = { fromMs: toMs - windowMs, toMs, points: maxPoints, widthMs: undefined };
  let problem: string | null = null;
  const one = async (pin: Pin): Promise<Sparkline> => {
    const known = devices.describe(pin.device);
    const field = known?.fields.find(({ name, tags = '' }) => name === pin.field && tags === pin.tags);
    const head = {
      ...pin,
      deviceName: known?.name ?? pin.device,
      unit: field?.unit ?? null,
      unitSymbol: field?.unitSymbol ?? null,
      newest: typeof field?.value === 'number' ? { value: field.value, at: field.at } : null,
    };
    try {
      const answer = await soon(history.query({ device: pin.device, fields: [pin.field], ...window }));
      return { ...head, ...columnsOf(answer, pin.tags) };
    } catch (error) {
      problem ??= messageOf(error);
      return { ...head, times: [], values: [] };
    }
  };
  const series = await Promise.all(pins.map(one));
  return { windowSeconds: windowMs / 1_000, series, problem };
}

function columnsOf(answer: HistoryAnswer, tags: string): Pick<Sparkline, 'times' | 'values'> {
  if (answer.kind === 'buckets') {
    const found = answer.series.find((series) => series.tags === tags);
    return { times: found?.times ?? [], values: found?.avg ?? [] };
  }
  const found = answer.series.find((series) => series.tags === tags);
  return { times: found?.times ?? [], values: found?.values.map(Number) ?? [] };
}

/** The answer, or a rejection when it takes too long for a page that waits. */
function soon<T>(answer: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error('The history takes too long to answer.')), patienceMs);
    answer.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}
