import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import type { LiveFilter } from '../../src/core/live.ts';
import { FakeTime } from '../support/fake-time.ts';
import { hubAt, Reader, taken } from './fixtures.ts';

function begun(t: TestContext): FakeTime {
  const time = new FakeTime();
  time.start();
  t.after(() => time.stop());
  return time;
}

const range = (from: number, to: number): number[] => Array.from({ length: to - from + 1 }, (_, index) => from + index);

test('readers get what comes after they began, in order and together', async (t) => {
  const time = begun(t);
  const hub = hubAt(time);
  hub.taken(taken('a', 0));
  const early = new Reader(hub);
  assert.equal(early.subscription.start.cursor, `${hub.epoch}-1`);
  hub.taken(taken('a', 1));
  const late = new Reader(hub);
  hub.tell({ kind: 'status', atMs: 0, body: {} });
  hub.taken(taken('b', 2));
  await time.advance(20);
  assert.deepEqual(early.numbers, [2, 3, 4]);
  assert.deepEqual(late.numbers, [3, 4]);
  hub.taken(taken('a', 3));
  await time.advance(40, 20);
  assert.equal(early.batches.at(-1), late.batches.at(-1), 'those that are as far share a batch');
  assert.deepEqual([early.missed, late.missed], [0, 0]);
  assert.deepEqual([early.subscription.cursor, late.subscription.cursor], [`${hub.epoch}-5`, `${hub.epoch}-5`]);
});

test('a form of a batch is made once for all who need it', async (t) => {
  const time = begun(t);
  const hub = hubAt(time);
  const readers = range(1, 5).map(() => new Reader(hub));
  hub.taken(taken('a', 1));
  await time.advance(20);
  let made = 0;
  for (const { batches } of readers) {
    batches[0]!.form('text', () => {
      made++;
      return 'x';
    });
  }
  assert.equal(made, 1);
});

test('a filter asks for kinds, devices, topics and fields, and all that it names must hold', async (t) => {
  const time = begun(t);
  const rows: readonly (readonly [filter: LiveFilter, numbers: readonly number[]])[] = [
    [{}, [1, 2, 3, 4, 5]],
    [{ devices: ['kitchen*'] }, [1, 2, 4]],
    [{ devices: ['kitchen'] }, [1, 4]],
    [{ devices: ['hall', 'kitchen-2'] }, [2, 3]],
    [{ topics: ['t/+'] }, [1, 2, 3]],
    [{ topics: ['#'] }, [1, 2, 3]],
    [{ fields: ['temp*'] }, [1]],
    [{ fields: ['temp*', 'hum'] }, [1, 2]],
    [{ kinds: ['device', 'status'] }, [4, 5]],
    [{ kinds: ['measurement'], devices: ['kitchen'] }, [1]],
    [{ devices: [] }, []],
  ];
  const hub = hubAt(time);
  const readers = rows.map(([filter]) => new Reader(hub, { filter }));
  const scoped = new Reader(hub, { scope: { key: 'x', allows: (device) => device === 'hall' } });
  hub.taken(taken('kitchen', 1, { field: 'temperature' }));
  hub.taken(taken('kitchen-2', 2, { field: 'hum' }));
  hub.taken(taken('hall', 3));
  hub.tell({ kind: 'device', deviceId: 'kitchen', atMs: 0, body: {} });
  hub.tell({ kind: 'status', atMs: 0, body: {} });
  await time.advance(20);
  for (const [index, [filter, numbers]] of rows.entries())
    assert.deepEqual(readers[index]!.numbers, numbers, JSON.stringify(filter));
  assert.deepEqual(scoped.numbers, [3], 'what one may not see does not come');
  assert.equal(hub.status().audiences, rows.length + 1);
  // What is heard for the first time before somebody comes is found for them too.
  const later = new Reader(hub, { filter: { devices: ['hall'] } });
  hub.taken(taken('hall', 4));
  await time.advance(40, 20);
  assert.deepEqual(later.numbers, [6]);
});

