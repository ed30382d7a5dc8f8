import assert from 'node:assert/strict';
import { test } from 'node:test';
import { loadConfig } from '../../src/config/load.ts';
import { HeadgateError } from '../../src/core/errors.ts';
import { idlePlanKeys, planSettings } from '../../src/uplink/plan-settings.ts';

/** What is wrong with these settings of `uplink.plan`; empty when nothing is. */
function wrongWith(...settings: string[]): string {
  try {
    loadConfig({ settings: settings.map((one) => `uplink.plan.${one}`) });
    return '';
  } catch (error) {
    if (!(error instanceof HeadgateError)) throw error;
    return error.message;
  }
}

const plan = (...settings: string[]) =>
  loadConfig({ settings: settings.map((one) => `uplink.plan.${one}`) }).uplink.plan;

const rows: [settings: string[], wrong: RegExp][] = [
  [['monthly=500MB', 'carryOver=100MB', 'hours=22:00-06:00,12:00-13:00', 'timeZone=Europe/Berlin'], /^$/],
  // Whoever sets one key by a variable may have the other one in the file.
  [['carryOver=100MB'], /^$/],
  [['timeZone=Europe/Berln'], /`uplink.plan.timeZone` is "Europe\/Berln", but must be a time zone such as/],
  [['hours=06:00-06:00'], /`uplink.plan.hours\[0\]` is 06:00-06:00, which begins and ends at the same minute/],
  [['hours=22:00-25:00'], /uplink.plan.hours/],
  [['rate=0'], /`uplink.plan.rate` is 0, which would hold everything back/],
  [['rate=1KB', 'burst=0'], /`uplink.plan.burst` is 0/],
  [['monthStart=29'], /uplink.plan.monthStart/],
  [['exempt=urgent'], /uplink.plan.exempt/],
];
for (const [settings, wrong] of rows) {
  test(`uplink.plan with ${settings.join(' ')}`, () => assert.match(wrongWith(...settings), wrong));
}

test('a plan that limits nothing is none', () => {
  assert.equal(planSettings(plan()), undefined);
  assert.equal(planSettings(plan('exempt=bulk', 'monthStart=5')), undefined);
  assert.deepEqual(planSettings(plan('monthly=5MB', 'hours=22:00-06:00', 'monthStart=5', 'timeZone=UTC')), {
    monthly: 5_000_000,
    carryOver: 0,
    month: { day: 5, timeZone: 'UTC' },
    hours: [{ from: 1320, to: 360 }],
    exempt: ['critical'],
  });
});

test('a key that does nothing without another one is told', () => {
  assert.deepEqual(idlePlanKeys(plan('rate=1KB', 'burst=2KB', 'monthly=1MB', 'carryOver=1MB')), []);
  assert.match(idlePlanKeys(plan('burst=2KB')).join(), /burst.*without.*rate/);
  assert.match(idlePlanKeys(plan('carryOver=2KB')).join(), /carryOver.*without.*monthly/);
});
