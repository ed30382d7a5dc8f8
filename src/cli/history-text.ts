import { formatBytes } from '../core/units.ts';
import type { HistoryStatus } from '../history/status.ts';

/** What a person may have asked for: nothing is lost by it. */
const harmless = new Set(['duplicate', 'unusable']);

/** What is kept for charts; nothing when that is nothing. */
export function historyText(history: HistoryStatus): string {
  const { state, failure, series, storedSeries, diskBytes, maxBytes, tiers, leftPoints, putAside } = history;
  if (state === 'off') return 'off';
  if (state === 'ready' && series === 0 && storedSeries === 0) return '';
  const oldest = Object.values(tiers)
    .flatMap((tier) => tier.oldest ?? [])
    .sort()[0];
  const left = Object.entries(leftPoints).filter(([reason, count]) => count > 0 && !harmless.has(reason));
  return [
    state === 'failing' && `NOT WRITTEN: ${(failure ?? 'see the log').replace(/\.$/, '')}`,
    `${number(series)} fields`,
    `${formatBytes(diskBytes)} of ${formatBytes(maxBytes)}`,
    oldest !== undefined && `since ${oldest.slice(0, 10)}`,
    left.length > 0 && `points left out: ${left.map(([reason, count]) => `${reason} ${number(count)}`).join(', ')}`,
    putAside !== null && `what was there could not be read: ${putAside}`,
  ]
    .filter(Boolean)
    .join(', ');
}

function number(value: number): string {
  return value.toLocaleString('en-US');
}