test('who wants the same shares an audience, in whatever order they say it', (t) => {
  const hub = hubAt(begun(t));
  const one = new Reader(hub, { filter: { devices: ['a', 'b'] } });
  const other = new Reader(hub, { filter: { devices: ['b', 'a', 'b'] } });
  assert.equal(hub.status().audiences, 1);
  one.subscription.close();
  other.subscription.close();
  other.subscription.close();
  assert.deepEqual([hub.status().audiences, hub.status().subscriptions], [0, 0]);
});

test('a reader that was slow gets the newest of each series, everything that lasts, and is told what it missed', async (t) => {
  const time = begun(t);
  const hub = hubAt(time);
  const slow = new Reader(hub);
  const fast = new Reader(hub);
  slow.isFull = true;
  hub.taken(taken('a', 0));
  await time.advance(20);
  for (let value = 1; value <= 3_000; value++) {
    hub.taken(taken(value % 2 === 0 ? 'a' : 'b', value));
    if (value === 500) hub.tell({ kind: 'command', atMs: 0, body: { id: 'c' } });
    if (value === 600) hub.taken(taken('button', value, { kind: 'event' }));
    if (value % 100 === 0) await time.advance(20);
  }
  assert.equal(hub.status().full, 1);
  assert.equal(hub.status().queued, 3_002);
  slow.drain();
  await time.advance(40, 20);
  // The command, the button, b's newest and a's.
  assert.deepEqual(slow.numbers, [1, 502, 603, 3_002, 3_003]);
  assert.deepEqual(slow.gaps, [{ from: 2, to: 3_003, missed: 2_998, reason: 'coalesced' }]);
  assert.deepEqual(fast.numbers, range(1, 3_003), 'others notice nothing');
  hub.taken(taken('a', 1));
  await time.advance(40, 20);
  assert.deepEqual(slow.numbers.slice(-1), [3_004]);
  assert.equal(slow.batches.at(-1), fast.batches.at(-1), 'it follows again');
  assert.deepEqual(hub.status().missed, { coalesced: 2_998, overrun: 0 });
  assert.equal(hub.status().gaps, 1);
});

test('more than can be given out in a round is thinned for everybody together', async (t) => {
  const time = begun(t);
  const hub = hubAt(time);
  const readers = range(1, 3).map(() => new Reader(hub));
  for (let value = 1; value <= 5_000; value++) hub.taken(taken(`d${value % 10}`, value));
  await time.advance(20);
  for (const { numbers, gaps } of readers) {
    assert.deepEqual(numbers, range(4_991, 5_000));
    assert.deepEqual(gaps, [{ from: 1, to: 5_000, missed: 4_990, reason: 'coalesced' }]);
  }
  assert.equal(readers[0]!.batches[0], readers[2]!.batches[0]);
});

test('a cursor brings what came since, or says why it can not', async (t) => {
  const time = begun(t);
  const measured = { keepMs: 1_000, keepCount: 10, maxCount: 100, maxBytes: 1e9 };
  const hub = hubAt(time, { measured, maxSeries: 10 });
  const first = new Reader(hub);
  for (let value = 1; value <= 50; value++) hub.taken(taken('a', value));
  await time.advance(20);
  const { epoch } = hub;
  type Row = readonly [after: string, reset: string | undefined, cursor: string, numbers: readonly number[]];
  const row = async ([after, reset, cursor, numbers]: Row): Promise<void> => {
    const reader = new Reader(hub, { after });
    await time.advance(20);
    assert.equal(reader.subscription.start.reset, reset, after);
    assert.equal(reader.subscription.start.cursor, cursor, after);
    assert.deepEqual(reader.numbers, numbers, after);
    assert.deepEqual(reader.gaps, [], after);
    reader.subscription.close();
  };
  await row([`${epoch}-0`, undefined, `${epoch}-0`, range(1, 50)]);
  await row([`${epoch}-20`, undefined, `${epoch}-20`, range(21, 50)]);
  await row([`${epoch}-50`, undefined, `${epoch}-50`, []]);
  await row([`${epoch}-51`, 'unknown', `${epoch}-50`, []]);
  await row(['0123456789ab-20', 'epoch', `${epoch}-50`, []]);
  for (const nonsense of [
    '',
    'x',
    `${epoch}`,
    `${epoch}-`,
    `${epoch}--1`,
    `${epoch}-1e3`,
    `${epoch}-99999999999999999999`,
  ])
    await row([nonsense, 'unknown', `${epoch}-50`, []]);
  // Older than is kept by time, but for the newest ten.
  await time.advance(3_000, 1_000);
  await row([`${epoch}-39`, 'expired', `${epoch}-50`, []]);
  await row([`${epoch}-40`, undefined, `${epoch}-40`, range(41, 50)]);
  assert.deepEqual(hub.status().resets, { epoch: 1, expired: 1, unknown: 8 });
  first.subscription.close();
});

