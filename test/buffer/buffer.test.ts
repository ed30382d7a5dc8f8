import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import Database from 'better-sqlite3';
import { RecordBuffer } from '../../src/buffer/buffer.ts';
import type { DiskFaults } from '../../src/buffer/worker-protocol.ts';
import type { StoredBatch } from '../../src/core/batch.ts';
import type { HeadgateError } from '../../src/core/errors.ts';
import { systemClock } from '../../src/core/time.ts';
import { silentLog } from '../../src/lib/log.ts';
import { tempDir } from '../support/temp-dir.ts';

const options = { maxBatchBytes: 4096, maxPendingBytes: 64 * 1024, checkpointBytes: 1024 * 1024 };

async function opened(t: TestContext, path: string, faults: DiskFaults = {}): Promise<RecordBuffer> {
  const buffer = new RecordBuffer({ options, path, clock: systemClock, log: silentLog, faults });
  await buffer.start();
  t.after(() => buffer.stop());
  return buffer;
}

/** Stands for an encoded record: the buffer never looks into them. */
const record = (text: string): Buffer => Buffer.from(`<${text}>`);
const append = (buffer: RecordBuffer, text: string) => appendBytes(buffer, record(text));

function appendBytes(buffer: RecordBuffer, bytes: Buffer): Promise<{ sequence: number }> {
  return new Promise((resolve, reject) => {
    buffer.append(bytes, 0, bytes.length, Date.now(), (error, sequence) =>
      error === undefined ? resolve({ sequence }) : reject(error),
    );
  });
}

async function all(buffer: RecordBuffer, maxBytes = 1e6): Promise<StoredBatch[]> {
  const batches: StoredBatch[] = [];
  for (let after = 0; ; ) {
    const read = await buffer.read(after, maxBytes);
    if (read.length === 0) return batches;
    batches.push(...read);
    after = read.at(-1)!.firstSequence + read.at(-1)!.count - 1;
  }
}

const textOf = (batches: readonly StoredBatch[]): string =>
  batches.map(({ records }) => Buffer.from(records).toString()).join('');

test('what is appended in one turn is one batch, numbered from 1, in order', async (t) => {
  const buffer = await opened(t, join(tempDir(t), 'b.db'));
  const receipts = await Promise.all(['a', 'b', 'c'].map((text) => append(buffer, text)));
  assert.deepEqual(receipts, [{ sequence: 1 }, { sequence: 2 }, { sequence: 3 }]);
  const batches = await all(buffer);
  assert.equal(batches.length, 1);
  assert.equal(textOf(batches), '<a><b><c>');
  assert.equal(buffer.status().commits, 1);
});

test('what is confirmed is there after a restart, and numbers go on', async (t) => {
  const path = join(tempDir(t), 'b.db');
  const first = await opened(t, path);
  await append(first, 'a');
  await append(first, 'b');
  const { identity } = first;
  await first.stop();
  const second = await opened(t, path);
  assert.deepEqual(second.identity, identity);
  assert.deepEqual(
    [second.status().waitingRecords, second.status().waitingBytes, second.status().lastSequence],
    [2, 6, 2],
  );
  assert.deepEqual(await append(second, 'c'), { sequence: 3 });
  assert.equal(textOf(await all(second)), '<a><b><c>');
});

test('only whole batches that are acknowledged go, and their numbers are not used again', async (t) => {
  const path = join(tempDir(t), 'b.db');
  const buffer = await opened(t, path);
  for (const text of ['a', 'b', 'c']) await append(buffer, text);
  await Promise.all(['d', 'e'].map((text) => append(buffer, text)));
  buffer.acknowledge([{ first: 2, last: 4 }]);
  assert.equal(textOf(await all(buffer)), '<a><d><e>');
  assert.deepEqual([buffer.status().waitingRecords, buffer.status().waitingBytes], [3, 9]);
  buffer.acknowledge([{ first: 1, last: 5 }]);
  assert.deepEqual(await all(buffer), []);
  assert.equal(buffer.status().waitingRecords, 0);
  assert.equal(buffer.status().oldestWaitingAt, undefined);
  await buffer.stop();
  const again = await opened(t, path);
  assert.deepEqual(await append(again, 'f'), { sequence: 6 });
  assert.equal(again.status().waitingRecords, 1);
});

