import 'uplot/dist/uPlot.min.css';
import uPlot from 'uplot';
import { columnsOf } from './columns.ts';
import { dashes, stripHeight, stripsHeight } from './palette.ts';
import { drawLines, drawStrips, type Inks } from './strokes.ts';
import type { Threshold } from './threshold.ts';
import { touch } from './touch.ts';
import type { Track } from './track.ts';
import type { Span } from './windows.ts';
import { type Range, stickyRange } from './y-range.ts';

export interface PlotOptions {
  readonly units: readonly string[];
  readonly labels: readonly string[];
  /** Numbers of a unit, and the unit, as people write them. */
  readonly number: (value: number, unit: string | null | undefined) => string;
  readonly unitName: (unit: string) => string;
  readonly valueText: (value: number, unit: string | null | undefined) => string;
  /** A date whose parts are those of the time zone that is shown. */
  readonly zoned: (ms: number) => Date;
  /** A point of the time axis, for steps of so many ms. */
  readonly tick: (ms: number, stepMs: number) => string;
  readonly stateName: (track: Track, value: number) => string;
  /** Somebody wants to look at another span. `isWhile`: the hand is still there. */
  readonly look: (span: Span, isWhile: boolean) => void;
  /** Back to what happens now. */
  readonly live: () => void;
  /** The cursor is at that time; undefined: nowhere. */
  readonly point: (ms: number | undefined) => void;
  readonly nowMs: () => number;
}

/** Of which the plot is made anew when it changes. */
const shapeOf = (tracks: readonly Track[]): string => tracks.map(({ kind, widthMs }) => `${kind}${widthMs > 0}`).join();

/** A uPlot that goes on with what is given: lines with a band from the least to the most, states as strips above them. */
export class Plot {
  readonly #box: HTMLElement;
  readonly #options: PlotOptions;
  #plot: uPlot | undefined;
  #shape = '';
  #inks: Inks;
  #tracks: readonly Track[] = [];
  #ranges = new Map<string, Range>();
  #span: Span = { fromMs: 0, toMs: 1 };
  /** Drawn with the next drawing. */
  lines: readonly Threshold[] = [];

  constructor(box: HTMLElement, inks: Inks, options: PlotOptions) {
    this.#box = box;
    this.#inks = inks;
    this.#options = options;
  }

  draw(tracks: readonly Track[], span: Span, width: number, most: number): void {
    this.#tracks = tracks;
    this.#span = span;
    const numbers = tracks.filter(({ kind }) => kind === 'number');
    const height = numbers.length === 0 && this.#strips().length > 0 ? stripsHeight(this.#strips().length) : most;
    const { times, tracks: columns } = columnsOf(numbers);
    const data = [times, ...columns.flatMap(({ avg, min, max }) => [avg, min, max])] as uPlot.AlignedData;
    const shape = `${shapeOf(tracks)}`;
    if (this.#plot === undefined || this.#shape !== shape) {
      this.#plot?.destroy();
      this.#shape = shape;
      this.#plot = new uPlot(this.#optionsFor(width, height), data, this.#box);
    }
    const plot = this.#plot;
    plot.batch(() => {
      if (plot.width !== width || plot.height !== height) plot.setSize({ width, height });
      plot.setData(data, false);
      plot.setScale('x', { min: span.fromMs, max: span.toMs });
    });
  }

  /** Other colours: of another theme. */
  paint(inks: Inks): void {
    this.#inks = inks;
    this.#plot?.redraw(false);
  }

  /** Has the cursor at a time; undefined: nowhere. */
  pointAt(ms: number | undefined): void {
    const plot = this.#plot;
    if (plot === undefined) return;
    if (ms === undefined) plot.setCursor({ left: -10, top: -10 });
    else plot.setCursor({ left: plot.valToPos(ms, 'x'), top: plot.over.clientHeight / 2 });
  }

  /** Other scales than before are no use for other fields. */
  forget(): void {
    this.#ranges.clear();
  }

  end(): void {
    this.#plot?.destroy();
    this.#plot = undefined;
  }

