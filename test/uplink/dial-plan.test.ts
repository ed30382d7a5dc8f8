import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DialPlan } from '../../src/uplink/dial-plan.ts';
import { randomOf } from '../support/random.ts';

const limits = { collectors: 3, retryMinMs: 500, retryMaxMs: 30_000, returnAfterMs: 300_000 };
const middle = (): number => 0.5;

test('the list is gone through in order with a moment between, then again after a pause that grows to its limit', () => {
  const plan = new DialPlan(limits);
  const seen: [collector: number, pauseMs: number][] = [];
  let now = 0;
  let collector = 0;
  for (let n = 0; n < 12; n++) {
    const dial = plan.failed(collector, 'lost', 0, now, middle);
    seen.push([dial.collector, dial.at - now]);
    now = dial.at;
    collector = dial.collector;
  }
  assert.deepEqual(
    seen.map(([one]) => one),
    [1, 2, 0, 1, 2, 0, 1, 2, 0, 1, 2, 0],
  );
  const rounds = seen.filter(([one]) => one === 0).map(([, pauseMs]) => pauseMs);
  assert.deepEqual(rounds, [1_000, 1_750, 2_875, 4_562.5]);
  assert.ok(seen.every(([one, pauseMs]) => one === 0 || pauseMs === 250));
});

test('no pause is longer than the limit, nor the same for two gateways, whatever happens', () => {
  const random = randomOf(7).next;
  const pauses: number[] = [];
  for (let gateway = 0; gateway < 50; gateway++) {
    const plan = new DialPlan({ ...limits, collectors: 1 });
    let now = 0;
    for (let n = 0; n < 20; n++) {
      const { at } = plan.failed(0, n % 3 === 0 ? 'rejected' : 'lost', 0, now, random);
      const pauseMs = Math.round((at - now) * 1e6) / 1e6;
      assert.ok(pauseMs >= 500 && pauseMs <= 30_000, `${pauseMs}`);
      if (pauseMs < 30_000) pauses.push(pauseMs);
      now = at;
    }
  }
  assert.ok(pauses.length > 300, `${pauses.length} below the limit`);
  assert.equal(new Set(pauses).size, pauses.length);
});

test('when all say no, the pause is a long one at once', () => {
  const plan = new DialPlan(limits);
  plan.failed(0, 'rejected', 0, 0, middle);
  plan.failed(1, 'rejected', 0, 0, middle);
  assert.deepEqual(plan.failed(2, 'rejected', 0, 0, middle), { collector: 0, at: 30_000 });
  plan.failed(0, 'rejected', 0, 0, middle);
  plan.failed(1, 'lost', 0, 0, middle);
  assert.ok(plan.failed(2, 'rejected', 0, 0, middle).at < 30_001);
});

test('a connection that worked and broke: the same collector first, as its fleet is spread', () => {
  const plan = new DialPlan(limits);
  assert.deepEqual(plan.broke(1, 0, 0, middle), { collector: 1, at: 1_000 });
  assert.deepEqual(plan.broke(1, 10_000, 0, middle), { collector: 1, at: 6_000 });
  // And when it is not there, the others, no faster than it wanted them back.
  assert.deepEqual(plan.failed(1, 'lost', 10_000, 0, middle), { collector: 0, at: 5_000 });
});

test('one that sends its gateways away is not dialled before it said, unless it is the only one; then it is waited for', () => {
  const plan = new DialPlan(limits);
  assert.deepEqual(plan.sentAway(0, 60_000, 0, 0, middle), { collector: 1, at: 250 });
  assert.deepEqual(plan.better(1, 0), []);
  assert.deepEqual(plan.better(1, 75_000), [0]);
  assert.deepEqual(plan.failed(1, 'lost', 0, 0, middle), { collector: 2, at: 250 });
  assert.deepEqual(plan.failed(2, 'lost', 0, 0, middle).collector, 1);
  const only = new DialPlan({ ...limits, collectors: 1 });
  assert.deepEqual(only.sentAway(0, 60_000, 0, 0, middle), { collector: 0, at: 75_000 });
  // What nobody can mean is not believed.
  assert.deepEqual(only.sentAway(0, 2 ** 32 * 1_000, 0, 0, middle), { collector: 0, at: 1.25 * 3_600_000 });
});

test('only the better ones are returned to; one that does not hold is left alone, twice as long each time', () => {
  const plan = new DialPlan(limits);
  assert.equal(plan.returnAt(0, 0, middle), undefined);
  assert.equal(plan.returnAt(2, 0, middle), 300_000);
  assert.deepEqual(plan.better(2, 0), [0, 1]);
  plan.returned(0, 1_000, 0);
  assert.deepEqual(plan.better(2, 599_999), [1]);
  assert.deepEqual(plan.better(2, 600_000), [0, 1]);
  plan.returned(0, 1_000, 600_000);
  assert.deepEqual(plan.better(1, 1_799_999), []);
  assert.deepEqual(plan.better(1, 1_800_000), [0]);
  for (let n = 0; n < 20; n++) plan.returned(0, 1_000, 0);
  assert.deepEqual(plan.better(1, 300_000 * 32), [0]);
  // One that stayed as long as it should is as good as new.
  plan.returned(0, 300_000, 0);
  assert.deepEqual(plan.better(1, 0), [0]);
});
