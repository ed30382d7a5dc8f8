import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { HeadgateError } from '../../src/core/errors.ts';
import {
  append,
  appendEarly,
  isBalanced,
  local,
  makeBuffer,
  openBuffer,
  relaxed,
  textOf,
  waiting,
  waitingText,
} from '../support/buffer.ts';
import { tempDir } from '../support/temp-dir.ts';

test('what is appended in one turn is one batch, numbered from 1, in order', async (t) => {
  const buffer = await openBuffer(t, tempDir(t));
  const receipts = await Promise.all(['a', 'b', 'c'].map((text) => append(buffer, local, text)));
  assert.deepEqual(receipts, [1, 2, 3]);
  const batches = await waiting(buffer);
  assert.equal(batches.length, 1);
  assert.equal(textOf(batches), '<a><b><c>');
  assert.equal(buffer.status().commits, 1);
});

test('what is confirmed is there after a restart, and numbers go on', async (t) => {
  const directory = tempDir(t);
  const first = await openBuffer(t, directory);
  await append(first, local, 'a');
  await append(first, local, 'b');
  const { identity } = first;
  await first.stop();
  const second = await openBuffer(t, directory);
  assert.deepEqual(second.identity, identity);
  const { waitingRecords, waitingBytes, lastSequence } = second.status();
  assert.deepEqual([waitingRecords, waitingBytes, lastSequence], [2, 6, 2]);
  assert.equal(await append(second, local, 'c'), 3);
  assert.equal(await waitingText(second), '<a><b><c>');
});

test('what is acknowledged waits no more, also after a restart, and its numbers are not used again', async (t) => {
  const directory = tempDir(t);
  const buffer = await openBuffer(t, directory);
  for (const text of ['a', 'b', 'c']) await append(buffer, local, text);
  const batches = await waiting(buffer);
  buffer.acknowledge([batches[1]!]);
  assert.equal(await waitingText(buffer), '<a><c>');
  // What was acknowledged twice, by two connections, counts once.
  buffer.acknowledge(batches);
  buffer.acknowledge(batches);
  assert.equal(await waitingText(buffer), '');
  assert.deepEqual([buffer.status().waitingRecords, buffer.status().oldestWaitingAt], [0, undefined]);
  assert.equal(buffer.status().ledger.delivered, 3);
  await buffer.stop();
  const again = await openBuffer(t, directory);
  assert.equal(await append(again, local, 'd'), 4);
  assert.equal(await waitingText(again), '<d>');
  const { received, delivered } = again.status().ledger;
  assert.deepEqual([received, delivered, isBalanced(again)], [4, 3, true]);
});

test('reading goes in pieces of the size asked for, but at least a batch', async (t) => {
  const buffer = await openBuffer(t, tempDir(t));
  for (const text of ['aa', 'bb', 'cc']) await append(buffer, local, text);
  const { key } = buffer.lanes()[0]!;
  assert.equal((await buffer.read(key, 0, 1)).length, 1);
  assert.equal((await buffer.read(key, 0, 8)).length, 2);
  assert.equal(textOf(await buffer.read(key, 1, 100)), '<bb><cc>');
  assert.deepEqual(await buffer.read(key, 3, 100), []);
  assert.deepEqual(await buffer.read('no such lane', 0, 100), []);
});

test('reading finds its place in many segments', async (t) => {
  const directory = tempDir(t);
  const buffer = await openBuffer(t, directory, { options: { segmentBytes: 64 * 1024 } });
  const records = Array.from({ length: 60 }, (_, i) => Buffer.alloc(4000, `${i}|`));
  for (const record of records) await append(buffer, local, record);
  const { key } = buffer.lanes()[0]!;
  assert.ok(readdirSync(join(directory, key)).filter((name) => name.endsWith('.db')).length >= 3);
  for (const after of [0, 1, 17, 30, 59]) {
    const read = await buffer.read(key, after, 1e6);
    assert.equal(textOf(read), Buffer.concat(records.slice(after)).toString());
  }
});