test('who comes back gets thousands of events whole, and is not taken for slow', async (t) => {
  const time = begun(t);
  const hub = hubAt(time);
  const keeper = new Reader(hub);
  for (let value = 1; value <= 9_000; value++) {
    hub.taken(taken('a', value));
    if (value % 500 === 0) await time.advance(20);
  }
  const back = new Reader(hub, { after: `${hub.epoch}-5` });
  await time.advance(1_000, 20);
  assert.deepEqual(back.numbers, range(6, 9_000));
  assert.ok(Math.max(...back.batches.map(({ events }) => events.length)) <= 1_000);
  assert.deepEqual([back.missed, keeper.missed], [0, 0]);
  hub.taken(taken('a', 1));
  await time.advance(40, 20);
  assert.equal(back.batches.at(-1), keeper.batches.at(-1));
});

test('what lasts and is not kept any more is told as missed', async (t) => {
  const time = begun(t);
  const lasting = { keepMs: 0, keepCount: 5, maxCount: 5, maxBytes: 1e9 };
  const hub = hubAt(time, { lasting });
  const slow = new Reader(hub);
  slow.isFull = true;
  hub.tell({ kind: 'status', atMs: 0, body: {} });
  await time.advance(20);
  for (let i = 0; i < 20; i++) {
    hub.tell({ kind: 'status', atMs: 0, body: {} });
    await time.advance(1);
  }
  slow.drain();
  await time.advance(40, 20);
  assert.deepEqual(slow.numbers, [1, ...range(17, 21)]);
  assert.deepEqual(slow.gaps, [{ from: 2, to: 21, missed: 15, reason: 'overrun' }]);
});

test('a reader that takes nothing for too long is let go, and all are told when the gateway stops', async (t) => {
  const time = begun(t);
  const hub = hubAt(time, { frozenMs: 5_000 });
  const frozen = new Reader(hub);
  const other = new Reader(hub);
  frozen.isFull = true;
  hub.taken(taken('a', 1));
  await time.advance(20);
  await time.advance(4_000, 1_000);
  assert.deepEqual(frozen.ends, []);
  await time.advance(2_000, 1_000);
  assert.deepEqual(frozen.ends, ['frozen']);
  assert.equal(hub.status().frozen, 1);
  await hub.stop();
  assert.deepEqual(other.ends, ['stopping']);
  assert.throws(() => new Reader(hub), { code: 'buffer.closed' });
});

test('while nobody reads, nothing is kept', async (t) => {
  const time = begun(t);
  const hub = hubAt(time, { lingerMs: 10_000 });
  hub.taken(taken('a', 1));
  assert.deepEqual([hub.wantsPayloads, hub.status().kept, hub.status().events], [false, 0, 1]);
  const reader = new Reader(hub);
  hub.taken(taken('a', 2));
  await time.advance(20);
  assert.deepEqual([hub.wantsPayloads, hub.status().kept], [true, 1]);
  const { cursor } = reader.subscription;
  reader.subscription.close();
  hub.taken(taken('a', 3));
  await time.advance(5_000, 1_000);
  const back = new Reader(hub, { after: cursor });
  await time.advance(20);
  assert.deepEqual(back.values, [3], 'it may come back');
  const later = back.subscription.cursor;
  back.subscription.close();
  await time.advance(12_000, 1_000);
  hub.taken(taken('a', 4));
  assert.deepEqual([hub.wantsPayloads, hub.status().kept], [false, 0]);
  const late = new Reader(hub, { after: later });
  assert.equal(late.subscription.start.reset, 'expired');
});

