import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { RecordBuffer } from '../../src/buffer/buffer.ts';
import type { HistoryBatch, Window } from '../../src/buffer/history.ts';
import { batchesIn } from '../../src/buffer/offline.ts';
import { lastSequenceOf, type StoredBatch } from '../../src/core/batch.ts';
import type { Handling } from '../../src/core/handling.ts';
import { append, isBalanced, local, openBuffer, relaxed, textOf, waiting } from '../support/buffer.ts';
import { tempDir } from '../support/temp-dir.ts';
import { eventually } from '../support/wait.ts';

const everything: Window = { fromMs: 0, toMs: Number.MAX_SAFE_INTEGER };
const other: Handling = { ...local, rule: 'other' };
const week = 7 * 86_400_000;

function appendAt(buffer: RecordBuffer, handling: Handling, text: string, atMs: number): Promise<number> {
  const bytes = Buffer.from(`<${text}>`);
  return new Promise((resolve, reject) => {
    const settled = (error: Error | undefined, sequence: number): void => (error ? reject(error) : resolve(sequence));
    buffer.append(handling, bytes, 0, bytes.length, atMs, { settled });
  });
}

async function historyOf(buffer: RecordBuffer, window: Window = everything): Promise<HistoryBatch[]> {
  const batches: HistoryBatch[] = [];
  for await (const batch of buffer.archive.history(window)) batches.push(batch);
  return batches;
}

/** What a replay's lane gives, read as the uplink reads it. */
async function replayed(buffer: RecordBuffer, maxBytes = 1e6): Promise<StoredBatch[]> {
  const batches = await waiting(buffer, maxBytes);
  return batches.filter(({ isReplay }) => isReplay);
}

/** Record by record as large as asked for, so that segments fill up. */
async function fill(buffer: RecordBuffer, handling: Handling, count: number, bytes = 16 * 1024): Promise<void> {
  for (let n = 0; n < count; n++) await append(buffer, handling, randomBytes(bytes));
}

async function deliverAll(buffer: RecordBuffer): Promise<void> {
  buffer.acknowledge(await waiting(buffer));
  await eventually('delivery', () => buffer.status().waitingRecords === 0);
}

const segmentsIn = (directory: string, lane: string): string[] =>
  readdirSync(join(directory, lane)).filter((name) => name.endsWith('.db'));
const laneOf = (buffer: RecordBuffer, rule: string) => buffer.status().lanes.find((lane) => lane.rule === rule)!;
const hour = 3_600_000;
const steadyClock = () => {
  const clock = { ms: 1e12, now: () => clock.ms, monotonic: () => clock.ms };
  return clock;
};

test('history is what lies on disk, delivered or waiting, in order over all rules', async (t) => {
  const directory = tempDir(t);
  const buffer = await openBuffer(t, directory);
  for (const [handling, text, atMs] of [
    [local, 'a', 10],
    [other, 'b', 20],
    [local, 'c', 30],
    [other, 'd', 40],
  ] as const) {
    await appendAt(buffer, handling, text, atMs);
  }
  const [first] = await waiting(buffer);
  buffer.acknowledge([first!]);
  const texts = async (window: Window) => textOf(await historyOf(buffer, window));
  assert.equal(await texts(everything), '<a><b><c><d>');
  assert.equal(await texts({ fromMs: 20, toMs: 40 }), '<b><c>', 'the end of a window is not in it');
  assert.equal(await texts({ ...everything, rule: 'other' }), '<b><d>');
  assert.equal(await texts({ ...everything, rule: 'nobody' }), '');
  const batches = await historyOf(buffer);
  assert.deepEqual(
    batches.map(({ firstSequence, position, takenAtMs }) => [firstSequence, position, takenAtMs]),
    [
      [1, 0, 10],
      [2, 0, 20],
      [3, 1, 30],
      [4, 1, 40],
    ],
  );
  assert.equal(laneOf(buffer, 'local').waitingRecords, 1, 'nothing has changed by it');
});

test('history goes over many segments, also while they come and go, and after a clock was set back', async (t) => {
  const directory = tempDir(t);
  const buffer = await openBuffer(t, directory, { options: { segmentBytes: 64 * 1024, keep: week } });
  const bytes = 16 * 1024;
  for (let n = 0; n < 20; n++) {
    // The clock jumps back in the middle of a segment.
    await appendAt(buffer, local, randomBytes(bytes / 2).toString('hex'), n < 9 ? 1_000 + n : n);
  }
  const { lane } = laneOf(buffer, 'local');
  assert.ok(segmentsIn(directory, lane).length >= 4);
  const early = await historyOf(buffer, { fromMs: 9, toMs: 20 });
  assert.deepEqual(
    early.map(({ takenAtMs }) => takenAtMs),
    Array.from({ length: 11 }, (_, n) => n + 9),
  );
  const seen: number[] = [];
  for await (const { firstSequence } of buffer.archive.history(everything)) {
    seen.push(firstSequence);
    if (seen.length === 3) await fill(buffer, local, 3);
  }
  assert.deepEqual(
    seen.slice(0, 20),
    Array.from({ length: 20 }, (_, n) => n + 1),
  );
});