test('segments are deleted when all in them is delivered', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout', 'setInterval'] });
  const directory = tempDir(t);
  const later = { offset: 0 };
  const clock = { now: () => Date.now(), monotonic: () => performance.now() + later.offset };
  const buffer = await openBuffer(t, directory, { options: { segmentBytes: 64 * 1024 }, clock });
  const incompressible = (i: number) =>
    Buffer.from(Array.from({ length: 4000 }, (_, j) => (i * 7919 + j * j * 31) & 255));
  for (let i = 0; i < 60; i++) await append(buffer, local, incompressible(i));
  const { key } = buffer.lanes()[0]!;
  const files = () => readdirSync(join(directory, key)).filter((name) => name.endsWith('.db')).length;
  assert.ok(files() >= 3);
  buffer.acknowledge(await waiting(buffer));
  later.offset = 61_000;
  // Each turn's deletions are answered before the read, because the worker answers in order.
  for (let turn = 0; turn < 5 && files() > 1; turn++) {
    t.mock.timers.tick(1_000);
    await waiting(buffer);
  }
  assert.equal(files(), 1);
  assert.equal(buffer.status().ledger.delivered, 60);
});

test('a batch is sealed when it is large, and one commit takes several', async (t) => {
  const buffer = await openBuffer(t, tempDir(t));
  const long = 'x'.repeat(1500);
  await Promise.all(Array.from({ length: 9 }, (_, i) => append(buffer, local, `${i}${long}`)));
  assert.equal(buffer.status().commits, 1);
  assert.deepEqual(
    (await waiting(buffer)).map(({ count }) => count),
    [3, 3, 3],
  );
});

test('listeners hear of each batch once it may be sent', async (t) => {
  const buffer = await openBuffer(t, tempDir(t));
  const heard: string[] = [];
  const stop = buffer.onReady((batch) => heard.push(`${batch.firstSequence}:${textOf([batch])}`));
  await append(buffer, local, 'a');
  await append(buffer, local, 'b');
  stop();
  await append(buffer, local, 'c');
  assert.deepEqual(heard, ['1:<a>', '2:<b>']);
});

test('a refused commit refuses its messages, and the next one is tried anew', async (t) => {
  const buffer = await openBuffer(t, tempDir(t), { faults: { failCommits: { from: 1, count: 1 } } });
  await assert.rejects(
    append(buffer, local, 'a'),
    (error: HeadgateError) => error.code === 'buffer.failed' && /fsync failed/.test(error.message),
  );
  assert.equal(buffer.status().state, 'failing');
  assert.match(buffer.status().failure ?? '', /fsync failed/);
  assert.equal(buffer.status().pendingBytes, 0);
  assert.deepEqual([buffer.status().refused, buffer.status().ledger.received], [1, 0]);
  // The numbers of what failed are not used again: nobody knows what the disk did with them.
  assert.equal(await append(buffer, local, 'b'), 2);
  assert.equal(buffer.status().state, 'open');
  assert.equal(await waitingText(buffer), '<b>');
});

test('what a failed fsync left behind does not come back after a restart', async (t) => {
  const directory = tempDir(t);
  // The hook fails after the bytes were written: they are in the file.
  const buffer = await openBuffer(t, directory, { faults: { failCommits: { from: 2, count: 1 } } });
  await append(buffer, local, 'a');
  await assert.rejects(append(buffer, local, 'b'));
  await append(buffer, local, 'b again');
  await buffer.stop();
  const again = await openBuffer(t, directory);
  assert.equal(await waitingText(again), '<a><b again>');
  assert.equal(again.status().ledger.received, 2);
});

test('what came behind a refused commit is refused with it, so that nothing overtakes', async (t) => {
  const buffer = await openBuffer(t, tempDir(t), { faults: { failCommits: { from: 1, count: 1 } } });
  // The first two commits are on their way before the first one's failure is known, and the rest waits.
  const large = Array.from({ length: 5 }, (_, i) => Buffer.alloc(20 * 1024, i));
  const outcomes = await Promise.allSettled(large.map((bytes) => append(buffer, local, bytes)));
  assert.deepEqual(
    outcomes.map(({ status }) => status),
    large.map(() => 'rejected'),
  );
  assert.equal(buffer.status().pendingBytes, 0);
  await append(buffer, local, 'next');
  assert.equal(await waitingText(buffer), '<next>');
});

