import type { Database } from 'better-sqlite3';
import { tiers } from './tiers.ts';
import type { StoreStatus } from './worker-protocol.ts';

/** What the tables tell. */
export function storeStatus(db: Database): Pick<StoreStatus, 'series' | 'tiers' | 'journalRows' | 'journalBytes'> {
  const extents = db.prepare(
    'SELECT tier, sum(blocks) AS blocks, sum(bytes) AS bytes, min(startMs) AS startMs FROM extent GROUP BY tier',
  );
  const found = new Map(
    (extents.all() as { tier: number; blocks: number; bytes: number; startMs: number }[]).map((one) => [one.tier, one]),
  );
  const journal = db.prepare('SELECT count(*) AS rows, coalesce(sum(length(data)), 0) AS bytes FROM journal').get() as {
    rows: number;
    bytes: number;
  };
  return {
    series: db.prepare('SELECT count(*) FROM series').pluck().get() as number,
    tiers: tiers.map((_, tier) => {
      const one = found.get(tier);
      return { bytes: one?.bytes ?? 0, blocks: one?.blocks ?? 0, oldestMs: one?.startMs };
    }),
    journalRows: journal.rows,
    journalBytes: journal.bytes,
  };
}
