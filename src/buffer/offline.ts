import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { HistoryBatch, Window } from './history.ts';
import { unpackRecords } from './row.ts';
import { salvage } from './salvage/salvage.ts';
import type { SegmentMeta } from './segment-file.ts';

/** A batch, and whose it is. */
export interface OfflineBatch {
  readonly batch: HistoryBatch;
  readonly gateway: string;
  readonly epoch: string;
}

/**
 * Every sound batch in a buffer's directory that was begun within a window: lane by lane, each in order. It reads the
 * files' bytes and nothing else: no gateway need run or stop for it, a backup stays as it is, and damaged files give what
 * is left in them. A file of which nothing tells whose it is takes that from the one before.
 * @throws an error of the file system
 */
export function* batchesIn(directory: string, { fromMs, toMs, rule }: Window): Generator<OfflineBatch, void, void> {
  const lanes = readdirSync(directory, { withFileTypes: true }).filter((one) => one.isDirectory());
  for (const { name } of lanes.sort((a, b) => (a.name < b.name ? -1 : 1))) {
    if (name === 'damaged') continue;
    let meta: SegmentMeta | undefined;
    for (const path of segmentsIn(join(directory, name))) {
      const { rows, metas } = salvage(readIfThere(path), readIfThere(`${path}-wal`));
      const own = metas.at(-1);
      if (own !== undefined) meta = JSON.parse(own) as SegmentMeta;
      if (meta === undefined || (rule !== undefined && meta.lane.rule !== rule)) continue;
      const { gateway, epoch, lane } = meta;
      for (const row of rows) {
        if (row.taken_at_ms < fromMs || row.taken_at_ms >= toMs) continue;
        const batch = {
          lane: lane.key,
          position: row.position,
          firstSequence: row.first_sequence,
          count: row.count,
          records: unpackRecords(row),
          takenAtMs: row.taken_at_ms,
        };
        yield { batch, gateway, epoch };
      }
    }
  }
}

/** Paths of a lane's segments, ascending. One that was killed while it was made may be a log alone. */
function segmentsIn(directory: string): string[] {
  const numbers = readdirSync(directory).flatMap((name) => /^(\d{8,})\.db(?:-wal)?$/.exec(name)?.[1] ?? []);
  return [...new Set(numbers)].sort((a, b) => Number(a) - Number(b)).map((digits) => join(directory, `${digits}.db`));
}

function readIfThere(path: string): Uint8Array | undefined {
  try {
    return readFileSync(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}
