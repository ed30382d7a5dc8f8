import assert from 'node:assert/strict';
import { test } from 'node:test';
import { silentLog } from '../../src/lib/log.ts';
import { Lineage, takeOverEntry } from '../../src/uplink/lineage.ts';
import { FakeTime } from '../support/fake-time.ts';
import { MemoryDisk, shelfOn } from '../support/memory-shelf.ts';

async function loaded(disk: MemoryDisk): Promise<Lineage> {
  const lineage = new Lineage(shelfOn(disk), silentLog);
  await lineage.load(0);
  return lineage;
}

async function claimAfterCrash(
  disk: MemoryDisk,
  epoch = 'e',
): Promise<{ lineages: readonly string[]; takesOver: string }> {
  return (await loaded(disk.afterCrash())).claim(epoch);
}

test('a lineage is durable before it is confirmed, in place of the one that it follows', async () => {
  const disk = new MemoryDisk();
  const lineage = await loaded(disk);
  assert.deepEqual(lineage.claim('e'), { lineages: [], takesOver: '' });
  disk.hold();
  const first = lineage.adopt({ lineage: 'one', follows: '' });
  assert.equal(await Promise.race([first, new Promise((resolve) => setImmediate(resolve, 'not yet'))]), 'not yet');
  assert.deepEqual(lineage.claim('e').lineages, []);
  disk.release();
  assert.equal(await first, 'one');
  assert.equal(await lineage.adopt({ lineage: 'elsewhere', follows: '' }), 'elsewhere');
  assert.equal(await lineage.adopt({ lineage: 'two', follows: 'one' }), 'two');
  assert.deepEqual(lineage.claim('e').lineages, ['elsewhere', 'two']);
  assert.deepEqual((await claimAfterCrash(disk)).lineages, ['elsewhere', 'two']);
});

test('a disk that refuses: the one before is kept, and said again', async () => {
  const disk = new MemoryDisk();
  const lineage = await loaded(disk);
  await lineage.adopt({ lineage: 'one', follows: '' });
  disk.refusal = 'no space';
  assert.equal(await lineage.adopt({ lineage: 'two', follows: 'one' }), 'one');
  assert.deepEqual(lineage.claim('e').lineages, ['one']);
  disk.refusal = undefined;
  // What was refused must not come after what is durable.
  assert.equal(await lineage.adopt({ lineage: 'three', follows: 'one' }), 'three');
  assert.deepEqual((await claimAfterCrash(disk)).lineages, ['three']);
});

test('a disk that does not answer is not waited for', async (t) => {
  const disk = new MemoryDisk();
  const lineage = await loaded(disk);
  const time = new FakeTime();
  time.start();
  t.after(() => time.stop());
  disk.hold();
  const adopted = lineage.adopt({ lineage: 'one', follows: '' });
  await time.turn();
  await time.advance(5_000);
  assert.equal(await adopted, '');
  disk.release();
});

test('a mark to take over holds for its epoch alone, until a lineage is durable', async () => {
  const disk = new MemoryDisk();
  await disk.apply([takeOverEntry('e2', 'e1')]);
  const lineage = await loaded(disk);
  assert.equal(lineage.claim('e1').takesOver, '');
  assert.equal(lineage.claim('e2').takesOver, 'e1');
  disk.refusal = 'no space';
  await lineage.adopt({ lineage: 'one', follows: '' });
  assert.equal(lineage.claim('e2').takesOver, 'e1');
  disk.refusal = undefined;
  await lineage.adopt({ lineage: 'two', follows: '' });
  assert.equal(lineage.claim('e2').takesOver, '');
  assert.deepEqual(await claimAfterCrash(disk, 'e2'), { lineages: ['two'], takesOver: '' });
});

test('of many collectors that know nothing of one another, those heard last are remembered', async () => {
  const lineage = await loaded(new MemoryDisk());
  for (let i = 1; i <= 20; i++) await lineage.adopt({ lineage: `L${i}`, follows: '' });
  const { lineages } = lineage.claim('e');
  assert.deepEqual([lineages.length, lineages.at(0), lineages.at(-1)], [16, 'L5', 'L20']);
});
