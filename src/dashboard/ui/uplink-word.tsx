import type { GetUplinkAnswer } from '../api/schema.ts';
import { duration } from '../i18n/format.ts';
import { t } from '../i18n/text.ts';
import { now } from '../state/clock.ts';
import { State } from './state.tsx';

/** How the way to the collector is, in a few words. */
export function UplinkWord({ uplink }: { readonly uplink: GetUplinkAnswer }) {
  switch (uplink.state) {
    case 'live':
      return <State tone="good">{t('Connected')}</State>;
    case 'draining':
      return <State tone="good">{t('Catching up')}</State>;
    case 'connecting':
      return <State tone="warn">{t('Connecting')}</State>;
    case 'waiting':
      return <State tone="warn">{retryText(uplink.retryAt)}</State>;
    case 'stalled':
      return <State tone="bad">{t('No acknowledgements')}</State>;
    case 'rejected':
      return <State tone="bad">{t('Refused by the collector')}</State>;
    case 'offline':
      return <State tone="idle">{t('Paused')}</State>;
  }
}

function retryText(retryAt: string | null): string {
  if (retryAt === null) return t('Waiting');
  const seconds = Math.max(0, (Date.parse(retryAt) - now.value) / 1_000);
  return t('Tries again in {time}', { time: duration(seconds) });
}
