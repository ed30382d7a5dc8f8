import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { TimeFormat } from '../../../src/profiles/language/options.ts';
import { readTime } from '../../../src/profiles/language/time.ts';

type Row = readonly [
  value: unknown,
  format: TimeFormat,
  zone: string | undefined,
  expected: string | undefined,
  nanos?: number,
];

const rows: readonly Row[] = [
  ['2021-06-27T15:03:44+02:00', 'iso', undefined, '2021-06-27T13:03:44.000Z'],
  ['2021-06-27 15:03:44Z', 'iso', undefined, '2021-06-27T15:03:44.000Z'],
  ['2021-06-27T15:03:44.123456789Z', 'auto', undefined, '2021-06-27T15:03:44.123Z', 456_789],
  // without a zone it is not used, unless the profile names one: with summer time as it was then
  ['2021-06-27T15:03:44', 'iso', undefined, undefined],
  ['2021-06-27T15:03:44', 'iso', 'Europe/Amsterdam', '2021-06-27T13:03:44.000Z'],
  ['2021-01-27T15:03:44', 'iso', 'Europe/Amsterdam', '2021-01-27T14:03:44.000Z'],
  ['2021-01-27T15:03:44', 'iso', '+05:30', '2021-01-27T09:33:44.000Z'],
  // a clock that was never set
  [1.61, 'unix', undefined, undefined],
  ['1970-01-01T00:00:05Z', 'iso', undefined, undefined],
  ['1999-12-31T23:59:59Z', 'iso', undefined, undefined],
  ['2000-01-01T00:00:00Z', 'iso', undefined, '2000-01-01T00:00:00.000Z'],
  // numbers, by their size or as it is said
  [1_661_517_385.44, 'auto', undefined, '2022-08-26T12:36:25.440Z'],
  ['1661517385440', 'auto', undefined, '2022-08-26T12:36:25.440Z'],
  [1_234_567_890_123_123_123n, 'unix-ns', undefined, '2009-02-13T23:31:30.123Z', 123_123],
  [1_234_567_890_123_123_123n, 'auto', undefined, '2009-02-13T23:31:30.123Z', 123_123],
  // no time at all
  ['soon', 'auto', 'UTC', undefined],
  ['2021-13-01T00:00:00Z', 'iso', undefined, undefined],
  [Number.NaN, 'unix', undefined, undefined],
  [1e300, 'unix', undefined, undefined],
  [null, 'auto', undefined, undefined],
];

test('a device’s time is read, or the time of arrival has to do', () => {
  for (const [value, format, zone, expected, nanos] of rows) {
    const found = readTime(value, format, zone);
    const text = found && new Date(found.timeMs).toISOString();
    assert.deepEqual([text, found?.timeNanos], [expected, nanos], `${String(value)} ${format} ${zone ?? ''}`);
  }
});
