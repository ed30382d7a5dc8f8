import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import type { RecordBuffer } from '../../src/buffer/buffer.ts';
import type { StoredBatch } from '../../src/core/batch.ts';
import type { Handling } from '../../src/core/handling.ts';
import {
  anywhere,
  append,
  appendEarly,
  isBalanced,
  local,
  makeBuffer,
  memory,
  openBuffer,
  relaxed,
  textOf,
  waitingText,
} from '../support/buffer.ts';
import { LocalDisk } from '../support/local-disk.ts';
import { tempDir } from '../support/temp-dir.ts';

interface Rig {
  readonly buffer: RecordBuffer;
  readonly disk: LocalDisk;
  /** What the uplink was told it may send. */
  readonly ready: StoredBatch[];
  readonly uplink: { isLive: boolean };
  /** Lets time pass and what became due go to the disk, which works at once. */
  pass(ms: number): Promise<void>;
  /** Ends the process here, and opens what its disk holds in a new one. */
  crash(): Promise<RecordBuffer>;
}

async function rig(t: TestContext, isLive: boolean): Promise<Rig> {
  t.mock.timers.enable({ apis: ['setTimeout', 'setInterval'] });
  const directory = tempDir(t);
  const time = { monotonic: 1_000 };
  const clock = { now: () => Date.UTC(2026, 10, 22), monotonic: () => time.monotonic };
  const uplink = { isLive };
  let disk: LocalDisk | undefined;
  const buffer = makeBuffer(directory, {
    clock,
    uplink: { isLive: () => uplink.isLive, acknowledgeMs: () => 25, underWay: () => [] },
    openDisk: (settings) =>
      LocalDisk.open(settings, (opened) => {
        disk = opened;
      }),
  });
  await buffer.start();
  let isGone = false;
  t.after(() => (isGone ? undefined : buffer.stop()));
  const ready: StoredBatch[] = [];
  buffer.onReady((batch) => ready.push(batch));
  const pass = async (ms: number): Promise<void> => {
    for (let passed = 0; passed < ms; passed += 50) {
      time.monotonic += 50;
      t.mock.timers.tick(50);
      await turns();
    }
  };
  const crash = async (): Promise<RecordBuffer> => {
    const copy = `${tempDir(t)}/after`;
    mkdirSync(copy);
    // Nobody is there any more to be stopped.
    isGone = true;
    disk!.crash(copy);
    return openBuffer(t, copy, { clock });
  };
  return { buffer, disk: disk!, ready, uplink, pass, crash };
}

/** Lets what is due in this turn and the next few happen. */
async function turns(): Promise<void> {
  for (let i = 0; i < 5; i++) await new Promise(setImmediate);
}

/** Notes when a record is acknowledged. */
function send(buffer: RecordBuffer, handling: Handling, text: string): { outcome: string } {
  const sent = { outcome: 'waits' };
  append(buffer, handling, text).then(
    () => {
      sent.outcome = 'acknowledged';
    },
    () => {
      sent.outcome = 'refused';
    },
  );
  return sent;
}

test('local: acknowledged after the fsync and not before, whatever the uplink does', async (t) => {
  const { buffer, disk, ready, crash } = await rig(t, true);
  disk.isAutomatic = false;
  const sent = send(buffer, local, 'a');
  await turns();
  assert.deepEqual([sent.outcome, ready.length], ['waits', 0]);
  disk.work();
  await turns();
  assert.deepEqual([sent.outcome, textOf(ready)], ['acknowledged', '<a>']);
  assert.equal(await waitingText(await crash()), '<a>');
});

test('local: killed before the disk was asked, it was not acknowledged', async (t) => {
  const { buffer, disk, crash } = await rig(t, false);
  disk.isAutomatic = false;
  const sent = send(buffer, local, 'a');
  await turns();
  const after = await crash();
  assert.equal(sent.outcome, 'waits');
  assert.equal(await waitingText(after), '');
});

test('anywhere, offline: acknowledged after the fsync', async (t) => {
  const { buffer, disk, crash } = await rig(t, false);
  disk.isAutomatic = false;
  const sent = send(buffer, anywhere, 'a');
  await turns();
  assert.equal(sent.outcome, 'waits');
  disk.work();
  await turns();
  assert.equal(sent.outcome, 'acknowledged');
  assert.equal(await waitingText(await crash()), '<a>');
});