test('the same is read from the files alone, of a gateway that runs, was killed, or stopped', async (t) => {
  const directory = tempDir(t);
  const buffer = await openBuffer(t, directory, { options: { segmentBytes: 64 * 1024 } });
  await fill(buffer, local, 9);
  await append(buffer, other, 'b');
  const expected = (await historyOf(buffer)).map(({ firstSequence }) => firstSequence);
  const offline = (window: Window) => [...batchesIn(directory, window)];
  const sequences = (window = everything) =>
    offline(window)
      .map(({ batch }) => batch.firstSequence)
      .sort((a, b) => a - b);
  const before = readdirSync(directory, { recursive: true }).sort();
  assert.deepEqual(sequences(), expected, 'as a crash would leave it');
  assert.deepEqual(readdirSync(directory, { recursive: true }).sort(), before, 'it only reads');
  assert.deepEqual(sequences({ ...everything, rule: 'other' }), [10]);
  assert.deepEqual(sequences({ fromMs: 0, toMs: 5 }), []);
  await buffer.stop();
  assert.deepEqual(sequences(), expected);
  const [{ gateway, epoch, batch } = assert.fail()] = offline({ ...everything, rule: 'other' });
  assert.deepEqual({ gateway, epoch }, { ...buffer.identity });
  assert.equal(textOf([batch]), '<b>');
});

test('a replay is a lane of its own, and for the ledger nothing happens', async (t) => {
  const buffer = await openBuffer(t, tempDir(t), { options: { keep: week } });
  for (const text of ['a', 'b', 'c']) await append(buffer, local, text);
  await append(buffer, other, 'd');
  await deliverAll(buffer);
  await append(buffer, local, 'waits');
  const before = buffer.status().ledger;
  const lanes = buffer.lanes();
  assert.equal(await buffer.archive.replay(buffer.archive.history(everything)), 4, 'what waits is sent anyway');
  assert.deepEqual([buffer.archive.replayingRecords, buffer.status().ledger], [4, before]);
  assert.equal(buffer.lanes().length, lanes.length + 2);
  assert.equal(buffer.lanes(), buffer.lanes(), 'the same array while nothing changes');
  assert.ok(
    buffer
      .lanes()
      .slice(lanes.length)
      .every(({ priority }) => priority === 'bulk'),
  );
  const batches = await replayed(buffer, 1);
  assert.equal(textOf(batches), '<a><b><c><d>');
  assert.deepEqual(
    batches.map(({ firstSequence }) => firstSequence),
    [1, 2, 3, 4],
  );
  buffer.acknowledge(batches.slice(1, 2));
  assert.equal(buffer.archive.replayingRecords, 3);
  // A connection that broke: the next one begins anew.
  assert.equal(textOf(await replayed(buffer)), '<a><c><d>');
  buffer.acknowledge(batches);
  buffer.acknowledge(batches);
  assert.deepEqual([buffer.archive.replayingRecords, buffer.lanes()], [0, lanes]);
  assert.deepEqual(await buffer.read(batches[0]!.lane, 0, 1e6), [], 'one that is done has nothing more');
  assert.deepEqual(buffer.status().ledger, before);
  assert.equal(await buffer.archive.replay(buffer.archive.history({ fromMs: 0, toMs: 1 })), 0);
  assert.equal(buffer.lanes(), lanes);
});

test('a replay goes on after a restart, without what was confirmed, and does no harm to time to live', async (t) => {
  const directory = tempDir(t);
  const clock = steadyClock();
  const options = { options: { keep: week }, clock };
  const shortLived: Handling = { ...local, ttlMs: 1_000 };
  const first = await openBuffer(t, directory, options);
  for (const text of ['a', 'b', 'c']) await append(first, shortLived, text);
  await deliverAll(first);
  clock.ms += hour;
  assert.equal(await first.archive.replay(first.archive.history(everything)), 3);
  const [, second] = await replayed(first, 1);
  clock.ms += 2_000;
  first.acknowledge([second!]);
  await first.stop();
  const again = await openBuffer(t, directory, options);
  assert.equal(again.archive.replayingRecords, 2);
  clock.ms += hour;
  await append(again, shortLived, 'd');
  const batches = await replayed(again);
  assert.equal(textOf(batches), '<a><c>');
  assert.equal(again.status().ledger.dropped.expired, 0);
  again.acknowledge(batches);
  assert.equal(again.archive.replayingRecords, 0);
  await again.stop();
  const third = await openBuffer(t, directory, options);
  assert.equal(third.archive.replayingRecords, 0);
  assert.ok(isBalanced(third));
});

