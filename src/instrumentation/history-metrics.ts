import type { HistoryStatus } from '../history/status.ts';

type Family = readonly [
  name: string,
  type: 'counter' | 'gauge',
  help: string,
  value: (status: HistoryStatus) => number | Readonly<Record<string, number>>,
  label?: string,
];

const families: readonly Family[] = [
  ['headgate_history_failing', 'gauge', '1 while history is not written.', ({ state }) => Number(state === 'failing')],
  ['headgate_history_series', 'gauge', 'Fields of devices that are followed.', ({ series }) => series],
  ['headgate_history_stored_series', 'gauge', 'Fields of devices on disk.', ({ storedSeries }) => storedSeries],
  ['headgate_history_recent_bytes', 'gauge', 'Memory of points kept as they came.', ({ recentBytes }) => recentBytes],
  ['headgate_history_disk_bytes', 'gauge', 'What history takes on disk.', ({ diskBytes }) => diskBytes],
  ['headgate_history_used_bytes', 'gauge', 'What of that is in use.', ({ usedBytes }) => usedBytes],
  ['headgate_history_max_bytes', 'gauge', 'What it may take.', ({ maxBytes }) => maxBytes],
  [
    'headgate_history_tier_bytes',
    'gauge',
    'Bytes of the buckets of each width.',
    ({ tiers }) => Object.fromEntries(Object.entries(tiers).map(([name, { bytes }]) => [name, bytes])),
    'tier',
  ],
  ['headgate_history_points_total', 'counter', 'Points that are in a bucket.', ({ points }) => points],
  ['headgate_history_left_points_total', 'counter', 'Points in none, by reason.', (s) => s.leftPoints, 'reason'],
  ['headgate_history_written_bytes_total', 'counter', 'Bytes of rows written.', ({ writtenBytes }) => writtenBytes],
  ['headgate_history_commits_total', 'counter', 'Commits of them.', ({ commits }) => commits],
  ['headgate_history_evicted_series_total', 'counter', 'Fields that made room.', (s) => s.evictedSeries],
  [
    'headgate_history_deleted_blocks_total',
    'counter',
    'Blocks of buckets that were past keeping, or had to make room.',
    ({ expiredBlocks, evictedBlocks }) => ({ expired: expiredBlocks, evicted: evictedBlocks }),
    'reason',
  ],
  ['headgate_history_damaged_rows_total', 'counter', 'Rows that could not be read.', ({ damagedRows }) => damagedRows],
];

/** The history in Prometheus' text format. Names of tiers and reasons need no escapes. */
export function historyMetrics(status: HistoryStatus): string {
  return families
    .map(([name, type, help, value, label]) => {
      const found = value(status);
      const samples =
        typeof found === 'number'
          ? [`${name} ${found}`]
          : Object.entries(found).map(([one, count]) => `${name}{${label}="${one}"} ${count}`);
      return `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n${samples.join('\n')}\n`;
    })
    .join('');
}
