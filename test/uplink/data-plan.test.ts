import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { DataPlan, type MonthUse, type PlanSettings } from '../../src/uplink/data-plan.ts';

const plain: PlanSettings = {
  carryOver: 0,
  month: { day: 1, timeZone: 'UTC' },
  hours: [],
  exempt: ['critical'],
};
const at = (text: string, monotonic = 0) => ({ unix: Date.parse(text), monotonic });
const unset = { unix: undefined, monotonic: 0 };

test('without limits everything may go, and what went is counted', () => {
  const plan = new DataPlan(plain);
  assert.equal(plan.roomBytes(unset), Number.POSITIVE_INFINITY);
  plan.spent(1_000, unset);
  plan.spent(-400, unset);
  assert.equal(plan.status(unset).usedBytes, 600);
  assert.equal(plan.status(unset).waiting, undefined);
});

test('a rate lets its burst go at once, then so much a second, and what exceeded it is waited for', () => {
  const plan = new DataPlan({ ...plain, rate: 100, burst: 300 });
  const now = (monotonic: number) => ({ unix: undefined, monotonic });
  assert.equal(plan.roomBytes(now(0)), 300);
  plan.spent(500, now(0));
  assert.equal(plan.roomBytes(now(1_000)), 0);
  assert.deepEqual(plan.status(now(1_000)).waiting, { for: 'rate', ms: 1_010 });
  assert.equal(plan.roomBytes(now(3_000)), 100);
  // Never more than the burst, however long the pause.
  assert.equal(plan.roomBytes(now(1e9)), 300);
  // Ten seconds' worth when nothing is said.
  assert.equal(new DataPlan({ ...plain, rate: 100 }).roomBytes(now(0)), 1_000);
});

test('a month that is used up ends with the month, and says when', () => {
  const plan = new DataPlan({ ...plain, monthly: 1_000 });
  plan.spent(1_200, at('2026-11-10T00:00:00Z'));
  assert.equal(plan.roomBytes(at('2026-11-30T23:59:59Z')), 0);
  assert.deepEqual(plan.status(at('2026-11-10T00:00:00Z')), {
    month: '2026-11-01',
    usedBytes: 1_200,
    carriedBytes: 0,
    allowedBytes: 1_000,
    waiting: { for: 'month', until: Date.parse('2026-12-01T00:00:00Z') },
  });
  assert.equal(plan.roomBytes(at('2026-12-01T00:00:00Z')), 1_000);
});

const carrying: [what: string, used: number, carryOver: number, next: string, carried: number][] = [
  ['all that is left', 400, 10_000, '2026-12-05', 600],
  ['no more than the limit', 400, 500, '2026-12-05', 500],
  ['nothing of what is used up', 1_500, 500, '2026-12-05', 0],
  ['nothing when none is to be', 0, 0, '2026-12-05', 0],
  ['over months in which the gateway was off', 400, 10_000, '2027-02-05', 2_600],
];
for (const [what, used, carryOver, next, carried] of carrying) {
  test(`the next month gets ${what}`, () => {
    const plan = new DataPlan({ ...plain, monthly: 1_000, carryOver });
    plan.spent(used, at('2026-11-10T00:00:00Z'));
    const now = at(`${next}T00:00:00Z`);
    assert.equal(plan.roomBytes(now), 1_000 + carried);
    assert.deepEqual(plan.use, { month: `${next.slice(0, 8)}01`, usedBytes: 0, carriedBytes: carried });
  });
}

const november: MonthUse = { month: '2026-11-01', usedBytes: 700, carriedBytes: 50 };
/** What a plan of 1,000 a month and 300 carried over has used after the clock has shown these days. */
const clocks: [what: string, days: (string | undefined)[], use: MonthUse][] = [
  ['is not set', [undefined], november],
  ['is not set, and then is', [undefined, '2026-11-20'], november],
  ['goes back within the month', ['2026-11-20', '2026-11-02'], november],
  ['goes back to last month, as without a battery, and is set right', ['2026-10-30', '2026-11-21'], november],
  [
    'goes back to last month and then to the next',
    ['2026-10-30', '2026-12-01'],
    { month: '2026-12-01', usedBytes: 0, carriedBytes: 300 },
  ],
  ['was ahead by a month', ['2026-12-10', '2026-11-20'], { month: '2026-12-01', usedBytes: 0, carriedBytes: 300 }],
  ['was ahead by years', ['2031-06-10', '2026-11-20'], { month: '2026-11-01', usedBytes: 0, carriedBytes: 300 }],
];
for (const [what, days, use] of clocks) {
  test(`a clock that ${what}`, () => {
    const plan = new DataPlan({ ...plain, monthly: 1_000, carryOver: 300 }, november);
    for (const day of days) plan.roomBytes(day === undefined ? unset : at(`${day}T12:00:00Z`));
    assert.deepEqual(plan.use, use);
  });
}

