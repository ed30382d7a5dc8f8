import { fieldValue, numberIn } from '../i18n/format.ts';
import { t } from '../i18n/text.ts';
import type { Point } from './points.ts';
import type { Track } from './track.ts';

/** A state in a word. @param value as the track has it */
export function stateName({ kind, labels }: Track, value: number): string {
  if (kind === 'text') return labels[value] ?? '';
  if (value > 0 && value < 1) return t('on and off');
  return fieldValue(value === 1);
}

/** A point in words: `21.5 °C`, with what it was between where that is not the same. */
export function pointText(track: Track, point: Point | undefined, unit: string | null | undefined): string {
  if (point === undefined) return '–';
  if (track.kind !== 'number') return stateName(track, point.avg);
  const value = fieldValue(point.avg, unit);
  const { min, max } = point;
  return min === max
    ? value
    : t('{value} ({min} to {max})', { value, min: numberIn(min, unit), max: numberIn(max, unit) });
}
