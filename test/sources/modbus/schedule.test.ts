import assert from 'node:assert/strict';
import { test } from 'node:test';
import { writePdu } from '../../../src/profiles/modbus/pdu.ts';
import { BusSchedule } from '../../../src/sources/modbus/schedule.ts';
import { blocksOf, type Fate, newCounts, SimulatedBus, timeoutMs } from './simulated-bus.ts';

const one = blocksOf([0, 2]);
const unit = (number: number, everyMs: number, fates: readonly Fate[] | null = [], requests = one) => {
  return { unit: number, everyMs, requests, fates };
};
const lost: Fate = { afterMs: 1, isLost: true };
const write = (address: number, until = Number.POSITIVE_INFINITY) => {
  return { unit: 1, pdu: writePdu({ kind: 'register', address, value: 7 }), until, by: address };
};

test('each unit is asked as often as it is to be, by when it was asked last', () => {
  const bus = new SimulatedBus([unit(1, 100), unit(2, 250)]).run(1_000);
  assert.deepEqual(
    bus.sent.filter((sent) => sent.unit === 1).map(({ at }) => at),
    [0, 100, 200, 300, 400, 500, 600, 700, 800, 900],
  );
  assert.equal(bus.readsOf(2).length, 4);
});

test('no unit starves on a bus that has too much to do', () => {
  const bus = new SimulatedBus([unit(1, 1), unit(2, 1), unit(3, 400)]).run(10_000);
  assert.ok(bus.readsOf(3).length >= 24, `${bus.readsOf(3).length}`);
  assert.ok(Math.abs(bus.readsOf(1).length - bus.readsOf(2).length) <= 1);
});

test('a request without an answer, or with a damaged one, is made again at once, and no more often than it may', () => {
  for (const fate of [lost, { afterMs: 5, damagedAt: 3 }]) {
    const again = new SimulatedBus([unit(1, 5_000, [fate])]).run(1_000);
    assert.equal(again.sent.length, 2);
    assert.equal(again.readsOf(1).length, 1);
    const notTwice = new SimulatedBus([unit(1, 5_000, [fate, fate])]).run(1_000);
    assert.equal(notTwice.sent.length, 2);
    assert.equal(notTwice.readsOf(1).length, 0);
  }
});

test('a damaged answer is not waited for until the timeout', () => {
  const bus = new SimulatedBus([unit(1, 5_000, [{ afterMs: 5, damagedAt: 3 }])]).run(1_000);
  assert.deepEqual(
    bus.sent.map(({ at }) => at),
    [0, 25],
  );
  assert.equal(bus.counts.get(1)!.damaged, 1);
  assert.equal(bus.counts.get(1)!.unanswered, 0);
});

test('a dead unit is asked ever more rarely, with one request each time, and once it is back as often as before', () => {
  const dead = new SimulatedBus([unit(1, 1_000, null, blocksOf([0, 1], [10, 2], [20, 3]))]).run(400_000);
  const times = dead.sent.map(({ at }) => at);
  assert.deepEqual(times.slice(0, 2), [0, timeoutMs], 'it is asked again once');
  const pauses = times
    .slice(1)
    .map((at, index) => at - times[index]!)
    .slice(1);
  assert.deepEqual(pauses, [1_100, 2_100, 4_100, 8_100, 16_100, 32_100, 60_100, 60_100, 60_100, 60_100, 60_100]);
  const back = new SimulatedBus([
    unit(
      1,
      1_000,
      Array.from({ length: 5 }, () => lost),
      blocksOf([0, 1], [10, 2]),
    ),
  ]).run(30_000);
  const backAt = back.readsOf(1)[0]!;
  assert.ok(back.readsOf(1, 0).filter((at) => at < backAt + 5_000).length >= 5);
  assert.ok(back.readsOf(1, 10).filter((at) => at < backAt + 5_000).length >= 5);
});

