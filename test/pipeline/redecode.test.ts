import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import type { RuleOptions } from '../../src/admission/options.ts';
import { RuleBook } from '../../src/admission/rule-book.ts';
import type { RecordBuffer } from '../../src/buffer/buffer.ts';
import type { Decoded } from '../../src/core/decoded.ts';
import type { Measurement } from '../../src/core/measurement.ts';
import { silentLog } from '../../src/lib/log.ts';
import { Flow } from '../../src/pipeline/flow.ts';
import type { Asked } from '../../src/pipeline/redecode/asked.ts';
import { Redecoder } from '../../src/pipeline/redecode/redecoder.ts';
import type { Decoder } from '../../src/profiles/decoder.ts';
import { type DecodedRecord, RecordReader } from '../../src/wire/record-reader.ts';
import { storedBatch } from '../../src/wire/stored-batch.ts';
import { isBalanced, openBuffer } from '../support/buffer.ts';
import { tempDir } from '../support/temp-dir.ts';
import { eventually } from '../support/wait.ts';

const startMs = Date.UTC(2026, 10, 25, 12);
const all: Asked = { fromMs: 0, toMs: Number.MAX_SAFE_INTEGER };

/** Nothing is known: everything is raw. */
const unknowing: Decoder = ({ topic }) => ({
  kind: 'raw',
  deviceId: topic,
  measurements: [{ deviceId: topic, fields: [] }],
  keepPayload: true,
});

/** A profile for numbers with commas between them: each is a record. Version 1 takes them for tenths. */
const numbers =
  (version: number, { keep = true } = {}): Decoder =>
  ({ topic, payload }) => {
    const profile = { name: 'acme/numbers', version };
    const text = Buffer.from(payload).toString();
    const none = { deviceId: `acme:${topic}`, fields: [] };
    const of = (kind: Decoded['kind'], measurements: readonly Measurement[]): Decoded => {
      const [first = none, ...others] = measurements;
      return { kind, deviceId: none.deviceId, measurements: [first, ...others], keepPayload: keep, profile };
    };
    if (text.startsWith('log:')) return of('log', []);
    const values = text.split(',').map(Number);
    if (values.some((value) => Number.isNaN(value))) return of('failed', []);
    return of(
      'measurement',
      values.map((value) => ({
        deviceId: none.deviceId,
        fields: [{ name: 'value', value: version === 1 ? value / 10 : value, unit: 'Cel' }],
        timeMs: startMs,
        timeNanos: 5,
      })),
    );
  };

interface Options {
  readonly rules?: readonly RuleOptions[];
  readonly directory?: string;
  readonly quality?: 'unset' | 'synced';
  /** What may be in memory only, which bounds what a relaxed rule holds back. */
  readonly maxPendingBytes?: number;
  /** Of all that is sent. */
  readonly traceId?: string;
}

async function started(t: TestContext, options: Options = {}) {
  const { rules = [], directory = tempDir(t), quality = 'synced', maxPendingBytes = 65_536, traceId } = options;
  let nowMs = startMs;
  const clock = { quality: () => quality, now: () => nowMs, monotonic: () => performance.now() };
  const buffer = await openBuffer(t, directory, {
    options: { keep: 3_600_000, maxBatchBytes: 16_384, maxPendingBytes },
    clock,
  });
  const book = new RuleBook(rules);
  const site = { decode: unknowing, version: 1 };
  const decode: Decoder = (message, atMs) => site.decode(message, atMs);
  const flow = new Flow({ decode, rules: book, buffer, clock, heard: () => {}, publish: () => {} });
  const redecoder = new Redecoder({
    buffer,
    rules: book,
    clock,
    freshDecoder: async () => site.decode,
    versionOf: (name) => (name === 'acme/numbers' ? site.version : undefined),
    log: silentLog,
    pause: async (_ms, signal) => {
      paused();
      await new Promise(setImmediate);
      signal.throwIfAborted();
    },
  });
  let paused = (): void => {};
  t.after(() => redecoder.stop());
  return {
    ...{ buffer, redecoder, directory },
    onPause: (then: () => void): void => {
      paused = then;
    },
    knows: (decode: Decoder, version: number): void => {
      Object.assign(site, { decode, version });
    },
    later: (ms: number): void => {
      nowMs += ms;
    },
    send: (topic: string, ...texts: readonly string[]) => {
      const about = { source: 'mqtt', topic, mqttQos: 1, traceId } as const;
      return Promise.all(texts.map((text) => flow.deliver({ ...about, payload: Buffer.from(text) })));
    },
    again: async (asked: Partial<Asked> = {}) => {
      redecoder.begin({ ...all, ...asked });
      await redecoder.ended();
      const { messages, superseded, records, unchanged, already, unreadable, notForwarded, state } = redecoder.status();
      return { state, messages, superseded, records, unchanged, already, unreadable, notForwarded };
    },
  };
}

