import { t } from '../i18n/text.ts';
import { State } from './state.tsx';

export type Severity = 'info' | 'warning' | 'critical';

/** How much an alarm matters, in a word. */
export function SeverityWord({ severity }: { readonly severity: Severity }) {
  switch (severity) {
    case 'critical':
      return <State tone="bad">{t('Critical')}</State>;
    case 'warning':
      return <State tone="warn">{t('Warning')}</State>;
    case 'info':
      return <State tone="idle">{t('Information')}</State>;
  }
}
