import { timeOfDay } from '../i18n/format.ts';
import { t } from '../i18n/text.ts';
import { isPaused, stream } from '../live/live.ts';
import { Icon } from '../ui/icon.tsx';
import { State } from '../ui/state.tsx';

/** How the page stands to the gateway, in a word. */
export function StreamStateWord() {
  const now = stream.value;
  switch (now.state) {
    case 'connecting':
      return <State tone="idle">{t('Connecting')}</State>;
    case 'live':
      return <State tone="good">{now.by === 'polling' ? t('Live, every few seconds') : t('Live')}</State>;
    case 'reconnecting':
      return (
        <span title={t('The gateway keeps taking in data; only this page does not see it.')}>
          <State tone="warn">{t('Reconnecting since {time} (data is safe)', { time: timeOfDay(now.sinceMs) })}</State>
        </span>
      );
    case 'refused':
      return (
        <span title={now.detail}>
          <State tone="bad">{t('Not let in')}</State>
        </span>
      );
    case 'paused':
      return (
        <button class="button" type="button" onClick={() => (isPaused.value = false)}>
          <Icon name="play" />
          {t('Paused')}
        </button>
      );
  }
}
