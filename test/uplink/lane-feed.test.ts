import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { LaneFeed, type Pool, patienceMs } from '../../src/uplink/lane-feed.ts';
import { MemoryBuffer } from '../support/memory-buffer.ts';

const everything = [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY] as const;
const upTo = (n: number): number[] => Array.from({ length: n }, (_, i) => i + 1);
const bytes = (length: number): Uint8Array => new Uint8Array(length);
const newPool = (maxBytes = 4 * 2 ** 20): Pool => ({ maxBytes, usedBytes: 0, busyLanes: 0 });

/** Feeds of some lanes of one buffer, which share a pool. */
function started(buffer: MemoryBuffer, pool = newPool()) {
  const log = { changes: 0, failures: [] as string[] };
  const clock = { now: 0 };
  const feeds = buffer.lanes().map((view) => {
    const feed = new LaneFeed(view, {
      stretch: { share: 'live', historicalUpTo: 0 },
      buffer,
      pool,
      now: () => clock.now,
      random: () => 0,
      onChange: () => log.changes++,
      onFailed: (_, reason) => log.failures.push(reason),
    });
    buffer.onReady((batch) => {
      if (batch.lane === view.key) feed.offer(batch);
    });
    feed.start();
    return feed;
  });
  return { feed: feeds[0]!, feeds, pool, log, clock };
}

function manual(...lanes: string[]): MemoryBuffer {
  const buffer = new MemoryBuffer();
  buffer.isManual = true;
  for (const lane of lanes) buffer.addLane(lane);
  return buffer;
}

const taken = (feed: LaneFeed): number[] => {
  const sequences: number[] = [];
  while (feed.head !== undefined) sequences.push(...feed.take(...everything).map(({ firstSequence }) => firstSequence));
  return sequences;
};

test('the backlog comes first, then batches as they become ready, without a read', async () => {
  const buffer = manual('a');
  for (let n = 0; n < 2; n++) buffer.append('a', bytes(10));
  const { feed, log } = started(buffer);
  await buffer.answer();
  assert.deepEqual(taken(feed), [1, 2]);
  await buffer.answer();
  const { length } = buffer.reads;
  const { changes } = log;
  buffer.append('a', bytes(10));
  assert.equal(log.changes, changes + 1);
  assert.deepEqual(taken(feed), [3]);
  assert.equal(buffer.reads.length, length);
});

test('under a steady load, where each read finds something new, it follows all the same', async () => {
  const buffer = manual('a');
  buffer.append('a', bytes(10));
  const { feed } = started(buffer);
  const sequences: number[] = [];
  for (let n = 0; n < 5; n++) {
    // Always something that becomes ready while a read is under way.
    buffer.append('a', bytes(10));
    await buffer.answer();
    sequences.push(...taken(feed));
  }
  assert.deepEqual(sequences, upTo(6));
  assert.equal(buffer.reads.length, 1);
});

test('what becomes ready while a read is cut off at its size is read next', async () => {
  const buffer = manual('a');
  buffer.append('a', bytes(80));
  const { feed } = started(buffer, newPool(100));
  buffer.append('a', bytes(80));
  buffer.append('a', bytes(80));
  const sequences: number[] = [];
  for (let n = 0; n < 4; n++) {
    await buffer.answer();
    sequences.push(...taken(feed));
  }
  assert.deepEqual(sequences, [1, 2, 3]);
});

test('what was read and is told of afterwards is held once', async () => {
  const buffer = manual('a');
  const { feed } = started(buffer);
  const batch = buffer.append('a', bytes(10));
  await buffer.answer();
  feed.offer(batch);
  assert.deepEqual(taken(feed), [1]);
  feed.offer(batch);
  assert.equal(feed.head, undefined);
});

test('a batch that becomes ready as the answer to an empty read is on its way is not missed', async () => {
  const buffer = manual('a');
  const { feed } = started(buffer);
  const answered = buffer.answer();
  buffer.append('a', bytes(10));
  await answered;
  await buffer.answer();
  assert.deepEqual(taken(feed), [1]);
});

test('a backlog of any size takes the same memory, and what nobody takes is left in the buffer', async () => {
  const buffer = manual('a');
  for (let n = 0; n < 60; n++) buffer.append('a', bytes(100_000));
  const { feed, pool } = started(buffer);
  const sequences: number[] = [];
  for (let turn = 0; sequences.length < 100; turn++) {
    assert.ok(turn < 300, 'it goes on');
    await buffer.answer();
    assert.ok(pool.usedBytes <= pool.maxBytes);
    // More comes in than is taken, for a while.
    if (turn < 40) buffer.append('a', bytes(100_000));
    sequences.push(...feed.take(120_000, Number.POSITIVE_INFINITY).map(({ firstSequence }) => firstSequence));
  }
  assert.deepEqual(sequences, upTo(100));
});

