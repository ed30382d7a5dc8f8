import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { begin, bucketSize, countAt } from '../../src/history/buckets.ts';
import { Deltas } from '../../src/history/deltas.ts';
import { HistoryDisk } from '../../src/history/disk.ts';
import { finestMs } from '../../src/history/tiers.ts';
import { silentLog } from '../../src/lib/log.ts';
import { memoryDir } from '../support/small-disk.ts';

const now = Date.UTC(2026, 5, 1);

test('a stop writes also what came while a commit was under way', async (t) => {
  const path = join(memoryDir(t), 'history.db');
  const open = (): HistoryDisk => {
    const keepMs = [1e10, 1e10, 1e10, 1e10];
    const settings = { path, keepMs, maxBytes: 1e9, maxSeries: 10, minFreeBytes: 0, turnMs: 5 };
    const others = { monotonic: () => performance.now(), lost: () => {}, corrections: () => [] };
    return new HistoryDisk({ settings, ...others, log: silentLog });
  };
  const told = (index: number): Deltas => {
    const deltas = new Deltas();
    const bucket = new Float64Array(bucketSize);
    begin(bucket, 0, now / finestMs + index, now + index * finestMs, index);
    deltas.push(0, bucket, 0);
    return deltas;
  };
  const disk = open();
  disk.send([{ slot: 0, device: 'boiler', name: 'v', tags: '', unit: '', kind: 'number' }], told(0), undefined);
  disk.commit(now);
  disk.send([], told(1), undefined);
  // One commit at a time: this one is for later, and there is none.
  disk.commit(now);
  await disk.close(AbortSignal.timeout(5_000));
  const again = open();
  t.after(() => again.close(AbortSignal.timeout(5_000)));
  const asked = { device: 'boiler', fields: [], fromMs: now, toMs: now + 60_000, widthMs: finestMs, maxSeries: 10 };
  const { series } = await again.query(asked);
  const counts = series.flatMap(({ buckets, length }) =>
    Array.from({ length }, (_, index) => buckets[index * bucketSize + countAt]),
  );
  assert.deepEqual(counts, [1, 1]);
});