async function recordsOf(buffer: RecordBuffer): Promise<DecodedRecord[]> {
  const records: DecodedRecord[] = [];
  const reader = new RecordReader();
  for await (const batch of buffer.archive.history(all)) records.push(...reader.records(storedBatch(batch, undefined)));
  return records;
}
const textOf = ({ fields, supersedes, payload }: DecodedRecord) =>
  `${fields.map(({ value }) => value).join()}${payload === undefined ? '' : '+'} for ${supersedes.join()}`;
/** What was made anew, as `VALUES(+ with payload) for SEQUENCES`. */
const anew = async (buffer: RecordBuffer) =>
  (await recordsOf(buffer)).filter(({ supersedes }) => supersedes.length > 0).map(textOf);
const nothing = {
  state: 'done',
  messages: 0,
  superseded: 0,
  records: 0,
  unchanged: 0,
  already: 0,
  unreadable: 0,
  notForwarded: 0,
};

test('what nobody could read is sent as what it is, with its own time, and only once', async (t) => {
  const traceId = '0af7651916cd43dd8448eb211c80319c';
  const { buffer, send, knows, again, later } = await started(t, { traceId });
  await send('a', '1', '2,3,4', 'x', 'log:y');
  later(60_000);
  await send('a', '5');
  knows(numbers(2, { keep: false }), 2);
  later(600_000);
  assert.deepEqual(await again(), { ...nothing, messages: 5, superseded: 3, records: 5, unreadable: 2 });
  assert.deepEqual(await anew(buffer), ['1 for 1', '2 for 2', '3 for 2', '4 for 2', '5 for 5']);
  const made = (await recordsOf(buffer)).filter(({ supersedes }) => supersedes.length > 0);
  for (const { receivedAt, time, profile, profileVersion, deviceId, topic, source, clockQuality, priority } of made) {
    assert.equal(time, new Date(startMs).toISOString().replace('.000Z', '.000000005Z'));
    assert.match(receivedAt!, /12:0[01]:00.000Z$/);
    assert.deepEqual([profile, profileVersion, deviceId, topic], ['acme/numbers', 2, 'acme:a', 'a']);
    assert.deepEqual([source, clockQuality, priority], ['mqtt', 3, 1]);
  }
  assert.deepEqual(new Set(made.map((record) => record.traceId)), new Set([traceId]));
  assert.equal(made[4]?.receivedAt, new Date(startMs + 60_000).toISOString());
  // The three of one message are told from those of others.
  assert.deepEqual([made[0]?.message, new Set(made.slice(1, 4).map(({ message }) => message)).size], [0, 1]);
  assert.ok(made[1]!.message > 2 ** 31);
  const once = await again();
  assert.deepEqual(once, { ...nothing, messages: 5, already: 3, unreadable: 2 });
  assert.equal((await anew(buffer)).length, 5);
  assert.ok(isBalanced(buffer));
});

test('a profile that was corrected: the records of a message are replaced together, and again by the next version', async (t) => {
  const { buffer, send, knows, again } = await started(t);
  knows(numbers(1), 1);
  await send('a', '10,20', '0', 'log:z');
  assert.deepEqual(await again(), nothing);
  knows(numbers(2), 2);
  assert.deepEqual(await again(), { ...nothing, messages: 3, superseded: 1, records: 2, unchanged: 1, unreadable: 1 });
  assert.deepEqual(await anew(buffer), ['10+ for 1', '20 for 1,2']);
  // What did not change by it says so again; what did was sent.
  assert.deepEqual(await again(), { ...nothing, messages: 3, already: 1, unchanged: 1, unreadable: 1 });
  knows(({ topic, payload }) => {
    const three = numbers(3)({ source: 'mqtt', topic, payload }, 0);
    return { ...three, measurements: [three.measurements[0]] };
  }, 3);
  assert.deepEqual(await again({ topic: 'a' }), {
    ...nothing,
    messages: 3,
    superseded: 1,
    records: 1,
    unchanged: 1,
    unreadable: 1,
  });
  assert.deepEqual((await anew(buffer)).slice(2), ['10+ for 1,2,5,6']);
});

