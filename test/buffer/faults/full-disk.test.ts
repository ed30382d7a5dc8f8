import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import type { BufferOptions } from '../../../src/buffer/options.ts';
import type { HeadgateError } from '../../../src/core/errors.ts';
import type { Handling } from '../../../src/core/handling.ts';
import { memoryDir, smallDisk } from '../../support/small-disk.ts';
import { alarms, assertLedger, noise, Rig, readings, StillTime, turns } from './rig.ts';
import { filesIn } from './site.ts';

const MiB = 2 ** 20;
const filling = randomBytes(3_000).toString('base64');

/** What became of the records of one rule. */
class Sender {
  readonly acknowledged: string[] = [];
  readonly refused: string[] = [];
  sent = 0;
  readonly #rig: Rig;
  readonly handling: Handling;

  constructor(rig: Rig, handling: Handling) {
    this.#rig = rig;
    this.handling = handling;
  }

  async send(count: number): Promise<void> {
    for (let i = 0; i < count; i++) {
      const name = `${this.handling.rule} ${this.sent++}`;
      this.#rig.append(this.handling, `${name} ${filling}`).then(
        () => this.acknowledged.push(name),
        (error: HeadgateError) => {
          assert.match(error.code, /^buffer\.(failed|full)$/);
          this.refused.push(name);
        },
      );
      await turns(2);
    }
  }

  /** Neither acknowledged nor refused: their sources wait. */
  get held(): number {
    return this.sent - this.acknowledged.length - this.refused.length;
  }
}

/** The records that come out, by rule. */
async function drainByRule(rig: Rig): Promise<Map<string, string[]>> {
  return Map.groupBy(
    (await rig.drain()).map(({ name }) => name),
    (name) => name.split(' ')[0]!,
  );
}

function dropped(rig: Rig, rule: string): Readonly<Record<string, number>> {
  return rig.buffer.status().lanes.find((lane) => lane.rule === rule)!.ledger.dropped;
}

async function start(
  t: TestContext,
  time: StillTime,
  directory: string,
  options: Partial<BufferOptions>,
): Promise<Rig> {
  const rig = await Rig.start({ t, directory, clock: time, options });
  return rig;
}

/** Gaps tell of exactly what was dropped. */
function assertTold(rig: Rig): void {
  const { dropped: all } = rig.buffer.status().ledger;
  const told = rig.gaps.reduce((sum, { count }) => sum + count, 0);
  assert.equal(
    told,
    Object.values(all).reduce((sum, count) => sum + count, 0),
    'gaps and ledger differ',
  );
}

/** Nothing is asked of the disk again and again while nothing changes. */
async function assertQuiet(rig: Rig, time: StillTime): Promise<void> {
  const before = rig.requests;
  await time.pass(10_000);
  const asked = rig.requests - before;
  assert.ok(asked <= 60, `${asked} requests in ten seconds in which nothing happened`);
}

test('a full disk: bulk goes first, then normal, critical waits at its source, and draining frees it', async (t) => {
  const disk = smallDisk(t, 8 * MiB);
  if (disk === undefined) return;
  const time = new StillTime(t);
  // More than there is: the disk itself says when it is full.
  const rig = await start(t, time, join(disk.path, 'buffer'), { maxBytes: 1e9, maxPendingBytes: MiB });
  const [bulk, normal, critical] = [noise, readings, alarms].map((handling) => new Sender(rig, handling)) as [
    Sender,
    Sender,
    Sender,
  ];
  await bulk.send(500);
  await normal.send(150);
  await time.pass(2_000);
  const { evicted: bulkEvicted = 0 } = dropped(rig, 'noise');
  assert.ok(bulkEvicted > 0, 'nothing had to go: this test proves nothing');
  assert.equal(dropped(rig, 'readings').evicted, 0, 'normal went before bulk');
  for (let round = 0; round < 30 && critical.held === 0; round++) {
    await critical.send(100);
    await time.pass(1_000);
    assertLedger(rig.buffer);
  }
  assert.ok(critical.held + critical.refused.length > 0, 'critical records found room for ever');
  assert.equal(rig.buffer.status().state, 'full');
  assert.equal(dropped(rig, 'noise').evicted, bulk.acknowledged.length);
  assert.ok(dropped(rig, 'readings').evicted! > 0);
  assert.deepEqual(
    Object.values(dropped(rig, 'alarms')).filter((count) => count > 0),
    [],
  );
  await assertQuiet(rig, time);
  const freeBefore = disk.freeBytes;
  const { held } = critical;
  // The uplink is back: everything goes out, the disk has room again, and who waited is told.
  const arrived = await drainByRule(rig);
  await time.pass(3_000);
  for (const [rule, names] of await drainByRule(rig)) arrived.set(rule, [...(arrived.get(rule) ?? []), ...names]);
  assert.equal(critical.held, 0, `${held} sources wait for ever`);
  assert.deepEqual(new Set(arrived.get('alarms')), new Set(critical.acknowledged));
  assert.equal(arrived.get('alarms')!.length, critical.acknowledged.length);
  await time.pass(3_000);
  await rig.drain();
  await time.pass(3_000);
  assert.ok(disk.freeBytes > freeBefore + 4 * MiB, `only ${disk.freeBytes - freeBefore} bytes came free`);
  await critical.send(10);
  await time.pass(2_000);
  assert.equal(critical.held, 0);
  assert.equal(rig.buffer.status().state, 'open');
  assertLedger(rig.buffer);
  assertTold(rig);
});

