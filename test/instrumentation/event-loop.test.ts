import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { EventLoopMonitor } from '../../src/instrumentation/event-loop.ts';
import { eventually } from '../support/wait.ts';

function blockFor(ms: number): void {
  for (const end = performance.now() + ms; performance.now() < end; ) {
    // Busy on purpose: this is what is to be seen.
  }
}

test('a loop that was held up is seen, and forgotten after two turns', async (t) => {
  const turnMs = 10_000;
  const monitor = new EventLoopMonitor();
  assert.deepEqual(monitor.read(), { p50: 0, p99: 0, max: 0 });
  t.mock.timers.enable({ apis: ['setInterval'] });
  monitor.start(turnMs);
  t.after(() => monitor.stop());
  // The histograms begin with the loop's next turn, on clocks of their own that no mock reaches.
  await delay(50);
  blockFor(300);
  await eventually('the delay to be seen', () => monitor.read().max > 200);
  const { p50, p99, max } = monitor.read();
  assert.ok(p50 < 150 && p50 <= p99 && p99 <= max, `${p50} ${p99} ${max}`);

  t.mock.timers.tick(turnMs);
  assert.ok(monitor.read().max > 200, 'still within the window');
  t.mock.timers.tick(turnMs);
  await eventually('it to be forgotten', () => monitor.read().max < 200);
});
