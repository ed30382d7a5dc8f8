import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { cpSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import type { DiskFaults, FaultyOperation } from '../../../src/buffer/worker-protocol.ts';
import type { HeadgateError } from '../../../src/core/errors.ts';
import type { Durability, Handling } from '../../../src/core/handling.ts';
import { memoryDir } from '../../support/small-disk.ts';
import { assertLedger, post, Rig, readings, StillTime, type TestRecord, turns } from './rig.ts';

const durabilities: readonly Durability[] = ['local', 'anywhere', 'relaxed', 'memory'];
/** Of a full disk only what must be kept says that nothing was lost: of others the oldest goes. */
const handlingOf = (durability: Durability): Handling => ({
  ...readings,
  rule: `rule-${durability}`,
  durability,
  whenFull: 'block',
});
const isEarly = (durability: Durability): boolean => durability === 'relaxed' || durability === 'memory';

/** What the source of a run of records was told. */
interface Told {
  readonly acknowledged: Set<string>;
  readonly refused: Set<string>;
  readonly states: Set<string>;
}

/** Sends records one after the other, one every 300 ms, and notes what becomes of each. */
async function send(rig: Rig, time: StillTime, durability: Durability, first: number, count: number, told: Told) {
  const handling = handlingOf(durability);
  for (let index = first; index < first + count; index++) {
    const name = `${durability} ${index}`;
    if (isEarly(durability)) {
      post(rig, handling, name);
      told.acknowledged.add(name);
    } else {
      rig.append(handling, name).then(
        () => told.acknowledged.add(name),
        (error: HeadgateError) => {
          assert.equal(error.code, 'buffer.failed');
          told.refused.add(name);
        },
      );
    }
    await turns();
    told.states.add(rig.buffer.status().state);
    await time.pass(300);
    told.states.add(rig.buffer.status().state);
    assertLedger(rig.buffer);
  }
}

const newTold = (): Told => ({ acknowledged: new Set(), refused: new Set(), states: new Set() });

/** Everything that was acknowledged waits, once, and nothing that was refused. */
async function assertKept(rig: Rig, { acknowledged, refused }: Told, isTaken = true): Promise<void> {
  const names = (await rig.drain(isTaken)).map(({ name }) => name);
  assert.equal(new Set(names).size, names.length, 'something is there twice');
  assert.deepEqual(
    names.filter((name) => refused.has(name)),
    [],
    'something refused is there',
  );
  assert.deepEqual(
    [...acknowledged].filter((name) => !names.includes(name)),
    [],
    'something acknowledged is lost',
  );
}

async function startRig(t: TestContext, time: StillTime, faults: DiskFaults, directory = join(memoryDir(t), 'buffer')) {
  const rig = await Rig.start({ t, directory, faults, clock: time });
  return { rig, directory };
}

for (const durability of durabilities) {
  for (const kind of ['full', 'io'] as const) {
    test(`${durability}: the n-th write fails (${kind}), for each n`, async (t) => {
      const time = new StillTime(t);
      let failed = 0;
      for (let n = 1; n <= 12; n++) {
        const count = n % 2 === 0 ? 1 : 3;
        const { rig, directory } = await startRig(t, time, { failCommits: { from: n, count, kind } });
        const told = newTold();
        await send(rig, time, durability, 0, 8, told);
        await time.pass(12_000);
        assert.equal(rig.buffer.status().state, 'open', 'it has not recovered');
        // Until the faults are over, whichever write they were waiting for.
        await send(rig, time, durability, 8, 6, told);
        await time.pass(15_000);
        await send(rig, time, durability, 14, 1, told);
        await time.pass(15_000);
        assert.ok(told.acknowledged.has(`${durability} 14`), 'it takes nothing any more');
        assert.equal(told.acknowledged.size + told.refused.size, 15, 'somebody waits for ever');
        if (durability !== 'local') assert.equal(told.refused.size, 0);
        if (durability !== 'memory') {
          // The process dies: what was acknowledged is there, and what was refused is not.
          const copy = `${directory}-copy`;
          cpSync(directory, copy, { recursive: true });
          const { rig: next } = await startRig(t, time, {}, copy);
          await assertKept(next, told);
          assertLedger(next.buffer);
          assert.deepEqual(next.buffer.status().damages, []);
          await next.buffer.stop();
        }
        await assertKept(rig, told);
        await rig.buffer.stop();
        if (rig.errors.length > 0) failed++;
      }
      assert.ok(durability === 'memory' || failed >= 6, `only ${failed} runs had a failure`);
    });
  }
}

test('a failed fsync is told, its file is not trusted again, and the disk is asked whether it is well', async (t) => {
  const time = new StillTime(t);
  const { rig, directory } = await startRig(t, time, { failCommits: { from: 3, count: 2, kind: 'io' } });
  const told = newTold();
  await send(rig, time, 'local', 0, 3, told);
  assert.equal(rig.buffer.status().state, 'failing');
  assert.match(rig.buffer.status().failure ?? '', /fsync failed/);
  const lane = readdirSync(directory).find((name) => name.startsWith('rule-local'))!;
  const [first = ''] = readdirSync(join(directory, lane)).filter((name) => name.endsWith('.db'));
  const bytes = readFileSync(join(directory, lane, first));
  await time.pass(12_000);
  assert.equal(rig.buffer.status().state, 'open', 'nobody sends any more, and it is not found out');
  await send(rig, time, 'local', 3, 5, told);
  assert.deepEqual(readFileSync(join(directory, lane, first)), bytes, 'the file was written to again');
  assert.ok(readdirSync(join(directory, lane)).filter((name) => name.endsWith('.db')).length > 1);
  await assertKept(rig, told);
  await rig.buffer.stop();
});

test('while the disk fails, early records go on from memory, within the bound, and what is lost is counted', async (t) => {
  const time = new StillTime(t);
  const maxPendingBytes = 256 * 1024;
  const directory = join(memoryDir(t), 'buffer');
  const faults = { failCommits: { from: 1, count: 40, kind: 'io' as const } };
  const rig = await Rig.start({ t, directory, faults, clock: time, options: { maxPendingBytes }, isLive: () => true });
  const handlings = {
    relaxed: { ...handlingOf('relaxed'), whenFull: 'dropOldest' },
    memory: { ...handlingOf('memory'), whenFull: 'dropOldest' },
  } as const;
  let sent = 0;
  let delivered = 0;
  for (let round = 0; round < 100; round++) {
    for (const durability of ['relaxed', 'memory'] as const) {
      const handling = handlings[durability];
      // As long as the disk is believed to be well, sources wait for it.
      if (rig.buffer.mustWait(handling)) continue;
      for (let i = 0; i < 10; i++) post(rig, handling, `${durability} ${sent++} ${'x'.repeat(1000)}`);
    }
    await time.pass(50);
    // Half of the time the uplink takes what there is: from memory, as the disk has nothing.
    if (round < 50) delivered += (await rig.drain()).length;
    const { pendingBytes } = rig.buffer.status();
    assert.ok(pendingBytes <= maxPendingBytes + 64 * 1024, `${pendingBytes} bytes are in memory`);
    assertLedger(rig.buffer);
  }
  assert.ok(delivered >= 950, `only ${delivered} were delivered while the disk failed`);
  assert.equal(rig.buffer.status().state, 'failing');
  await time.pass(60_000);
  assert.equal(rig.buffer.status().state, 'open');
  delivered += (await rig.drain()).length;
  const { ledger } = rig.buffer.status();
  const lost = sent - delivered;
  assert.ok(lost > 0, 'nothing was lost: this test proves nothing');
  assert.equal(ledger.dropped['disk-failed'] + ledger.dropped.evicted, lost);
  await time.pass(3_000);
  assert.equal(
    rig.gaps.reduce((sum, { count }) => sum + count, 0),
    lost,
    'gaps and ledger differ',
  );
  await rig.buffer.stop();
});

const fill = randomBytes(60_000).toString('base64');
const operations: readonly FaultyOperation[] = ['create', 'unlink', 'read', 'reserve', 'shelf'];
for (const operation of operations) {
  for (const kind of ['full', 'io'] as const) {
    test(`${operation} fails (${kind}), the n-th time, for each n`, async (t) => {
      const time = new StillTime(t);
      for (let n = 1; n <= 5; n++) {
        const { rig, directory } = await startRig(t, time, {
          fail: { [operation]: { from: n, count: 2, kind } },
        }).catch((error) => {
          throw new Error(`it did not start with n = ${n}`, { cause: error });
        });
        const told = newTold();
        const taken = new Set<string>();
        for (let round = 0; round < 6; round++) {
          for (const durability of ['local', 'anywhere', 'relaxed'] as const) {
            await send(rig, time, durability, round * 3, 3, told);
            rig.buffer.shelf.put('test', `${round}`, Buffer.from(`${round}`));
            // Larger than a segment: each round makes new ones, and deletes old ones.
            void rig.append(handlingOf(durability), `big ${round}-${durability} ${fill}`).catch(() => {});
            await time.pass(100);
          }
          await time.pass(1_000);
          const came: TestRecord[] = [];
          await rig.drain(true, came).catch((error: HeadgateError) => assert.equal(error.code, 'buffer.failed'));
          for (const { name } of came) {
            assert.ok(!taken.has(name), `${name} came twice`);
            taken.add(name);
          }
        }
        await time.pass(70_000);
        for (const { name } of await rig.drain()) taken.add(name);
        await rig.buffer.shelf.saved();
        assert.deepEqual(
          [...told.acknowledged].filter((name) => !taken.has(name)),
          [],
        );
        assert.deepEqual(
          [...told.refused].filter((name) => taken.has(name)),
          [],
        );
        await time.pass(70_000);
        const { state, diskBytes, waitingRecords } = rig.buffer.status();
        assert.equal(state, 'open');
        assert.equal(waitingRecords, 0);
        const files = readdirSync(directory, { recursive: true, encoding: 'utf8' }).filter((name) =>
          /\d\.db$/.test(name),
        );
        assert.ok(files.length <= 8 && diskBytes < 1e6, `${diskBytes} bytes stay in ${files.join(', ')}`);
        await rig.buffer.stop();
        const { rig: next } = await startRig(t, time, {}, directory);
        assert.equal((await next.buffer.shelf.entries('test')).length, 6);
        assert.deepEqual(
          (await next.drain()).map(({ name }) => name),
          [],
        );
        await next.buffer.stop();
      }
    });
  }
}

test('sequences are not used again after a crash, although no reservation was ever taken and their segments are gone', async (t) => {
  const time = new StillTime(t);
  const always = { from: 1, count: 1e9 };
  const { rig, directory } = await startRig(t, time, { fail: { reserve: always } });
  const told = newTold();
  await send(rig, time, 'local', 0, 5, told);
  void rig.append(handlingOf('local'), `big 0 ${fill}`);
  await time.pass(300);
  assert.equal((await rig.drain()).length, 6);
  await time.pass(70_000);
  const used = rig.buffer.status().lastSequence;
  const copy = `${directory}-copy`;
  cpSync(directory, copy, { recursive: true });
  for (const name of readdirSync(copy, { recursive: true, encoding: 'utf8' })) {
    assert.doesNotMatch(name, /rule-local.*0001\.db$/, 'its segment is still there: this test proves nothing');
  }
  const { rig: next } = await startRig(t, time, {}, copy);
  const later = newTold();
  await send(next, time, 'local', 7, 1, later);
  const [record] = await next.drain();
  assert.ok(record!.sequence > used, `${record?.sequence} was given out before`);
});
