import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ClockBook, type Period } from '../../src/clock/clock-book.ts';
import { local, openBuffer, textOf, waiting } from '../support/buffer.ts';
import { tempDir } from '../support/temp-dir.ts';

const hour = 3_600_000;
const truth = Date.UTC(2026, 10, 25);

test('batches keep their stamps over a restart and a reboot, and history goes by the time that is known now', async (t) => {
  const directory = tempDir(t);
  const book = new ClockBook();
  /** Monotonic time of the process, and time since boot when it began. */
  const now = { monotonic: 0, bootMs: 20_000, offsetMs: 0 };
  const clock = { now: () => now.bootMs + now.monotonic + now.offsetMs, monotonic: () => now.monotonic };
  const open = () => openBuffer(t, directory, { clock, corrections: book, options: { keep: 24 * hour } });
  let buffer = await open();
  const begin = (boot: string, belief: Partial<Period> = {}): void => {
    const fromMs = buffer.operatingMs;
    const lagMs = fromMs - now.bootMs - now.monotonic;
    book.add({ boot, fromMs, lagMs, offsetMs: now.offsetMs, quality: 'unset', source: 'system', ...belief });
  };
  const take = async (text: string): Promise<void> => {
    const bytes = Buffer.from(`<${text}>`);
    await new Promise((settled) => buffer.append(local, bytes, 0, bytes.length, clock.now(), { settled }));
  };
  const from = async (fromMs: number, toMs: number): Promise<string> => {
    const found = [];
    for await (const batch of buffer.archive.history({ fromMs, toMs })) found.push(batch);
    return textOf(found);
  };

  begin('boot-1');
  now.monotonic = 1_000;
  await take('a');
  await buffer.stop();
  // Another process of the boot.
  Object.assign(now, { monotonic: 0, bootMs: 60_000 });
  buffer = await open();
  begin('boot-1');
  now.monotonic = 2_000;
  await take('b');
  now.offsetMs = truth;
  buffer.seal();
  begin('boot-1', { quality: 'estimated', source: 'collector' });
  now.monotonic = 2 * hour;
  await take('c');
  await buffer.stop();
  // Another boot, in which nobody tells the time.
  Object.assign(now, { monotonic: 0, bootMs: 15_000, offsetMs: 0 });
  buffer = await open();
  begin('boot-2');
  now.monotonic = 500;
  await take('d');

  assert.equal(buffer.status().oldestWaitingAt, truth + 21_000, 'the age of the backlog, not that of its stamps');
  const batches = await waiting(buffer);
  assert.deepEqual(
    batches.map((batch) => [textOf([batch]), book.of(batch)?.shiftMs]),
    [
      ['<a>', truth],
      ['<b>', truth],
      ['<c>', undefined],
      ['<d>', undefined],
    ],
  );
  assert.equal(await from(truth, truth + hour), '<a><b>');
  assert.equal(await from(truth + 62_000, truth + 62_001), '<b>');
  assert.equal(await from(truth + hour, truth + 3 * hour), '<c>');
  assert.equal(await from(0, hour), '<d>');
  assert.equal(await from(0, Number.MAX_SAFE_INTEGER), '<a><b><c><d>');
  // What is sent again is corrected too.
  buffer.acknowledge(batches);
  assert.equal(await buffer.archive.replay(buffer.archive.history({ fromMs: truth, toMs: truth + hour })), 2);
  const again = (await waiting(buffer)).filter(({ isReplay }) => isReplay);
  assert.deepEqual(
    again.map((batch) => [textOf([batch]), book.of(batch)?.shiftMs]),
    [
      ['<a>', truth],
      ['<b>', truth],
    ],
  );
});

test('what is open when the clock changes is sealed: a batch is stamped by one clock', async (t) => {
  const buffer = await openBuffer(t, tempDir(t));
  const bytes = Buffer.from('<x>');
  const written: Promise<unknown>[] = [];
  for (let i = 0; i < 4; i++) {
    written.push(
      new Promise((settled) => buffer.append(local, bytes, 0, bytes.length, i < 2 ? 5 : truth, { settled })),
    );
    if (i === 1) buffer.seal();
  }
  await Promise.all(written);
  assert.deepEqual(
    (await waiting(buffer)).map(({ takenAtMs, count }) => [takenAtMs, count]),
    [
      [5, 2],
      [truth, 2],
    ],
  );
});
