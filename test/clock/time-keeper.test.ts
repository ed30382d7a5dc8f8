import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Belief, Reading } from '../../src/clock/belief.ts';
import { TimeKeeper, type Verdict } from '../../src/clock/time-keeper.ts';

const hour = 3_600_000;
const year = 365 * 24 * hour;
/** The true time at boot. */
const bootedAt = Date.UTC(2026, 10, 25);
/** How far a clock is ahead that has not been set since boot. */
const unsetMs = -bootedAt;

/** @param aheadMs how far the system's clock is ahead of the truth */
function reading(bootMs: number, aheadMs: number, isSynchronised = false): Reading {
  return { bootMs, systemMs: bootedAt + bootMs + aheadMs, isSynchronised };
}

/** Quality, source, and by how much the keeper is ahead of the truth. */
function told({ belief }: TimeKeeper): readonly [Belief['quality'], Belief['source'], number] {
  return [belief.quality, belief.source, belief.offsetMs - bootedAt];
}

test('a system clock is worth what is known of it', () => {
  const rows: [name: string, reading: Reading, want: ReturnType<typeof told>][] = [
    ['1970', reading(1_000, unsetMs), ['unset', 'system', unsetMs]],
    ['1970, whatever a file says', reading(1_000, unsetMs, true), ['unset', 'system', unsetMs]],
    ['before Headgate', reading(1_000, -year), ['unset', 'system', -year]],
    ['a possible time', reading(1_000, 5), ['estimated', 'system', 5]],
    ['an hour off', reading(1_000, -hour), ['estimated', 'system', -hour]],
    ['synchronised', reading(1_000, 0, true), ['synced', 'ntp', 0]],
    ['the year 2200', reading(1_000, 174 * year), ['unset', 'system', 174 * year]],
  ];
  for (const [name, one, want] of rows) assert.deepEqual(told(new TimeKeeper(one)), want, name);
});

/** What happens to a keeper: the system's clock is looked at, or somebody tells a time that is so far ahead. */
type Event =
  | { readonly look: number; readonly synchronised?: boolean; readonly jump?: number }
  | {
      readonly heard: 'collector' | 'browser';
      readonly ahead: number;
      readonly uncertain?: number;
      readonly verdict: Verdict['name'];
    };