test('there is an end to readers and to their wishes', (t) => {
  const hub = hubAt(begun(t), { maxSubscriptions: 3, maxAudiences: 2 });
  const readers = ['a', 'b'].map((device) => new Reader(hub, { filter: { devices: [device] } }));
  assert.throws(() => new Reader(hub, { filter: { devices: ['c'] } }), { code: 'overload.shed' });
  readers.push(new Reader(hub, { filter: { devices: ['b'] } }));
  assert.throws(() => new Reader(hub, { filter: { devices: ['b'] } }), { code: 'overload.shed' });
  readers[0]!.subscription.close();
  assert.ok(new Reader(hub, { filter: { devices: ['c'] } }));
});

test('series that are too many are forgotten, and who could not follow is told that some are lost', async (t) => {
  const time = begun(t);
  const hub = hubAt(time, { maxSeries: 50 });
  const slow = new Reader(hub);
  slow.isFull = true;
  hub.taken(taken('first', 0));
  await time.advance(20);
  for (let i = 0; i < 2_000; i++) {
    hub.taken(taken(`d${i}`, i));
    if (i % 500 === 0) await time.advance(20);
  }
  slow.drain();
  await time.advance(40, 20);
  assert.deepEqual(slow.numbers, [1, ...range(1_952, 2_001)]);
  assert.deepEqual(slow.gaps, [{ from: 2, to: 2_001, missed: 1_950, reason: 'overrun' }]);
});

test('in a flood nothing is kept for those who come back, and those who are there go on as before', async (t) => {
  const time = begun(t);
  const hub = hubAt(time, { floodPerSecond: 100 });
  const rare = new Reader(hub, { filter: { devices: ['rare'] } });
  const all = new Reader(hub);
  const second = async (count: number) => {
    for (const number of range(1, count)) hub.taken(taken('often', number));
    hub.taken(taken('rare', 1));
    hub.taken(taken('rare', 2));
    hub.taken(taken('rare', 3, { kind: 'event' }));
    await time.advance(1_000, 20);
  };
  await second(200);
  assert.equal(hub.status().kept, 203, 'it is not known yet');
  await second(200);
  // What says that something happened, once, is kept.
  assert.equal(hub.status().kept, 2);
  assert.deepEqual(rare.values, [1, 2, 3, 1, 2, 3], 'who can follow misses nothing');
  assert.equal(all.numbers.length, 406);
  const back = new Reader(hub, { after: `${hub.epoch}-1` });
  assert.equal(back.subscription.start.reset, 'expired');
  // More than half of what a flood is: still one.
  await second(60);
  await second(60);
  assert.equal(hub.status().kept, 4);
  await second(10);
  await second(10);
  assert.equal(hub.status().kept, 6 + 12, 'it is over: what came since is kept');
  assert.equal(all.missed + rare.missed, 0);
  assert.deepEqual(new Reader(hub, { after: rare.subscription.cursor }).subscription.start.reset, undefined);
});

test('a reader of a flood gets the newest of each series, round by round, and is told of the rest', async (t) => {
  const time = begun(t);
  const hub = hubAt(time, { floodPerSecond: 100 });
  const all = new Reader(hub);
  for (const round of range(1, 60)) {
    for (const number of range(1, 1_500)) hub.taken(taken(number % 2 === 0 ? 'a' : 'b', round * 10_000 + number));
    await time.advance(20);
  }
  await time.advance(100, 20);
  assert.equal(all.numbers.length + all.missed, 60 * 1_500);
  assert.deepEqual(all.values.slice(-2), [60 * 10_000 + 1_499, 60 * 10_000 + 1_500]);
  assert.ok(all.batches.length >= 50, `${all.batches.length} batches`);
  // It gets everything again.
  hub.taken(taken('a', 1));
  hub.taken(taken('a', 2));
  await time.advance(40, 20);
  hub.taken(taken('a', 3));
  hub.taken(taken('a', 4));
  await time.advance(40, 20);
  assert.deepEqual(all.values.slice(-2), [3, 4]);
});
