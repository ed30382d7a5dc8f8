import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Committer, type Owner } from '../../src/collector/committer.ts';
import type { Delivery, Outcome } from '../../src/collector/sink.ts';
import { HeadgateError } from '../../src/core/errors.ts';
import type { Log } from '../../src/lib/log.ts';

/** A sink's thread whose commits end when the test says so. */
class ManualThread {
  readonly groups: Delivery[][] = [];
  readonly #answers: PromiseWithResolvers<readonly Outcome[]>[] = [];

  commit(deliveries: readonly Delivery[]): Promise<readonly Outcome[]> {
    this.groups.push([...deliveries]);
    const answer = Promise.withResolvers<readonly Outcome[]>();
    this.#answers.push(answer);
    return answer.promise;
  }

  async progress(): Promise<[]> {
    return [];
  }

  succeed(): void {
    const group = this.groups.at(-1)!;
    this.#answers.shift()!.resolve(group.map(() => ({ name: 'durable', sequences: [], newRecords: 1 })));
  }

  fail(): void {
    this.#answers.shift()!.reject(new HeadgateError('sink.failed', 'The disk is full.'));
  }
}

function setup() {
  const thread = new ManualThread();
  const lines: string[] = [];
  const say = (level: string) => (_: object, message: string) => void lines.push(`${level} ${message}`);
  const log: Log = { debug: say('debug'), info: say('info'), warn: say('warn'), error: say('error') };
  const time = { now: 0 };
  const clock = { now: () => time.now, monotonic: () => time.now };
  const committer = new Committer(thread, log, clock);
  const heard: string[] = [];
  const owner = (name: string): Owner => ({
    settled: ({ bytes, outcomes }) => void heard.push(`${name} ${outcomes.length} of ${bytes} B`),
    failed: (error) => void heard.push(`${name} ${error.code}`),
  });
  const delivery = (bytes: number): Delivery => ({ gateway: 'g', epoch: 'e', upload: new Uint8Array(bytes) });
  return { thread, lines, time, committer, heard, owner, delivery };
}

/** Lets everything that is due happen. */
const settle = () => new Promise((resolve) => setImmediate(resolve));

test('what comes during a commit is the next group, and each owner hears once a group', async () => {
  const { thread, committer, heard, owner, delivery } = setup();
  const [a, b] = [owner('a'), owner('b')];
  committer.add(a, delivery(1));
  committer.add(a, delivery(2));
  committer.add(b, delivery(3));
  committer.add(a, delivery(4));
  assert.deepEqual(
    thread.groups.map((group) => group.length),
    [1],
  );
  thread.succeed();
  await settle();
  assert.deepEqual(
    thread.groups.map((group) => group.length),
    [1, 3],
  );
  thread.succeed();
  await committer.idle();
  assert.deepEqual(heard, ['a 1 of 1 B', 'a 2 of 6 B', 'b 1 of 3 B']);
  assert.equal(committer.records, 4);
});

test('a group is bounded, but the largest upload still goes', async () => {
  const { thread, committer, owner, delivery } = setup();
  const a = owner('a');
  committer.add(a, delivery(1));
  for (const megabytes of [10, 6, 1, 40, 1]) committer.add(a, delivery(megabytes << 20));
  for (let i = 0; i < 4; i++) {
    thread.succeed();
    await settle();
  }
  assert.deepEqual(
    thread.groups.map((group) => group.length),
    [1, 2, 1, 1, 1],
  );
});

test('a failure is told to everyone who waits, logged once, and forgotten at the first success', async () => {
  const { thread, lines, time, committer, heard, owner, delivery } = setup();
  const [a, b] = [owner('a'), owner('b')];
  committer.add(a, delivery(1));
  committer.add(a, delivery(1));
  committer.add(b, delivery(1));
  thread.fail();
  await settle();
  assert.deepEqual(heard, ['a sink.failed', 'b sink.failed']);
  assert.equal(committer.health.name, 'failing');
  await assert.rejects(committer.progress('g', 'e', 1, 10), /The disk is full/);
  for (let i = 0; i < 3; i++) {
    time.now += 30_000;
    assert.deepEqual(await committer.progress('g', 'e', 1, 10), [], 'after the wait the next one may try');
    committer.add(b, delivery(1));
    thread.fail();
    await settle();
  }
  assert.deepEqual(lines, ['error The sink takes no records: The disk is full.']);
  time.now += 30_000;
  committer.add(b, delivery(1));
  thread.succeed();
  await committer.idle();
  assert.deepEqual(committer.health, { name: 'working' });
  assert.equal(lines.at(-1), 'info The sink takes records again.');
  assert.equal(lines.length, 2);
});
