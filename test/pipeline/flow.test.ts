import assert from 'node:assert/strict';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { decide } from '../../src/admission/decide.ts';
import { RecordBuffer } from '../../src/buffer/buffer.ts';
import type { DiskFaults } from '../../src/buffer/worker-protocol.ts';
import type { Message } from '../../src/core/message.ts';
import { silentLog } from '../../src/lib/log.ts';
import { Flow } from '../../src/pipeline/flow.ts';
import { createDecoder } from '../../src/profiles/decode.ts';
import { Batch } from '../../src/wire/generated/headgate/v1/record.ts';
import { tempDir } from '../support/temp-dir.ts';

async function started(
  t: TestContext,
  options: { faults?: DiskFaults; maxPendingBytes?: number; nowMs?: number } = {},
) {
  const clock = { now: () => options.nowMs ?? Date.UTC(2026, 10, 22), monotonic: () => performance.now() };
  const buffer = new RecordBuffer({
    options: { maxBatchBytes: 4096, maxPendingBytes: options.maxPendingBytes ?? 1e6, checkpointBytes: 1e6 },
    path: join(tempDir(t), 'b.db'),
    clock,
    log: silentLog,
    faults: options.faults ?? {},
  });
  await buffer.start();
  t.after(() => buffer.stop());
  const decode = createDecoder({ deviceTopics: ['sensors/{device}/#'], maxDepth: 8, maxFields: 100 });
  return { buffer, flow: new Flow({ decode, decide, buffer, clock }) };
}

const message = (text: string, mqttQos: 0 | 1 | 2 = 1): Message => ({
  source: 'mqtt',
  topic: 'sensors/plant-7/climate',
  payload: Buffer.from(text),
  mqttQos,
});

async function stored(buffer: RecordBuffer) {
  const batches = await buffer.read(0, 1e6);
  return batches.flatMap(({ records }) => Batch.decode(records).records);
}

test('a message becomes a record, and its receipt comes when it is on disk', async (t) => {
  const { buffer, flow } = await started(t);
  assert.deepEqual(await flow.deliver(message('{"temperature":21.5}')), { sequence: 1 });
  const [record] = await stored(buffer);
  assert.equal(record?.deviceId, 'plant-7');
  assert.equal(record?.topic, 'sensors/plant-7/climate');
  assert.equal(record?.priority, 2);
  assert.equal(record?.clockQuality, 2);
  assert.equal(record?.payload, undefined);
  assert.deepEqual(record?.fields[0]?.value, { $case: 'number', value: 21.5 });
  assert.deepEqual(flow.status(), { received: 1, confirmed: 1, refused: 0, undecoded: 0 });
});

test('what can not be decoded is kept as it came, and counted', async (t) => {
  const { buffer, flow } = await started(t);
  const payload = Buffer.from([0, 1, 2, 255]);
  await flow.deliver({ ...message(''), payload });
  const [record] = await stored(buffer);
  assert.deepEqual(Buffer.from(record?.payload ?? []), payload);
  assert.equal(flow.status().undecoded, 1);
});

test('QoS 0 does not wait for the disk, unless the disk can not keep up', async (t) => {
  const { buffer, flow } = await started(t, { maxPendingBytes: 100, faults: { commitDelayMs: 100 } });
  const large = `{"text":"${'x'.repeat(200)}"}`;
  assert.deepEqual(await flow.deliver(message(large, 0)), {});
  assert.equal(buffer.status().commits, 0);
  // Now more waits than may: the next one has to.
  assert.deepEqual(await flow.deliver(message(large, 0)), { sequence: 2 });
  assert.equal((await stored(buffer))[0]?.priority, 1);
});

test('a disk that refuses is a refusal to the source, and counted', async (t) => {
  const { flow } = await started(t, { faults: { failCommits: { from: 1, count: 1 } } });
  await assert.rejects(flow.deliver(message('1')), { code: 'buffer.failed' });
  assert.deepEqual(await flow.deliver(message('2')), { sequence: 2 });
  assert.deepEqual(flow.status(), { received: 2, confirmed: 1, refused: 1, undecoded: 0 });
});

test('a clock that has not been set since boot is marked as such', async (t) => {
  const { buffer, flow } = await started(t, { nowMs: 12_345 });
  await flow.deliver(message('1'));
  const [record] = await stored(buffer);
  assert.equal(record?.clockQuality, 1);
  assert.deepEqual(record?.receivedAt, { seconds: 12n, nanos: 345_000_000 });
});
