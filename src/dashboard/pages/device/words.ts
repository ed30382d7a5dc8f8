import { t } from '../../i18n/text.ts';
import type { Tone } from '../../ui/state.tsx';

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
