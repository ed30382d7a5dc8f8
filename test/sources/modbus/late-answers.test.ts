import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { blocksOf, type Fate, SimulatedBus, timeoutMs } from './simulated-bus.ts';

const lateMs = 3 * timeoutMs - 1;
/** Three blocks of which each answer fits each, and one of another form. */
const requests = blocksOf([0, 2], [10, 2], [20, 2], [30, 3]);
const unit = (fates: readonly Fate[], number = 1, everyMs = 50) => ({ unit: number, everyMs, requests, fates });

/** An answer and its copy come within three timeouts of the request; later ones are not thought of. */
const fate: fc.Arbitrary<Fate> = fc
  .record({
    afterMs: fc.integer({ min: 1, max: lateMs }),
    copyAtMs: fc.option(fc.integer({ min: 1, max: lateMs }), { nil: undefined }),
    damagedAt: fc.option(fc.nat(8), { nil: undefined, freq: 4 }),
    exception: fc.option(fc.constantFrom(4, 6), { nil: undefined, freq: 4 }),
    isLost: fc.option(fc.constant(true), { nil: undefined, freq: 4 }),
  })
  .map(({ copyAtMs, ...rest }) => ({
    ...rest,
    ...(copyAtMs !== undefined && copyAtMs >= rest.afterMs && { copyAfterMs: copyAtMs - rest.afterMs }),
  }));
/** What usually happens, and now and then what may happen. */
const fates = fc.array(
  fc.oneof({ arbitrary: fc.constant<Fate>({ afterMs: 10 }), weight: 2 }, { arbitrary: fate, weight: 3 }),
  {
    maxLength: 60,
  },
);

test('whatever is late, doubled, damaged or lost, no value comes under a wrong register, and all goes on afterwards', () => {
  const ways = fc.record({ retries: fc.integer({ min: 0, max: 2 }), everyMs: fc.constantFrom(30, 200, 1_000) });
  fc.assert(
    fc.property(fates, fates, ways, (one, other, { retries, everyMs }) => {
      const bus = new SimulatedBus([unit(one, 1, everyMs), unit(other, 2, everyMs)], { retries });
      while (!bus.isGood) bus.run(bus.now + 1_000);
      // As long as a unit may have been left alone, and then some.
      const since = bus.now;
      const isRead = (number: number) => requests.every((pdu) => (bus.readsOf(number, pdu[2]!).at(-1) ?? 0) > since);
      for (let i = 0; i < 65 && !(isRead(1) && isRead(2)); i++) bus.run(bus.now + 1_000);
      assert.deepEqual(bus.wrongValues(), []);
      assert.ok(isRead(1) && isRead(2));
    }),
    { numRuns: 300 },
  );
});

test('an answer that comes late is not taken for the answer to what is asked next', () => {
  const late: Fate = { afterMs: 2 * timeoutMs + 5 };
  const bus = new SimulatedBus([unit([late, late, late])], { retries: 0 }).run(2_000);
  assert.deepEqual(bus.wrongValues(), []);
  assert.ok(bus.counts.get(1)!.late > 0);
  assert.equal(bus.schedule.units[0]!.lastLate?.afterMs, 2 * timeoutMs + 5);
});

test('a second copy of an answer is not taken for the answer to what is asked next, however late it is', () => {
  for (const copyAfterMs of [1, 5, 15, 50, 99, 150, 250]) {
    const bus = new SimulatedBus([unit(Array.from({ length: 50 }, () => ({ afterMs: 5, copyAfterMs })))]).run(20_000);
    assert.deepEqual(bus.wrongValues(), []);
    assert.ok(bus.counts.get(1)!.stray > 0, `${copyAfterMs}`);
    assert.ok(bus.readsOf(1, 20).length > 3);
  }
});

test('a unit whose answers are always late is not taken for dead: with a retry it is read', () => {
  const slow: Fate = { afterMs: 1.5 * timeoutMs };
  // Once it took so long that neither request was answered in time.
  const first: Fate = { afterMs: 2.5 * timeoutMs };
  const fates = [first, first, ...Array.from({ length: 60 }, () => slow)];
  const bus = new SimulatedBus([unit(fates, 1, 1_000)]).run(25_000);
  assert.deepEqual(bus.wrongValues(), []);
  assert.ok(bus.readsOf(1, 0).length > 10, `${bus.readsOf(1, 0).length}`);
});

test('other units are asked while one is left alone', () => {
  const late: Fate = { afterMs: 2 * timeoutMs };
  const bus = new SimulatedBus([unit(Array.from({ length: 20 }, () => late)), unit([], 2)]).run(3_000);
  assert.deepEqual(bus.wrongValues(), []);
  // A late answer costs two timeouts at the most; after each, all that the others have due comes first.
  assert.ok(bus.readsOf(2).length > 40, `${bus.readsOf(2).length}`);
});