test('acknowledged batches are deleted without anybody asking for them', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const buffer = await opened(t, join(tempDir(t), 'b.db'));
  await append(buffer, 'a');
  buffer.acknowledge([{ first: 1, last: 1 }]);
  // The collector has it: it does not wait any more, although it is still on the disk.
  assert.deepEqual([buffer.status().waitingRecords, buffer.totals.waitingRecords], [0, 1]);
  t.mock.timers.tick(250);
  // Answered behind the deletion, because the worker answers in order.
  await append(buffer, 'b');
  assert.deepEqual([buffer.status().waitingRecords, buffer.totals.waitingRecords], [1, 1]);
  assert.equal(textOf(await all(buffer)), '<b>');
});

test('reading goes in pieces of the size asked for, but at least a batch', async (t) => {
  const buffer = await opened(t, join(tempDir(t), 'b.db'));
  for (const text of ['aa', 'bb', 'cc']) await append(buffer, text);
  assert.equal((await buffer.read(0, 1)).length, 1);
  assert.equal((await buffer.read(0, 8)).length, 2);
  assert.equal(textOf(await buffer.read(1, 100)), '<bb><cc>');
  assert.deepEqual(await buffer.read(3, 100), []);
});

test('a batch is sealed when it is large, and one commit takes several', async (t) => {
  const buffer = await opened(t, join(tempDir(t), 'b.db'));
  const long = 'x'.repeat(1500);
  await Promise.all(Array.from({ length: 9 }, (_, i) => append(buffer, `${i}${long}`)));
  assert.equal(buffer.status().commits, 1);
  assert.deepEqual(
    (await all(buffer)).map(({ count }) => count),
    [3, 3, 3],
  );
});

test('listeners hear of each batch once it is durable', async (t) => {
  const buffer = await opened(t, join(tempDir(t), 'b.db'));
  const heard: string[] = [];
  const stop = buffer.onCommitted((batch) => heard.push(`${batch.firstSequence}:${textOf([batch])}`));
  await append(buffer, 'a');
  await append(buffer, 'b');
  stop();
  await append(buffer, 'c');
  assert.deepEqual(heard, ['1:<a>', '2:<b>']);
});

test('a refused commit refuses its messages, counts what nobody waited for, and the next one is tried anew', async (t) => {
  const buffer = await opened(t, join(tempDir(t), 'b.db'), { failCommits: { from: 1, count: 1 } });
  buffer.append(record('r'), 0, 3, Date.now());
  await assert.rejects(
    append(buffer, 'a'),
    (error: HeadgateError) => error.code === 'buffer.failed' && /disk is full/.test(error.message),
  );
  assert.equal(buffer.status().state, 'failing');
  assert.match(buffer.status().failure ?? '', /disk is full/);
  assert.deepEqual(buffer.status().dropped, { 'disk-failed': 1, closing: 0 });
  assert.equal(buffer.status().pendingBytes, 0);
  // The numbers of what failed are not used again: nobody knows what the disk did with them.
  assert.deepEqual(await append(buffer, 'b'), { sequence: 3 });
  assert.equal(buffer.status().state, 'open');
  assert.equal(textOf(await all(buffer)), '<b>');
});

test('what came behind a refused commit is refused with it, so that nothing overtakes', async (t) => {
  const buffer = await opened(t, join(tempDir(t), 'b.db'), { failCommits: { from: 1, count: 1 } });
  // The first two commits are on their way before the first one's failure is known, and the rest waits.
  const large = Array.from({ length: 5 }, (_, i) => Buffer.alloc(20 * 1024, i));
  const outcomes = await Promise.allSettled(large.map((bytes) => appendBytes(buffer, bytes)));
  assert.deepEqual(
    outcomes.map(({ status }) => status),
    large.map(() => 'rejected'),
  );
  assert.equal(buffer.status().pendingBytes, 0);
  await append(buffer, 'next');
  assert.equal(textOf(await all(buffer)), '<next>');
});

