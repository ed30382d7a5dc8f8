import { t } from '../i18n/text.ts';
import type { Presence } from '../state/devices.ts';
import { State } from './state.tsx';

/** Whether a device is there, in a word. */
export function PresenceWord({ presence }: { readonly presence: Presence }) {
  switch (presence) {
    case 'online':
      return <State tone="good">{t('Online')}</State>;
    case 'stale':
      return <State tone="warn">{t('Late')}</State>;
    case 'offline':
      return <State tone="bad">{t('Offline')}</State>;
    case 'unknown':
      return <State tone="idle">{t('Not heard yet')}</State>;
  }
}
