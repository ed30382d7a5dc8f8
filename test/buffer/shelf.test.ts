import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { WriteBehindShelf } from '../../src/buffer/shelf.ts';
import { MemoryDisk, memoryShelf } from '../support/memory-shelf.ts';

const bytes = (text: string) => Buffer.from(text);

/** The batches that the disk was asked for, as text. */
function asked(disk: MemoryDisk): string[] {
  return disk.batches.map((batch) =>
    batch.map(({ key, value }) => (value === undefined ? `-${key}` : `${key}=${Buffer.from(value)}`)).join(' '),
  );
}

async function isSettled(promise: Promise<unknown>): Promise<boolean> {
  let isDone = false;
  const note = () => {
    isDone = true;
  };
  promise.then(note, note);
  await turn();
  await turn();
  return isDone;
}

test('what is put in one turn goes together, and the later change of a key stands for all of them', async () => {
  const disk = new MemoryDisk();
  const shelf = memoryShelf(disk);
  shelf.put('s', 'a', bytes('1'));
  const saved = shelf.saved();
  shelf.put('s', 'a', bytes('2'));
  await Promise.resolve();
  shelf.put('s', 'b', bytes('3'));
  shelf.delete('s', 'a');
  await Promise.all([saved, shelf.saved()]);
  assert.deepEqual(asked(disk), ['-a b=3']);
  assert.deepEqual(await memoryShelf(disk).entries('s'), [['b', new Uint8Array(bytes('3'))]]);
});

test('what comes while a write is under way goes with the next one, and is not told to be saved before', async () => {
  const disk = new MemoryDisk();
  const shelf = memoryShelf(disk);
  disk.hold();
  shelf.put('s', 'a', bytes('1'));
  const first = shelf.saved();
  await turn();
  const same = shelf.saved();
  shelf.put('s', 'b', bytes('2'));
  shelf.put('s', 'c', bytes('3'));
  const second = shelf.saved();
  assert.deepEqual([await isSettled(first), await isSettled(same), await isSettled(second)], [false, false, false]);
  assert.deepEqual(asked(disk), ['a=1']);
  disk.release();
  disk.hold();
  await Promise.all([first, same]);
  assert.equal(await isSettled(second), false);
  disk.release();
  await second;
  assert.deepEqual(asked(disk), ['a=1', 'b=2 c=3']);
});

test('nothing to save is saved', async () => {
  await memoryShelf().saved();
});

test('what the disk refuses is told, kept, and goes with what comes next, without what has changed since', async () => {
  const disk = new MemoryDisk();
  const shelf = memoryShelf(disk);
  disk.refusal = 'disk full';
  disk.hold();
  shelf.put('s', 'a', bytes('1'));
  shelf.put('s', 'b', bytes('1'));
  const first = shelf.saved();
  await turn();
  shelf.put('s', 'b', bytes('2'));
  disk.release();
  await assert.rejects(first, { code: 'buffer.failed', message: /disk full/ });
  disk.refusal = undefined;
  await shelf.saved();
  assert.deepEqual(asked(disk), ['a=1 b=1', 'a=1 b=2']);
});

test('who waits behind a write that fails gets a try of its own', async () => {
  const disk = new MemoryDisk();
  const shelf = memoryShelf(disk);
  disk.refusal = 'disk full';
  disk.hold();
  shelf.put('s', 'a', bytes('1'));
  const first = shelf.saved();
  await turn();
  shelf.put('s', 'b', bytes('2'));
  const second = shelf.saved();
  const told = assert.rejects(first);
  disk.release();
  await told;
  disk.refusal = undefined;
  await second;
  assert.deepEqual(disk.keys('s'), ['a', 'b']);
});

test('what nobody waits for is written when the time is over, and tried again when it was refused', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const disk = new MemoryDisk();
  const shelf = new WriteBehindShelf(disk, { lingerMs: 1_000, retryMs: 5_000 });
  shelf.put('s', 'a', bytes('1'));
  t.mock.timers.tick(999);
  await turn();
  assert.deepEqual(asked(disk), []);
  disk.refusal = 'disk full';
  t.mock.timers.tick(1);
  await turn();
  assert.deepEqual(asked(disk), ['a=1']);
  disk.refusal = undefined;
  t.mock.timers.tick(4_999);
  await turn();
  assert.deepEqual(asked(disk), ['a=1']);
  t.mock.timers.tick(1);
  await turn();
  assert.deepEqual(asked(disk), ['a=1', 'a=1']);
  t.mock.timers.tick(60_000);
  await turn();
  assert.equal(disk.batches.length, 2);
});

test('whether an entry is on disk is told while it waits, is written, was refused, and once it is there', async () => {
  const disk = new MemoryDisk();
  const shelf = memoryShelf(disk);
  const saved = () => ['a', 'b', 'never put'].map((key) => shelf.isSaved('s', key));
  shelf.put('s', 'a', bytes('1'));
  await shelf.saved();
  shelf.put('s', 'b', bytes('1'));
  assert.deepEqual([...saved(), shelf.isSaved('other', 'b')], [true, false, true, true]);
  disk.hold();
  disk.refusal = 'disk full';
  const first = shelf.saved();
  await turn();
  shelf.delete('s', 'a');
  assert.deepEqual(saved(), [false, false, true]);
  const told = assert.rejects(first);
  disk.release();
  await told;
  assert.deepEqual(saved(), [false, false, true]);
  disk.refusal = undefined;
  await shelf.saved();
  assert.deepEqual(saved(), [true, true, true]);
});

test('what the disk does not give is told as its failure', async () => {
  const disk = new MemoryDisk();
  disk.entries = () => Promise.reject(new Error('input/output error'));
  await assert.rejects(memoryShelf(disk).entries('s'), { code: 'buffer.failed', message: /input\/output/ });
});
