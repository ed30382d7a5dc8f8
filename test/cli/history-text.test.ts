import assert from 'node:assert/strict';
import { test } from 'node:test';
import { historyText } from '../../src/cli/history-text.ts';
import type { HistoryStatus } from '../../src/history/status.ts';
import { someHistory } from '../support/status.ts';

test('the line of the history says what is missing, and nothing of what is as it should be', () => {
  const { leftPoints } = someHistory;
  const rows: readonly (readonly [Partial<HistoryStatus>, string])[] = [
    [{}, '12 fields, 5.0 MB of 1.0 GB, since 2025-11-22'],
    [{ state: 'off' }, 'off'],
    [{ series: 0, storedSeries: 0 }, ''],
    [
      { series: 1_234, tiers: { ...someHistory.tiers, '1h': { bytes: 0, blocks: 0, oldest: null } } },
      '1,234 fields, 5.0 MB of 1.0 GB, since 2026-11-01',
    ],
    [
      { state: 'failing', failure: 'disk I/O error.' },
      'NOT WRITTEN: disk I/O error, 12 fields, 5.0 MB of 1.0 GB, since 2025-11-22',
    ],
    [
      { leftPoints: { ...leftPoints, late: 1_000, disk: 2 } },
      '12 fields, 5.0 MB of 1.0 GB, since 2025-11-22, points left out: late 1,000, disk 2',
    ],
    [
      { putAside: '/data/x' },
      '12 fields, 5.0 MB of 1.0 GB, since 2025-11-22, what was there could not be read: /data/x',
    ],
  ];
  for (const [history, text] of rows) assert.equal(historyText({ ...someHistory, ...history }), text);
});