test('a disk that is well again is found so, although nobody sends any more', async (t) => {
  const buffer = await openBuffer(t, tempDir(t), { faults: { failCommits: { from: 2, count: 2 } } });
  await append(buffer, local, 'a');
  t.mock.timers.enable({ apis: ['setTimeout'] });
  await assert.rejects(append(buffer, local, 'b'));
  for (const state of ['failing', 'open']) {
    t.mock.timers.tick(5_000);
    // Answered behind the probe, because the worker answers in order.
    await waiting(buffer);
    assert.equal(buffer.status().state, state);
  }
  assert.equal(await append(buffer, local, 'c'), 3);
  assert.equal(await waitingText(buffer), '<a><c>');
});

test('a slow disk does not hold up the main thread, and congestion is told', async (t) => {
  const buffer = await openBuffer(t, tempDir(t), { faults: { commitDelayMs: 200 } });
  let turns = 0;
  const turn = (): void => {
    turns++;
    timer = setImmediate(turn);
  };
  let timer = setImmediate(turn);
  t.after(() => clearImmediate(timer));
  const appended = append(buffer, local, Buffer.alloc(70 * 1024));
  assert.equal(buffer.mustWait(relaxed), true);
  await appended;
  assert.equal(buffer.mustWait(relaxed), false);
  assert.ok(turns > 100, `${turns} turns of the event loop`);
  assert.ok(buffer.status().commitMs.last >= 200);
});

test('after stop nothing is taken in, and what was on its way is durable', async (t) => {
  const directory = tempDir(t);
  const buffer = await openBuffer(t, directory);
  const last = append(buffer, local, 'a');
  appendEarly(buffer, relaxed, 'r');
  const stopped = buffer.stop();
  await assert.rejects(append(buffer, local, 'b'), { code: 'buffer.closed' });
  await Promise.all([last, stopped]);
  assert.equal(buffer.status().state, 'closed');
  const again = await openBuffer(t, directory);
  assert.equal(await waitingText(again), '<a><r>');
  assert.ok(isBalanced(again));
});

test('a second gateway on the same directory is told so', async (t) => {
  const directory = tempDir(t);
  await openBuffer(t, directory);
  await assert.rejects(makeBuffer(directory).start(), { code: 'data.in-use' });
});

test('delivery keys are there after a restart, oldest first', async (t) => {
  const directory = tempDir(t);
  const buffer = await openBuffer(t, directory);
  const key = (client: string, packetId: number) => ({ client, packetId, digest: 0xfedcba98 });
  const send = (client: string, packetId: number): Promise<void> =>
    new Promise((resolve, reject) => {
      const settled = (error: Error | undefined) => (error === undefined ? resolve() : reject(error));
      buffer.append(local, Buffer.from('<r>'), 0, 3, Date.now(), { settled }, key(client, packetId));
    });
  await Promise.all([send('a', 1), send('b', 65535), append(buffer, local, 'none')]);
  await send('a', 2);
  await buffer.stop();
  const again = await openBuffer(t, directory);
  const keys = again.deliveries.map(({ agoMs, ...rest }) => ({ ...rest, isRecent: agoMs >= 0 && agoMs < 10_000 }));
  const recent = (client: string, packetId: number) => ({ ...key(client, packetId), isRecent: true });
  assert.deepEqual(keys, [recent('a', 1), recent('b', 65535), recent('a', 2)]);
});

test('delivery keys of the runs before the last one are there too, delivered or not', async (t) => {
  const directory = tempDir(t);
  const key = (packetId: number) => ({ client: 'a', packetId, digest: 7 });
  for (let run = 1; run <= 4; run++) {
    const buffer = await openBuffer(t, directory);
    await new Promise<void>((resolve, reject) => {
      const settled = (error: Error | undefined) => (error === undefined ? resolve() : reject(error));
      buffer.append(local, Buffer.from('<r>'), 0, 3, Date.now(), { settled }, key(run));
    });
    // What was delivered would be deleted, but for its keys.
    buffer.acknowledge(await waiting(buffer));
    await buffer.stop();
  }
  const again = await openBuffer(t, directory);
  const keys = again.deliveries.map(({ agoMs: _, ...rest }) => rest);
  assert.deepEqual(keys, [{ ...key(1), runsAgo: 3 }, { ...key(2), runsAgo: 2 }, { ...key(3), runsAgo: 1 }, key(4)]);
});
