import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import type { RuleOptions } from '../../src/admission/options.ts';
import { RuleBook } from '../../src/admission/rule-book.ts';
import type { RecordBuffer } from '../../src/buffer/buffer.ts';
import type { DiskFaults } from '../../src/buffer/worker-protocol.ts';
import type { Decoded, Request } from '../../src/core/decoded.ts';
import type { Measurement } from '../../src/core/measurement.ts';
import type { Message } from '../../src/core/message.ts';
import { Flow } from '../../src/pipeline/flow.ts';
import { Batch, type Record } from '../../src/wire/generated/headgate/v1/record.ts';
import { isBalanced, openBuffer } from '../support/buffer.ts';
import { tempDir } from '../support/temp-dir.ts';

/** Reads `["d1=1","d2=2"]`: devices, each with the value of its field `value`, or of the field before a colon. */
function decode({ payload }: Message): Decoded {
  const parts = JSON.parse(Buffer.from(payload).toString()) as string[];
  const measurements = parts.map((part): Measurement => {
    const [, deviceId, tag, name = 'value', value] = /^(\w+)(?:@(\w+))?(?::(\w+))?=(\d+)$/.exec(part)!;
    const fields = [{ name, value: Number(value) }];
    return { deviceId: deviceId!, fields, ...(tag && { tags: [['at', tag] as const] }) };
  });
  const [first, ...others] = measurements;
  return {
    kind: 'measurement',
    deviceId: first!.deviceId,
    measurements: [first!, ...others],
    keepPayload: true,
    profile: { name: 'test/pack', version: 3 },
    requests: measurements.flatMap(({ deviceId, fields }) =>
      fields[0]?.name === 'ask' ? [{ topic: `ask/${deviceId}`, payload: new Uint8Array() }] : [],
    ),
  };
}

interface Options {
  readonly directory?: string;
  readonly faults?: DiskFaults;
  readonly rules?: readonly RuleOptions[];
  readonly maxPendingBytes?: number;
}

async function started(t: TestContext, { faults = {}, rules = [], ...options }: Options = {}) {
  const clock = { quality: () => 'synced' as const, now: () => 1_790_000_000_000, monotonic: () => performance.now() };
  const { maxPendingBytes = 1e6, directory = tempDir(t) } = options;
  const buffer = await openBuffer(t, directory, { options: { maxPendingBytes }, clock, faults });
  const requests: Request[] = [];
  const flow = new Flow({
    decode,
    rules: new RuleBook(rules),
    buffer,
    clock,
    heard: () => {},
    publish: (request) => requests.push(request),
  });
  return { buffer, flow, directory, requests };
}

const message = (parts: readonly string[], about: Partial<Message> = {}): Message => ({
  source: 'mqtt',
  topic: 'pack',
  payload: Buffer.from(JSON.stringify(parts)),
  mqttQos: 1,
  ...about,
});
const key = { client: 'c', packetId: 7, digest: 99 };
const delivered = ({ deliveries }: RecordBuffer) => deliveries.map(({ client, packetId }) => `${client} ${packetId}`);

async function batchesOf(buffer: RecordBuffer) {
  const batches = await Promise.all(buffer.lanes().map(({ key }) => buffer.read(key, 0, 1e6)));
  const inOrder = batches.flat().sort((a, b) => a.firstSequence - b.firstSequence);
  return inOrder.map(({ firstSequence, records }) => ({ firstSequence, records: Batch.decode(records).records }));
}
const recordsOf = async (buffer: RecordBuffer) => (await batchesOf(buffer)).flatMap(({ records }) => records);
const textOf = ({ deviceId, fields }: Record) => `${deviceId}=${fields[0]?.value?.value}`;
const valuesOf = async (buffer: RecordBuffer) => (await recordsOf(buffer)).map(textOf);

const alarms: RuleOptions = { name: 'alarms', match: { field: 'alarm' }, priority: 'critical', forward: true };
const quick: RuleOptions = { name: 'quick', match: { device: 'q*' }, durability: 'relaxed', forward: true };