test('what a replay wants is not deleted before, and what is gone all the same is not waited for', async (t) => {
  const directory = tempDir(t);
  const buffer = await openBuffer(t, directory, { options: { keep: 0, segmentBytes: 64 * 1024, maxBytes: 600_000 } });
  await fill(buffer, local, 10);
  const { lane } = laneOf(buffer, 'local');
  // All at once, so that it is asked for before the deletion gets its turn.
  const all = await waiting(buffer);
  const history = await historyOf(buffer);
  buffer.acknowledge(all);
  const records = await buffer.archive.replay(
    (async function* () {
      yield* history;
    })(),
  );
  assert.equal(records, 10);
  await fill(buffer, other, 2);
  const kept = segmentsIn(directory, lane).length;
  assert.ok(kept >= 2);
  assert.equal((await replayed(buffer)).length, 10);
  // The budget is spent: delivered records go, whatever was asked for.
  await fill(buffer, other, 30);
  await eventually('room', () => segmentsIn(directory, lane).length < kept);
  const left = await replayed(buffer);
  assert.ok(left.length < 10);
  assert.equal(buffer.archive.replayingRecords, left.length);
  buffer.acknowledge(left);
  assert.equal(buffer.archive.replayingRecords, 0);
  const { ledger } = laneOf(buffer, 'local');
  assert.deepEqual([ledger.delivered, Object.values(ledger.dropped).reduce((a, b) => a + b)], [10, 0]);
});

test('delivered records stay for as long as was asked, and then go', async (t) => {
  const directory = tempDir(t);
  const clock = steadyClock();
  const buffer = await openBuffer(t, directory, { options: { keep: week, segmentBytes: 64 * 1024 }, clock });
  await fill(buffer, local, 12);
  const { lane } = laneOf(buffer, 'local');
  await deliverAll(buffer);
  const files = segmentsIn(directory, lane);
  assert.ok(files.length >= 3);
  clock.ms += week - hour;
  await append(buffer, local, 'late');
  assert.deepEqual(segmentsIn(directory, lane).slice(0, files.length), files);
  assert.equal((await historyOf(buffer)).length, 13);
  clock.ms += 2 * hour;
  await append(buffer, local, 'later');
  await eventually('deletion', () => !existsSync(join(directory, lane, files[0]!)));
  assert.equal(laneOf(buffer, 'local').waitingRecords, 2);
  assert.ok(isBalanced(buffer));
});

test('under pressure kept records are the first to go, those of the newest segment too, and nothing else does', async (t) => {
  const directory = tempDir(t);
  const maxBytes = 1_200_000;
  const buffer = await openBuffer(t, directory, { options: { keep: week, segmentBytes: 64 * 1024, maxBytes } });
  // Bulk that waits is older than what is kept, and would go before anything normal.
  await fill(buffer, { ...local, rule: 'bulk', priority: 'bulk' }, 4);
  await fill(buffer, local, 12);
  const kept = await waiting(buffer);
  buffer.acknowledge(kept.filter(({ lane }) => lane.startsWith('local')));
  await eventually('delivery', () => laneOf(buffer, 'local').waitingRecords === 0);
  const before = laneOf(buffer, 'local').diskBytes;
  assert.ok(before > 300_000, `${before}`);
  // From here on room is made for each record, until it costs one that waits.
  let dropped = 0;
  for (let n = 0; n < 60 && dropped === 0; n++) {
    await fill(buffer, other, 1);
    dropped = buffer.status().ledger.dropped.evicted;
    if (dropped === 0) assert.equal(laneOf(buffer, 'bulk').waitingRecords, 4);
  }
  assert.ok(dropped > 0);
  // What is left is a segment without records: the one that was being written is gone, too.
  assert.ok(laneOf(buffer, 'local').diskBytes < 40_000);
  assert.equal((await historyOf(buffer, { ...everything, rule: 'local' })).length, 0);
  assert.ok(buffer.status().diskBytes > maxBytes / 2);
  assert.ok(isBalanced(buffer));
});

test('what never was on disk is in no history', async (t) => {
  const buffer = await openBuffer(t, tempDir(t), {
    uplink: { isLive: () => true, acknowledgeMs: () => 1, underWay: () => [] },
  });
  const ready: StoredBatch[] = [];
  buffer.onReady((batch) => ready.push(batch));
  buffer.append(relaxed, Buffer.from('<a>'), 0, 3, Date.now());
  await eventually('the batch', () => ready.length === 1);
  buffer.acknowledge(ready);
  assert.equal(lastSequenceOf(ready[0]!), 1);
  assert.deepEqual(await historyOf(buffer), []);
});
