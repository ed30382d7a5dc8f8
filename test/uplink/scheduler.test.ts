import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Priority } from '../../src/core/priority.ts';
import { type Contender, Scheduler, weights } from '../../src/uplink/scheduler.ts';

const priorities: readonly Priority[] = ['critical', 'normal', 'bulk'];

class TestLane implements Contender {
  readonly name: string;
  head: number | undefined;
  awaited: number | undefined;

  constructor(name: string, head?: number, awaited?: number) {
    this.name = name;
    this.head = head;
    this.awaited = awaited;
  }

  obstacle(): number | undefined {
    return this.awaited;
  }
}

const lane = (name: string, head?: number, awaited?: number): TestLane => new TestLane(name, head, awaited);
const lanesOf = (lanes: Partial<Record<Priority, TestLane[]>>) => ({ critical: [], normal: [], bulk: [], ...lanes });

/** One lane a priority, with something to send where `busy` says so. */
const busy = (...some: readonly Priority[]) =>
  lanesOf(Object.fromEntries(some.map((priority) => [priority, [lane(priority, 1)]])));

/** Sends `turns` turns of so many bytes each, and adds up what each priority sent. */
function sends(scheduler: Scheduler<TestLane>, lanes: ReturnType<typeof busy>, turns: number, bytes = 100) {
  const sent: Record<Priority, number> = { critical: 0, normal: 0, bulk: 0 };
  for (let turn = 0; turn < turns; turn++) {
    const next = scheduler.next(lanes, 0);
    assert.ok(next !== undefined);
    scheduler.sent(next.priority, bytes);
    sent[next.priority] += bytes;
  }
  return sent;
}

test('the urgent goes first, and each gets on as its weight says', () => {
  const scheduler = new Scheduler<TestLane>();
  const lanes = busy('critical', 'normal', 'bulk');
  const order = Array.from({ length: 21 }, () => {
    const { priority } = scheduler.next(lanes, 0)!;
    scheduler.sent(priority, 100);
    return priority;
  });
  assert.equal(order[0], 'critical');
  const count = (priority: Priority): number => order.filter((one) => one === priority).length;
  assert.deepEqual(priorities.map(count), [16, 4, 1]);
});

test('what is idle leaves its share to the others', () => {
  assert.deepEqual(sends(new Scheduler(), busy('bulk'), 10), { critical: 0, normal: 0, bulk: 1_000 });
  assert.deepEqual(sends(new Scheduler(), busy('normal', 'bulk'), 50), { critical: 0, normal: 4_000, bulk: 1_000 });
  assert.deepEqual(sends(new Scheduler(), busy('critical', 'normal'), 50), { critical: 4_000, normal: 1_000, bulk: 0 });
  assert.equal(new Scheduler<TestLane>().next(busy(), 0), undefined);
});

test('who comes back from being idle is next at once if more urgent, and has saved nothing up', () => {
  const scheduler = new Scheduler<TestLane>();
  sends(scheduler, busy('bulk'), 10_000);
  const lanes = busy('critical', 'normal', 'bulk');
  const assertShares = (): void => {
    const sent = sends(scheduler, lanes, 210);
    for (const priority of priorities) {
      const share = 1_000 * weights[priority];
      assert.ok(Math.abs(sent[priority] - share) <= 100, `${priority} sent ${sent[priority]}, not ${share}`);
    }
  };
  assert.equal(scheduler.next(lanes, 0)?.priority, 'critical');
  // Had it saved up, the others would have nothing for 160,000 turns.
  assertShares();
  sends(scheduler, busy('critical'), 10_000);
  assertShares();
});

test('a turn that sent nothing costs nothing', () => {
  const scheduler = new Scheduler<TestLane>();
  const lanes = busy('critical', 'bulk');
  for (let n = 0; n < 100; n++) {
    assert.equal(scheduler.next(lanes, 0)?.priority, 'critical');
    scheduler.sent('critical', 0);
  }
});

test('nobody starves, and nobody gets more than its share while others wait, whatever comes when', () => {
  const maxBytes = 1_000;
  const steps = fc.array(
    fc.record({
      busy: fc.subarray([...priorities], { minLength: 1 }),
      turns: fc.integer({ min: 1, max: 60 }),
      bytes: fc.integer({ min: 1, max: maxBytes }),
    }),
    { minLength: 1, maxLength: 30 },
  );
  fc.assert(
    fc.property(steps, (all) => {
      const scheduler = new Scheduler<TestLane>();
      /** Since when each priority has waited all the time, and what each has sent since. */
      const since = new Map<Priority, Record<Priority, number>>();
      for (const step of all) {
        const lanes = busy(...step.busy);
        for (const priority of priorities) {
          if (!step.busy.includes(priority)) since.delete(priority);
          else if (!since.has(priority)) since.set(priority, { critical: 0, normal: 0, bulk: 0 });
        }
        for (let turn = 0; turn < step.turns; turn++) {
          const { priority } = scheduler.next(lanes, 0)!;
          assert.ok(step.busy.includes(priority));
          scheduler.sent(priority, step.bytes);
          for (const sent of since.values()) sent[priority] += step.bytes;
          for (const [waiting, sent] of since) {
            for (const other of priorities) {
              // Fairness of start-time fair queuing: one unit of each apart, over any time in which one always waits.
              const ahead = sent[other] / weights[other] - sent[waiting] / weights[waiting];
              const bound = maxBytes / weights[other] + maxBytes / weights[waiting];
              assert.ok(ahead <= bound + 1e-6, `${other} is ${ahead} ahead of ${waiting}, more than ${bound}`);
            }
          }
        }
      }
    }),
  );
});

test('within a priority the lowest sequence goes first, as far as no other lane has a lower one', () => {
  const rows: readonly (readonly [lanes: TestLane[], expected: string])[] = [
    [[lane('a', 5), lane('b', 3), lane('c', 9)], 'b before 5'],
    [[lane('b', 3)], 'b before Infinity'],
    [[lane('a'), lane('b', 3)], 'b before Infinity'],
    // What may still come bounds the turn, and holds it back when it is lower.
    [[lane('a', undefined, 7), lane('b', 3), lane('c', 9)], 'b before 7'],
    [[lane('b', 3), lane('a', undefined, 2)], 'held back'],
    [[lane('a', undefined, 2), lane('b', 3)], 'held back'],
    // It can't come with the same.
    [[lane('a', undefined, 3), lane('b', 3)], 'b before 3'],
    [[lane('b', 3), lane('a', undefined, 3)], 'b before 3'],
    [[lane('a', undefined, 2)], 'nothing'],
    [[], 'nothing'],
  ];
  for (const [normal, expected] of rows) {
    const scheduler = new Scheduler<TestLane>();
    const turn = scheduler.next(lanesOf({ normal }), 0);
    const found = turn ? `${turn.lane.name} before ${turn.before}` : scheduler.isHeldBack ? 'held back' : 'nothing';
    assert.equal(found, expected);
  }
});

test('a priority that waits for a lower sequence leaves the time to the others, and loses no place by it', () => {
  const scheduler = new Scheduler<TestLane>();
  const held = lane('held', undefined, 1);
  const lanes = lanesOf({ critical: [held, lane('critical', 2)], bulk: [lane('bulk', 9)] });
  for (let n = 0; n < 100; n++) {
    assert.equal(scheduler.next(lanes, 0)?.lane.name, 'bulk');
    assert.equal(scheduler.isHeldBack, false);
    scheduler.sent('bulk', 100);
  }
  held.awaited = undefined;
  assert.equal(scheduler.next(lanes, 0)?.lane.name, 'critical');
});
