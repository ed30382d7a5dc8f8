import { duration, number } from '../../i18n/format.ts';
import { t } from '../../i18n/text.ts';
import type { Tone } from '../../ui/state.tsx';
import type { Rule } from './threshold.ts';

/** What a rule calls wrong, in words. */
export function conditionText({ comparator, value, low, high }: Rule): string {
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

export function comparatorName(comparator: Rule['comparator']): string {
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

export function severityName(severity: string): string {
  switch (severity) {
    case 'info':
      return t('Info');
    case 'critical':
      return t('Critical');
    default:
      return t('Warning');
  }
}

export const severityTone = (severity: string): Tone =>
  severity === 'critical' ? 'bad' : severity === 'info' ? 'idle' : 'warn';

/** How long something has to be wrong; empty: not at all. */
export function forText(seconds: number | undefined): string {
  return seconds === undefined || seconds === 0 ? '' : t('for {time}', { time: duration(seconds) });
}

/** When a source has its answer. */
export function durabilityText(durability: string): string {
  switch (durability) {
    case 'local':
      return t('Answered when it is on this disk: it survives a power cut.');
    case 'anywhere':
      return t('Answered when it is on this disk or at the collector: it survives a power cut.');
    case 'relaxed':
      return t('Answered at once, on this disk within moments: a power cut can cost the newest.');
    default:
      return t('Answered at once and kept in memory: a power cut costs what waits.');
  }
}

export function whenFullText(whenFull: string): string {
  switch (whenFull) {
    case 'block':
      return t('When the buffer is full, the source waits.');
    case 'dropNewest':
      return t('When the buffer is full, new ones are refused.');
    default:
      return t('When the buffer is full, the oldest make room.');
  }
}

/** Where a command stands. */
export function commandState(state: string): { readonly tone: Tone; readonly word: string } {
  switch (state) {
    case 'queued':
      return { tone: 'idle', word: t('Waiting') };
    case 'sent':
      return { tone: 'idle', word: t('Sent') };
    case 'acknowledged':
      return { tone: 'good', word: t('Done') };
    case 'failed':
      return { tone: 'bad', word: t('Failed') };
    case 'expired':
      return { tone: 'warn', word: t('Expired') };
    default:
      return { tone: 'warn', word: t('Not known') };
  }
}
