import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { patienceWith, Silence } from '../../src/collector/silence.ts';

/** A silence whose time is turned by hand. */
function silence(t: TestContext, heardEverySeconds: number) {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const clock = { now: 0 };
  const told: string[] = [];
  const line = { isDeaf: false };
  const one = new Silence({
    clock: { monotonic: () => clock.now },
    isDeaf: () => line.isDeaf,
    probe: () => told.push(`probe at ${clock.now / 1000} s`),
    silent: (seconds) => told.push(`silent for ${seconds} s`),
  });
  one.start(patienceWith(heardEverySeconds));
  t.after(() => one.stop());
  const elapse = (seconds: number): void => {
    for (let n = 0; n < seconds; n++) {
      clock.now += 1_000;
      t.mock.timers.tick(1_000);
    }
  };
  return { one, told, line, elapse };
}

test('who promises nothing is asked after 20 s of silence, and given up 10 s later', (t) => {
  const { one, told, elapse } = silence(t, 0);
  elapse(15);
  one.heard();
  elapse(19);
  assert.deepEqual(told, []);
  elapse(1);
  assert.deepEqual(told, ['probe at 35 s']);
  elapse(5);
  one.heard();
  elapse(60);
  assert.deepEqual(told, ['probe at 35 s', 'probe at 60 s', 'silent for 30 s']);
});

test('who says how often it is heard is never asked, and given up after three times as long', (t) => {
  const { one, told, elapse } = silence(t, 302);
  elapse(900);
  one.heard();
  elapse(905);
  assert.deepEqual(told, []);
  elapse(1);
  assert.deepEqual(told, ['silent for 906 s']);
  elapse(2_000);
  assert.equal(told.length, 1);
});

test('a promise of a moment is not taken at its word', (t) => {
  const { told, elapse } = silence(t, 1);
  elapse(9);
  assert.deepEqual(told, []);
  elapse(1);
  assert.deepEqual(told, ['silent for 10 s']);
});

test('who is not listened to is not silent', (t) => {
  const { told, line, elapse } = silence(t, 10);
  line.isDeaf = true;
  elapse(300);
  assert.deepEqual(told, []);
  line.isDeaf = false;
  elapse(60);
  assert.deepEqual(told, ['silent for 30 s']);
});

test('nothing is told after the end', (t) => {
  const { one, told, elapse } = silence(t, 0);
  one.stop();
  elapse(100);
  assert.deepEqual(told, []);
});
