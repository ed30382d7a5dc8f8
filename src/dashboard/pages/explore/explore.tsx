import './explore.css';
import { useEffect, useState } from 'preact/hooks';
import { Chart } from '../../charts/chart.tsx';
import type { ChartSeries } from '../../charts/history.ts';
import type { Shown } from '../../charts/view.ts';
import { windows } from '../../charts/windows.ts';
import { dateTime, duration } from '../../i18n/format.ts';
import { plural, t } from '../../i18n/text.ts';
import type { LiveWish } from '../../live/protocol.ts';
import { place, setQuery } from '../../router.ts';
import { applyEvents, deviceSet, devices, loadDevices } from '../../state/devices.ts';
import { Icon } from '../../ui/icon.tsx';
import { NoDevices } from '../../ui/no-devices.tsx';
import { Problem } from '../../ui/problem.tsx';
import { State } from '../../ui/state.tsx';
import { useLive } from '../../ui/use-live.ts';
import { type Choice, type ChosenSeries, choiceOf, isSame, maxChosen, queryOf } from './choice.ts';
import { Downloads } from './downloads.tsx';
import { Picker } from './picker.tsx';
import { WindowChoice } from './window.tsx';

const wish: LiveWish = { kinds: ['measurement', 'device'] };

/** Any fields of any devices, in any window. */
export function Page() {
  const [state, setState] = useState<'asking' | 'here' | { error: unknown }>('asking');
  const load = (): void => {
    loadDevices().then(
      () => setState('here'),
      (error) => setState({ error }),
    );
  };
  useEffect(load, []);
  useLive(wish, applyEvents, load);
  const choice = choiceOf(place.value.query);
  const change = (some: Partial<Choice>): void => setQuery(queryOf({ ...choice, ...some }));
  return (
    <>
      <div class="page-head">
        <h1>{t('Explore')}</h1>
      </div>
      {typeof state === 'object' && <Problem error={state.error} />}
      {choice.series.length > 0 && (state !== 'asking' || devices.size > 0) && (
        <Explored choice={choice} change={change} />
      )}
      {state === 'asking' && <p class="loading">{t('Loading …')}</p>}
      {state !== 'asking' && devices.size === 0 && choice.series.length === 0 && <NoDevices />}
      {devices.size > 0 && (
        <section class="card" aria-labelledby="explore-fields">
          <header>
            <h2 id="explore-fields">{t('Fields')}</h2>
            <span class="hint">{t('{n} of {max} chosen', { n: choice.series.length, max: maxChosen })}</span>
          </header>
          <Picker chosen={choice.series} onChange={(series) => change({ series })} />
        </section>
      )}
    </>
  );
}

function Explored({ choice, change }: { readonly choice: Choice; readonly change: (some: Partial<Choice>) => void }) {
  const { windowMs, span } = choice;
  void deviceSet.value;
  const series = choice.series.map(chartSeries);
  const wider = windows.find((one) => one > windowMs);
  return (
    <section class="card" aria-label={t('Chart')}>
      <WindowChoice choice={choice} onChange={change} />
      <ul class="row" aria-label={t('Chosen')}>
        {choice.series.map((one, n) => (
          <li class="chip" key={`${one.device} ${one.field} ${one.tags}`}>
            <bdi>{series[n]?.label}</bdi>
            {devices.size > 0 && !devices.has(one.device) && <State tone="warn">{t('No such device')}</State>}
            <button
              class="chip-button"
              type="button"
              aria-label={t('Leave out {name}', { name: series[n]?.label ?? '' })}
              onClick={() => change({ series: choice.series.filter((other) => !isSame(one, other)) })}
            >
              <Icon name="close" />
            </button>
          </li>
        ))}
      </ul>
      <Chart
        label={series.map(({ label }) => label).join(', ')}
        series={series}
        windowMs={windowMs}
        height={340}
        span={span}
        onWider={span === undefined && wider !== undefined ? () => change({ windowMs: wider }) : undefined}
        about={(shown) => <About shown={shown} series={series} choice={choice} change={change} />}
      />
    </section>
  );
}

/** How exact it is, what is missing, and how to keep it. */
function About({
  shown,
  series,
  choice,
  change,
}: {
  readonly shown: Shown;
  readonly series: readonly ChartSeries[];
  readonly choice: Choice;
  readonly change: (some: Partial<Choice>) => void;
}) {
  const { tracks, keptFromMs, lostPoints, span, isHeld, state } = shown;
  if (state.state === 'asking') return null;
  const widthMs = Math.max(0, ...tracks.map((one) => one.widthMs));
  const isOther = isHeld && (choice.span?.fromMs !== span.fromMs || choice.span.toMs !== span.toMs);
  return (
    <div class="stack">
      <p class="hint">
        {widthMs === 0
          ? t('Each point is a value as it came.')
          : t('Each point stands for {time}: the line is the average, the band goes from the lowest to the highest.', {
              time: duration(widthMs / 1_000),
            })}
      </p>
      {keptFromMs !== undefined && (
        <State tone="warn">{t('Nothing is kept from before {time}.', { time: dateTime(keptFromMs) })}</State>
      )}
      {lostPoints > 0 && (
        <State tone="warn">
          {plural(lostPoints, '{n} value of this time is lost', '{n} values of this time are lost')}
        </State>
      )}
      {isOther && (
        <div class="row">
          <button class="button" type="button" onClick={() => change({ span: wholeSeconds(span) })}>
            {t('Put this time into the address')}
          </button>
        </div>
      )}
      <h2>{t('Save')}</h2>
      <Downloads series={series} shown={shown} />
    </div>
  );
}

function wholeSeconds({ fromMs, toMs }: Shown['span']): Shown['span'] {
  return { fromMs: Math.floor(fromMs / 1_000) * 1_000, toMs: Math.ceil(toMs / 1_000) * 1_000 };
}

function chartSeries({ device, field, tags }: ChosenSeries): ChartSeries {
  const known = devices.get(device)?.peek();
  const unit = known?.fields.find((one) => one.name === field && one.tags === tags)?.unit;
  const label = `${known?.name ?? device} · ${field}${tags === '' ? '' : ` ${tags}`}`;
  return { device, field, tags, label, unit };
}
