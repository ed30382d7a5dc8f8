import assert from 'node:assert/strict';
import { test } from 'node:test';
import { getHeapSpaceStatistics } from 'node:v8';
import { collectGarbage, giveBackWhenIdle } from '../../src/lib/give-back.ts';

function looks(t: import('node:test').TestContext, uses: (look: number) => number, seconds: number): number[] {
  t.mock.timers.enable({ apis: ['setInterval'] });
  const at: number[] = [];
  let look = 0;
  giveBackWhenIdle(
    () => uses(++look),
    () => at.push(look),
  );
  t.mock.timers.tick(seconds * 1_000);
  return at;
}

test('memory is given back in the first idle second, once', (t) => {
  assert.deepEqual(
    looks(t, (look) => [0.9, 0.4, 0.1, 0.02][look - 1] ?? 0, 100),
    [4],
  );
});

test('not while there is something to do, and not after the first minute', (t) => {
  assert.deepEqual(
    looks(t, (look) => (look <= 60 ? 0.3 : 0), 200),
    [],
  );
});

test('what the young generation grew by is given back', async () => {
  const size = (): number => getHeapSpaceStatistics().find(({ space_name }) => space_name === 'new_space')!.space_size;
  // Lives long enough to be copied, and no longer.
  const kept: object[][] = [];
  for (let i = 0; i < 400 && size() < 16e6; i++) {
    kept.push(Array.from({ length: 20_000 }, (_, n) => ({ n })));
    if (kept.length > 10) kept.shift();
  }
  kept.length = 0;
  const before = size();
  assert.ok(before >= 16e6, `it grew to ${before} bytes`);
  await collectGarbage();
  assert.ok(size() <= before / 2, `${before} bytes became ${size()}`);
});
