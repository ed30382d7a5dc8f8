import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import fc from 'fast-check';
import type { Priority } from '../../src/core/priority.ts';
import type { Interval } from '../../src/lib/intervals.ts';
import { silentLog } from '../../src/lib/log.ts';
import { patienceMs } from '../../src/uplink/lane-feed.ts';
import { Sender } from '../../src/uplink/sender.ts';
import { ConnectRequest } from '../../src/wire/generated/headgate/v1/uplink.ts';
import { MemoryBuffer } from '../support/memory-buffer.ts';

/** What stands for encoded records, an even number of bytes: a field that a batch does not have, again and again. */
const bytes = (length = 8): Uint8Array => new Uint8Array(length).map((_, at) => (at % 2 === 0 ? 0x78 : 1));

interface Setup {
  readonly durable?: readonly Interval[];
  readonly historicalUpTo?: number;
  readonly windowBytes?: number;
  readonly monotonic?: () => number;
}

/** A sender whose connection notes what is sent, and takes no more when `isBlocked`. */
function started(t: TestContext | undefined, buffer: MemoryBuffer, setup: Setup = {}) {
  const { durable = [], historicalUpTo = 0, windowBytes = 1e6, monotonic = () => 0 } = setup;
  const line = { isBlocked: false, uploads: [] as number[][], historical: [] as number[] };
  const connection = {
    send: (message: Uint8Array) => {
      const { message: content } = ConnectRequest.decode(message);
      const batches = content?.$case === 'upload' ? content.value.batches : [];
      line.uploads.push(batches.map(({ firstSequence }) => Number(firstSequence)));
      line.historical.push(...batches.filter((one) => one.historical).map((one) => Number(one.firstSequence)));
      return !line.isBlocked;
    },
  };
  const sender = new Sender({
    connection,
    agreement: { durable, windowBytes },
    acknowledgeTimeoutMs: 30_000,
    historicalUpTo,
    liveShare: 0.5,
    buffer,
    clock: { now: monotonic, monotonic },
    log: silentLog,
    random: () => 0,
    onChange: () => {},
  });
  sender.start();
  t?.after(() => sender.stop());
  const acknowledge = (first: number, last: number): void => {
    assert.ok('batches' in sender.acknowledged([{ first, last }]));
  };
  return { sender, line, acknowledge, sent: () => line.uploads.flat() };
}

const manual = (lanes: Readonly<Record<string, Priority>>): MemoryBuffer => {
  const buffer = new MemoryBuffer();
  buffer.isManual = true;
  for (const [key, priority] of Object.entries(lanes)) buffer.addLane(key, priority);
  return buffer;
};

test('lanes of one priority go in order of sequence, several batches together', async (t) => {
  const buffer = manual({ a: 'normal', b: 'normal' });
  for (const lane of ['a', 'b', 'b', 'a', 'b']) buffer.append(lane, bytes());
  const { line, sent } = started(t, buffer);
  await buffer.answer('b');
  // What lies in the other lane may be older.
  assert.deepEqual(sent(), []);
  await buffer.answer();
  assert.deepEqual(line.uploads, [[1, 2, 3, 4, 5]]);
});

test('critical overtakes what waits, not what was sent', async (t) => {
  const buffer = manual({ bulk: 'bulk', alarms: 'critical' });
  for (let n = 1; n <= 20; n++) buffer.append('bulk', bytes(4_000));
  const { sent, acknowledge } = started(t, buffer);
  await buffer.answer();
  const { length } = sent();
  assert.ok(length >= 1 && length < 20);
  buffer.append('alarms', bytes(100));
  acknowledge(1, 1);
  assert.equal(sent()[length], 21);
});

