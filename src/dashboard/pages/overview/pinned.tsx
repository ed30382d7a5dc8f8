import { useState } from 'preact/hooks';
import type { GetBootstrapAnswer } from '../../api/schema.ts';
import { Sparkline } from '../../charts/sparkline.tsx';
import { ago, duration, fieldValue } from '../../i18n/format.ts';
import { t } from '../../i18n/text.ts';
import type { LiveEvent, MeasurementEvent } from '../../live/protocol.ts';
import { link } from '../../router.ts';
import { gatewayNow, now } from '../../state/clock.ts';
import { useLive } from '../../ui/use-live.ts';
import { type Recent, withValue } from './recent.ts';

type Sparklines = GetBootstrapAnswer['sparklines'];
type Series = Sparklines['series'][number];

/** The fields that somebody pinned, or the newest there are: each with its last hour. */
export function Pinned({ sparklines }: { readonly sparklines: Sparklines }) {
  const { series, windowSeconds } = sparklines;
  if (series.length === 0) return null;
  return (
    <section class="stack" aria-labelledby="pinned">
      <h2 id="pinned">
        {windowSeconds === 3_600 ? t('The last hour') : t('The last {time}', { time: duration(windowSeconds) })}
      </h2>
      <div class="tiles">
        {series.map((one) => (
          <Tile series={one} windowMs={windowSeconds * 1_000} key={`${one.device} ${one.field} ${one.tags}`} />
        ))}
      </div>
    </section>
  );
}

function Tile({ series, windowMs }: { readonly series: Series; readonly windowMs: number }) {
  const { device, deviceName, field, unitSymbol, unit } = series;
  const [line, setLine] = useState<Recent>(() => beginningOf(series));
  useLive({ kinds: ['measurement'], devices: [device] }, (events) => {
    setLine((old) => events.reduce((one, event) => withEvent(one, event, series, windowMs), old));
  });
  const lastMs = line.times.at(-1);
  const toMs = gatewayNow();
  return (
    <a class="card tile pin" href={link('device', device, { field })}>
      <span class="label" dir="auto">
        {deviceName} · {field}
      </span>
      <span class="value">{fieldValue(line.values.at(-1), unitSymbol ?? unit)}</span>
      <Sparkline times={line.times} values={line.values} span={{ fromMs: toMs - windowMs, toMs }} />
      <span class="hint">{lastMs === undefined ? t('No data in that time') : ago(lastMs, now.value)}</span>
    </a>
  );
}

/** Its points may be averages: the last one is the newest value itself. */
function beginningOf({ times, values, newest }: Series): Recent {
  if (newest === null || newest.at === null) return { times, values };
  const atMs = Date.parse(newest.at);
  const before = times.filter((time) => time < atMs).length;
  return { times: [...times.slice(0, before), atMs], values: [...values.slice(0, before), newest.value] };
}

function withEvent(line: Recent, event: LiveEvent, { device, field, tags }: Series, windowMs: number): Recent {
  if (event.event !== 'measurement' || event.deviceId !== device || tags !== '') return line;
  const { fields, time, receivedAt } = event as MeasurementEvent;
  const value = fields.find(({ name }) => name === field)?.value;
  if (typeof value !== 'number') return line;
  return withValue(line, Date.parse(time ?? receivedAt), value, windowMs, windowMs / 120);
}
