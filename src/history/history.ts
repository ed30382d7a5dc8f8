import type { Onlooker, Taken } from '../core/taken.ts';
import type { ClockCorrections, MonotonicMs, TrustedClock } from '../core/time.ts';
import type { Log } from '../lib/log.ts';
import type { Service } from '../lib/service.ts';
import { HistoryDisk } from './disk.ts';
import { Ingest } from './ingest.ts';
import type { HistoryOptions } from './options.ts';
import { Periods } from './periods.ts';
import { Queries } from './queries.ts';
import { RecentPoints } from './recent.ts';
import { SeriesBook } from './series.ts';
import type { HistoryStatus } from './status.ts';
import { RecentTexts } from './texts.ts';
import { type TierName, tierNames } from './tiers.ts';

export interface HistoryDependencies {
  readonly options: HistoryOptions;
  /** Of its file; made when there is something to write. */
  readonly path: string;
  readonly clock: TrustedClock;
  readonly corrections: ClockCorrections;
  /** Time that the gateway has run, summed over all its runs, in ms. */
  readonly operatingMs: () => MonotonicMs;
  readonly log: Log;
}

/** The rest of the disk is for records. */
const minFreeBytes = 32 * 2 ** 20;
const turnMs = 5;
const tickMs = 10_000;
/** Who writes all the time has no use of large commits. */
const leastWriteMs = 100;

/**
 * What devices measured, for charts: the last points in memory, buckets of four widths on disk. It looks on and has no part in
 * the flow: whatever becomes of it, the records are safe.
 */
export class History implements Service, Onlooker {
  readonly name = 'history';
  readonly wantsPayloads = false;
  readonly queries: Queries;
  readonly #deps: HistoryDependencies;
  readonly #book: SeriesBook;
  readonly #recent: RecentPoints;
  readonly #periods: Periods;
  readonly #ingest: Ingest;
  readonly #disk: HistoryDisk;
  #tickTimer: NodeJS.Timeout | undefined;
  #writeTimer: NodeJS.Timeout | undefined;

  constructor(deps: HistoryDependencies) {
    const { options, path, clock, log } = deps;
    const keepMs = tierNames.map((name) => options.keep[name]);
    const texts = new RecentTexts();
    this.#deps = deps;
    this.#recent = new RecentPoints(options.recentPoints, options.recentBytes);
    this.#periods = new Periods(deps);
    this.#book = new SeriesBook(options.maxSeries, (series) => {
      this.#ingest.forget(series);
      this.#recent.forget(series.slot);
      texts.forget(series.slot);
      // Memory has not all of what was said until now.
      this.queries.wholeSinceMs = clock.monotonic() + 1;
    });
    this.#disk = new HistoryDisk({
      settings: { path, keepMs, maxBytes: options.maxBytes, maxSeries: options.maxSeries, minFreeBytes, turnMs },
      monotonic: clock.monotonic,
      lost: () => this.#book.reintroduce(),
      corrections: (others) => this.#periods.corrections(others),
      log,
    });
    this.#ingest = new Ingest({
      book: this.#book,
      recent: this.#recent,
      texts,
      periods: this.#periods,
      maxLatenessMs: options.maxLateness,
      send: (series, deltas, stamp) => this.#disk.send(series, deltas, stamp),
    });
    this.queries = new Queries({
      isEnabled: options.enabled,
      clock,
      keepMs,
      book: this.#book,
      recent: this.#recent,
      texts,
      periods: this.#periods,
      ingest: this.#ingest,
      disk: this.#disk,
    });
  }

  /** Called for each measurement that became durable. */
  taken(taken: Taken): void {
    if (this.#deps.options.enabled) this.#ingest.taken(taken);
  }

  async start(): Promise<void> {
    const { options, clock } = this.#deps;
    if (!options.enabled) return;
    this.queries.wholeSinceMs = clock.monotonic();
    this.#ingest.look();
    this.#tickTimer = setInterval(() => this.#tick(), tickMs);
    this.#tickTimer.unref();
    this.#writeTimer = setInterval(() => this.#write(), Math.max(options.writeEvery, leastWriteMs));
    this.#writeTimer.unref();
  }

  async stop(deadline: AbortSignal): Promise<void> {
    clearInterval(this.#tickTimer);
    clearInterval(this.#writeTimer);
    this.#ingest.flushSeries(this.#book);
    this.#commit();
    await this.#disk.close(deadline);
  }

  status(): HistoryStatus {
    const { options } = this.#deps;
    const { status, failure, lostPoints, putAside } = this.#disk;
    const tier = (name: TierName) => {
      const one = status?.tiers[tierNames.indexOf(name)];
      const oldest = one?.oldestMs === undefined ? null : new Date(one.oldestMs).toISOString();
      return { bytes: one?.bytes ?? 0, blocks: one?.blocks ?? 0, oldest };
    };
    const { late, ahead, duplicate, unusable } = this.#ingest.left;
    return {
      state: !options.enabled ? 'off' : failure === undefined ? 'ready' : 'failing',
      failure: failure ?? null,
      series: this.#book.size,
      storedSeries: status?.series ?? 0,
      points: this.#ingest.points,
      leftPoints: { late, ahead, duplicate, unusable, 'too-many-series': this.#book.refusedPoints, disk: lostPoints },
      evictedSeries: this.#book.evicted + (status?.evictedSeries ?? 0),
      recentBytes: this.#recent.bytes,
      diskBytes: status?.fileBytes ?? 0,
      usedBytes: status?.usedBytes ?? 0,
      maxBytes: options.maxBytes,
      writtenBytes: status?.writtenBytes ?? 0,
      commits: status?.commits ?? 0,
      lastCommitMs: status?.lastCommitMs ?? 0,
      tiers: { '10s': tier('10s'), '1m': tier('1m'), '15m': tier('15m'), '1h': tier('1h') },
      expiredBlocks: status?.expiredBlocks ?? 0,
      evictedBlocks: status?.evictedBlocks ?? 0,
      damagedRows: status?.damagedRows ?? 0,
      putAside: putAside ?? null,
    };
  }

  #tick(): void {
    this.#book.tick();
    this.#ingest.look();
  }

  #write(): void {
    this.#ingest.look();
    this.#ingest.flush(this.#deps.clock.now());
    this.#commit();
  }

  #commit(): void {
    const { clock } = this.#deps;
    const nowMs = clock.quality() === 'unset' ? undefined : clock.now();
    this.#disk.commit(nowMs);
  }
}
