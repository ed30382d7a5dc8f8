import './overview.css';
import { useEffect, useState } from 'preact/hooks';
import type { GetBootstrapAnswer } from '../../api/schema.ts';
import { Sparkline } from '../../charts/sparkline.tsx';
import { bytes, count, duration, rate } from '../../i18n/format.ts';
import { plural, t } from '../../i18n/text.ts';
import { link } from '../../router.ts';
import { gatewayNow } from '../../state/clock.ts';
import { isAdmin } from '../../state/session.ts';
import { type GatewayStatus, status } from '../../state/status.ts';
import { NoDevices } from '../../ui/no-devices.tsx';
import { Problem } from '../../ui/problem.tsx';
import { Notice } from '../../ui/state.tsx';
import { UplinkWord } from '../../ui/uplink-word.tsx';
import { useAnswer } from '../../ui/use-answer.ts';
import { Alarms, NewTopics } from './cards.tsx';
import { Pinned } from './pinned.tsx';
import { noRecent, type Recent, withValue } from './recent.ts';

/** As far back as the rate's line goes, in ms. */
const rateSpanMs = 300_000;

/** How the gateway is doing, in one look. */
export function Page() {
  const now = status.value;
  const [start, again] = useAnswer<GetBootstrapAnswer>('api/v1/bootstrap');
  // The first device makes the page another one.
  const isEmpty = now !== undefined && now.devices.total === 0;
  useEffect(() => {
    if (!isEmpty && start.state === 'here' && start.value.sparklines.series.length === 0) again();
  }, [isEmpty]);
  if (now === undefined) return <p class="loading">{t('Asking the gateway …')}</p>;
  return (
    <>
      <div class="page-head">
        <h1>{t('Overview')}</h1>
      </div>
      <Health status={now} />
      {start.state === 'here' && !start.value.firstRun.isDone && isAdmin() && <NotSetUp />}
      <Tiles status={now} />
      <Alarms />
      {isEmpty && <NoDevices />}
      <NewTopics />
      {start.state === 'here' && <Pinned sparklines={start.value.sparklines} />}
      {start.state === 'failed' && <Problem error={start.error} />}
    </>
  );
}

/** Whether anything has to be done, in a sentence; and where that is so, what, in the gateway's own words. */
function Health({ status: { health, load, alarms, devices, buffer } }: { readonly status: GatewayStatus }) {
  const raised = alarms.active.warning + alarms.active.critical;
  const isWell = health.state === 'ready' && raised === 0 && load.level === 'normal';
  const tone = health.state === 'ready' || health.state === 'degraded' ? (isWell ? 'good' : 'warn') : 'bad';
  return (
    <div class="health">
      <Notice tone={tone} title={healthWord(health.state, raised)}>
        <span>
          {plural(devices.total, '{n} device, {online} of them online.', '{n} devices, {online} of them online.', {
            online: count(devices.online),
          })}{' '}
          {buffer.waitingRecords === 0
            ? t('Nothing waits.')
            : plural(buffer.waitingRecords, '{n} record waits.', '{n} records wait.')}
        </span>
        {!isWell && <span lang="en">{health.summary}</span>}
        {load.level !== 'normal' && load.reason !== null && <span lang="en">{load.reason}</span>}
      </Notice>
    </div>
  );
}

function healthWord(state: GatewayStatus['health']['state'], raised: number): string {
  switch (state) {
    case 'ready':
      return raised === 0 ? t('All good.') : plural(raised, '{n} alarm is raised.', '{n} alarms are raised.');
    case 'degraded':
      return t('Everything is taken in, but something needs a look.');
    case 'failing':
      return t('Messages are not taken in.');
    case 'starting':
      return t('The gateway is starting.');
    case 'stopping':
      return t('The gateway is stopping.');
  }
}

function Tiles({ status: now }: { readonly status: GatewayStatus }) {
  const { devices, flow, buffer, uplink } = now;
  const [line, setLine] = useState<Recent>(noRecent);
  useEffect(() => setLine((old) => withValue(old, gatewayNow(), flow.receivedPerSecond, rateSpanMs)), [now]);
  return (
    <div class="tiles">
      <a class="card tile" href={link('devices')}>
        <span class="label">{t('Devices')}</span>
        <span class="value">{count(devices.total)}</span>
        <span class="hint">{deviceWords(devices)}</span>
      </a>
      <div class="card tile">
        <span class="label">{t('Messages in')}</span>
        <span class="value">{rate(flow.receivedPerSecond)}</span>
        <Sparkline
          times={line.times}
          values={line.values}
          span={{ fromMs: gatewayNow() - rateSpanMs, toMs: gatewayNow() }}
        />
        <span class="hint">{plural(flow.received, '{n} since the start', '{n} since the start')}</span>
      </div>
      <a class="card tile" href={link('uplink')}>
        <span class="label">{t('Buffer')}</span>
        <span class="value">{plural(buffer.waitingRecords, '{n} waits', '{n} wait')}</span>
        <span class="hint">
          {buffer.waitingRecords === 0
            ? t('Everything was confirmed by the collector.')
            : t('{size}, the oldest for {time}', {
                size: bytes(buffer.waitingBytes),
                time: duration(buffer.oldestWaitingSeconds),
              })}
        </span>
      </a>
      <a class="card tile" href={link('uplink')}>
        <span class="label">{t('Uplink')}</span>
        <span class="value word">
          <UplinkWord uplink={uplink} />
        </span>
        <span class="hint">{t('{rate} confirmed', { rate: rate(uplink.acknowledgedPerSecond) })}</span>
      </a>
    </div>
  );
}

function deviceWords({ online, stale, offline }: GatewayStatus['devices']): string {
  if (stale + offline === 0) return plural(online, '{n} online', '{n} online');
  if (stale === 0) return t('{online} online, {offline} offline', { online, offline });
  return t('{online} online, {late} late, {offline} offline', { online, late: stale, offline });
}

function NotSetUp() {
  return (
    <Notice title={t('The first run is not over')}>
      <div class="row">
        <span class="grow">{t('A password, a name, where records go, the first sensor: three minutes.')}</span>
        <a class="button primary" href={link('first-run')}>
          {t('Go on with it')}
        </a>
      </div>
    </Notice>
  );
}