test('many lanes share the memory: all of them together hold it once, and a batch each', async () => {
  const names = Array.from({ length: 50 }, (_, n) => `lane-${n}`);
  const buffer = manual(...names);
  for (let n = 0; n < 40; n++) for (const name of names) buffer.append(name, bytes(10_000));
  const { feeds, pool } = started(buffer, newPool(1_000_000));
  const sequences: number[] = [];
  let most = 0;
  for (let turn = 0; sequences.length < 2_000; turn++) {
    assert.ok(turn < 5_000, 'it goes on');
    await buffer.answer();
    most = Math.max(most, pool.usedBytes);
    const feed = feeds[turn % feeds.length]!;
    sequences.push(...feed.take(20_000, Number.POSITIVE_INFINITY).map(({ firstSequence }) => firstSequence));
  }
  assert.ok(most > 500_000 && most <= 1_000_000 + 50 * 10_000, `held ${most}`);
  await buffer.answer();
  assert.deepEqual([pool.usedBytes, pool.busyLanes], [0, 0]);
  assert.deepEqual(
    sequences.sort((a, b) => a - b),
    upTo(2_000),
  );
});

test('a lane that had all the memory leaves others their share as it is used up', async () => {
  const buffer = manual('first', 'second');
  for (let n = 0; n < 40; n++) buffer.append('first', bytes(100));
  const { feeds, pool } = started(buffer, newPool(1_000));
  const [first, second] = feeds as [LaneFeed, LaneFeed];
  await buffer.answer();
  await buffer.answer();
  assert.equal(pool.usedBytes, 1_000);
  for (let n = 0; n < 40; n++) buffer.append('second', bytes(100));
  for (let n = 0; n < 10; n++) {
    second.take(100, Number.POSITIVE_INFINITY);
    first.take(100, Number.POSITIVE_INFINITY);
    await buffer.answer();
  }
  const { first: from, last: to } = second.heldSequences!;
  assert.ok(to - from + 1 >= 4, `the second holds ${to - from + 1}`);
});

test('a batch larger than all the memory is held as it comes when nothing else is', async () => {
  const buffer = manual('a');
  const { feed } = started(buffer, newPool(1_000));
  await buffer.answer();
  const { length } = buffer.reads;
  buffer.append('a', bytes(5_000));
  assert.deepEqual([feed.head, buffer.reads.length], [1, length]);
});

test('take gives at least one batch, no more than asked for beyond it, and none from where another lane goes on', async () => {
  const buffer = manual('a');
  for (let n = 0; n < 5; n++) buffer.append('a', bytes(100));
  const { feed } = started(buffer);
  await buffer.answer();
  const take = (maxBytes: number, before: number) => feed.take(maxBytes, before).map((batch) => batch.firstSequence);
  assert.deepEqual([feed.head, feed.headBytes], [1, 100]);
  assert.deepEqual(take(1, 99), [1]);
  assert.deepEqual(feed.heldSequences, { first: 2, last: 5 });
  assert.deepEqual(take(250, 99), [2, 3]);
  assert.deepEqual(take(1_000, 5), [4]);
  assert.deepEqual(take(1_000, 99), [5]);
  assert.deepEqual(take(1_000, 99), []);
  assert.deepEqual([feed.head, feed.headBytes, feed.heldSequences], [undefined, 0, undefined]);
});

test('others wait for what is being read or committed, but not beyond their patience, and never for what is behind', async () => {
  const buffer = manual('a');
  const { feed } = started(buffer);
  assert.equal(feed.obstacle(1_000), 1);
  assert.equal(feed.obstacle(1_000 + patienceMs - 1), 1);
  assert.equal(feed.obstacle(1_000 + patienceMs), undefined);
  await buffer.answer();
  assert.equal(feed.obstacle(5_000), undefined);
  const first = buffer.append('a', bytes(10), 1, { isPending: true });
  const second = buffer.append('a', bytes(10), 1, { isPending: true });
  assert.equal(feed.obstacle(6_000), 1);
  assert.equal(feed.obstacle(6_000 + patienceMs), undefined);
  buffer.commit(first);
  assert.equal(feed.head, 1);
  taken(feed);
  // The next commit has its own time.
  assert.equal(feed.obstacle(9_000), 2);
  buffer.refuse(second);
  assert.equal(feed.obstacle(9_001), undefined);
});

