import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sinkIn, temporaryDirectory } from '../collector/fixtures.ts';
import { eventually } from '../support/wait.ts';
import { append, collected, connected, newBuffer, startedCollector, upTo } from './fixtures.ts';

const batches = 120;
const perBatch = 50;
const backlog = batches * perBatch;

for (const liveShare of [0, 0.5, 1]) {
  test(`with liveShare ${liveShare}: what comes in while a backlog drains overtakes it, and each keeps its order`, async (t) => {
    const sink = sinkIn(temporaryDirectory(t), 'file');
    const collector = await startedCollector(t, sink);
    const buffer = newBuffer();
    for (let batch = 0; batch < batches; batch++) append(buffer, ...upTo(perBatch).map((n) => batch * perBatch + n));
    // A window that takes a small part of the backlog.
    const uplink = connected(t, buffer, collector.address, { liveShare, windowBytes: 32 * 1024 });
    await eventually('the backlog to begin', () => uplink.status().acknowledgedRecords > 0, { everyMs: 1 });
    for (const n of upTo(100)) append(buffer, backlog + n);
    await eventually('all to arrive', () => buffer.totals.waitingRecords === 0);
    const rows = await collected(sink);
    const of = (isLate: boolean) => rows.filter(({ historical }) => historical === isLate).map(({ n }) => n);
    // Not deepEqual: a difference between such lists takes minutes to describe.
    assert.equal(
      of(true).findIndex((n, at) => n !== at + 1),
      -1,
      'the backlog in order',
    );
    assert.equal(of(true).length, backlog);
    assert.deepEqual(
      of(false),
      upTo(100).map((n) => backlog + n),
    );
    const behind = rows.length - 1 - rows.findLastIndex(({ historical }) => !historical);
    t.diagnostic(`${behind} of ${backlog} backlog records came behind the last live one`);
    // It has a share of its own as well, even when that is next to nothing.
    if (liveShare > 0) assert.ok(behind > backlog / 10, `${behind}`);
  });
}