const stories: readonly (readonly [name: string, events: readonly Event[], want: ReturnType<typeof told>])[] = [
  ['time goes by', [{ look: 0 }, { look: 0 }], ['estimated', 'system', 0]],
  [
    'NTP steps a clock from 1970',
    [{ look: unsetMs }, { look: 0, synchronised: true, jump: -unsetMs }],
    ['synced', 'ntp', 0],
  ],
  [
    'the step is seen before its trace',
    [{ look: unsetMs }, { look: 0, jump: -unsetMs }, { look: 0, synchronised: true }],
    ['synced', 'ntp', 0],
  ],
  ['somebody sets the clock', [{ look: unsetMs }, { look: 40, jump: 40 - unsetMs }], ['estimated', 'system', 40]],
  [
    'the collector tells the time in 1970',
    [{ look: unsetMs }, { heard: 'collector', ahead: 30, verdict: 'adopted' }, { look: unsetMs }],
    ['estimated', 'collector', 30],
  ],
  [
    'a clock that was saved at the last shutdown is a day late',
    [{ look: -24 * hour }, { heard: 'collector', ahead: 0, verdict: 'adopted' }, { look: -24 * hour }],
    ['estimated', 'collector', 0],
  ],
  [
    'the collector says that the system is right: its clock is the finer one',
    [{ look: 0 }, { heard: 'collector', ahead: 700, verdict: 'agrees' }],
    ['estimated', 'collector', 0],
  ],
  [
    'then nobody can lead it astray by setting the system’s clock',
    [{ look: 0 }, { heard: 'collector', ahead: 0, verdict: 'agrees' }, { look: year, jump: year }],
    ['estimated', 'collector', 0],
  ],
  [
    'but time synchronisation can correct it',
    [{ look: 0 }, { heard: 'browser', ahead: hour, verdict: 'adopted' }, { look: 0, synchronised: true }],
    ['synced', 'ntp', 0],
  ],
  [
    'a collector a year off does not move a synchronised clock',
    [
      { look: 0, synchronised: true },
      { heard: 'collector', ahead: year, verdict: 'contradicts' },
      { heard: 'collector', ahead: -57 * year, verdict: 'contradicts' },
      { heard: 'collector', ahead: 200, verdict: 'agrees' },
    ],
    ['synced', 'ntp', 0],
  ],
  [
    'a system clock that jumps a year without synchronisation does not wreck what that said',
    [
      { look: 0, synchronised: true },
      { look: year, jump: year },
      { heard: 'browser', ahead: year, verdict: 'contradicts' },
    ],
    ['estimated', 'ntp', 0],
  ],
  [
    'nor one that jumps back',
    [
      { look: 0, synchronised: true },
      { look: -year, jump: -year },
      { look: 0, jump: year },
    ],
    ['estimated', 'ntp', 0],
  ],
  [
    'synchronisation that comes back counts again',
    [{ look: 0, synchronised: true }, { look: 300 }, { look: 300, synchronised: true }],
    ['synced', 'ntp', 300],
  ],
  [
    'the newer of two that tell the time is believed',
    [
      { look: unsetMs },
      { heard: 'browser', ahead: -2 * hour, verdict: 'adopted' },
      { heard: 'collector', ahead: 0, verdict: 'adopted' },
    ],
    ['estimated', 'collector', 0],
  ],
  [
    'what can’t be right, or took too long, is refused',
    [
      { look: unsetMs },
      { heard: 'collector', ahead: unsetMs, verdict: 'refused' },
      { heard: 'browser', ahead: 500 * year, verdict: 'refused' },
      { heard: 'browser', ahead: Number.NaN, verdict: 'refused' },
      { heard: 'collector', ahead: 0, uncertain: 5_001, verdict: 'refused' },
      { heard: 'collector', ahead: 0, uncertain: Number.NaN, verdict: 'refused' },
    ],
    ['unset', 'system', unsetMs],
  ],
  [
    'a slow link agrees by more',
    [{ look: 0 }, { heard: 'collector', ahead: 4_000, uncertain: 3_500, verdict: 'agrees' }],
    ['estimated', 'collector', 0],
  ],
];

test('who is believed', () => {
  for (const [name, events, want] of stories) {
    let keeper: TimeKeeper | undefined;
    let bootMs = 1_000;
    for (const event of events) {
      bootMs += 1_000;
      if ('look' in event) {
        const now = reading(bootMs, event.look, event.synchronised);
        if (keeper === undefined) keeper = new TimeKeeper(now);
        else assert.equal(keeper.look(now).jumpMs, event.jump ?? 0, name);
      } else {
        const { heard, ahead, uncertain = 10, verdict } = event;
        assert.equal(keeper?.heard(heard, bootedAt + bootMs + ahead, bootMs, uncertain).name, verdict, name);
      }
    }
    assert.deepEqual(told(keeper!), want, name);
  }
});

test('a small step is followed and is no jump; a tremble is neither', () => {
  const keeper = new TimeKeeper(reading(0, 0, true));
  assert.deepEqual(keeper.look(reading(1_000, 19, true)), { hasChanged: false, jumpMs: 0 });
  assert.deepEqual(keeper.look(reading(2_000, 120, true)), { hasChanged: true, jumpMs: 0 });
  assert.deepEqual(told(keeper), ['synced', 'ntp', 120]);
});

test('what was learnt earlier in a boot is known to the next process', () => {
  const learnt: Belief = { offsetMs: bootedAt, quality: 'estimated', source: 'collector' };
  assert.deepEqual(told(new TimeKeeper(reading(0, unsetMs), learnt)), ['estimated', 'collector', 0]);
  assert.deepEqual(told(new TimeKeeper(reading(0, 50, true), learnt)), ['synced', 'ntp', 50]);
  // It can't be said any more that it is synchronised; where it was is known.
  const synced: Belief = { offsetMs: bootedAt, quality: 'synced', source: 'ntp' };
  assert.deepEqual(told(new TimeKeeper(reading(0, year), synced)), ['estimated', 'ntp', 0]);
});
