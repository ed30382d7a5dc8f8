import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { StoredBatch } from '../../src/core/batch.ts';
import { type Backlog, Feed } from '../../src/uplink/feed.ts';

const batch = (firstSequence: number, bytes = 10): StoredBatch => ({
  firstSequence,
  count: 1,
  records: new Uint8Array(bytes),
});

/** A backlog in memory, whose reads are answered when the test says so. */
class TestBacklog implements Backlog {
  readonly stored: StoredBatch[] = [];
  readonly asked: number[] = [];
  #listener: ((batch: StoredBatch) => void) | undefined;
  #answers: (() => void)[] = [];

  read(after: number, maxBytes: number): Promise<readonly StoredBatch[]> {
    this.asked.push(after);
    return new Promise((resolve) => {
      this.#answers.push(() => {
        const batches: StoredBatch[] = [];
        let bytes = 0;
        for (const batch of this.stored.filter(({ firstSequence }) => firstSequence > after)) {
          bytes += batch.records.length;
          if (batches.length > 0 && bytes > maxBytes) break;
          batches.push(batch);
        }
        resolve(batches);
      });
    });
  }

  onCommitted(listener: (batch: StoredBatch) => void): () => void {
    this.#listener = listener;
    return () => {
      this.#listener = undefined;
    };
  }

  commit(...batches: StoredBatch[]): void {
    this.stored.push(...batches);
    for (const committed of batches) this.#listener?.(committed);
  }

  /** Answers the reads under way and those that they lead to. */
  async answer(): Promise<void> {
    while (this.#answers.length > 0) {
      for (const answer of this.#answers.splice(0)) answer();
      await new Promise(setImmediate);
    }
  }
}

const sequences = (feed: Feed): number[] => {
  const taken: number[] = [];
  while (!feed.isEmpty) taken.push(...feed.take(1e6).map(({ firstSequence }) => firstSequence));
  return taken;
};

function started(backlog: TestBacklog): { feed: Feed; ready: () => number } {
  let count = 0;
  const feed = new Feed(
    backlog,
    () => count++,
    (error) => assert.fail(String(error)),
  );
  feed.restart();
  return { feed, ready: () => count };
}

test('the backlog comes first, then commits as they are made, without a read', async () => {
  const backlog = new TestBacklog();
  backlog.commit(batch(1), batch(2));
  const { feed, ready } = started(backlog);
  await backlog.answer();
  assert.deepEqual(sequences(feed), [1, 2]);
  await backlog.answer();
  const reads = backlog.asked.length;
  backlog.commit(batch(3));
  assert.deepEqual(sequences(feed), [3]);
  assert.equal(backlog.asked.length, reads);
  assert.ok(ready() >= 2);
});

test('what is committed while a read is under way comes once', async () => {
  const backlog = new TestBacklog();
  backlog.commit(batch(1));
  const { feed } = started(backlog);
  backlog.commit(batch(2));
  await backlog.answer();
  backlog.commit(batch(3));
  await backlog.answer();
  assert.deepEqual(sequences(feed), [1, 2, 3]);
});

test('a commit that overtakes the answer of an empty read is not missed', async () => {
  const backlog = new TestBacklog();
  const { feed } = started(backlog);
  const answer = backlog.answer();
  backlog.commit(batch(1));
  await answer;
  await backlog.answer();
  assert.deepEqual(sequences(feed), [1]);
});

test('a backlog of any size takes the same memory', async () => {
  const backlog = new TestBacklog();
  for (let n = 1; n <= 100; n++) backlog.commit(batch(n, 500_000));
  const { feed } = started(backlog);
  const taken: number[] = [];
  for (let turn = 0; taken.length < 100 && turn < 200; turn++) {
    await backlog.answer();
    // Far more is asked for than is held.
    const batches = feed.take(1e9);
    assert.ok(batches.reduce((sum, { records }) => sum + records.length, 0) <= 4 * 2 ** 20);
    taken.push(...batches.map(({ firstSequence }) => firstSequence));
  }
  assert.deepEqual(
    taken,
    Array.from({ length: 100 }, (_, i) => i + 1),
  );
});

test('when nobody takes, commits are left on disk and read later', async () => {
  const backlog = new TestBacklog();
  const { feed } = started(backlog);
  await backlog.answer();
  for (let n = 1; n <= 20; n++) backlog.commit(batch(n, 500_000));
  const taken: number[] = [];
  while (taken.length < 20) {
    taken.push(...feed.take(1e6).map(({ firstSequence }) => firstSequence));
    await backlog.answer();
  }
  assert.deepEqual(
    taken,
    Array.from({ length: 20 }, (_, i) => i + 1),
  );
});

test('a restart starts over, and answers to what was asked before it are ignored', async () => {
  const backlog = new TestBacklog();
  backlog.commit(batch(1), batch(2));
  const { feed } = started(backlog);
  feed.restart();
  await backlog.answer();
  assert.deepEqual(sequences(feed), [1, 2]);
  feed.stop();
  backlog.commit(batch(3));
  assert.equal(feed.isEmpty, true);
});

test('take gives at least one batch, and no more than asked for beyond it', async () => {
  const backlog = new TestBacklog();
  backlog.commit(batch(1, 100), batch(2, 100), batch(3, 100));
  const { feed } = started(backlog);
  await backlog.answer();
  assert.equal(feed.take(1).length, 1);
  assert.equal(feed.take(200).length, 2);
});

test('a failed read is told, and a restart tries again', async () => {
  const errors: unknown[] = [];
  let isBroken = true;
  const backlog: Backlog = {
    read: async () => {
      if (isBroken) throw new Error('no disk');
      return [];
    },
    onCommitted: () => () => {},
  };
  const feed = new Feed(
    backlog,
    () => {},
    (error) => errors.push(error),
  );
  feed.restart();
  await new Promise(setImmediate);
  assert.match(String(errors), /no disk/);
  isBroken = false;
  feed.restart();
  await new Promise(setImmediate);
  assert.equal(errors.length, 1);
});
