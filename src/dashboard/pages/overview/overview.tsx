import { bytes, count, rate } from '../../i18n/format.ts';
import { plural, t } from '../../i18n/text.ts';
import { link } from '../../router.ts';
import { status } from '../../state/status.ts';
import { Notice } from '../../ui/state.tsx';

/** How the gateway is doing. */
export function Page() {
  const now = status.value;
  if (now === undefined) return <p class="loading">{t('Asking the gateway …')}</p>;
  const { health, devices, flow, buffer, uplink } = now;
  return (
    <>
      <div class="page-head">
        <h1>{t('Overview')}</h1>
      </div>
      <Notice
        tone={health.state === 'ready' ? 'good' : health.state === 'degraded' ? 'warn' : 'bad'}
        title={health.summary}
      />
      <div class="tiles">
        <a class="card tile" href={link('devices')}>
          <span class="label">{t('Devices')}</span>
          <span class="value">{count(devices.total)}</span>
          <span class="hint">{plural(devices.online, '{n} online', '{n} online')}</span>
        </a>
        <div class="card tile">
          <span class="label">{t('Messages in')}</span>
          <span class="value">{rate(flow.receivedPerSecond)}</span>
          <span class="hint">{plural(flow.received, '{n} since the start', '{n} since the start')}</span>
        </div>
        <a class="card tile" href={link('uplink')}>
          <span class="label">{t('Waiting')}</span>
          <span class="value">{count(buffer.waitingRecords)}</span>
          <span class="hint">{bytes(buffer.waitingBytes)}</span>
        </a>
        <a class="card tile" href={link('uplink')}>
          <span class="label">{t('Uplink')}</span>
          <span class="value">{uplink.state}</span>
          <span class="hint">{rate(uplink.acknowledgedPerSecond)}</span>
        </a>
      </div>
    </>
  );
}