test('another program fills the disk: nothing is acknowledged that is not there, and it recovers by itself', async (t) => {
  const disk = smallDisk(t, 8 * MiB);
  if (disk === undefined) return;
  const time = new StillTime(t);
  const directory = join(disk.path, 'buffer');
  const rig = await start(t, time, directory, { maxBytes: 1e9, maxPendingBytes: MiB });
  const senders = [alarms, readings, noise].map((handling) => new Sender(rig, handling));
  for (const sender of senders) await sender.send(5);
  await time.pass(1_000);
  const other = disk.fill();
  for (const sender of senders) await sender.send(50);
  await time.pass(5_000);
  assertLedger(rig.buffer);
  await assertQuiet(rig, time);
  const [critical] = senders as [Sender];
  assert.ok(critical.held + critical.refused.length >= 40, 'the disk was not full');
  rmSync(other);
  await time.pass(5_000);
  for (const sender of senders) await sender.send(5);
  await time.pass(3_000);
  assert.equal(rig.buffer.status().state, 'open');
  const arrived = await drainByRule(rig);
  for (const { handling, acknowledged, refused, held } of senders) {
    const names = arrived.get(handling.rule) ?? [];
    assert.equal(held, 0, `${handling.rule}: ${held} sources wait for ever`);
    assert.equal(new Set(names).size, names.length);
    assert.deepEqual(
      names.filter((name) => refused.includes(name)),
      [],
      'refused, and there',
    );
    const { evicted = 0 } = dropped(rig, handling.rule);
    assert.equal(names.length + evicted, acknowledged.length, `${handling.rule}: acknowledged, and not there`);
  }
  assert.equal(dropped(rig, 'alarms').evicted, 0);
  await time.pass(3_000);
  assertTold(rig);
});

test('a disk without room is told as that, steadily and once in the log, until it is over for good', async (t) => {
  const time = new StillTime(t);
  const directory = join(memoryDir(t), 'buffer');
  const failCommits = { from: 1, count: 8, kind: 'full' } as const;
  let freeBytes = 5_000;
  const disk = { faults: { failCommits }, freeBytes: () => freeBytes };
  const rig = await Rig.start({ t, directory, clock: time, options: { maxPendingBytes: 8 }, ...disk });
  const stays = async (ms: number) => {
    for (let passed = 0; passed < ms; passed += 50) {
      const { state, full } = rig.buffer.status();
      assert.deepEqual([state, full], ['full', { of: 'disk', directory, freeBytes }], `after ${passed} ms`);
      await time.pass(50);
    }
  };
  assert.equal(rig.buffer.status().full, undefined);
  const critical = new Sender(rig, alarms);
  await critical.send(1);
  await time.pass(100);
  assert.match(rig.buffer.refusal(alarms)?.message ?? '', /^The disk has no room for records of the rule "alarms"/);
  // What is free is told as it is.
  freeBytes = 6_000;
  await time.pass(1_000);
  for (let i = 0; i < 200 && critical.acknowledged.length === 0; i++) await stays(50);
  assert.equal(critical.acknowledged.length, 1);
  // It has taken what there was, which may have been the last that it had room for.
  await stays(8_000);
  await time.pass(5_000);
  assert.equal(rig.buffer.status().state, 'open');
  assert.deepEqual(
    rig.errors.map((one) => /make room on it\. Raising .* does not help/.test(one)),
    [true],
  );
});

test('others fill the disk and make room again: both are told, also when nobody sends meanwhile', async (t) => {
  const disk = smallDisk(t, 8 * MiB);
  if (disk === undefined) return;
  const time = new StillTime(t);
  const directory = join(disk.path, 'buffer');
  const rig = await start(t, time, directory, { maxBytes: 1e9 });
  const room = async (): Promise<number> => {
    await time.pass(1_100);
    return rig.buffer.status().roomBytes;
  };
  const atFirst = await room();
  assert.ok(atFirst > 4 * MiB && atFirst < 8 * MiB, `${atFirst} bytes on a disk of 8 MiB`);
  const other = disk.fill();
  const { diskBytes } = rig.buffer.status();
  assert.ok((await room()) < diskBytes + MiB / 2);
  // May be dropped, so its sources do not wait: they are refused.
  const normal = new Sender(rig, readings);
  await normal.send(50);
  await time.pass(2_000);
  assert.ok(normal.refused.length > 0 && normal.held === 0, 'the disk was not full');
  for (let i = 0; i < 60; i++) {
    const { state, full } = rig.buffer.status();
    assert.ok(state === 'full' && full?.of === 'disk' && full.freeBytes < MiB / 2, JSON.stringify({ state, full }));
    await time.pass(50);
  }
  assert.equal(rig.errors.length, 1);
  rmSync(other);
  assert.ok((await room()) > atFirst - MiB / 2);
  assert.equal(rig.buffer.status().state, 'open');
});

