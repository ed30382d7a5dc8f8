import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import type { RuleOptions } from '../../src/admission/options.ts';
import { RuleBook } from '../../src/admission/rule-book.ts';
import type { RecordBuffer } from '../../src/buffer/buffer.ts';
import type { DiskFaults } from '../../src/buffer/worker-protocol.ts';
import type { Heard } from '../../src/core/decoded.ts';
import { HeadgateError } from '../../src/core/errors.ts';
import type { Message } from '../../src/core/message.ts';
import type { ClockQuality } from '../../src/core/time.ts';
import { Flow } from '../../src/pipeline/flow.ts';
import { createDecoder } from '../../src/profiles/decoder.ts';
import { Batch } from '../../src/wire/generated/headgate/v1/record.ts';
import { isBalanced, openBuffer } from '../support/buffer.ts';
import { tempDir } from '../support/temp-dir.ts';

interface Options {
  readonly faults?: DiskFaults;
  readonly maxPendingBytes?: number;
  readonly nowMs?: number;
  readonly quality?: ClockQuality;
  readonly monotonic?: () => number;
  readonly rules?: readonly RuleOptions[];
}

async function started(t: TestContext, options: Options = {}) {
  const clock = {
    quality: () => options.quality ?? 'estimated',
    now: () => options.nowMs ?? Date.UTC(2026, 10, 22),
    monotonic: options.monotonic ?? (() => performance.now()),
  };
  const buffer = await openBuffer(t, tempDir(t), {
    options: { maxPendingBytes: options.maxPendingBytes ?? 1e6 },
    clock,
    faults: options.faults ?? {},
  });
  const decode = createDecoder({
    deviceTopics: ['sensors/{device}/#'],
    maxDepth: 8,
    maxFields: 100,
    maxBytes: 1e6,
    profiles: false,
    profileDirs: [],
  });
  const rules = new RuleBook(options.rules ?? []);
  const heard: Parameters<Heard>[] = [];
  return {
    buffer,
    heard,
    flow: new Flow({ decode, rules, buffer, clock, heard: (...told) => heard.push(told), publish: () => {} }),
  };
}

const message = (text: string, mqttQos: 0 | 1 | 2 = 1): Message => ({
  source: 'mqtt',
  topic: 'sensors/plant-7/climate',
  payload: Buffer.from(text),
  mqttQos,
});

async function stored(buffer: RecordBuffer) {
  const batches = await Promise.all(buffer.lanes().map(({ key }) => buffer.read(key, 0, 1e6)));
  return batches.flat().flatMap(({ records }) => Batch.decode(records).records);
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
  assert.ok(isBalanced(buffer));
});

test('a disk that refuses is a refusal to the source, and counted', async (t) => {
  const { flow } = await started(t, { faults: { failCommits: { from: 1, count: 1 } } });
  await assert.rejects(flow.deliver(message('1')), { code: 'buffer.failed' });
  assert.deepEqual(await flow.deliver(message('2')), { sequence: 2 });
  assert.deepEqual(flow.status(), { received: 2, confirmed: 1, refused: 1, undecoded: 0 });
});

test('only what is bulk may be put off, by sources that can be told so', async (t) => {
  const { flow } = await started(t);
  const refusalOfBulk = () => new HeadgateError('overload.shed', 'Too much.');
  // Without a rule QoS 0 is bulk, and everything else is not.
  await assert.rejects(flow.deliver({ ...message('1', 0), refusalOfBulk }), { code: 'overload.shed' });
  await flow.deliver({ ...message('2', 1), refusalOfBulk });
  await flow.deliver(message('3', 0));
  assert.deepEqual(flow.status(), { received: 3, confirmed: 2, refused: 1, undecoded: 0 });
});

test('a clock that has not been set since boot is marked as such', async (t) => {
  const { buffer, flow } = await started(t, { nowMs: 12_345, quality: 'unset' });
  await flow.deliver(message('1'));
  const [record] = await stored(buffer);
  assert.equal(record?.clockQuality, 1);
  assert.deepEqual(record?.receivedAt, { seconds: 12n, nanos: 345_000_000 });
});

test('a rule says how urgent, how durable, and what is left out', async (t) => {
  const { buffer, flow, heard } = await started(t, {
    rules: [
      { name: 'alarms', match: { field: 'alarm' }, priority: 'critical', durability: 'local', forward: true },
      { name: 'private', match: { field: 'secret' }, forward: false },
      { name: 'steady', match: { topic: 'sensors/#' }, thin: { onChange: true }, forward: true },
    ],
  });
  assert.deepEqual(await flow.deliver(message('{"alarm":true}', 0)), { sequence: 1 });
  await flow.deliver(message('{"secret":1}'));
  for (const value of [1, 1, 2]) await flow.deliver(message(`{"value":${value}}`));
  const records = await stored(buffer);
  assert.deepEqual(
    records.map(({ priority, fields }) => [priority, fields[0]?.name]),
    [
      [3, 'alarm'],
      [2, 'value'],
      [2, 'value'],
    ],
  );
  const { received, waiting, dropped } = buffer.status().ledger;
  assert.deepEqual([received, waiting, dropped.thinned, dropped['not-forwarded']], [5, 3, 1, 1]);
  assert.equal(flow.status().confirmed, 5);
  assert.deepEqual(
    heard.map(([{ deviceId, kind }, { topic }, atMs]) => [deviceId, kind, topic, atMs]),
    Array(5).fill(['plant-7', 'measurement', 'sensors/plant-7/climate', Date.UTC(2026, 10, 22)]),
    'whatever becomes of a message, its device was heard, once',
  );
});

test('a record that could not be stored is not the one that the next is compared with', async (t) => {
  const { flow, buffer } = await started(t, {
    faults: { failCommits: { from: 1, count: 1 } },
    rules: [{ name: 'steady', thin: { onChange: true }, forward: true }],
  });
  await assert.rejects(flow.deliver(message('{"value":1}')));
  await flow.deliver(message('{"value":1}'));
  assert.equal((await stored(buffer)).length, 1);
});

test('a rule that keeps one record an hour is told what time it is', async (t) => {
  let nowMs = 1_000;
  const { buffer, flow } = await started(t, {
    monotonic: () => nowMs,
    rules: [{ name: 'hourly', thin: { every: 3_600_000 }, forward: true }],
  });
  await flow.deliver(message('1'));
  nowMs += 3_500_000;
  await flow.deliver(message('2'));
  nowMs += 100_000;
  await flow.deliver(message('3'));
  const { received, waiting, dropped } = buffer.status().ledger;
  assert.deepEqual([received, waiting, dropped.thinned], [3, 2, 1]);
});