test('a clock that was ahead by years does not close the link for years', () => {
  const plan = new DataPlan({ ...plain, monthly: 1_000 });
  plan.spent(1_000, at('2031-06-10T00:00:00Z'));
  assert.equal(plan.roomBytes(at('2026-11-20T00:00:00Z')), 0);
  assert.equal(plan.roomBytes(at('2026-12-01T00:00:00Z')), 1_000);
});

test('the day on which months begin may be changed', () => {
  for (const day of [1, 10, 20, 28]) {
    const plan = new DataPlan({ ...plain, monthly: 1_000, carryOver: 500, month: { day, timeZone: 'UTC' } }, november);
    for (const now of ['2026-11-05', '2026-11-25', '2026-12-25']) {
      plan.roomBytes(at(`${now}T00:00:00Z`));
      assert.ok(plan.use.carriedBytes >= 0 && plan.use.carriedBytes <= 500, `${day}: ${JSON.stringify(plan.use)}`);
    }
  }
});

test('hours close the link, also when nobody knows what time it is', () => {
  const plan = new DataPlan({ ...plain, hours: [{ from: 22 * 60, to: 6 * 60 }] });
  assert.equal(plan.roomBytes(unset), 0);
  assert.deepEqual(plan.status(unset).waiting, { for: 'clock' });
  assert.equal(plan.roomBytes(at('2026-11-10T12:00:00Z')), 0);
  const until = Date.parse('2026-11-10T22:00:00Z');
  assert.deepEqual(plan.status(at('2026-11-10T12:00:00Z')).waiting, { for: 'hours', until });
  assert.equal(plan.roomBytes(at('2026-11-10T22:00:00Z')), Number.POSITIVE_INFINITY);
  assert.equal(plan.roomBytes(at('2026-11-11T06:00:00Z')), 0);
});

test('who is exempt is as it was said', () => {
  const plan = new DataPlan({ ...plain, exempt: ['critical', 'bulk'] });
  assert.deepEqual(
    (['critical', 'normal', 'bulk'] as const).map((priority) => plan.isExempt(priority)),
    [true, false, true],
  );
});

test('whatever happens, no more goes than the months and the rate allow, but for one upload each', () => {
  const dayMs = 86_400_000;
  const steps = fc.array(
    fc.record({
      days: fc.double({ min: 0, max: 20, noNaN: true }),
      asked: fc.integer({ min: 1, max: 400 }),
      isSet: fc.boolean(),
    }),
    { minLength: 1, maxLength: 60 },
  );
  fc.assert(
    fc.property(steps, fc.integer({ min: 0, max: 500 }), (all, carryOver) => {
      let unix = Date.parse('2026-11-05T00:00:00Z');
      const first = unix;
      let plan = new DataPlan({ ...plain, monthly: 1_000, carryOver });
      let sent = 0;
      for (const { days, asked, isSet } of all) {
        unix += days * dayMs;
        const now = { unix: isSet ? unix : undefined, monotonic: unix - first };
        if (plan.roomBytes(now) > 0) {
          plan.spent(asked, now);
          sent += asked;
        }
        // Another run takes over what was saved.
        plan = new DataPlan({ ...plain, monthly: 1_000, carryOver }, plan.use);
        assert.ok(plan.use.usedBytes < 1_000 + carryOver + 400);
        assert.ok(plan.use.carriedBytes >= 0 && plan.use.carriedBytes <= carryOver);
      }
      const months = Math.ceil((unix - first) / (28 * dayMs)) + 1;
      // What goes beyond a month's end is an upload at the most; what was carried was not used before.
      assert.ok(sent <= months * (1_000 + 400));
    }),
  );
});

test('a rate is kept on average, whatever is asked for', () => {
  const steps = fc.array(
    fc.record({ ms: fc.integer({ min: 0, max: 5_000 }), asked: fc.integer({ min: 1, max: 900 }) }),
    {
      minLength: 1,
      maxLength: 200,
    },
  );
  fc.assert(
    fc.property(steps, (all) => {
      const plan = new DataPlan({ ...plain, rate: 100, burst: 500 });
      let monotonic = 0;
      let sent = 0;
      for (const { ms, asked } of all) {
        monotonic += ms;
        const now = { unix: undefined, monotonic };
        if (plan.roomBytes(now) <= 0) continue;
        plan.spent(asked, now);
        sent += asked;
        assert.ok(sent <= 500 + 900 + monotonic / 10);
      }
    }),
  );
});