test('what counts as pending although it has been told of holds nobody back', async () => {
  const buffer = manual('a');
  const { feed } = started(buffer);
  await buffer.answer();
  const batch = buffer.append('a', bytes(10), 1, { isPending: true });
  feed.offer(batch);
  assert.deepEqual(taken(feed), [1]);
  assert.equal(feed.obstacle(0), undefined);
});

test('a failed read is told once, holds nobody back, and is tried again after pauses that grow', async () => {
  const buffer = manual('a');
  buffer.append('a', bytes(10));
  buffer.broken.add('a');
  const { feed, log, clock, pool } = started(buffer);
  await buffer.answer();
  assert.equal(feed.problem, 'no disk');
  assert.equal(feed.obstacle(clock.now), undefined);
  assert.equal(log.changes, 1);
  buffer.append('a', bytes(10));
  clock.now = 499;
  feed.retry();
  assert.equal(buffer.reads.length, 1);
  clock.now = 500;
  feed.retry();
  await buffer.answer();
  assert.deepEqual([buffer.reads.length, log.failures], [2, ['no disk']]);
  buffer.broken.clear();
  clock.now = 30_000;
  feed.retry();
  assert.equal(feed.problem, undefined);
  await buffer.answer();
  assert.deepEqual(taken(feed), [1, 2]);
  await buffer.answer();
  assert.deepEqual([pool.usedBytes, feed.isIdle], [0, true]);
});

test('once stopped it holds nothing, takes nothing, and gives its memory back', async () => {
  const buffer = manual('a');
  for (let n = 0; n < 3; n++) buffer.append('a', bytes(10));
  const held = started(buffer);
  await buffer.answer();
  const reading = started(buffer, held.pool);
  for (const { feed } of [held, reading]) feed.stop();
  await buffer.answer();
  buffer.append('a', bytes(10));
  for (const { feed } of [held, reading]) assert.deepEqual([feed.head, feed.isIdle], [undefined, true]);
  assert.deepEqual([held.pool.usedBytes, held.pool.busyLanes], [0, 0]);
});

test('it tells whether something from before a sequence is still to come', async () => {
  const buffer = manual('a');
  for (let n = 0; n < 2; n++) buffer.append('a', bytes(10));
  const { feed } = started(buffer);
  assert.equal(feed.isBehind(2), true);
  await buffer.answer();
  feed.take(1, Number.POSITIVE_INFINITY);
  assert.deepEqual([feed.isBehind(1), feed.isBehind(2)], [false, true]);
  feed.take(1, Number.POSITIVE_INFINITY);
  assert.equal(feed.isBehind(2), false);
  // An empty lane is not behind, whatever has been given out in others.
  await buffer.answer();
  assert.equal(feed.isBehind(1_000), false);
});

test('whatever comes when, each batch is taken once and in order', async () => {
  const steps = fc.array(fc.constantFrom('append', 'append', 'pend', 'commit', 'answer', 'take'), { maxLength: 60 });
  const size = fc.constantFrom(1, 60, 400);
  await fc.assert(
    fc.asyncProperty(steps, size, async (all, length) => {
      const buffer = manual('a');
      const { feed, pool } = started(buffer, newPool(500));
      const pending: ReturnType<MemoryBuffer['append']>[] = [];
      const sequences: number[] = [];
      let count = 0;
      for (const step of [...all, 'commit', 'commit', 'answer', 'take', 'answer'] as const) {
        // What is pending is committed in order, and nothing becomes ready before it.
        if (step === 'pend' || (step === 'append' && pending.length > 0)) {
          pending.push(buffer.append('a', bytes(length), 1, { isPending: true }));
          count++;
        } else if (step === 'append') {
          buffer.append('a', bytes(length));
          count++;
        } else if (step === 'commit') for (const batch of pending.splice(0, 2)) buffer.commit(batch);
        else if (step === 'answer') await buffer.answer();
        else sequences.push(...feed.take(200, Number.POSITIVE_INFINITY).map(({ firstSequence }) => firstSequence));
        assert.ok(pool.usedBytes <= 500 + length, `held ${pool.usedBytes}`);
      }
      for (const batch of pending) buffer.commit(batch);
      for (let turn = 0; turn < 2 * count + 2; turn++) {
        await buffer.answer();
        sequences.push(...taken(feed));
      }
      assert.deepEqual(sequences, upTo(count));
    }),
    { numRuns: 200 },
  );
});