test('with all priorities waiting each gets its share of the bytes', async (t) => {
  const buffer = manual({ b: 'bulk', c: 'critical', n: 'normal' });
  for (let n = 0; n < 400; n++) for (const lane of ['b', 'c', 'n']) buffer.append(lane, bytes(1_000));
  const { sender, sent } = started(t, buffer);
  await buffer.answer();
  // The first answer came before the others.
  const { length } = sent();
  for (let turn = 0, done = 0; sent().length < length + 420; turn++) {
    assert.ok(turn < 500, 'it goes on');
    const sequences = sent().slice(done);
    done += sequences.length;
    sender.acknowledged(sequences.map((n) => ({ first: n, last: n })));
    await buffer.answer();
  }
  const counts = { c: 0, n: 0, b: 0 };
  for (const sequence of sent().slice(length, length + 420)) counts[(['n', 'b', 'c'] as const)[sequence % 3]!]++;
  const isNear = (count: number, share: number): boolean => Math.abs(count - share) <= share / 10 + 2;
  assert.ok(isNear(counts.c, 320) && isNear(counts.n, 80) && isNear(counts.b, 20), JSON.stringify(counts));
});

test('a commit under way holds later batches of its priority back until it is made, and no other priority', async (t) => {
  const buffer = manual({ local: 'normal', relaxed: 'normal', bulk: 'bulk' });
  const { sent } = started(t, buffer);
  await buffer.answer();
  const pending = buffer.append('local', bytes(), 1, { isPending: true });
  buffer.append('relaxed', bytes());
  buffer.append('bulk', bytes());
  assert.deepEqual(sent(), [3]);
  buffer.commit(pending);
  assert.deepEqual(sent(), [3, 1, 2]);
});

test('a lane that is new holds others back too, before anything of it may be sent', async (t) => {
  const buffer = manual({ relaxed: 'normal' });
  const { sent } = started(t, buffer);
  await buffer.answer();
  buffer.addLane('local', 'normal');
  const pending = buffer.append('local', bytes(), 1, { isPending: true });
  buffer.append('relaxed', bytes());
  assert.deepEqual(sent(), []);
  await buffer.answer();
  assert.deepEqual(sent(), []);
  buffer.commit(pending);
  assert.deepEqual(sent(), [1, 2]);
});

test('a commit that fails, a disk that hangs and a read that never ends hold the others back for a moment only', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const clock = { now: 0 };
  const elapse = (ms: number): void => {
    clock.now += ms;
    t.mock.timers.tick(ms);
  };
  const buffer = manual({ local: 'normal', relaxed: 'normal', sick: 'normal' });
  const { sent } = started(t, buffer, { monotonic: () => clock.now });
  await buffer.answer('local');
  await buffer.answer('relaxed');
  buffer.append('sick', bytes());
  buffer.append('relaxed', bytes());
  assert.deepEqual(sent(), []);
  elapse(patienceMs);
  assert.deepEqual(sent(), [2]);
  const refused = buffer.append('local', bytes(), 1, { isPending: true });
  buffer.append('relaxed', bytes());
  assert.deepEqual(sent(), [2]);
  buffer.refuse(refused);
  elapse(50);
  assert.deepEqual(sent(), [2, 4]);
  buffer.append('local', bytes(), 1, { isPending: true });
  for (let n = 0; n < 3; n++) buffer.append('relaxed', bytes());
  elapse(patienceMs - 50);
  assert.deepEqual(sent(), [2, 4]);
  elapse(50);
  assert.deepEqual(sent(), [2, 4, 6, 7, 8]);
  // From now on they flow, until the next commit.
  buffer.append('relaxed', bytes());
  assert.deepEqual(sent(), [2, 4, 6, 7, 8, 9]);
});

