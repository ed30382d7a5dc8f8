import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { RecentDelivery } from '../../../src/core/message.ts';
import { OpenDeliveries } from '../../../src/sources/bridge/open-deliveries.ts';
import { MemoryDisk, shelfOn } from '../../support/memory-shelf.ts';

const client = '\0bridge:plant';
const delivery = (packetId: number, digest: number): RecentDelivery => ({ client, packetId, digest, agoMs: 0 });
const on = (disk: MemoryDisk, name = 'plant') => new OpenDeliveries(shelfOn(disk), name, client);
const pairs = (open: readonly RecentDelivery[]) => open.map(({ packetId, digest }) => [packetId, digest]);

test('what was on record in earlier runs is carried over, the newest of each packet id, until it is forgotten', async () => {
  let disk = new MemoryDisk();
  const others = { ...delivery(9, 9), client: 'a client of our own broker' };
  const first = await on(disk).carryOver([delivery(1, 10), others, delivery(65_535, 0xffff_ffff)]);
  assert.deepEqual(pairs(first), [
    [1, 10],
    [65_535, 0xffff_ffff],
  ]);
  disk = disk.afterCrash();
  const second = on(disk);
  assert.deepEqual(pairs(await second.carryOver([delivery(2, 20), delivery(1, 11)])), [
    [65_535, 0xffff_ffff],
    [2, 20],
    [1, 11],
  ]);
  disk = disk.afterCrash();
  const shelf = shelfOn(disk);
  const third = new OpenDeliveries(shelf, 'plant', client);
  assert.equal((await third.carryOver([])).length, 3);
  assert.deepEqual(await on(disk, 'hall').carryOver([]), []);
  assert.deepEqual(disk.keys('bridge.deliveries'), ['plant']);
  third.forget();
  await shelf.saved();
  assert.deepEqual(disk.keys('bridge.deliveries'), []);
});

test('a bridge without a past writes nothing', async () => {
  const disk = new MemoryDisk();
  const open = on(disk);
  assert.deepEqual(await open.carryOver([]), []);
  open.forget();
  assert.deepEqual(disk.batches, []);
});

test('no more is carried over than there is room for, and the newest stays', async () => {
  const disk = new MemoryDisk();
  const many = Array.from({ length: 20_000 }, (_, index) => delivery(index + 1, index));
  const open = await on(disk).carryOver(many);
  assert.equal(open.length, 16_384);
  assert.equal(open.at(-1)?.packetId, 20_000);
});