test('values that were none are taken back', async (t) => {
  const { buffer, send, knows, again } = await started(t);
  knows(numbers(1), 1);
  await send('a', '7');
  knows(({ topic }) => ({ ...numbers(2)({ source: 'mqtt', topic, payload: Buffer.from('log:') }, 0) }), 2);
  assert.equal((await again()).superseded, 1);
  const last = (await recordsOf(buffer)).at(-1)!;
  assert.deepEqual([last.fields, last.kind, last.supersedes], [[], 6, [1]]);
});

test('only what is asked for: topic, profile, device, time', async (t) => {
  const { send, knows, again, later } = await started(t);
  await send('a', '1');
  await send('b', '2', 'x');
  later(1_000);
  await send('b/c', '3');
  knows(numbers(2), 2);
  const asked: [Partial<Asked>, number][] = [
    [{ topic: 'none' }, 0],
    [{ profile: 'other/*' }, 0],
    [{ device: 'nobody' }, 0],
    [{ toMs: startMs }, 0],
    [{ fromMs: startMs + 1_000 }, 1],
    [{ device: 'acme:a' }, 1],
    [{ topic: 'b/#', profile: 'acme/*', device: 'b*', toMs: startMs + 1 }, 1],
  ];
  for (const [what, superseded] of asked)
    assert.equal((await again(what)).superseded, superseded, JSON.stringify(what));
  assert.deepEqual(await again(), { ...nothing, messages: 4, already: 3, unreadable: 1 });
});

test('what is read by what came before is read again in that order, whatever the topics', async (t) => {
  const { buffer, send, knows, again } = await started(t);
  knows(numbers(1), 1);
  await send('births', '10');
  knows(unknowing, 1);
  await send('data', '7');
  // A birth says what data is to be multiplied by.
  let factor: number | undefined;
  knows((message, atMs) => {
    const decoded = numbers(1)(message, atMs);
    const [first] = decoded.measurements;
    const value = first.fields[0]?.value as number;
    if (message.topic === 'births') factor = value;
    else if (factor === undefined) return unknowing(message, atMs);
    return { ...decoded, measurements: [{ ...first, fields: [{ name: 'value', value: value * (factor ?? 0) * 10 }] }] };
  }, 1);
  assert.deepEqual(await again({ topic: 'data' }), { ...nothing, messages: 1, superseded: 1, records: 1 });
  assert.deepEqual(await anew(buffer), ['7+ for 2']);
});

test('rules that keep records from the collector hold for what is made anew; others do not thin it', async (t) => {
  const rules: RuleOptions[] = [
    { name: 'secret', match: { device: 'acme:secret' }, forward: false },
    { name: 'steady', match: { topic: 'a' }, thin: { onChange: true }, forward: true },
  ];
  const { buffer, send, knows, again } = await started(t, { rules });
  await send('secret', '1');
  await send('a', '1', '1');
  knows(numbers(2), 2);
  assert.deepEqual(await again(), { ...nothing, messages: 3, superseded: 2, records: 2, notForwarded: 1 });
  assert.equal((await anew(buffer)).length, 2);
});

test('what came of a run that was cut short is made whole by the next', async (t) => {
  const { buffer, send, knows, again, directory } = await started(t);
  await send('a', '1,2,3');
  knows(({ topic }) => {
    const two = numbers(2)({ source: 'mqtt', topic, payload: Buffer.from('1,2') }, 0);
    return two;
  }, 2);
  await again();
  await buffer.stop();
  const after = await started(t, { directory });
  after.knows(numbers(2), 2);
  assert.equal((await after.again()).superseded, 1);
  assert.deepEqual(
    await anew(after.buffer),
    ['1+ for 1', '2 for 1', '1+ for 1', '2 for 1', '3 for 1,2,3'].map((text, i) => (i === 1 ? '2 for 1' : text)),
  );
});

