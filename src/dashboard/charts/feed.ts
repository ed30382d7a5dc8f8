import { ApiProblem } from '../api/ask.ts';
import type { LiveEvent, MeasurementEvent } from '../live/protocol.ts';
import { addLive, askHistory, type ChartSeries, fill, type HistoryWindow } from './history.ts';
import { Track } from './track.ts';
import type { Span } from './windows.ts';

/** How a chart's points are. */
export type FeedState =
  /** Nothing was answered yet. */
  | { readonly state: 'asking' }
  | { readonly state: 'here' }
  /** `isOld`: there are points from before. */
  | { readonly state: 'failed'; readonly error: unknown; readonly isOld: boolean };

/** Points that live values may add before the history is asked for wider buckets. */
const slack = 2;

/**
 * What a chart shows: the history of its span, and what is measured from then on. It follows what happens, or holds still at a span
 * that somebody looks at.
 */
export class ChartFeed {
  readonly series: readonly ChartSeries[];
  tracks: readonly Track[];
  state: FeedState = { state: 'asking' };
  /** Undefined: it follows. */
  held: Span | undefined;
  /** As in what is shown. */
  keptFromMs: number | undefined;
  lostPoints = 0;
  readonly #now: () => number;
  readonly #changed: () => void;
  #windowMs: number;
  #points: number;
  /** Everything before it was asked for. */
  #knownToMs = 0;
  #abort = new AbortController();
  /** What came while the history was on its way. */
  #early: MeasurementEvent[] | undefined;

  /** @param changed is called when there is something to be drawn */
  constructor(
    series: readonly ChartSeries[],
    windowMs: number,
    points: number,
    now: () => number,
    changed: () => void,
  ) {
    this.series = series;
    this.tracks = series.map(() => new Track());
    this.#windowMs = windowMs;
    this.#points = points;
    this.#now = now;
    this.#changed = changed;
  }

  /** What is shown. */
  get span(): Span {
    if (this.held !== undefined) return this.held;
    const toMs = this.#now();
    return { fromMs: toMs - this.#windowMs, toMs };
  }

  /** Holds still at a span; undefined: follows again. */
  hold(span: Span | undefined): void {
    this.held = span;
    void this.load();
  }

  /** Asks for all that is shown. */
  async load(): Promise<void> {
    await this.#ask(this.span, undefined);
  }

  /** Asks for what was measured since the newest point that is known. */
  async catchUp(): Promise<void> {
    if (this.held !== undefined) return;
    const { fromMs, toMs } = this.span;
    const isLong = toMs - this.#knownToMs > this.#windowMs / 2;
    if (isLong || this.state.state === 'asking') return this.load();
    const widthMs = this.tracks[0]?.widthMs ?? 0;
    // Late ones too: a bucket, or some seconds.
    await this.#ask({ fromMs: Math.max(fromMs, this.#knownToMs - Math.max(widthMs, 10_000)), toMs }, widthMs);
  }

  /** Takes in what happens. */
  hear(events: readonly LiveEvent[]): void {
    if (this.held !== undefined) return;
    let isAny = false;
    for (const event of events as readonly MeasurementEvent[]) {
      if (event.event !== 'measurement') continue;
      this.#early?.push(event);
      for (const [n, track] of this.tracks.entries()) {
        if (addLive(track, this.series[n] as ChartSeries, event)) isAny = true;
      }
    }
    if (!isAny) return;
    const { fromMs, toMs } = this.span;
    if (this.#early === undefined) this.#knownToMs = toMs;
    for (const track of this.tracks) track.trim(fromMs);
    const isMany = this.tracks.some(({ widthMs, times }) => widthMs === 0 && times.length > this.#points * slack);
    if (isMany && this.#early === undefined) void this.load();
    this.#changed();
  }

  end(): void {
    this.#abort.abort();
  }

  /** @param sinceMs the width of the buckets that it goes on with; undefined: everything anew */
  async #ask(span: Span, widthMs: number | undefined): Promise<void> {
    this.#abort.abort();
    const abort = new AbortController();
    this.#abort = abort;
    this.#early = [];
    const { signal } = abort;
    const bucketMs = widthMs === undefined || widthMs === 0 ? undefined : widthMs;
    const toMs = this.held === undefined ? span.toMs + 1_000 : span.toMs;
    const devices = [...new Set(this.series.map(({ device }) => device))];
    try {
      const answers = await Promise.all(
        devices.map((device) => {
          const fields = this.series.filter((one) => one.device === device).map(({ field }) => field);
          const asked = askHistory(device, [...new Set(fields)], { ...span, toMs }, this.#points, { bucketMs, signal });
          return devices.length === 1 ? asked : asked.catch(ifUnknown(device, span));
        }),
      );
      if (signal.aborted) return;
      const early = this.#early;
      this.#early = undefined;
      // Points go on with points only; so many of them came in the meantime that they are buckets now.
      if (widthMs === 0 && answers.some(({ kind }) => kind === 'buckets')) return await this.load();
      this.#take(answers, devices, widthMs === undefined, span.fromMs);
      this.#knownToMs = span.toMs;
      this.state = { state: 'here' };
      this.hear(early);
    } catch (error) {
      if (signal.aborted) return;
      this.#early = undefined;
      this.state = { state: 'failed', error, isOld: this.tracks.some(({ times }) => times.length > 0) };
    }
    this.#changed();
  }

  #take(answers: readonly HistoryWindow[], devices: readonly string[], isAnew: boolean, fromMs: number): void {
    const answerOf = (one: ChartSeries) => answers[devices.indexOf(one.device)] as HistoryWindow;
    if (isAnew) {
      // Buckets are whole, so they begin a little earlier than was asked.
      const from = Math.max(...answers.map((one) => Date.parse(one.from)));
      this.keptFromMs = from > fromMs ? from : undefined;
      this.lostPoints = answers.reduce((sum, { losses }) => losses.reduce((n, { points }) => n + points, sum), 0);
      this.tracks = this.series.map((one) => {
        const { kind, bucketSeconds } = answerOf(one);
        return new Track(kind === 'buckets' ? (bucketSeconds ?? 0) * 1_000 : 0, this.#points * 4);
      });
    }
    for (const [n, track] of this.tracks.entries()) {
      const one = this.series[n] as ChartSeries;
      fill(track, one, answerOf(one));
    }
  }
}

/** Of a device that was forgotten there is nothing; the others are drawn all the same. */
function ifUnknown(device: string, { fromMs, toMs }: Span): (error: unknown) => HistoryWindow {
  return (error) => {
    if (!(error instanceof ApiProblem) || error.code !== 'device.unknown') throw error;
    const [from, to] = [new Date(fromMs).toISOString(), new Date(toMs).toISOString()];
    return { device, kind: 'raw', from, to, bucketSeconds: null, tier: null, losses: [], leftSeries: 0, series: [] };
  };
}