test('a dead unit costs the others one timeout each time', () => {
  const others = (fates: readonly Fate[] | null) => {
    const units = Array.from({ length: 8 }, (_, index) => unit(index + 1, 200, index === 3 ? fates : []));
    const bus = new SimulatedBus(units).run(120_000);
    const pauses = bus
      .readsOf(1)
      .slice(1)
      .map((at, index) => at - bus.readsOf(1)[index]!);
    return { count: bus.readsOf(1).length, longest: Math.max(...pauses) };
  };
  const [alone, beside] = [others([]), others(null)];
  assert.ok(beside.count > 0.97 * alone.count, `${beside.count} of ${alone.count}`);
  // It was asked twice at first.
  assert.ok(beside.longest <= alone.longest + 2 * timeoutMs + 10, `${beside.longest} ms`);
});

test('silent units together get a twentieth of the bus while others answer, and all of it when none does', () => {
  const silent = Array.from({ length: 60 }, (_, index) => unit(index + 2, 10, null));
  const busy = new SimulatedBus([unit(1, 10), ...silent]).run(600_000);
  const late = busy.sent.filter(({ at, unit: to }) => at > 100_000 && to !== 1);
  const share = (late.length * timeoutMs) / 500_000;
  assert.ok(share > 0.04 && share <= 0.051, `${share}`);
  assert.equal(new Set(late.map(({ unit: to }) => to)).size, 60);
  const dead = new SimulatedBus(silent).run(600_000);
  assert.ok(dead.sent.filter(({ at }) => at > 100_000).length > 1.5 * late.length);
});

test('units that were all silent are all back soon once one is', () => {
  const lostFor = Array.from({ length: 6 }, () => lost);
  const bus = new SimulatedBus(Array.from({ length: 20 }, (_, index) => unit(index + 1, 1_000, lostFor))).run(400_000);
  const first = bus.schedule.units.map(({ unit: number }) => bus.readsOf(number)[0]!);
  assert.ok(Math.max(...first) - Math.min(...first) < 120_000, first.join(' '));
});

test('what a unit refuses twice is asked for rarely, what it is too busy for soon, and the rest goes on', () => {
  const refusing = (code: number, ms: number) => {
    const bus = new SimulatedBus([{ ...unit(1, 5_000, [], blocksOf([0, 2], [10, 3])), refuses: { 10: code } }]).run(ms);
    assert.equal(bus.readsOf(1, 0).length, Math.ceil(ms / 5_000));
    return { bus, asked: bus.sent.filter(({ address }) => address === 10).map(({ at }) => at) };
  };
  for (const code of [1, 2, 3]) {
    const { bus, asked } = refusing(code, 1_000_000);
    assert.equal(asked.length, 3);
    assert.ok(asked[2]! - asked[1]! >= 600_000);
    assert.deepEqual(
      bus.schedule.units[0]!.blocks.map(({ refusedBy }) => refusedBy),
      [undefined, code],
    );
  }
  assert.equal(refusing(4, 50_000).asked.length, 10);
  for (const code of [5, 6]) assert.ok(refusing(code, 50_000).asked.length >= 45);
});

test('a unit of which a gateway says that it does not answer is a silent one', () => {
  for (const code of [10, 11]) {
    const bus = new SimulatedBus([{ ...unit(1, 100), refuses: { 0: code } }]).run(100_000);
    assert.ok(bus.sent.length < 9, `${bus.sent.length}`);
    assert.ok(bus.schedule.units[0]!.missed > 3);
  }
});

test('what is to be written goes first, and what the unit has then is read at once', () => {
  const bus = new SimulatedBus<number>([unit(1, 60_000), unit(2, 1)]).run(1_000);
  bus.schedule.write(write(5));
  bus.run(1_100);
  const after = bus.sent.filter(({ at }) => at >= 1_000).map(({ unit: to, code }) => `${to}:${code}`);
  assert.equal(after[0], '1:6');
  assert.ok(after.slice(1, 4).includes('1:3'), after.join(' '));
  assert.deepEqual(
    bus.events.filter(({ event }) => event.kind !== 'read').map(({ event }) => event.kind),
    ['written'],
  );
});

