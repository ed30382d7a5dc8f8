import { t } from '../i18n/text.ts';

/** What a page is called in the rail, as the title, and in the keyboard map. */
export function pageName(name: string): string {
  switch (name) {
    case 'overview':
      return t('Overview');
    case 'devices':
      return t('Devices');
    case 'device':
      return t('Device');
    case 'discover':
      return t('Discover');
    case 'uplink':
      return t('Buffer & Uplink');
    case 'alarms':
      return t('Alarms');
    case 'explore':
      return t('Explore');
    case 'logs':
      return t('Logs');
    case 'settings':
      return t('Settings');
    case 'first-run':
      return t('First run');
    default:
      return t('Not found');
  }
}