test('each measurement becomes a record, the payload is in the first one, and the receipt is that of the last', async (t) => {
  const { buffer, flow } = await started(t);
  const sent = message(['a=1', 'b=2', 'a=3']);
  assert.deepEqual(await flow.deliver(sent), { sequence: 3 });
  await flow.deliver(message(['a=4', 'a=5']));
  await flow.deliver(message(['a=6']));
  const records = await recordsOf(buffer);
  assert.deepEqual(await valuesOf(buffer), ['a=1', 'b=2', 'a=3', 'a=4', 'a=5', 'a=6']);
  assert.deepEqual(
    records.map(({ message }) => message),
    [1, 1, 1, 2, 2, 0],
  );
  assert.deepEqual(Buffer.from(records[0]!.payload!), sent.payload);
  assert.deepEqual(
    records.map(({ payload }) => payload !== undefined),
    [true, false, false, true, false, true],
  );
  for (const { profile, profileVersion, kind } of records)
    assert.deepEqual([profile, profileVersion, kind], ['test/pack', 3, 0]);
  assert.deepEqual(flow.status(), { received: 3, confirmed: 3, refused: 0, undecoded: 0 });
  assert.equal(buffer.status().ledger.received, 6);
});

test('records of one lane are one batch, so that all of them are stored or none, however many', async (t) => {
  const { buffer, flow } = await started(t);
  const many = Array.from({ length: 200 }, (_, i) => `device${i}=${i}`);
  await Promise.all([
    flow.deliver(message(['a=1', 'b=1'])),
    flow.deliver(message(many)),
    flow.deliver(message(['a=2', 'b=2'])),
  ]);
  const byMessage = new Map<number, Set<number>>();
  for (const { firstSequence, records } of await batchesOf(buffer))
    for (const record of records) {
      const batches = byMessage.get(record.message) ?? new Set();
      byMessage.set(record.message, batches.add(firstSequence));
    }
  assert.deepEqual(
    [...byMessage.values()].map(({ size }) => size),
    [1, 1, 1],
  );
});

test('rules decide about each by itself; what is first of those that are kept has the payload', async (t) => {
  const rules: RuleOptions[] = [
    { name: 'private', match: { device: 'p*' }, forward: false },
    alarms,
    { name: 'steady', thin: { onChange: true }, forward: true },
  ];
  const { buffer, flow } = await started(t, { rules });
  const sent = message(['p1=1', 'a:alarm=1', 'b=1', 'b=1', 'b=2', 'b@x=2', 'b@y=2', 'b@x=2']);
  await flow.deliver(sent);
  // Which of two lanes is sealed first does not matter.
  const records = (await recordsOf(buffer)).sort((a, b) => b.priority - a.priority);
  assert.deepEqual(records.map(textOf), ['a=1', 'b=1', 'b=2', 'b=2', 'b=2']);
  assert.deepEqual(
    records.map(({ priority, payload, message }) => [priority, payload !== undefined, message]),
    [[3, true, 1], ...Array.from({ length: 4 }, () => [2, false, 1])],
  );
  assert.deepEqual(
    records.map(({ tags }) => tags.at),
    [undefined, undefined, undefined, 'x', 'y'],
  );
  const { received, waiting, dropped } = buffer.status().ledger;
  assert.deepEqual([received, waiting, dropped.thinned, dropped['not-forwarded']], [8, 5, 2, 1]);
  assert.deepEqual(await flow.deliver(message(['p1=1', 'p2=1'])), {});
  // One that is kept alone is the only one of its message.
  await flow.deliver(message(['p1=1', 'c=1']));
  assert.equal((await recordsOf(buffer)).find(({ deviceId }) => deviceId === 'c')?.message, 0);
  assert.equal(flow.status().confirmed, 3);
});

test('a message is acknowledged when the slowest of its records is safe, and not by one that needs no waiting', async (t) => {
  const { buffer, flow } = await started(t, { rules: [quick], faults: { commitDelayMs: 20 } });
  assert.deepEqual(await flow.deliver(message(['q1=1', 'q2=1'])), {});
  assert.equal(buffer.status().commits, 0);
  const { sequence } = await flow.deliver(message(['q1=2', 'a=1', 'q2=2', 'a=2']));
  assert.ok(sequence !== undefined && buffer.status().commits > 0);
  assert.ok(isBalanced(buffer));
});

