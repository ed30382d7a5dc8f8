import './chart.css';
import type { ComponentChildren } from 'preact';
import { useEffect, useId, useMemo, useRef, useState } from 'preact/hooks';
import { dateTime, fieldValue, numberIn, unitShown } from '../i18n/format.ts';
import { t } from '../i18n/text.ts';
import { gatewayNow, now } from '../state/clock.ts';
import { theme } from '../state/preferences.ts';
import { Icon } from '../ui/icon.tsx';
import { Problem } from '../ui/problem.tsx';
import { useLive } from '../ui/use-live.ts';
import { useAnnounced } from './announced.ts';
import { axisTime, zoned } from './axis-time.ts';
import type { ChartSeries } from './history.ts';
import { inksOf } from './inks.ts';
import { Legend, Table } from './legend.tsx';
import { maxSeries, stripsHeight } from './palette.ts';
import { pointAt } from './points.ts';
import type { Threshold } from './threshold.ts';
import type { Track } from './track.ts';
import { ChartView, type Shown } from './view.ts';
import type { Span } from './windows.ts';
import { pointText, stateName } from './words.ts';

/** Asked for as soon as a page with a chart is there, beside what the chart asks. */
const drawing = import('./plot.ts');
// A page that is left before it came does not care.
drawing.catch(() => undefined);

/**
 * A live chart with its history.
 *
 * @param label what it shows, for those who can't see it
 * @param series one to eight; what is more is left out
 * @param windowMs how much of the past it shows while it follows
 * @param lines thresholds
 * @param span shown at first instead of what happens now
 * @param onWider offered where there is nothing in the window
 * @param about what is said below of what is shown
 */
export function Chart({
  label,
  series: given,
  windowMs,
  height = 280,
  lines = [],
  span,
  onWider,
  about,
}: {
  readonly label: string;
  readonly series: readonly ChartSeries[];
  readonly windowMs: number;
  readonly height?: number;
  readonly lines?: readonly Threshold[];
  readonly span?: Span | undefined;
  readonly onWider?: (() => void) | undefined;
  readonly about?: (shown: Shown) => ComponentChildren;
}) {
  const series = given.slice(0, maxSeries);
  const box = useRef<HTMLDivElement>(null);
  const [view, setView] = useState<ChartView>();
  const [isTable, setTable] = useState(false);
  const [problem, setProblem] = useState<unknown>();
  const id = useId();
  const key = JSON.stringify([series, windowMs, height, span]);
  useEffect(() => {
    const element = box.current;
    if (element === null) return;
    const fresh = new ChartView(series, windowMs, element.clientWidth, height, span);
    setView(fresh);
    let isOver = false;
    const watched = watch(element, fresh);
    drawing.then(
      ({ Plot }) => {
        if (isOver) return;
        const plot = new Plot(element, inksOf(element), {
          units: series.map(({ unit }) => unit ?? ''),
          labels: series.map(({ label }) => label),
          number: numberIn,
          unitName: unitShown,
          valueText: fieldValue,
          zoned,
          tick: axisTime,
          stateName,
          look: (span, isWhile) => fresh.look(span, isWhile),
          live: () => fresh.live(),
          point: (ms) => fresh.point(ms),
          nowMs: gatewayNow,
        });
        fresh.plot = plot;
        watched.onColours(() => plot.paint(inksOf(element)));
      },
      (error) => setProblem(error),
    );
    return () => {
      isOver = true;
      watched.end();
      fresh.end();
    };
  }, [key]);
  useEffect(() => {
    if (view !== undefined) view.lines = lines;
  }, [view, JSON.stringify(lines)]);
  const devices = useMemo(() => [...new Set(series.map(({ device }) => device))], [key]);
  useLive(
    { kinds: ['measurement'], devices },
    (events) => view?.hear(events),
    () => view?.catchUp(),
  );
  const shown = view?.shown.value;
  const { tracks = [], cursorMs } = shown ?? {};
  const said = useAnnounced(
    cursorMs === undefined
      ? ''
      : [
          dateTime(cursorMs),
          ...series.map(
            (one, n) =>
              `${one.label} ${tracks[n] ? pointText(tracks[n], pointAt(tracks[n], cursorMs), one.unit) : '–'}`,
          ),
        ].join(', '),
  );
  const isEmpty =
    shown?.state.state === 'here' &&
    tracks.every(
      ({ times, widthMs }) => (times.at(-1) ?? 0) + widthMs < shown.span.fromMs || (times[0] ?? 0) > shown.span.toMs,
    );
  return (
    <figure class="chart" aria-label={label}>
      <div
        class="plot"
        ref={box}
        style={{ blockSize: `${heightFor(tracks, height)}px` }}
        role="application"
        aria-roledescription={t('chart')}
        aria-label={label}
        aria-describedby={`${id}-keys`}
        {...(isTable && { 'aria-details': `${id}-table` })}
        // biome-ignore lint/a11y/noNoninteractiveTabindex: it is a surface that keys work on
        tabIndex={0}
        onMouseMove={() => view?.mouse()}
        onKeyDown={(event) => view?.key(event) && event.preventDefault()}
      >
        {(shown === undefined || shown.state.state === 'asking') && <div class="note">{t('Asking the gateway …')}</div>}
        {isEmpty && (
          <div class="note">
            <span>{t('Nothing was measured in this time.')}</span>
            {onWider !== undefined && (
              <button class="button" type="button" onClick={onWider}>
                {t('Look further back')}
              </button>
            )}
          </div>
        )}
      </div>
      <span id={`${id}-keys`} hidden>
        {t('Arrow keys go from point to point, with Shift through time; plus and minus zoom; Escape follows again.')}
      </span>
      <span class="visually-hidden" role="status">
        {said}
      </span>
      <Legend series={series} shown={shown} />
      <div class="row">
        <span class="hint grow">{cursorMs !== undefined && dateTime(cursorMs)}</span>
        {shown?.isHeld && (
          <button class="button primary" type="button" onClick={() => view?.live()}>
            <Icon name="play" />
            {t('Live')}
          </button>
        )}
        <button class="button" type="button" aria-pressed={isTable} onClick={() => setTable(!isTable)}>
          <Icon name="table" />
          {t('Table')}
        </button>
      </div>
      {shown !== undefined && about?.(shown)}
      {shown?.state.state === 'failed' && <Problem error={shown.state.error} />}
      {problem !== undefined && <Problem error={problem} />}
      {isTable && shown !== undefined && <Table id={`${id}-table`} label={label} series={series} shown={shown} />}
    </figure>
  );
}