test('a lane that can not be read does not keep the others, is told of, and comes when it can be read', async (t) => {
  const clock = { now: 0 };
  const buffer = manual({ sick: 'normal', well: 'normal' });
  buffer.append('sick', bytes());
  buffer.append('well', bytes());
  buffer.broken.add('sick');
  const { sender, sent } = started(t, buffer, { monotonic: () => clock.now });
  await buffer.answer();
  assert.deepEqual(sent(), [2]);
  assert.match(sender.problem ?? '', /^What waits in lane sick can't be read \(no disk\)\. .*check the disk/);
  buffer.append('well', bytes());
  assert.deepEqual(sent(), [2, 3]);
  buffer.broken.clear();
  clock.now = 500;
  sender.tick();
  await buffer.answer();
  assert.deepEqual([sent(), sender.problem], [[2, 3, 1], undefined]);
});

test('what the collector has is not sent but acknowledged at once, unless somebody asked for it again', async (t) => {
  const buffer = manual({ a: 'normal' });
  for (const count of [2, 3, 2, 1]) buffer.append('a', bytes(), count);
  const replayed = { ...buffer.append('a', bytes(), 2), isReplay: true };
  const { sender, sent } = started(t, buffer, {
    durable: [
      { first: 1, last: 3 },
      { first: 6, last: 10 },
    ],
  });
  await buffer.answer();
  // A batch of which it has a part is sent whole: it knows the part.
  assert.deepEqual(sent(), [3]);
  assert.deepEqual(
    buffer.acknowledged.map(({ firstSequence }) => firstSequence),
    [1, 6, 8, 9],
  );
  buffer.addLane('replay');
  const again = { ...replayed, lane: 'replay' };
  buffer.insert(again);
  await buffer.answer();
  assert.deepEqual(sent(), [3, 9]);
  assert.deepEqual(sender.underWay('replay'), [{ first: 9, last: 10 }]);
});

test('what had been given out when the connection stood is historical, and so is what is sent again', async (t) => {
  const buffer = manual({ a: 'normal', b: 'normal' });
  buffer.append('a', bytes(), 2);
  const { sender, line } = started(t, buffer, { historicalUpTo: 2 });
  assert.equal(sender.isDraining, true);
  await buffer.answer();
  assert.equal(sender.isDraining, false);
  buffer.append('b', bytes());
  buffer.insert({ ...buffer.append('b', bytes(), 1, { isPending: true }), isReplay: true });
  assert.deepEqual(
    [line.uploads, line.historical],
    [
      [[1], [3], [4]],
      [1, 4],
    ],
  );
});

test('nothing is sent beyond the window or while the connection takes no more, and it says so', async (t) => {
  const buffer = manual({ a: 'normal' });
  const { sender, line, sent, acknowledge } = started(t, buffer, { windowBytes: 1_000 });
  await buffer.answer();
  assert.equal(sender.hasRoom, true);
  for (let n = 0; n < 4; n++) buffer.append('a', bytes(600));
  assert.deepEqual([sent(), sender.hasRoom, sender.inFlightBytes], [[1, 2], false, 1_200]);
  line.isBlocked = true;
  acknowledge(1, 2);
  assert.deepEqual([sent(), sender.hasRoom], [[1, 2, 3], false]);
  line.isBlocked = false;
  sender.drained();
  assert.deepEqual([sent(), sender.hasRoom], [[1, 2, 3, 4], false]);
});

test('what is held or sent is under way until it is acknowledged, and no longer when it stops', async (t) => {
  const buffer = manual({ a: 'normal', b: 'normal' });
  for (let n = 0; n < 4; n++) buffer.append('a', bytes(600), 10);
  const { sender, acknowledge } = started(t, buffer, { windowBytes: 1_000 });
  await buffer.answer();
  const held = { first: 21, last: 40 };
  assert.deepEqual([sender.underWay('a'), sender.underWay('b')], [[held, { first: 1, last: 20 }], []]);
  acknowledge(1, 20);
  assert.deepEqual(sender.underWay('a'), [{ first: 21, last: 40 }]);
  sender.stop();
  // What is held is let go of; the two that were sent can still be acknowledged.
  acknowledge(21, 40);
  assert.deepEqual(sender.underWay('a'), []);
  assert.deepEqual([buffer.totals.waitingRecords, buffer.listeners, sender.hasRoom], [0, 0, false]);
});

test('lanes may come and go', async (t) => {
  const buffer = manual({ a: 'normal' });
  const { sender, sent, acknowledge } = started(t, buffer);
  await buffer.answer();
  buffer.addLane('new', 'critical');
  buffer.append('new', bytes());
  await buffer.answer();
  acknowledge(1, 1);
  buffer.addLane('old', 'bulk');
  buffer.removeLane('new');
  sender.tick();
  await buffer.answer();
  const { length } = buffer.reads;
  buffer.append('old', bytes());
  assert.deepEqual(sent(), [1, 2]);
  // The same name may come back, and is read anew.
  buffer.addLane('new', 'normal');
  sender.tick();
  await buffer.answer();
  // Once for what waited when the connection stood, once for what came since.
  assert.equal(buffer.reads.length, length + 2);
});

test('what is held of a lane that goes away is still sent', async (t) => {
  const buffer = manual({ a: 'normal' });
  const { sender, line, sent } = started(t, buffer);
  await buffer.answer();
  line.isBlocked = true;
  buffer.append('a', bytes());
  buffer.append('a', bytes());
  buffer.removeLane('a');
  sender.tick();
  assert.deepEqual(sent(), [1]);
  sender.drained();
  assert.deepEqual(sent(), [1, 2]);
});

test('whatever comes when: each batch once, in order within its priority, and none is left', async () => {
  const lanes = fc.constantFrom('c', 'c-local', 'n', 'n-local', 'b', 'b-local');
  const step = fc.oneof(
    fc.record({ does: fc.constant('append' as const), lane: lanes, length: fc.constantFrom(2, 900, 5_000) }),
    fc.record({ does: fc.constantFrom('commit' as const, 'refuse' as const, 'answer' as const), lane: lanes }),
    fc.record({ does: fc.constant('acknowledge' as const), count: fc.nat({ max: 6 }) }),
    fc.record({ does: fc.constantFrom('block' as const, 'tick' as const) }),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 80 }), async (steps) => {
      const buffer = manual({ c: 'critical', 'c-local': 'critical', n: 'normal', 'n-local': 'normal' });
      buffer.addLane('b', 'bulk').addLane('b-local', 'bulk');
      const { sender, line, sent } = started(undefined, buffer, { windowBytes: 20_000 });
      const pending: ReturnType<MemoryBuffer['append']>[] = [];
      const laneOf = new Map<number, string>();
      let done = 0;
      const acknowledge = (count: number): void => {
        const ranges = sent()
          .slice(done, done + count)
          .map((n) => ({ first: n, last: n }));
        done += ranges.length;
        sender.acknowledged(ranges);
      };
      for (const one of steps) {
        if (one.does === 'append') {
          const isPending = one.lane.endsWith('local');
          const batch = buffer.append(one.lane, bytes(one.length), 1, { isPending });
          if (isPending) pending.push(batch);
          laneOf.set(batch.firstSequence, one.lane);
        } else if (one.does === 'commit' || one.does === 'refuse') {
          const at = pending.findIndex(({ lane }) => lane === one.lane);
          const [batch] = at < 0 ? [] : pending.splice(at, 1);
          if (batch === undefined) continue;
          buffer[one.does](batch);
          if (one.does === 'refuse') laneOf.delete(batch.firstSequence);
        } else if (one.does === 'answer') await buffer.answer(one.lane);
        else if (one.does === 'acknowledge') acknowledge(one.count);
        else if (one.does === 'tick') sender.tick();
        else if (line.isBlocked) {
          line.isBlocked = false;
          sender.drained();
        } else line.isBlocked = true;
      }
      for (const batch of pending) buffer.commit(batch);
      line.isBlocked = false;
      sender.drained();
      for (let turn = 0; buffer.totals.waitingRecords > 0; turn++) {
        assert.ok(turn < 300, 'all is sent in the end');
        sender.tick();
        await buffer.answer();
        acknowledge(1_000);
      }
      sender.stop();
      assert.deepEqual(sent().toSorted(ascending), [...laneOf.keys()].toSorted(ascending));
      for (const priority of ['c', 'n', 'b']) {
        const own = sent().filter((sequence) => laneOf.get(sequence)?.startsWith(priority));
        assert.deepEqual(own, own.toSorted(ascending), `${priority}: ${own}`);
      }
    }),
    { numRuns: 200 },
  );
});

const ascending = (a: number, b: number): number => a - b;
