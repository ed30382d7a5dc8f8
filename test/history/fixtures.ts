import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { loadConfig } from '../../src/config/load.ts';
import type { FieldValue } from '../../src/core/measurement.ts';
import type { ClockCorrection, ClockCorrections, ClockQuality, UnixMs } from '../../src/core/time.ts';
import { History } from '../../src/history/history.ts';
import type { HistoryOptions } from '../../src/history/options.ts';
import type { HistoryAnswer, HistoryQuery } from '../../src/history/queries.ts';
import { silentLog } from '../../src/lib/log.ts';
import { atEnd } from '../support/at-end.ts';
import { FakeTime } from '../support/fake-time.ts';

const start = Date.UTC(2026, 5, 1, 12);

/** What a device says; `at` is its own time. */
export interface Said {
  readonly device?: string;
  readonly at?: UnixMs;
  readonly fields: Readonly<Record<string, FieldValue>>;
  readonly unit?: string;
  readonly tags?: readonly (readonly [string, string])[];
  readonly topic?: string;
}

/** A gateway's history on a real disk, with a clock that the test turns. Its timers go by that. */
export class Site {
  readonly time: FakeTime;
  quality: ClockQuality = 'synced';
  /** What was learnt of the time since; by when it was stamped. */
  correction: ((takenAtMs: UnixMs) => ClockCorrection | undefined) | undefined;
  readonly path: string;
  readonly #options: Partial<HistoryOptions>;
  history: History;

  private constructor(path: string, options: Partial<HistoryOptions>, wallMs: UnixMs) {
    this.path = path;
    this.#options = options;
    this.time = new FakeTime(wallMs);
    this.history = this.#make();
  }

  static async open(
    t: TestContext,
    directory: string,
    options: Partial<HistoryOptions> = {},
    { wallMs = start, quality = 'synced' as ClockQuality } = {},
  ): Promise<Site> {
    const site = new Site(join(directory, 'history', 'history.db'), options, wallMs);
    site.quality = quality;
    site.time.start();
    atEnd(t, async () => {
      await site.history.stop(AbortSignal.timeout(5_000));
      site.time.stop();
    });
    await site.history.start();
    return site;
  }

  /** A new process on the same file; without `stop` the old one is as if it had died. */
  async restart(stop = true): Promise<void> {
    if (stop) await this.history.stop(AbortSignal.timeout(5_000));
    this.history = this.#make();
    await this.history.start();
  }

  take({ device = 'boiler', at, fields, unit, tags, topic = `${device}/data` }: Said): void {
    this.history.taken({
      measurement: {
        deviceId: device,
        ...(at !== undefined && { timeMs: at }),
        fields: Object.entries(fields).map(([name, value]) => ({ name, value, ...(unit !== undefined && { unit }) })),
        ...(tags && { tags }),
      },
      kind: 'measurement',
      source: 'mqtt',
      topic,
      receivedAtMs: this.time.now(),
      clockQuality: this.quality,
      profile: undefined,
      sequence: 1,
      payload: undefined,
    });
  }

  query(query: Partial<HistoryQuery> = {}): Promise<HistoryAnswer> {
    const now = this.time.now();
    return this.history.queries.query({
      ...{ device: 'boiler', fields: [], fromMs: now - 3_600_000, toMs: now + 1, points: 2_000, widthMs: undefined },
      ...query,
    });
  }

  #make(): History {
    const corrections: ClockCorrections = {
      of: ({ takenAtMs = 0 }) => this.correction?.(takenAtMs),
      shiftsMs: [],
    };
    return new History({
      options: { ...loadConfig({}).history, ...this.#options },
      path: this.path,
      clock: { now: this.time.now, monotonic: this.time.monotonic, quality: () => this.quality },
      corrections,
      operatingMs: this.time.monotonic,
      log: silentLog,
    });
  }
}