test('writes without end let reads through', () => {
  const bus = new SimulatedBus<number>([unit(1, 60_000), unit(2, 50)]).run(500);
  const before = bus.readsOf(2).length;
  for (let address = 0; address < 64; address++) bus.schedule.write(write(address));
  bus.run(1_200);
  assert.ok(bus.readsOf(2).length >= before + 5, `${bus.readsOf(2).length - before}`);
});

test('a write is never made twice by itself, nor later than it is wanted', () => {
  const silent = new SimulatedBus<number>([unit(1, 60_000, [{ afterMs: 5 }, lost])]).run(50);
  silent.schedule.write(write(5));
  silent.run(1_000);
  assert.equal(silent.sent.filter(({ code }) => code === 6).length, 1);
  const kinds = silent.events.map(({ event }) => (event.kind === 'not-written' ? event.why : event.kind));
  assert.deepEqual(kinds, ['read', 'silent']);
  const late = new SimulatedBus<number>([unit(1, 60_000, [lost, lost])]).run(50);
  late.schedule.write(write(5, 150));
  late.run(1_000);
  assert.equal(late.sent.filter(({ code }) => code === 6).length, 0);
  assert.deepEqual(
    late.events.map(({ event }) => event.kind === 'not-written' && event.why),
    ['expired'],
  );
});

test('the same write waits until no answer to the one before can come', () => {
  const bus = new SimulatedBus<number>([unit(1, 60_000, [{ afterMs: 5 }, { afterMs: 2.5 * timeoutMs }])]).run(50);
  bus.schedule.write(write(5));
  bus.schedule.write(write(5));
  bus.run(1_000);
  const [first, second] = bus.sent.filter(({ code }) => code === 6);
  assert.ok(second!.at - first!.at >= 3 * timeoutMs);
  const kinds = bus.events.map(({ event }) => event.kind).filter((kind) => kind !== 'read');
  assert.deepEqual(kinds, ['not-written', 'written']);
});

test('when a connection ends, who has written hears of it', () => {
  const bus = new SimulatedBus<number>([unit(1, 60_000, [{ afterMs: 5 }, lost])]).run(50);
  bus.schedule.write(write(5));
  bus.schedule.write(write(6));
  bus.run(60);
  const ended = bus.schedule.end();
  assert.deepEqual(
    ended.map((event) => event.kind === 'not-written' && [event.write.by, event.why]),
    [
      [5, 'silent'],
      [6, 'expired'],
    ],
  );
});

test('where requests have numbers, only the answer with the number counts', () => {
  const counts = newCounts();
  const times = { timeoutMs, retries: 0, isNumbered: true, airMs: () => 0 };
  const schedule = new BusSchedule(
    [{ unit: 1, everyMs: 10, requests: blocksOf([0, 1], [10, 1]) }],
    times,
    0,
    () => counts,
  );
  const first = schedule.next(0, 0, true);
  assert.ok(first.name === 'ask');
  assert.equal(schedule.next(timeoutMs, 0, true).name, 'give-up');
  const second = schedule.next(2_000, 0, true);
  assert.ok(second.name === 'ask' && second.question.id !== first.question.id);
  const answer = Uint8Array.of(3, 2, 0, 0);
  assert.equal(schedule.heard(1, answer, 2_001, first.question.id), undefined);
  assert.equal(counts.answered, 0);
  assert.equal(schedule.heard(2, answer, 2_001, second.question.id), undefined);
  assert.equal(schedule.heard(1, answer, 2_002, second.question.id)?.kind, 'read');
  assert.equal(schedule.heard(1, answer, 2_003, second.question.id), undefined);
  assert.deepEqual([counts.answered, counts.late + counts.stray], [1, 2]);
});

test('nothing is read while nobody would take it, and writes go on', () => {
  const schedule = new BusSchedule<number>(
    [unit(1, 10)],
    { timeoutMs, retries: 0, isNumbered: true, airMs: () => 0 },
    0,
    newCounts,
  );
  assert.deepEqual(schedule.next(0, 0, false), { name: 'wait', until: undefined });
  schedule.write(write(5));
  assert.equal(schedule.next(0, 0, false).name, 'ask');
});