test('anywhere, online: the collector is faster, and nothing is written', async (t) => {
  const { buffer, disk, ready, pass, crash } = await rig(t, true);
  const sent = send(buffer, anywhere, 'a');
  await turns();
  assert.deepEqual([sent.outcome, textOf(ready)], ['waits', '<a>']);
  buffer.acknowledge(ready);
  await turns();
  assert.equal(sent.outcome, 'acknowledged');
  await pass(2_000);
  assert.deepEqual(
    readdirSync(disk.directory).filter((name) => name.startsWith('anywhere')),
    [],
  );
  const { received, delivered } = buffer.status().ledger;
  assert.deepEqual([received, delivered], [1, 1]);
  // Its sequence reached the collector and no disk of ours: it must not name another record.
  const after = await crash();
  assert.ok((await append(after, local, 'b')) > ready[0]!.firstSequence);
});

test('anywhere, online, and the collector says nothing: the disk is next', async (t) => {
  const { buffer, ready, pass, crash } = await rig(t, true);
  const sent = send(buffer, anywhere, 'a');
  await pass(50);
  assert.equal(sent.outcome, 'waits');
  await pass(150);
  assert.equal(sent.outcome, 'acknowledged');
  // The collector's answer comes late: it is delivered, once.
  buffer.acknowledge(ready);
  assert.equal(buffer.status().waitingRecords, 0);
  assert.ok(isBalanced(buffer));
  assert.equal(await waitingText(await crash()), '<a>');
});

test('anywhere: confirmed by the collector while the disk works at it, it counts once', async (t) => {
  const { buffer, disk, ready, pass } = await rig(t, true);
  const sent = send(buffer, anywhere, 'a');
  disk.isAutomatic = false;
  await pass(200);
  buffer.acknowledge(ready);
  await turns();
  disk.isAutomatic = true;
  disk.work();
  await turns();
  assert.equal(sent.outcome, 'acknowledged');
  const { received, delivered, waiting } = buffer.status().ledger;
  assert.deepEqual([received, delivered, waiting], [1, 1, 0]);
});

test('relaxed: on disk within a second, unless delivered sooner', async (t) => {
  const { buffer, disk, ready, pass, crash } = await rig(t, true);
  appendEarly(buffer, relaxed, 'delivered');
  await turns();
  buffer.acknowledge(ready.splice(0));
  await pass(2_000);
  assert.equal(existsSync(join(disk.directory, buffer.lanes()[0]!.key)), false);
  appendEarly(buffer, relaxed, 'kept');
  assert.equal(buffer.status().ledger.waiting, 1);
  await pass(1_050);
  assert.equal(await waitingText(await crash()), '<kept>');
});

test('relaxed, offline: what comes within a second is one batch', async (t) => {
  const { buffer, pass } = await rig(t, false);
  for (const text of ['a', 'b', 'c']) {
    appendEarly(buffer, relaxed, text);
    await pass(100);
  }
  await pass(1_000);
  const [batch, ...others] = await buffer.read(buffer.lanes()[0]!.key, 0, 1e6);
  assert.deepEqual([textOf([batch!]), others.length], ['<a><b><c>', 0]);
});

test('memory: sent, never on disk, and counted when the gateway stops', async (t) => {
  const { buffer, disk, ready, pass } = await rig(t, false);
  appendEarly(buffer, memory, 'a');
  await pass(1_100);
  assert.equal(textOf(ready), '<a>');
  buffer.acknowledge(ready.splice(0));
  appendEarly(buffer, memory, 'b');
  await pass(60_000);
  const { directory } = disk;
  await buffer.stop();
  const again = await openBuffer(t, directory, {
    reportDelayMs: { losses: 0, choices: 0 },
    openDisk: (settings) => LocalDisk.open(settings),
  });
  assert.doesNotMatch(await waitingText(again), /<[ab]>/);
  const { dropped, delivered } = again.status().ledger;
  assert.deepEqual([dropped.stopped, delivered, isBalanced(again)], [1, 1, true]);
  // Told upstream as well.
  for (let i = 0; i < 3; i++) {
    t.mock.timers.tick(1_000);
    await turns();
  }
  assert.match(await waitingText(again), /"reason":"stopped".*"count":1/);
});

test('a device keeps its order over rules of one priority', async (t) => {
  const { buffer, ready } = await rig(t, true);
  buffer.rulesChanged([local, anywhere]);
  const send = (handling: Handling, text: string): void =>
    buffer.append(handling, Buffer.from(text), 0, text.length, 0, undefined, undefined, 'plant-7');
  for (const [handling, text] of [
    [local, '1'],
    [anywhere, '2'],
    [local, '3'],
    [anywhere, '4'],
  ] as const) {
    send(handling, text);
  }
  // Of another device, in between, nothing need be sealed for.
  buffer.append(local, Buffer.from('x'), 0, 1, 0, undefined, undefined, 'plant-8');
  await turns();
  const inOrder = ready.sort((a, b) => a.firstSequence - b.firstSequence);
  assert.equal(textOf(inOrder).replace('x', ''), '1234');
});
