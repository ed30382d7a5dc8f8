import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Message } from '../../src/core/message.ts';
import { silentLog } from '../../src/lib/log.ts';
import { type LessonLimits, Lessons } from '../../src/registry/lessons.ts';
import { MemoryDisk, memoryShelf } from '../support/memory-shelf.ts';

/** One run of the gateway on a disk, and what it was taught again at its start. */
async function run(disk: MemoryDisk, limits: Partial<LessonLimits> = {}, teach = (_: Message) => {}) {
  const shelf = memoryShelf(disk);
  const taught: string[] = [];
  const warnings: string[] = [];
  const time = { ms: 1_000 };
  const lessons = new Lessons({
    shelf,
    teach: (message) => {
      taught.push(`${message.source} ${message.topic} ${Buffer.from(message.payload)}`);
      teach(message);
    },
    monotonic: () => time.ms,
    log: { ...silentLog, warn: (_, text) => warnings.push(text), error: (_, text) => warnings.push(text) },
    limits,
  });
  await lessons.start();
  const learnt = (topic: string, text: string | Uint8Array) =>
    lessons.learnt({ source: 'mqtt', topic, payload: typeof text === 'string' ? Buffer.from(text) : text });
  const stop = async () => {
    await lessons.stop();
    await shelf.saved();
  };
  return { lessons, shelf, taught, warnings, time, learnt, stop };
}

test('the newest lesson of each topic is taught again after a restart, also one with colons in its topic', async () => {
  const disk = new MemoryDisk();
  const first = await run(disk);
  first.learnt('a/b', 'old');
  first.learnt('a/b', 'new');
  first.learnt('plain:x:y', '1');
  first.learnt('__proto__', '2');
  first.learnt('gone', '3');
  first.learnt('gone', '');
  await first.stop();
  const second = await run(disk);
  assert.deepEqual(second.taught, ['mqtt __proto__ 2', 'mqtt a/b new', 'mqtt plain:x:y 1']);
  assert.deepEqual(second.lessons.status(), { topics: 3, bytes: 5, refused: 0 });
  second.learnt('a/b', '');
  await second.stop();
  assert.deepEqual((await run(disk)).taught.length, 2, 'what was taken back stays away');
});

test("a lesson is a copy: its source's memory is used again", async () => {
  const disk = new MemoryDisk();
  const { learnt, stop } = await run(disk);
  const memory = Buffer.from('abc');
  learnt('t', memory);
  memory.fill('x');
  await stop();
  assert.deepEqual((await run(disk)).taught, ['mqtt t abc']);
});

test('a topic that teaches all the time is written once a minute, and the same lesson once', async () => {
  const disk = new MemoryDisk();
  const { lessons, shelf, time, learnt } = await run(disk);
  const written = async () => {
    await shelf.saved();
    return disk.batches.flat().length;
  };
  learnt('t', '0');
  assert.equal(await written(), 1, 'the first at once');
  for (let i = 1; i <= 100; i++) learnt('t', String(i));
  lessons.tick();
  assert.equal(await written(), 1);
  time.ms += 60_000;
  lessons.tick();
  assert.equal(await written(), 2);
  time.ms += 60_000;
  learnt('t', '100');
  lessons.tick();
  assert.equal(await written(), 2);
  assert.deepEqual((await run(disk.afterCrash())).taught, ['mqtt t 100']);
});

test('what is too large or too many is told once, counted, and no older lesson stands in for it', async () => {
  const disk = new MemoryDisk();
  const limits = { maxTopics: 3, maxBytesEach: 4, maxBytes: 10 };
  const { lessons, learnt, warnings, stop } = await run(disk, limits);
  learnt('a', '1234');
  learnt('b', '1234');
  learnt('c', '1');
  learnt('d', '1');
  assert.deepEqual(lessons.status(), { topics: 3, bytes: 9, refused: 1 }, 'too many topics');
  learnt('c', '123');
  assert.deepEqual(lessons.status(), { topics: 2, bytes: 8, refused: 2 }, 'too much together');
  learnt('a', '12345');
  assert.deepEqual(lessons.status(), { topics: 1, bytes: 4, refused: 3 }, 'too large');
  assert.equal(warnings.length, 1);
  await stop();
  assert.deepEqual((await run(disk)).taught, ['mqtt b 1234']);
});

test('a lesson that no decoder survives is told and never taught again', async () => {
  const disk = new MemoryDisk();
  const first = await run(disk);
  first.learnt('bad', 'x');
  first.learnt('good', 'y');
  await first.stop();
  const second = await run(disk, {}, ({ topic }) => {
    if (topic === 'bad') throw new Error('no');
  });
  assert.equal(second.warnings.length, 2);
  await second.stop();
  assert.deepEqual((await run(disk)).taught, ['mqtt good y']);
});

test('an entry that is no lesson is left out', async () => {
  const disk = new MemoryDisk();
  await disk.apply([
    { space: 'registry.lessons', key: 'nocolon', value: Buffer.from('x') },
    { space: 'registry.lessons', key: 'mqtt:', value: Buffer.from('x') },
    { space: 'registry.lessons', key: 'mqtt:t', value: Buffer.from('x') },
  ]);
  const { taught, warnings } = await run(disk);
  assert.deepEqual(taught, ['mqtt t x']);
  assert.equal(warnings.length, 1);
});
