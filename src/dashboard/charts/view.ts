import { type ReadonlySignal, signal } from '@preact/signals';
import type { LiveEvent } from '../live/protocol.ts';
import { gatewayNow } from '../state/clock.ts';
import { ChartFeed, type FeedState } from './feed.ts';
import type { ChartSeries } from './history.ts';
import type { Plot } from './plot.ts';
import { stepFrom } from './points.ts';
import type { Threshold } from './threshold.ts';
import type { Track } from './track.ts';
import { moved, pointsFor, type Span, zoomed } from './windows.ts';

/** What is around a plot shows: at most four times a second. */
export interface Shown {
  readonly state: FeedState;
  readonly tracks: readonly Track[];
  readonly span: Span;
  /** It does not follow what happens. */
  readonly isHeld: boolean;
  /** Nothing is kept from before; undefined: all of the span is, as far as there was something. */
  readonly keptFromMs: number | undefined;
  /** Points of the span that are not in it. */
  readonly lostPoints: number;
  /** Where somebody points; undefined: nowhere. */
  readonly cursorMs: number | undefined;
}

const paceMs = 250;
const againMs = 3_000;

/** A chart, without what is around it: when it asks, when it draws, what it holds still at. */
export class ChartView {
  readonly #shown = signal<Shown | undefined>(undefined);
  readonly #height: number;
  #feed: ChartFeed;
  #plot: Plot | undefined;
  #width = 0;
  #cursorMs: number | undefined;
  #lines: readonly Threshold[] = [];
  #isKeyed = false;
  #isSeen = true;
  #isDirty = false;
  #drawnAt = 0;
  #drawnToMs = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #again: ReturnType<typeof setTimeout> | undefined;

  /** @param span what it holds still at; undefined: it follows */
  constructor(series: readonly ChartSeries[], windowMs: number, width: number, height: number, span?: Span) {
    this.#width = width;
    this.#height = height;
    this.#feed = new ChartFeed(series, windowMs, pointsFor(width), gatewayNow, () => this.#changed());
    this.#feed.held = span;
    void this.#feed.load();
  }

  get shown(): ReadonlySignal<Shown | undefined> {
    return this.#shown;
  }

  /** The code that draws is there. */
  set plot(plot: Plot) {
    this.#plot = plot;
    plot.lines = this.#lines;
    this.dirty();
  }

  /** Thresholds. */
  set lines(lines: readonly Threshold[]) {
    this.#lines = lines;
    if (this.#plot !== undefined) this.#plot.lines = lines;
    this.dirty();
  }

  hear(events: readonly LiveEvent[]): void {
    this.#feed.hear(events);
  }

  /** Something may be missing. */
  catchUp(): void {
    void this.#feed.catchUp();
  }

  /** Whether anybody can see it: what can't be seen is not drawn. */
  set isSeen(isSeen: boolean) {
    this.#isSeen = isSeen;
    if (isSeen && this.#isDirty) this.dirty();
  }

  /** Time went on: the span moves, as soon as that is a pixel. */
  tick(): void {
    if (this.#feed.held !== undefined) return;
    const { fromMs, toMs } = this.#feed.span;
    if (toMs - this.#drawnToMs >= (toMs - fromMs) / Math.max(1, this.#width)) this.dirty();
  }

  resize(width: number): void {
    if (width === this.#width) return;
    this.#width = width;
    this.dirty();
  }

  /** @param isWhile the hand is still there: it is asked for when it is gone */
  look(span: Span, isWhile: boolean): void {
    if (isWhile) {
      this.#feed.held = span;
      this.dirty(true);
    } else this.#feed.hold(span);
  }

  /** Follows what happens again. */
  live(): void {
    if (this.#feed.held === undefined) return;
    this.#feed.hold(undefined);
    this.dirty();
  }

  /** A mouse points somewhere; what keys pointed at stays where it is until one does. */
  point(ms: number | undefined): void {
    if (this.#isKeyed || ms === this.#cursorMs) return;
    this.#cursorMs = ms;
    this.#tell();
  }

  mouse(): void {
    this.#isKeyed = false;
  }

  /** @returns whether the key means something here */
  key({ key, shiftKey, ctrlKey, metaKey, altKey }: KeyboardEvent): boolean {
    if (ctrlKey || metaKey || altKey) return false;
    const { span } = this.#feed;
    const width = span.toMs - span.fromMs;
    const around = this.#cursorMs ?? span.toMs;
    const sign = key === 'ArrowLeft' || key === 'PageUp' ? -1 : 1;
    switch (key) {
      case 'ArrowLeft':
      case 'ArrowRight':
        if (shiftKey) this.look(moved(span, (sign * width) / 10, gatewayNow()), false);
        else this.#step(sign);
        return true;
      case 'PageUp':
      case 'PageDown':
        this.#step(sign * 10);
        return true;
      case 'Home':
      case 'End':
        this.#step(key === 'Home' ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY);
        return true;
      case '+':
      case '=':
        this.look(zoomed(span, 0.5, around, gatewayNow()), false);
        return true;
      case '-':
        this.look(zoomed(span, 2, around, gatewayNow()), false);
        return true;
      case 'Escape':
        if (this.#feed.held === undefined && this.#cursorMs === undefined) return false;
        this.live();
        this.#isKeyed = false;
        this.#plot?.pointAt(undefined);
        return true;
      default:
        return false;
    }
  }

  end(): void {
    clearTimeout(this.#timer);
    clearTimeout(this.#again);
    this.#feed.end();
    this.#plot?.end();
  }

  /** Draws soon: at most four times a second, or with the next frame while a hand moves it. */
  dirty(isHand = false): void {
    this.#isDirty = true;
    if (!this.#isSeen || document.visibilityState === 'hidden') return;
    if (isHand) {
      clearTimeout(this.#timer);
      this.#timer = undefined;
    }
    const waitMs = isHand ? 0 : Math.max(0, this.#drawnAt + paceMs - performance.now());
    this.#timer ??= setTimeout(() => requestAnimationFrame(() => this.#draw()), waitMs);
  }

  #changed(): void {
    if (this.#feed.state.state === 'failed') {
      clearTimeout(this.#again);
      this.#again = setTimeout(() => this.#feed.load(), againMs);
    }
    this.dirty();
  }

  #draw(): void {
    this.#timer = undefined;
    this.#isDirty = false;
    this.#drawnAt = performance.now();
    const { span, tracks, state } = this.#feed;
    this.#drawnToMs = span.toMs;
    if (state.state !== 'asking') this.#plot?.draw(tracks, span, this.#width, this.#height);
    // Time goes on below it.
    if (this.#isKeyed) this.#plot?.pointAt(this.#cursorMs);
    this.#tell();
  }

  #step(step: number): void {
    const { span, tracks } = this.#feed;
    const to = stepFrom(tracks, span, this.#cursorMs, step);
    this.#isKeyed = true;
    // The point itself, not the pixel.
    this.#cursorMs = to;
    this.#plot?.pointAt(to);
    this.#tell();
  }

  #tell(): void {
    const { state, tracks, span, held, keptFromMs, lostPoints } = this.#feed;
    const isHeld = held !== undefined;
    this.#shown.value = { state, tracks, span, isHeld, keptFromMs, lostPoints, cursorMs: this.#cursorMs };
  }
}
