import type { ComponentChildren } from 'preact';
import { bytes, count, rate } from '../../i18n/format.ts';
import { plural, t } from '../../i18n/text.ts';
import { link } from '../../router.ts';
import type { GatewayStatus } from '../../state/status.ts';
import { Icon } from '../../ui/icon.tsx';
import { UplinkWord } from '../../ui/uplink-word.tsx';

/** The way of a message, with how much goes along it. */
export function Flow({ status }: { readonly status: GatewayStatus }) {
  const { flow, devices, buffer, uplink, collector } = status;
  return (
    <section class="flow" aria-label={t('The way of a message')}>
      <Stop name={t('Sources')} value={plural(devices.online, '{n} device online', '{n} devices online')}>
        <a href={link('devices')}>{t('Devices')}</a>
      </Stop>
      <Arrow perSecond={flow.receivedPerSecond} />
      <Stop name={t('Buffer')} value={plural(buffer.waitingRecords, '{n} record waits', '{n} records wait')}>
        <span class="hint">{bytes(buffer.waitingBytes)}</span>
      </Stop>
      <Arrow perSecond={uplink.acknowledgedPerSecond} />
      <Stop name={t('Uplink')} value={<UplinkWord uplink={uplink} />}>
        <span class="hint">{t('{size} on the way', { size: bytes(uplink.inFlightBytes) })}</span>
      </Stop>
      <Arrow perSecond={uplink.acknowledgedPerSecond} />
      <Stop
        name={collector === null ? t('Collector') : t('Collector beside this gateway')}
        value={count(uplink.acknowledgedRecords)}
      >
        <span class="hint">{t('confirmed since the start')}</span>
      </Stop>
    </section>
  );
}

function Stop({
  name,
  value,
  children,
}: {
  readonly name: string;
  readonly value: ComponentChildren;
  readonly children: ComponentChildren;
}) {
  return (
    <div class="stop">
      <span class="hint">{name}</span>
      <strong>{value}</strong>
      {children}
    </div>
  );
}

function Arrow({ perSecond }: { readonly perSecond: number }) {
  return (
    <div class={`arrow ${perSecond === 0 ? 'still' : ''}`}>
      <Icon name="arrow" />
      <span>{rate(perSecond)}</span>
    </div>
  );
}