test('a disk that is well again is found so, although nobody sends any more', async (t) => {
  const buffer = await opened(t, join(tempDir(t), 'b.db'), { failCommits: { from: 2, count: 2 } });
  await append(buffer, 'a');
  t.mock.timers.enable({ apis: ['setTimeout'] });
  await assert.rejects(append(buffer, 'b'));
  for (const state of ['failing', 'open']) {
    t.mock.timers.tick(5_000);
    // Answered behind the probe, because the worker answers in order.
    await all(buffer);
    assert.equal(buffer.status().state, state);
  }
  assert.deepEqual(await append(buffer, 'c'), { sequence: 3 });
  assert.equal(textOf(await all(buffer)), '<a><c>');
});

test('a deletion that failed is asked for again', async (t) => {
  const buffer = await opened(t, join(tempDir(t), 'b.db'), { failCommits: { from: 2, count: 1 } });
  await append(buffer, 'a');
  buffer.acknowledge([{ first: 1, last: 1 }]);
  assert.equal(textOf(await all(buffer)), '<a>');
  assert.deepEqual(await all(buffer), []);
});

test('a slow disk does not hold up the main thread, and congestion is told', async (t) => {
  const buffer = await opened(t, join(tempDir(t), 'b.db'), { commitDelayMs: 200 });
  let turns = 0;
  const turn = (): void => {
    turns++;
    timer = setImmediate(turn);
  };
  let timer = setImmediate(turn);
  t.after(() => clearImmediate(timer));
  const large = Buffer.alloc(70 * 1024);
  const appended = appendBytes(buffer, large);
  assert.equal(buffer.isCongested, true);
  await appended;
  assert.equal(buffer.isCongested, false);
  assert.ok(turns > 100, `${turns} turns of the event loop`);
  assert.ok(buffer.status().commitMs.last >= 200);
});

test('after stop nothing is taken in, and what was on its way is durable', async (t) => {
  const path = join(tempDir(t), 'b.db');
  const buffer = await opened(t, path);
  const last = append(buffer, 'a');
  const stopped = buffer.stop();
  await assert.rejects(append(buffer, 'b'), { code: 'buffer.closed' });
  buffer.append(record('r'), 0, 3, Date.now());
  assert.deepEqual(buffer.status().dropped, { 'disk-failed': 0, closing: 1 });
  await Promise.all([last, stopped]);
  assert.equal(buffer.status().state, 'closed');
  assert.equal(textOf(await all(await opened(t, path))), '<a>');
});

test('a second gateway on the same directory is told so', async (t) => {
  const path = join(tempDir(t), 'b.db');
  await opened(t, path);
  const second = new RecordBuffer({ options, path, clock: systemClock, log: silentLog });
  await assert.rejects(second.start(), { code: 'data.in-use' });
});

test('a data directory made by a newer version is left alone', async (t) => {
  const path = join(tempDir(t), 'b.db');
  await (await opened(t, path)).stop();
  const db = new Database(path);
  db.pragma('user_version = 99');
  db.close();
  const before = readFileSync(path);
  const buffer = new RecordBuffer({ options, path, clock: systemClock, log: silentLog });
  await assert.rejects(buffer.start(), { code: 'data.newer' });
  assert.deepEqual(readFileSync(path), before);
});

test('a file that is not a database, or can not be one, is named', async (t) => {
  const dir = tempDir(t);
  writeFileSync(join(dir, 'text.db'), 'This is a letter, not a database. '.repeat(100));
  mkdirSync(join(dir, 'dir.db'));
  for (const [name, code] of [
    ['text.db', 'data.unreadable'],
    ['dir.db', 'data.unwritable'],
    ['missing/b.db', 'data.unreadable'],
  ] as const) {
    const buffer = new RecordBuffer({ options, path: join(dir, name), clock: systemClock, log: silentLog });
    await assert.rejects(buffer.start(), (error: HeadgateError) => {
      assert.equal(error.code, code, `${name}: ${error.message}`);
      assert.match(error.message, new RegExp(name));
      return true;
    });
  }
  assert.ok(existsSync(join(dir, 'text.db')));
});

test('a batch whose bytes changed on disk is not handed on', async (t) => {
  const path = join(tempDir(t), 'b.db');
  const buffer = await opened(t, path);
  await append(buffer, 'a');
  await buffer.stop();
  const db = new Database(path);
  db.prepare('UPDATE batches SET records = ?').run(Buffer.from('<X>'));
  db.close();
  const again = await opened(t, path);
  await assert.rejects(again.read(0, 100), /sequence 1 .*damaged/);
});
