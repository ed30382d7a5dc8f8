import { duration, number } from '../i18n/format.ts';
import { t } from '../i18n/text.ts';
import type { Comparator, RuleTerms, severities } from './rule.ts';

/** What a rule calls wrong, in words: `above 8 for 1 min`. */
export function conditionText({ comparator, value, low, high }: RuleTerms): string {
  const limit = typeof value === 'number' ? number(value) : String(value);
  switch (comparator) {
    case 'above':
      return t('above {value}', { value: limit });
    case 'below':
      return t('below {value}', { value: limit });
    case 'outside':
      return t('outside {low} to {high}', { low: number(low ?? 0), high: number(high ?? 0) });
    case 'equal':
      return t('equal to {value}', { value: limit });
    case 'notEqual':
      return t('not equal to {value}', { value: limit });
  }
}

/** How long something has to be wrong; empty: not at all. */
export function forText(seconds: number | undefined): string {
  return seconds === undefined || seconds === 0 ? '' : t('for {time}', { time: duration(seconds) });
}

export function comparatorName(comparator: Comparator): string {
  switch (comparator) {
    case 'above':
      return t('is above');
    case 'below':
      return t('is below');
    case 'outside':
      return t('is outside');
    case 'equal':
      return t('is equal to');
    case 'notEqual':
      return t('is not equal to');
  }
}

export function severityName(severity: (typeof severities)[number]): string {
  switch (severity) {
    case 'info':
      return t('Information');
    case 'warning':
      return t('Warning');
    case 'critical':
      return t('Critical');
  }
}
