import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PollSchedule } from '../../../src/sources/serial/poll-schedule.ts';

const first = { request: Uint8Array.of(1), everyMs: 10_000, timeoutMs: 2_000 };
const second = { request: Uint8Array.of(2), everyMs: 60_000, timeoutMs: 2_000 };

test('one request is under way at a time, and each comes when it is due', () => {
  const schedule = new PollSchedule([first, second], 0);
  assert.deepEqual(schedule.next(0), { name: 'ask', request: first.request });
  assert.deepEqual(schedule.next(0), { name: 'wait', until: 2_000 });
  schedule.heard(0);
  assert.deepEqual(schedule.next(500), { name: 'ask', request: second.request });
  schedule.heard(0);
  assert.deepEqual(schedule.next(600), { name: 'wait', until: 10_000 });
  assert.deepEqual(schedule.next(10_000), { name: 'ask', request: first.request });
});

test('a device that does not answer is asked ever more rarely, and as before once it does', () => {
  const schedule = new PollSchedule([first], 0);
  const askedAt: number[] = [];
  for (let now = 0; now <= 200_000; now += 500) {
    let step = schedule.next(now);
    if (step.name === 'give-up') step = schedule.next(now);
    if (step.name === 'ask') askedAt.push(now);
  }
  assert.deepEqual(askedAt, [0, 20_000, 60_000, 120_000, 180_000]);
  assert.deepEqual(schedule.counts, { requests: 5, unanswered: 5 });
  assert.deepEqual(schedule.next(240_000), { name: 'ask', request: first.request });
  schedule.heard(0);
  assert.deepEqual(schedule.next(240_100), { name: 'wait', until: 250_000 });
});

test('what was missed while nobody could ask is not made up for', () => {
  const schedule = new PollSchedule([first], 0);
  schedule.next(0);
  schedule.heard(0);
  assert.deepEqual(schedule.next(95_000), { name: 'ask', request: first.request });
  schedule.heard(0);
  assert.deepEqual(schedule.next(95_100), { name: 'wait', until: 105_000 });
});

test('without requests there is nothing to wait for, and counts go on from a connection before', () => {
  const schedule = new PollSchedule([], 0, { requests: 3, unanswered: 1 });
  assert.deepEqual(schedule.next(0), { name: 'wait', until: undefined });
  assert.deepEqual(schedule.counts, { requests: 3, unanswered: 1 });
  schedule.heard(0);
});

const signOn = { request: Uint8Array.of(3), isSignOn: true, everyMs: 60_000, timeoutMs: 10_000 } as const;

test('a meter is signed on to when it has said nothing by itself for a while, and never while it does', () => {
  const schedule = new PollSchedule([signOn], 0);
  assert.deepEqual(schedule.next(0), { name: 'wait', until: 15_000 });
  schedule.heard(10_000);
  assert.deepEqual(schedule.next(15_000), { name: 'wait', until: 70_000 });
  schedule.heard(69_000);
  assert.deepEqual(schedule.next(70_000), { name: 'wait', until: 129_000 });
  assert.deepEqual(schedule.next(129_000), { name: 'sign-on', request: signOn.request });
});

test('a readout takes as long as something of it comes, within reason', () => {
  const schedule = new PollSchedule([signOn], 0);
  schedule.next(15_000);
  for (let now = 15_000; now < 85_000; now += 5_000) {
    schedule.hears(now);
    assert.equal(schedule.next(now).name, 'wait');
  }
  assert.deepEqual(schedule.next(91_000).name, 'give-up');
  schedule.next(200_000);
  for (let now = 200_000; now <= 500_000; now += 5_000) schedule.hears(now);
  assert.deepEqual(schedule.next(500_000).name, 'give-up');
});