  #live(): null {
    this.#options.live();
    return null;
  }

  /** Which tracks are drawn as strips. */
  #strips(): number[] {
    return this.#tracks.flatMap(({ kind }, n) => (kind === 'boolean' || kind === 'text' ? [n] : []));
  }

  #optionsFor(width: number, height: number): uPlot.Options {
    const { number, tick, unitName, units, zoned } = this.#options;
    const numbers = this.#tracks.flatMap(({ kind }, n) => (kind === 'number' ? [n] : []));
    const scales = [...new Set(numbers.map((n) => units[n] ?? ''))];
    const ink = (which: 'soft' | 'grid') => () => this.#inks[which];
    const font = '12px system-ui, sans-serif';
    const axis = { stroke: ink('soft'), font, ticks: { show: false }, grid: { stroke: ink('grid'), width: 1 } };
    return {
      width,
      height,
      ms: 1,
      tzDate: zoned,
      padding: [this.#strips().length * stripHeight + 10, scales.length > 1 ? 0 : 14, 0, scales.length === 0 ? 14 : 0],
      legend: { show: false },
      cursor: {
        y: false,
        drag: { x: true, y: false, setScale: false, dist: 6 },
        points: { size: 7 },
        bind: { dblclick: () => () => this.#live() },
      },
      scales: {
        x: { time: true, auto: false, range: (_plot, min, max) => [min, max] },
        ...Object.fromEntries(scales.map((unit) => [`y${unit}`, { range: () => [...this.#rangeOf(unit)] }])),
      },
      series: [
        {},
        ...numbers.flatMap((n) => {
          const scale = `y${units[n] ?? ''}`;
          const isBand = (this.#tracks[n]?.widthMs ?? 0) > 0;
          const edge = { scale, show: isBand, width: 0, points: { show: false }, stroke: 'transparent' };
          const line = {
            scale,
            stroke: () => this.#inks.series[n] ?? '',
            width: 1.75,
            dash: [...(dashes[n] ?? [])],
          };
          return [line, edge, edge];
        }),
      ],
      bands: numbers.flatMap((n, i) => {
        if ((this.#tracks[n]?.widthMs ?? 0) === 0) return [];
        const series: [number, number] = [3 + i * 3, 2 + i * 3];
        return [{ series, fill: () => `color-mix(in srgb, ${this.#inks.series[n]} 18%, transparent)` }];
      }),
      axes: [
        {
          ...axis,
          space: 70,
          size: 30,
          values: (_plot, splits, _axis, _space, stepMs) => splits.map((ms) => tick(ms, stepMs)),
        },
        ...scales.map((unit, i) => ({
          ...axis,
          scale: `y${unit}`,
          // The second unit is at the other side; more have their values in the legend alone.
          show: i < 2,
          side: i === 1 ? 1 : 3,
          grid: { ...axis.grid, show: i === 0 },
          size: (_plot: uPlot, values: string[] | null) =>
            18 + Math.max(3, ...(values ?? []).map((v) => v.length)) * 6.6,
          values: (_plot: uPlot, splits: number[]) =>
            splits.map((value, at) => (at === splits.length - 1 && unit !== '' ? unitName(unit) : number(value, unit))),
        })),
      ],
      hooks: {
        draw: [(plot) => this.#drawRest(plot)],
        setSelect: [(plot) => this.#selected(plot)],
        setCursor: [(plot) => this.#pointed(plot)],
      },
      plugins: [touch(() => this.#span, this.#options.look, this.#options.nowMs)],
    };
  }

  #rangeOf(unit: string): Range {
    const { fromMs, toMs } = this.#span;
    let min = Number.POSITIVE_INFINITY;
    let max = Number.NEGATIVE_INFINITY;
    for (const [n, track] of this.#tracks.entries()) {
      if (track.kind !== 'number' || (this.#options.units[n] ?? '') !== unit) continue;
      for (let i = track.times.length - 1; i >= 0; i--) {
        const time = track.times[i] as number;
        if (time > toMs) continue;
        if (time < fromMs - track.widthMs) break;
        min = Math.min(min, track.min[i] as number);
        max = Math.max(max, track.max[i] as number);
      }
    }
    const lines = this.lines.filter((one) => (one.unit ?? '') === unit).map(({ value }) => value);
    const range = stickyRange(this.#ranges.get(unit), min, max, lines);
    this.#ranges.set(unit, range);
    return range;
  }

  #drawRest(plot: uPlot): void {
    const { labels, stateName, valueText } = this.#options;
    const strips = this.#strips().map((n) => ({
      track: this.#tracks[n] as Track,
      label: labels[n] ?? '',
      ink: this.#inks.series[n] ?? '',
    }));
    drawStrips(plot, strips, this.#inks, Math.min(this.#span.toMs, this.#options.nowMs()), stateName);
    drawLines(plot, this.lines, this.#inks, valueText);
  }

  #selected(plot: uPlot): void {
    const { left, width } = plot.select;
    if (width < 6) return;
    const span = { fromMs: plot.posToVal(left, 'x'), toMs: plot.posToVal(left + width, 'x') };
    plot.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
    this.#options.look(span, false);
  }

  #pointed(plot: uPlot): void {
    const { left } = plot.cursor;
    this.#options.point(left === undefined || left === null || left < 0 ? undefined : plot.posToVal(left, 'x'));
  }
}
