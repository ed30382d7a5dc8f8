import { t } from '../i18n/text.ts';

/** Why records were dropped, for people. */
export function dropReason(reason: string): string {
  switch (reason) {
    case 'thinned':
      return t('Thinned out, as its rule asks');
    case 'not-forwarded':
      return t('Not forwarded, as its rule asks');
    case 'expired':
      return t('Older than its rule keeps');
    case 'evicted':
      return t('Made room for others');
    case 'full':
      return t('Not taken in, for want of room');
    case 'damaged':
      return t('Lost in a damaged file');
    case 'disk-failed':
      return t('Lost when the disk failed');
    case 'stopped':
      return t('In memory only when the gateway stopped');
    default:
      return reason;
  }
}

/** How urgent, for people. */
export function priorityName(priority: 'bulk' | 'normal' | 'critical'): string {
  switch (priority) {
    case 'bulk':
      return t('Bulk');
    case 'normal':
      return t('Normal');
    case 'critical':
      return t('Critical');
  }
}
