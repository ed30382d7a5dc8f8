import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import type { RuleOptions } from '../../src/admission/options.ts';
import { RuleBook } from '../../src/admission/rule-book.ts';
import type { Decoded } from '../../src/core/decoded.ts';
import type { Measurement } from '../../src/core/measurement.ts';
import type { Message } from '../../src/core/message.ts';
import type { Taken } from '../../src/core/taken.ts';
import { Flow } from '../../src/pipeline/flow.ts';
import { Batch } from '../../src/wire/generated/headgate/v1/record.ts';
import { openBuffer } from '../support/buffer.ts';
import { tempDir } from '../support/temp-dir.ts';

/** Reads `d1=1 d2=2`: devices, each with its value. */
function decode({ payload }: Message): Decoded {
  const [first, ...others] = Buffer.from(payload)
    .toString()
    .split(' ')
    .map((part): Measurement => {
      const [deviceId, value] = part.split('=');
      return { deviceId: deviceId!, fields: [{ name: 'value', value: Number(value) }] };
    });
  return { kind: 'measurement', deviceId: first!.deviceId, measurements: [first!, ...others], keepPayload: true };
}

async function started(
  t: TestContext,
  rules: readonly RuleOptions[] = [],
  { wantsPayloads = false, fails = false } = {},
) {
  const clock = { quality: () => 'synced' as const, now: () => 1_790_000_000_000, monotonic: () => performance.now() };
  const faults = fails ? { failCommits: { from: 1, count: 1_000 } } : {};
  const buffer = await openBuffer(t, tempDir(t), { options: { maxPendingBytes: 1e6 }, clock, faults });
  const seen: Taken[] = [];
  const onlooker = { wantsPayloads, taken: (taken: Taken) => seen.push({ ...taken }) };
  const deps = { decode, rules: new RuleBook(rules), buffer, clock, heard: () => {}, publish: () => {}, onlooker };
  return { buffer, seen, flow: new Flow(deps) };
}

const message = (text: string): Message => ({ source: 'mqtt', topic: 'pack', payload: Buffer.from(text), mqttQos: 1 });
const textOf = ({ measurement, sequence }: Taken): string =>
  `${measurement.deviceId}=${measurement.fields[0]?.value} #${sequence}`;

test('who looks on is told what became durable, with the sequence that it has on the wire', async (t) => {
  const { flow, buffer, seen } = await started(t);
  const traceId = '0af7651916cd43dd8448eb211c80319c';
  await flow.deliver({ ...message('a=1'), traceId });
  await flow.deliver(message('b=2 c=3 a=4'));
  await flow.deliver(message('a=5'));
  assert.deepEqual(seen.map(textOf), ['a=1 #1', 'b=2 #2', 'c=3 #3', 'a=4 #4', 'a=5 #5']);
  const [lane] = buffer.lanes();
  const stored = (await buffer.read(lane!.key, 0, 1e6)).flatMap(({ firstSequence, records }) =>
    Batch.decode(records).records.map(({ deviceId }, index) => `${deviceId} #${firstSequence + index}`),
  );
  assert.deepEqual(
    seen.map(({ measurement, sequence }) => `${measurement.deviceId} #${sequence}`),
    stored,
  );
  assert.deepEqual(
    { ...seen[0], measurement: undefined },
    {
      measurement: undefined,
      sequence: 1,
      kind: 'measurement',
      source: 'mqtt',
      topic: 'pack',
      receivedAtMs: 1_790_000_000_000,
      clockQuality: 'synced',
      profile: undefined,
      payload: undefined,
      traceId,
    },
  );
  assert.equal(seen[1]?.traceId, undefined);
});

test('it is told of nothing before it is durable, and of nothing that was refused', async (t) => {
  const { flow, seen } = await started(t, [], { fails: true });
  const delivered = flow.deliver(message('a=1'));
  assert.deepEqual(seen, []);
  await assert.rejects(delivered);
  await assert.rejects(flow.deliver(message('a=1 b=2')));
  assert.deepEqual(seen, []);
});

test('it is told of what rules keep from the records too', async (t) => {
  const { flow, seen } = await started(t, [
    { name: 'local', match: { device: 'l*' }, forward: false },
    { name: 'early', match: { device: 'e*' }, durability: 'relaxed', forward: true },
  ]);
  await flow.deliver(message('l=1'));
  await flow.deliver(message('e=2'));
  await flow.deliver(message('l=3 e=4 a=5'));
  assert.deepEqual(seen.map(textOf), ['l=1 #0', 'e=2 #0', 'l=3 #0', 'e=4 #0', `a=5 #${seen.at(-1)?.sequence}`]);
  assert.ok(seen.at(-1)!.sequence > 0);
});

test('payloads are copied for who wants them, once of a message', async (t) => {
  const { flow, seen } = await started(t, [], { wantsPayloads: true });
  const said = message('a=1 b=2');
  const delivered = flow.deliver(said);
  said.payload.fill(0);
  await delivered;
  assert.deepEqual(
    seen.map(({ payload }) => payload && Buffer.from(payload).toString()),
    ['a=1 b=2', undefined],
  );
});
