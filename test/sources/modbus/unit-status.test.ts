import assert from 'node:assert/strict';
import { test } from 'node:test';
import { modbusDeviceOf } from '../../../src/profiles/modbus/device.ts';
import { Unit } from '../../../src/sources/modbus/unit.ts';
import { unitStatus } from '../../../src/sources/modbus/unit-status.ts';
import { blocksOf, newCounts } from './simulated-bus.ts';
import { library } from './site.ts';

const now = 1_000_000;
const device = modbusDeviceOf('test/meter', library.get('test/meter'));

function statusOf(known: Partial<Unit>, counts = {}, of = device) {
  const all = { ...newCounts(), ...counts };
  const unit = Object.assign(new Unit({ unit: 7, everyMs: 10, requests: blocksOf([0, 1]) }, false, 0, all), known);
  const facts = { unit: 7, topic: 'bus/7', profile: 'test/meter', counts: all, known: unit, now };
  return unitStatus({ ...facts, device: of, options: { timeout: 200 } });
}

const late = { at: now - 1_000, afterMs: 340.4 };
const rows: readonly (readonly [what: string, ...Parameters<typeof statusOf>, state: string, reason: RegExp | null])[] =
  [
    ['was not asked', {}, {}, device, 'unknown', null],
    ['answers', { answeredAt: now - 10 }, { answered: 5 }, device, 'answering', null],
    ['is silent', { missed: 1, answeredAt: 5 }, {}, device, 'silent', /^It does not answer: .* is its address 7,/],
    [
      'answers late',
      { lastLate: late, answeredAt: now },
      {},
      device,
      'answering',
      /as late as 340 ms .* only 200 ms .* raise `timeout`\.$/,
    ],
    [
      'answered late long ago',
      { lastLate: { ...late, at: now - 700_000 }, answeredAt: now },
      {},
      device,
      'answering',
      null,
    ],
    [
      'is damaged on the way',
      { answeredAt: now },
      { damaged: 30, answered: 20 },
      device,
      'answering',
      /^Most of .* \(30 of 50\)/,
    ],
    ['is damaged now and then', { answeredAt: now }, { damaged: 30, answered: 900 }, device, 'answering', null],
    ['has no profile', {}, {}, 'There is none.', 'unusable', /^There is none\.$/],
  ];

for (const [what, known, counts, of, state, reason] of rows) {
  test(`what there is to say of a unit that ${what}`, () => {
    const status = statusOf(known, counts, of);
    assert.equal(status.state, state);
    if (reason === null) assert.equal(status.reason, null);
    else assert.match(status.reason ?? '', reason);
  });
}

test('when a silent unit is asked again is told, and how long ago it answered', () => {
  const { nextTryInMs, lastAnswerAgeMs } = statusOf({ missed: 2, restsUntil: now + 4_000, answeredAt: now - 60_000 });
  assert.deepEqual([nextTryInMs, lastAnswerAgeMs], [4_000, 60_000]);
});
