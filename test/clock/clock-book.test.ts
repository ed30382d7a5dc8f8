import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ClockBook, type Period } from '../../src/clock/clock-book.ts';

const bootedAt = Date.UTC(2026, 10, 25);

/** A run that began `fromMs` into the operating time, and `bootMs` after boot, and believed one thing. */
function period(boot: string, fromMs: number, bootMs: number, belief: Partial<Period> = {}): Period {
  const rest = { offsetMs: 0, quality: 'unset', source: 'system', ...belief } as const;
  return { boot, fromMs, lagMs: fromMs - bootMs, ...rest };
}

const learnt = { offsetMs: bootedAt, quality: 'estimated', source: 'collector' } as const;
const synced = { offsetMs: bootedAt + 40, quality: 'synced', source: 'ntp' } as const;

/** A batch that was begun so much after its period. */
function stamp({ fromMs, lagMs, offsetMs }: Period, afterMs: number) {
  const ageAtMs = fromMs + afterMs;
  return { takenAtMs: ageAtMs - lagMs + offsetMs, ageAtMs };
}

test('what is learnt later in a boot corrects what was stamped before, also by another process', () => {
  const first = period('a', 0, 5_000);
  const second = period('a', 60_000, 70_000);
  const third = period('a', 90_000, 100_000, learnt);
  const book = new ClockBook();
  book.add(first, second);
  assert.equal(book.of(stamp(first, 10)), undefined);
  book.add(third);
  const correction = { shiftMs: bootedAt, quality: 'estimated' };
  assert.deepEqual(book.of(stamp(first, 10)), correction);
  assert.deepEqual(book.of(stamp(first, 59_999)), correction);
  assert.deepEqual(book.of(stamp(second, 0)), correction);
  assert.equal(book.of(stamp(third, 0)), undefined);
  assert.equal(book.of(stamp(third, 1e9)), undefined);
});

test('a boot in which nobody told the time stays as it is, whatever the next one learns', () => {
  const lost = period('a', 0, 5_000);
  const next = period('b', 60_000, 3_000);
  const known = period('b', 90_000, 33_000, learnt);
  const book = new ClockBook();
  book.add(lost, next, known);
  assert.equal(book.of(stamp(lost, 10)), undefined);
  assert.deepEqual(book.of(stamp(next, 10)), { shiftMs: bootedAt, quality: 'estimated' });
});

test('the best that was learnt counts, the last of it, and never for what was as good', () => {
  const rows: [stamped: Partial<Period>, then: Partial<Period>[], shiftMs: number | undefined][] = [
    [{}, [learnt, synced], bootedAt + 40],
    [{}, [synced, learnt], bootedAt + 40],
    [{}, [learnt, { ...learnt, offsetMs: bootedAt + 9_000 }], bootedAt + 9_000],
    [{ ...learnt, source: 'system' }, [{ ...learnt, source: 'system', offsetMs: bootedAt + 1e6 }], undefined],
    [{ ...learnt, source: 'system', offsetMs: bootedAt - 86_400_000 }, [learnt], 86_400_000],
    [learnt, [synced], undefined],
    [{ ...learnt, offsetMs: bootedAt - 3_000 }, [synced], 3_040],
    [synced, [learnt, { ...synced, offsetMs: bootedAt + 1e6 }], undefined],
    [{ ...synced, quality: 'estimated' }, [{ ...synced, offsetMs: bootedAt + 2_000 }], 1_960],
    [{ offsetMs: bootedAt }, [learnt], 0],
  ];
  for (const [stamped, then, shiftMs] of rows) {
    const first = period('a', 0, 5_000, stamped);
    const book = new ClockBook();
    book.add(first, ...then.map((belief, i) => period('a', (i + 1) * 1_000, 5_000 + (i + 1) * 1_000, belief)));
    assert.equal(book.of(stamp(first, 500))?.shiftMs, shiftMs, JSON.stringify([stamped, then]));
  }
});

test('a batch from the border of two periods belongs to the one by which it was stamped', () => {
  const first = period('a', 0, 5_000);
  const second = period('a', 1_000.7, 6_000.7, learnt);
  const book = new ClockBook();
  book.add(first, second);
  const { takenAtMs } = stamp(first, 1_000.4);
  // As it lies on disk: its age is rounded up.
  assert.equal(book.of({ takenAtMs: Math.round(takenAtMs), ageAtMs: 1_001 })?.shiftMs, bootedAt);
  assert.equal(book.of({ ...stamp(second, 0), ageAtMs: 1_001 }), undefined);
});

test('a stamp that is none of its period’s is left alone: the power was cut before its own was durable', () => {
  const first = period('a', 0, 5_000);
  const lost = period('a', 1_000, 6_000, learnt);
  const after = period('a', 2_000, 8_000, { ...learnt, offsetMs: bootedAt + 30 });
  const other = period('b', 3_000, 2_000);
  const book = new ClockBook();
  book.add(first, after, other, period('b', 4_000, 3_000, learnt));
  assert.equal(book.of(stamp(lost, 500)), undefined);
  // Stamped in 1970 too, in a boot of which nothing is known: it was later after boot than any other at that age.
  const unknown = period('c', 3_500, 60_000);
  assert.equal(book.of(stamp(unknown, 100)), undefined);
  assert.equal(book.of({}), undefined);
  assert.equal(book.of({ takenAtMs: bootedAt }), undefined);
});

test('a sick clock fills no memory', () => {
  const book = new ClockBook();
  const sick = (i: number) => period('a', i * 1_000, i * 1_000, { ...learnt, offsetMs: bootedAt + i * 1_000 });
  let forgotten = 0;
  for (let i = 0; i < 1_500; i++) forgotten += book.add(sick(i)).length;
  assert.equal(forgotten, 500);
  assert.equal(book.lastOf('a')?.fromMs, 1_499_000);
});