/** States alone need no more than their strips. */
function heightFor(tracks: readonly Track[], height: number): number {
  const isAllStates = tracks.length > 0 && tracks.every(({ kind }) => kind === 'boolean' || kind === 'text');
  return isAllStates ? stripsHeight(tracks.length) : height;
}

/** Has a view know what becomes of its place: its size, whether it is seen, the time, the colours. */
function watch(element: HTMLElement, view: ChartView): { onColours(paint: () => void): void; end(): void } {
  let paint: (() => void) | undefined;
  let hiddenAt: number | undefined;
  const resized = new ResizeObserver(() => view.resize(element.clientWidth));
  resized.observe(element);
  const seen = new IntersectionObserver((entries) => (view.isSeen = entries.at(-1)?.isIntersecting ?? true));
  seen.observe(element);
  const turned = (): void => {
    if (document.visibilityState === 'hidden') {
      hiddenAt = performance.now();
      return;
    }
    // The stream rests while nobody looks.
    if (hiddenAt !== undefined && performance.now() - hiddenAt > 1_000) view.catchUp();
    view.dirty();
  };
  document.addEventListener('visibilitychange', turned);
  const stops = [now.subscribe(() => view.tick())];
  const colours = ['(prefers-color-scheme: dark)', '(forced-colors: active)', '(prefers-contrast: more)'].map((query) =>
    matchMedia(query),
  );
  const painted = (): void => paint?.();
  for (const one of colours) one.addEventListener('change', painted);
  // After the document has its attribute.
  stops.push(theme.subscribe(() => requestAnimationFrame(painted)));
  return {
    onColours: (then) => {
      paint = then;
    },
    end: () => {
      resized.disconnect();
      seen.disconnect();
      document.removeEventListener('visibilitychange', turned);
      for (const one of colours) one.removeEventListener('change', painted);
      for (const stop of stops) stop();
    },
  };
}
