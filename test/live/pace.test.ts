import assert from 'node:assert/strict';
import { test } from 'node:test';
import { leastPauseMs, pauseAfter } from '../../src/live/pace.ts';

for (const [tookMs, utilisation, pauseMs] of [
  // Readers that take little are served at once again.
  [1, 0, leastPauseMs],
  [10, 0.5, leastPauseMs],
  // Half of the time while there is enough of it, …
  [100, 0.3, 100],
  // … less and less of it as it gets scarce, …
  [100, 0.675, 264],
  // … and a twentieth when there is none left.
  [100, 0.85, 1_000],
  [20, 1, 380],
  [1_000, 1, 1_000],
] as const) {
  test(`a round of ${tookMs} ms with the event loop busy for ${utilisation} is followed by ${pauseMs} ms for others`, () => {
    assert.equal(Math.round(pauseAfter(tookMs, utilisation)), pauseMs);
  });
}