test('a message of which a record is refused is refused, and what comes again is no repetition', async (t) => {
  const rules: RuleOptions[] = [alarms, { name: 'steady', thin: { onChange: true }, forward: true }];
  const { buffer, flow, directory } = await started(t, { rules, faults: { fail: { create: { from: 2, count: 1 } } } });
  const sent = message(['a:alarm=1', 'b=1', 'c=1'], { delivery: key });
  await assert.rejects(flow.deliver(sent), { code: 'buffer.failed' });
  assert.equal((await recordsOf(buffer)).length, 1);
  assert.deepEqual(flow.status(), { received: 1, confirmed: 0, refused: 1, undecoded: 0 });
  await buffer.stop();
  const again = await started(t, { rules, directory });
  // One of the two lanes has it: that is not the message.
  assert.deepEqual(delivered(again.buffer), []);
  await again.flow.deliver(sent);
  assert.deepEqual((await valuesOf(again.buffer)).sort(), ['a=1', 'a=1', 'b=1', 'c=1']);
  await again.buffer.stop();
  assert.deepEqual(delivered((await started(t, { directory })).buffer), ['c 7']);
});

test('records that were refused do not make the next ones repetitions', async (t) => {
  const rules: RuleOptions[] = [{ name: 'steady', thin: { onChange: true }, forward: true }];
  const { buffer, flow } = await started(t, { rules, faults: { failCommits: { from: 1, count: 1 } } });
  await assert.rejects(flow.deliver(message(['a@x=1', 'a@y=1', 'b=1'])));
  await flow.deliver(message(['a@x=1', 'a@y=1', 'b=1']));
  assert.deepEqual(await valuesOf(buffer), ['a=1', 'a=1', 'b=1']);
});

test('what the disk refused, and has nevertheless, does not count as taken once something else is in its place', async (t) => {
  const { buffer, flow, directory } = await started(t, { faults: { failCommits: { from: 1, count: 1, kind: 'io' } } });
  await assert.rejects(flow.deliver(message(['a=1'], { delivery: key })), { code: 'buffer.failed' });
  await flow.deliver(message(['b=1'], { delivery: { ...key, packetId: 8 } }));
  await buffer.stop();
  const after = await started(t, { directory });
  assert.deepEqual([await valuesOf(after.buffer), delivered(after.buffer)], [['b=1'], ['c 8']]);
});

test('all that is one lane’s has one delivery key, and so have lanes of which only one is on disk', async (t) => {
  const rules: RuleOptions[] = [{ name: 'volatile', match: { device: 'v*' }, durability: 'memory', forward: true }];
  const { buffer, flow, directory } = await started(t, { rules });
  await flow.deliver(message(['a=1', 'b=1'], { delivery: key }));
  await flow.deliver(message(['v=1', 'b=1', 'v=2'], { delivery: { ...key, packetId: 8 } }));
  await buffer.stop();
  assert.deepEqual(delivered((await started(t, { directory })).buffer), ['c 7', 'c 8']);
});

test('a rule without room has nothing of the message stored', async (t) => {
  const { buffer, flow } = await started(t, { rules: [alarms] });
  let isFull = true;
  const { refusal } = buffer;
  buffer.refusal = (handling) =>
    isFull && handling.rule === 'alarms' ? (new Error('no room') as never) : refusal.call(buffer, handling);
  const sent = message(['b=1', 'a:alarm=1', 'b=2']);
  for (let i = 0; i < 3; i++) await assert.rejects(flow.deliver(sent), /no room/);
  assert.equal(buffer.status().ledger.received, 0);
  isFull = false;
  await flow.deliver(sent);
  assert.equal((await recordsOf(buffer)).length, 3);
});

test('what a decoder asks of devices is published, whether it came with one record or several', async (t) => {
  const { flow, requests } = await started(t);
  await flow.deliver(message(['a:ask=1']));
  await flow.deliver(message(['a=1', 'b:ask=1', 'c:ask=1']));
  assert.deepEqual(
    requests.map(({ topic }) => topic),
    ['ask/a', 'ask/b', 'ask/c'],
  );
});

test('nothing is taken from a stopped buffer', async (t) => {
  const { buffer, flow } = await started(t);
  await buffer.stop();
  await assert.rejects(flow.deliver(message(['a=1', 'b=1'])), { code: 'buffer.closed' });
});