test('many messages of several lanes', async (t) => {
  const rules: RuleOptions[] = [{ name: 'quick', match: { topic: 'q/#' }, durability: 'relaxed', forward: true }];
  const { buffer, send, knows, again, later } = await started(t, { rules, maxPendingBytes: 16 * 2 ** 20 });
  for (let i = 0; i < 30; i++) {
    later(20_000);
    await send(`q/${i % 3}`, ...Array.from({ length: 50 }, (_, n) => `${n},${n + 1}`));
    await send(`n/${i % 3}`, ...Array.from({ length: 50 }, (_, n) => `${n}`));
  }
  await eventually('everything to be on disk', () => buffer.status().pendingBytes === 0);
  // Else what is missing had no room, and says nothing of what is decoded again.
  assert.equal(buffer.status().ledger.waiting, 3_000);
  knows(numbers(2), 2);
  assert.deepEqual(await again(), { ...nothing, messages: 3_000, superseded: 3_000, records: 4_500 });
  assert.deepEqual(await again(), { ...nothing, messages: 3_000, already: 3_000 });
  assert.ok(isBalanced(buffer));
});

test('records of one message that went to several lanes are replaced together', async (t) => {
  const rules: RuleOptions[] = [{ name: 'quick', match: { device: 'q' }, durability: 'relaxed', forward: true }];
  const { buffer, send, knows, again } = await started(t, { rules });
  knows((message, atMs) => {
    const decoded = numbers(1)(message, atMs);
    const [first, ...others] = decoded.measurements.map((one, i) => (i % 2 === 0 ? { ...one, deviceId: 'q' } : one));
    return { ...decoded, measurements: [first!, ...others] };
  }, 1);
  await send('a', ...Array.from({ length: 10 }, () => '1,2,3'));
  await eventually('everything to be on disk', () => buffer.status().pendingBytes === 0);
  const before = await recordsOf(buffer);
  knows(numbers(2), 2);
  assert.deepEqual(await again(), { ...nothing, messages: 10, superseded: 10, records: 30 });
  const replaced = (await recordsOf(buffer)).flatMap(({ supersedes }) => (supersedes.length > 1 ? supersedes : []));
  assert.deepEqual(
    replaced.toSorted((a, b) => a - b),
    before.map(({ sequence }) => sequence),
  );
});

test('it waits while the collector has not taken what was made before, while the disk is busy, and while there is no room', async (t) => {
  const { buffer, redecoder, send, knows, again, onPause } = await started(t);
  await send('a', ...Array.from({ length: 3 }, () => 'x'.repeat(100_000)), '1');
  knows(({ payload, ...message }, atMs) => {
    // Large enough for a rest after each.
    const decoded = numbers(2)({ ...message, payload: Buffer.from('5') }, atMs);
    const blob = { name: 'blob', value: Buffer.from(payload).toString() };
    return { ...decoded, measurements: [{ deviceId: 'd', fields: [blob, blob, blob] }] };
  }, 2);
  const { status, mustWait } = buffer;
  const obstacles = ['collector', 'disk', 'buffer'];
  buffer.mustWait = (handling) => obstacles[0] === 'disk' || mustWait.call(buffer, handling);
  buffer.status = () => {
    const real = status.call(buffer);
    const lanes = real.lanes.map((lane) => ({
      ...lane,
      ...(obstacles[0] === 'collector' && { waitingBytes: 1e8 }),
      ...(obstacles[0] === 'buffer' && { gate: 'dropping' as const }),
    }));
    return { ...real, lanes };
  };
  const reasons: string[] = [];
  onPause(() => {
    const { state, reason } = redecoder.status();
    if (state !== 'waiting') return;
    reasons.push(reason ?? '');
    obstacles.shift();
  });
  assert.deepEqual(await again(), { ...nothing, messages: 4, superseded: 4, records: 4 });
  assert.match(reasons.join('; '), /^the collector has .*; the disk is busy.*; there is no room for more records$/);
});

test('one run at a time, which can be stopped; none without a clock', async (t) => {
  const { redecoder, send, knows, again } = await started(t);
  await send('a', '1', '2');
  knows(numbers(2), 2);
  redecoder.begin(all);
  assert.throws(() => redecoder.begin(all), { code: 'request.conflict', message: /already/ });
  const { state } = await redecoder.cancel();
  assert.equal(state, 'stopped');
  assert.equal((await again()).state, 'done');
  const unset = await started(t, { quality: 'unset' });
  assert.throws(() => unset.redecoder.begin(all), { code: 'request.conflict', message: /clock/ });
});

test('a disk that refuses ends it, and says why', async (t) => {
  const { buffer, redecoder, send, knows } = await started(t);
  await send('a', '1');
  knows(numbers(2), 2);
  await buffer.stop();
  redecoder.begin(all);
  await redecoder.ended();
  const { state, reason } = redecoder.status();
  assert.equal(state, 'failed');
  assert.match(reason ?? '', /not open/);
});
