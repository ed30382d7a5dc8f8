import { HeadgateError } from '../core/errors.ts';
import type { MonotonicMs, TrustedClock, UnixMs } from '../core/time.ts';
import { bucketSize, countAt, firstAt, lastAt, maxAt, minAt, numberAt, sumAt } from './buckets.ts';
import type { HistoryDisk } from './disk.ts';
import type { Ingest } from './ingest.ts';
import type { Periods } from './periods.ts';
import type { RecentPoints } from './recent.ts';
import type { FieldKind, Series, SeriesBook } from './series.ts';
import type { RecentTexts } from './texts.ts';
import { bucketsIn, tierOf, tiers, widthFor } from './tiers.ts';
import type { Loss, SeriesAnswer } from './worker-protocol.ts';

/** Points of one series in one answer, at the most. */
const maxPoints = 2_000;
/** Series in one answer, at the most. */
const maxSeries = 100;
/** Points of all series in one answer: what makes a text of it in the main thread must not keep that for long. */
const maxTotal = 20_000;

export interface HistoryQuery {
  readonly device: string;
  /** Names of fields; empty: all. */
  readonly fields: readonly string[];
  /** From, and up to but without. */
  readonly fromMs: UnixMs;
  readonly toMs: UnixMs;
  /** So many points a series at the most, up to {@link Queries.maxPoints}. */
  readonly points: number;
  /** How wide buckets are: a multiple of 10 s. Undefined: as wide as they have to be, or the points themselves. */
  readonly widthMs: number | undefined;
}

/** What is said of a series beside its points. */
export interface SeriesHead {
  readonly field: string;
  readonly tags: string;
  /** Empty: none is known. */
  readonly unit: string;
  readonly kind: FieldKind;
}

/** Points as they came, in the order of their times. */
export interface RawSeries extends SeriesHead {
  readonly times: readonly UnixMs[];
  readonly values: readonly (number | boolean | string)[];
}

/** Buckets with points in them, in order: the others are gaps. Columns of one length. */
export interface BucketSeries extends SeriesHead {
  /** When each begins. */
  readonly times: readonly UnixMs[];
  readonly min: readonly number[];
  readonly max: readonly number[];
  readonly avg: readonly number[];
  readonly count: readonly number[];
  readonly first: readonly number[];
  readonly last: readonly number[];
}

interface Answered {
  /** Series that were asked for and are left out, because there are too many. */
  readonly leftSeries: number;
  /** Points of the window that were lost. */
  readonly losses: readonly Loss[];
}

export type HistoryAnswer =
  | (Answered & { readonly kind: 'raw'; readonly series: readonly RawSeries[] })
  | (Answered & {
      readonly kind: 'buckets';
      readonly widthMs: number;
      /** Of which tier they were made. */
      readonly tier: string;
      readonly series: readonly BucketSeries[];
      /** Fields that are texts have no buckets: the last of them that are in memory. */
      readonly texts: readonly RawSeries[];
    });

export interface QueriesDependencies {
  readonly isEnabled: boolean;
  readonly clock: TrustedClock;
  /** Of each tier. */
  readonly keepMs: readonly number[];
  readonly book: SeriesBook;
  readonly recent: RecentPoints;
  readonly texts: RecentTexts;
  readonly periods: Periods;
  readonly ingest: Ingest;
  readonly disk: HistoryDisk;
}

/** Answers for charts. */
export class Queries {
  readonly maxPoints = maxPoints;
  /** So few that all series of one answer have room for them. */
  readonly maxPointsOfMany = maxTotal / maxSeries;
  readonly #deps: QueriesDependencies;
  /** From when on memory has all that came, but for what it has no room for. By a clock that does not jump when the time becomes known. */
  wholeSinceMs: MonotonicMs = Number.POSITIVE_INFINITY;

  constructor(deps: QueriesDependencies) {
    this.#deps = deps;
  }

  get nowMs(): UnixMs {
    return this.#deps.clock.now();
  }

