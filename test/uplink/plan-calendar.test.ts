import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { monthOf, nextMonthAt, parseWindow, untilOpen, type Window } from '../../src/uplink/plan-calendar.ts';

const at = (text: string): number => Date.parse(text);
const zones = ['UTC', 'Europe/Berlin', 'America/New_York', 'Asia/Kathmandu', 'Australia/Lord_Howe', 'Pacific/Apia'];

const windows: [text: string, parsed: Window | undefined][] = [
  ['22:00-06:00', { from: 1320, to: 360 }],
  ['00:00-24:00', { from: 0, to: 1440 }],
  ['09:30-17:45', { from: 570, to: 1065 }],
  ['24:00-06:00', undefined],
  ['09:60-10:00', undefined],
  ['09:00-24:01', undefined],
  ['9:00-10:00', undefined],
  ['09:00 - 10:00', undefined],
  ['', undefined],
];
for (const [text, parsed] of windows) {
  test(`the window "${text}"`, () => assert.deepEqual(parseWindow(text), parsed));
}

const openings: [zone: string, now: string, hours: string[], until: string | undefined][] = [
  ['UTC', '2026-11-10T05:59:59Z', ['22:00-06:00'], undefined],
  ['UTC', '2026-11-10T06:00:00Z', ['22:00-06:00'], '2026-11-10T22:00:00Z'],
  ['UTC', '2026-11-10T21:59:59Z', ['22:00-06:00'], '2026-11-10T22:00:00Z'],
  ['UTC', '2026-11-10T12:00:00Z', ['22:00-06:00', '13:15-13:20'], '2026-11-10T13:15:00Z'],
  ['UTC', '2026-11-10T23:59:00Z', ['00:00-24:00'], undefined],
  ['UTC', '2026-11-10T23:00:00Z', ['02:00-03:00'], '2026-11-11T02:00:00Z'],
  // Winter is UTC+1, summer UTC+2.
  ['Europe/Berlin', '2026-11-10T21:30:00Z', ['22:00-06:00'], undefined],
  ['Europe/Berlin', '2026-07-10T19:30:00Z', ['22:00-06:00'], '2026-07-10T20:00:00Z'],
  // The night in which the clock is set forward, and the one in which it is set back: an hour less, an hour more to wait.
  ['Europe/Berlin', '2027-03-28T00:30:00Z', ['04:00-05:00'], '2027-03-28T02:00:00Z'],
  ['Europe/Berlin', '2026-10-24T23:30:00Z', ['04:00-05:00'], '2026-10-25T03:00:00Z'],
  // 02:30 is skipped in that night.
  ['Europe/Berlin', '2027-03-28T00:30:00Z', ['02:30-02:45'], '2027-03-28T01:30:00Z'],
  ['Asia/Kathmandu', '2026-11-10T12:00:00Z', ['18:00-19:00'], '2026-11-10T12:15:00Z'],
];
for (const [zone, now, hours, until] of openings) {
  test(`hours ${hours.join(', ')} in ${zone} at ${now}`, () => {
    const found = untilOpen(
      at(now),
      hours.map((text) => parseWindow(text)!),
      zone,
    );
    assert.equal(
      found === undefined ? undefined : new Date(found).toISOString(),
      until && new Date(until).toISOString(),
    );
  });
}

const months: [day: number, zone: string, now: string, month: string, next: string][] = [
  [1, 'UTC', '2026-11-30T23:59:59Z', '2026-11-01', '2026-12-01T00:00:00Z'],
  [1, 'UTC', '2026-12-01T00:00:00Z', '2026-12-01', '2027-01-01T00:00:00Z'],
  [15, 'UTC', '2026-11-14T23:59:59Z', '2026-10-15', '2026-11-15T00:00:00Z'],
  [15, 'UTC', '2027-01-03T00:00:00Z', '2026-12-15', '2027-01-15T00:00:00Z'],
  [1, 'Europe/Berlin', '2026-11-30T22:59:59Z', '2026-11-01', '2026-11-30T23:00:00Z'],
  [1, 'Europe/Berlin', '2026-11-30T23:00:00Z', '2026-12-01', '2026-12-31T23:00:00Z'],
  [1, 'Europe/Berlin', '2026-06-15T00:00:00Z', '2026-06-01', '2026-06-30T22:00:00Z'],
  // From winter to summer and back within the month.
  [28, 'Europe/Berlin', '2027-03-01T00:00:00Z', '2027-02-28', '2027-03-27T23:00:00Z'],
  [28, 'Europe/Berlin', '2027-03-28T12:00:00Z', '2027-03-28', '2027-04-27T22:00:00Z'],
  [1, 'America/New_York', '2026-11-01T03:59:59Z', '2026-10-01', '2026-11-01T04:00:00Z'],
  [1, 'Pacific/Apia', '2026-11-30T11:00:00Z', '2026-12-01', '2026-12-31T11:00:00Z'],
];
for (const [day, timeZone, now, month, next] of months) {
  test(`months from the ${day}. in ${timeZone} at ${now}`, () => {
    assert.equal(monthOf(at(now), { day, timeZone }), month);
    assert.equal(new Date(nextMonthAt(at(now), { day, timeZone })).toISOString(), new Date(next).toISOString());
  });
}

const minute = 60_000;
const instants = fc.integer({ min: at('2026-01-01T00:00:00Z') / minute, max: at('2032-01-01T00:00:00Z') / minute });

test('a month ends where the next one begins, in whatever zone', () => {
  const start = fc.record({ day: fc.integer({ min: 1, max: 28 }), timeZone: fc.constantFrom(...zones) });
  fc.assert(
    fc.property(instants, start, (minutes, month) => {
      const now = minutes * minute;
      const next = nextMonthAt(now, month);
      assert.ok(next > now && next - now <= 31 * 24 * 60 * minute + 60 * minute);
      assert.equal(monthOf(next - minute, month), monthOf(now, month));
      assert.notEqual(monthOf(next, month), monthOf(now, month));
      assert.ok(monthOf(next, month) > monthOf(now, month));
    }),
  );
});

test('hours open when they were said to, and not before', () => {
  const minuteOfDay = fc.integer({ min: 0, max: 1439 });
  const window = fc.record({ from: minuteOfDay, to: minuteOfDay }).filter(({ from, to }) => from !== to);
  fc.assert(
    fc.property(
      instants,
      fc.array(window, { minLength: 1, maxLength: 3 }),
      fc.constantFrom(...zones),
      (minutes, hours, zone) => {
        const now = minutes * minute;
        const until = untilOpen(now, hours, zone);
        if (until === undefined) return;
        assert.ok(until > now && until - now <= 25 * 60 * minute, new Date(now).toISOString());
        const before = untilOpen(until - minute, hours, zone);
        // Where an hour is skipped a short window in it never opens, and where one is repeated it opens twice.
        if (untilOpen(until, hours, zone) === undefined) assert.notEqual(before, undefined);
      },
    ),
  );
});