test('a gateway starts on a full disk, drains, and goes on', async (t) => {
  const disk = smallDisk(t, 8 * MiB);
  if (disk === undefined) return;
  const time = new StillTime(t);
  const directory = join(disk.path, 'buffer');
  const first = await Rig.start({ t, directory, clock: time });
  const before = new Sender(first, alarms);
  await before.send(200);
  await time.pass(1_000);
  assert.equal(before.acknowledged.length, 200);
  await first.buffer.stop();
  const other = disk.fill();
  const rig = await start(t, time, directory, {});
  const critical = new Sender(rig, alarms);
  await critical.send(3);
  await time.pass(2_000);
  const { length } = await rig.drain();
  assert.ok(length >= 200);
  await time.pass(5_000);
  await rig.drain();
  await time.pass(5_000);
  assert.equal(critical.held, 0, 'what was delivered gave no room');
  assert.ok(disk.freeBytes > MiB / 2, 'deletion freed nothing');
  rmSync(other);
  assertLedger(rig.buffer);
});

test('damage that is found when the disk is full is mended when there is room: nothing is given up for want of it', async (t) => {
  const disk = smallDisk(t, 8 * MiB);
  if (disk === undefined) return;
  const time = new StillTime(t);
  const directory = join(disk.path, 'buffer');
  const first = await Rig.start({ t, directory, clock: time, options: { segmentBytes: 4 * MiB } });
  const before = new Sender(first, alarms);
  await before.send(300);
  await time.pass(1_000);
  assert.equal(before.acknowledged.length, 300);
  await first.buffer.stop();
  const path = filesIn(directory)
    .map((name) => join(directory, name))
    .find((name) => /alarms.*\d\.db$/.test(name))!;
  const bytes = readFileSync(path);
  // The first page: all batches are sound, and SQLite finds none of them.
  bytes.fill(0, 0, 4096);
  writeFileSync(path, bytes);
  const other = disk.fill();
  const rig = await start(t, time, directory, {});
  assert.equal(rig.buffer.status().waitingRecords, 300);
  await assert.rejects(rig.drain(), { code: 'buffer.failed' });
  assertLedger(rig.buffer);
  rmSync(other);
  await time.pass(2_000);
  assert.deepEqual(
    (await rig.drain()).map(({ name }) => name),
    before.acknowledged,
  );
  assert.equal(rig.buffer.status().damages.length, 1);
  assert.equal(dropped(rig, 'alarms').damaged, 0);
});

// The budget and the rules' quotas: no disk is needed for these.
for (const [what, options, quota] of [
  ['its quota', {}, MiB],
  ['the budget', { maxBytes: MiB }, undefined],
] as const) {
  const rules: readonly Handling[] = (['block', 'dropOldest', 'dropNewest'] as const).map((whenFull) => ({
    ...readings,
    rule: whenFull,
    whenFull,
    ...(quota !== undefined && { maxBytes: quota }),
  }));
  for (const handling of rules) {
    test(`${handling.whenFull}: a rule's records reach ${what}`, async (t) => {
      const time = new StillTime(t);
      const directory = join(memoryDir(t), 'buffer');
      const rig = await start(t, time, directory, { ...options, maxPendingBytes: MiB / 4 });
      const sender = new Sender(rig, handling);
      await sender.send(1_000);
      await time.pass(2_000);
      assertLedger(rig.buffer);
      await assertQuiet(rig, time);
      const { diskBytes, state, full } = rig.buffer.status();
      assert.ok(diskBytes < MiB * 1.2, `${diskBytes} bytes`);
      const counts = dropped(rig, handling.rule);
      const names = (await rig.drain()).map(({ name }) => name);
      if (handling.whenFull === 'block') {
        assert.deepEqual([state, full], ['full', { of: quota === undefined ? 'budget' : 'rule' }]);
        assert.match(rig.buffer.refusal(handling)?.message ?? '', /^The buffer has no room/);
        assert.ok(sender.held > 0 && sender.acknowledged.length > 0);
        assert.deepEqual(names, sender.acknowledged.slice(0, names.length));
        assert.equal(counts.evicted, 0);
      } else if (handling.whenFull === 'dropOldest') {
        assert.equal(sender.acknowledged.length, 1_000);
        assert.ok(counts.evicted! > 500);
        assert.deepEqual(names, sender.acknowledged.slice(-names.length));
      } else if (quota !== undefined) {
        assert.ok(counts.full! > 500);
        assert.equal(counts.evicted, 0);
        assert.deepEqual(names, sender.acknowledged.slice(0, names.length));
      }
      // Room again, and it goes on.
      await time.pass(5_000);
      await rig.drain();
      await time.pass(5_000);
      assert.equal(sender.held, 0);
      await sender.send(10);
      await time.pass(2_000);
      assert.equal((await rig.drain()).length, 10);
      assert.equal(rig.buffer.status().state, 'open');
      assertLedger(rig.buffer);
      await time.pass(3_000);
      assertTold(rig);
    });
  }
}