  /** Nothing is kept from before. */
  get oldestMs(): UnixMs {
    return this.nowMs - Math.max(...this.#deps.keepMs);
  }

  /** How wide the finest buckets are that are kept from a time on, as far as any are. */
  finestSince(fromMs: UnixMs): number {
    const { nowMs } = this;
    return widthFor(fromMs, nowMs, Number.MAX_SAFE_INTEGER, nowMs, this.#deps.keepMs);
  }

  /**
   * The points of a window: as they came when memory has all of them and they are not too many, else in buckets.
   *
   * @throws {HeadgateError} history.unavailable when it is switched off, or its disk does not answer;
   * request.invalid when there would be more than {@link maxPoints} buckets; overload.shed when too many ask
   */
  async query(query: HistoryQuery): Promise<HistoryAnswer> {
    const { isEnabled, book, ingest, disk, clock, keepMs } = this.#deps;
    if (!isEnabled) throw new HeadgateError('history.unavailable', 'The history is switched off (`history.enabled`).');
    const { device, fields, fromMs, toMs, points } = query;
    const known = book.ofDevice(device, fields);
    const raw = query.widthMs === undefined ? this.#raw(known, query) : undefined;
    if (raw !== undefined) return { kind: 'raw', series: raw, leftSeries: 0, losses: [] };
    const widthMs = query.widthMs ?? widthFor(fromMs, toMs, points, clock.now(), keepMs);
    const count = bucketsIn(fromMs, toMs, widthMs);
    if (count > maxPoints) {
      throw new HeadgateError('request.invalid', `That would be more than ${maxPoints} buckets of each series.`);
    }
    ingest.flushSeries(known);
    const most = Math.min(maxSeries, Math.floor(maxTotal / count));
    const { series, left, losses } = await disk.query({ device, fields, fromMs, toMs, widthMs, maxSeries: most });
    const texts = known.filter(({ kind }) => kind === 'text').map((one) => this.#textsOf(one, query));
    return {
      kind: 'buckets',
      widthMs,
      tier: tiers[tierOf(widthMs)]!.name,
      series: series.map((one) => bucketSeries(one, widthMs)),
      texts,
      leftSeries: left,
      losses,
    };
  }

  #raw(known: readonly Series[], query: HistoryQuery): RawSeries[] | undefined {
    const { recent, clock } = this.#deps;
    const wholeFromMs = clock.now() - (clock.monotonic() - this.wholeSinceMs);
    if (query.fromMs < wholeFromMs || known.length === 0 || known.length > maxSeries) return undefined;
    const found: RawSeries[] = [];
    let total = 0;
    for (const one of known) {
      if (one.kind === 'text') {
        found.push(this.#textsOf(one, query));
        continue;
      }
      if (recent.lostMs(one.slot) >= query.fromMs) return undefined;
      const series = this.#pointsOf(one, query);
      total += series.times.length;
      if (series.times.length > query.points || total > maxTotal) return undefined;
      found.push(series);
    }
    return found;
  }

  #pointsOf(series: Series, { fromMs, toMs }: HistoryQuery): RawSeries {
    const { recent, periods } = this.#deps;
    const shifts = new Map<number, number>();
    const found: [UnixMs, number | boolean][] = [];
    recent.read(series.slot, (ms, value, period) => {
      let shiftMs = shifts.get(period);
      if (shiftMs === undefined) {
        shiftMs = periods.shiftMs(period);
        shifts.set(period, shiftMs);
      }
      const at = ms + shiftMs;
      if (at >= fromMs && at < toMs) found.push([at, series.kind === 'boolean' ? value !== 0 : value]);
    });
    return rawSeries(series, found);
  }

  #textsOf(series: Series, { fromMs, toMs }: HistoryQuery): RawSeries {
    const { texts, periods } = this.#deps;
    const found: [UnixMs, string][] = [];
    texts.read(series.slot, (ms, text, period) => {
      const at = ms + periods.shiftMs(period);
      if (at >= fromMs && at < toMs) found.push([at, text]);
    });
    return rawSeries(series, found);
  }
}

function rawSeries<T extends number | boolean | string>(
  { name, tags, unit, kind }: Series,
  found: [UnixMs, T][],
): RawSeries {
  // Stable: what came at one instant stays in its order.
  found.sort(([a], [b]) => a - b);
  return { field: name, tags, unit, kind, times: found.map(([ms]) => ms), values: found.map(([, value]) => value) };
}

function bucketSeries({ name, tags, unit, kind, buckets, length }: SeriesAnswer, widthMs: number): BucketSeries {
  const column = (of: (at: number) => number): number[] => Array.from({ length }, (_, index) => of(index * bucketSize));
  return {
    ...{ field: name, tags, unit, kind },
    times: column((at) => buckets[at + numberAt]! * widthMs),
    min: column((at) => buckets[at + minAt]!),
    max: column((at) => buckets[at + maxAt]!),
    avg: column((at) => averageOf(buckets, at)),
    count: column((at) => buckets[at + countAt]!),
    first: column((at) => buckets[at + firstAt]!),
    last: column((at) => buckets[at + lastAt]!),
  };
}

/** Without the digits that additions have made up, and within what it is the average of. */
function averageOf(buckets: Float64Array, at: number): number {
  const average = Number((buckets[at + sumAt]! / buckets[at + countAt]!).toPrecision(12));
  return Math.min(buckets[at + maxAt]!, Math.max(buckets[at + minAt]!, average));
}
