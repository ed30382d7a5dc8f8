import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import { test } from 'node:test';
import fc from 'fast-check';
import type { RuleOptions } from '../../src/admission/options.ts';
import { RuleBook } from '../../src/admission/rule-book.ts';
import type { RecordBuffer } from '../../src/buffer/buffer.ts';
import type { DiskFaults } from '../../src/buffer/worker-protocol.ts';
import type { Measurement } from '../../src/core/measurement.ts';
import { Flow } from '../../src/pipeline/flow.ts';
import type { Decoder } from '../../src/profiles/decoder.ts';
import { RecordReader } from '../../src/wire/record-reader.ts';
import { storedBatch } from '../../src/wire/stored-batch.ts';
import { isBalanced, makeBuffer } from '../support/buffer.ts';
import { LocalDisk } from '../support/local-disk.ts';
import { rounds } from '../support/random.ts';
import { tempDir } from '../support/temp-dir.ts';

// Any messages of 1 to 20 measurements, any rules, a disk that fails and a process that dies at any moment: whoever was promised
// something has it, and what the disk takes for a whole message is one.

const runs = rounds(15, 1_000);

const kinds = ['local', 'critical', 'relaxed', 'memory', 'private'] as const;
type Kind = (typeof kinds)[number];
const ruleOf: Readonly<Record<Exclude<Kind, 'local'>, RuleOptions>> = {
  critical: { name: 'critical', match: { device: 'critical-*' }, priority: 'critical', forward: true },
  relaxed: { name: 'relaxed', match: { device: 'relaxed-*' }, durability: 'relaxed', forward: true },
  memory: { name: 'memory', match: { device: 'memory-*' }, durability: 'memory', forward: true },
  private: { name: 'private', match: { device: 'private-*' }, forward: false },
};

/** `KIND-DEVICE` for each measurement; the message's number and the measurement's place are its fields. */
const decode: Decoder = ({ payload }) => {
  const { n, parts } = JSON.parse(Buffer.from(payload).toString()) as { n: number; parts: string[] };
  const measurements = parts.map((deviceId, place): Measurement => {
    const fields = [
      { name: 'n', value: n },
      { name: 'place', value: place },
    ];
    return { deviceId, fields };
  });
  const [first, ...others] = measurements;
  return {
    kind: 'measurement',
    deviceId: first!.deviceId,
    measurements: [first!, ...others],
    keepPayload: n % 3 === 0,
  };
};

const clock = { quality: () => 'synced' as const, now: () => 1_790_000_000_000, monotonic: () => performance.now() };

async function started(directory: string, rules: readonly RuleOptions[], faults: DiskFaults = {}) {
  let disk: LocalDisk | undefined;
  const buffer = makeBuffer(directory, {
    options: { maxBatchBytes: 1_000, keep: 3_600_000 },
    ...{ clock, faults },
    openDisk: (settings) =>
      LocalDisk.open(settings, (opened) => {
        disk = opened;
      }),
  });
  await buffer.start();
  const flow = new Flow({ decode, rules: new RuleBook(rules), buffer, clock, heard: () => {}, publish: () => {} });
  return { buffer, flow, disk: disk! };
}

function faultsOf(failure: { what: string; from: number; count: number } | undefined): DiskFaults {
  if (failure === undefined) return {};
  const { what, from, count } = failure;
  return what === 'commit' ? { failCommits: { from, count } } : { fail: { create: { from, count } } };
}

interface Sending {
  readonly n: number;
  readonly parts: readonly string[];
  outcome: 'waits' | 'taken' | 'refused';
}

function send(flow: Flow, sending: Sending): Promise<void> {
  const { n, parts } = sending;
  const payload = Buffer.from(JSON.stringify({ n, parts }));
  const delivery = { client: 'c', packetId: n + 1, digest: n };
  return flow.deliver({ source: 'mqtt', topic: 't', payload, mqttQos: 1, delivery }).then(
    () => {
      sending.outcome = 'taken';
    },
    () => {
      sending.outcome = 'refused';
    },
  );
}

/** How often each measurement of each message is on disk, by number and place. */
async function countsIn(buffer: RecordBuffer): Promise<Map<string, number>> {
  const counts = new Map<string, number>();
  const reader = new RecordReader();
  for await (const batch of buffer.archive.history({ fromMs: 0, toMs: Number.MAX_SAFE_INTEGER })) {
    for (const { fields, gap } of gapless(reader, batch.records)) {
      if (gap !== undefined || fields.length !== 2) continue;
      const name = fields.map(({ value }) => value).join();
      counts.set(name, (counts.get(name) ?? 0) + 1);
    }
  }
  return counts;
}

/** The test buffer writes gaps as texts that are no records: they have a batch of their own. */
function gapless(reader: RecordReader, records: Uint8Array) {
  if (records[0] !== 0x7a) return [];
  return [...reader.records(storedBatch({ firstSequence: 1, count: 1, records }, undefined))];
}

const part = fc.tuple(fc.constantFrom(...kinds), fc.constantFrom('a', 'b', 'c')).map((both) => both.join('-'));
const scenario = fc.record({
  rules: fc.subarray(Object.keys(ruleOf) as Exclude<Kind, 'local'>[]),
  messages: fc.array(
    fc.record({ parts: fc.array(part, { minLength: 1, maxLength: 20 }), rest: fc.constantFrom(0, 0, 1, 2) }),
    { minLength: 1, maxLength: 12 },
  ),
  /** Requests that the disk carries out between two messages. */
  works: fc.array(fc.nat(3), { minLength: 12, maxLength: 12 }),
  failure: fc.option(
    fc.record({
      // After its bytes were written, or when a lane's first file is made. A full disk would make the oldest go.
      what: fc.constantFrom('commit', 'create'),
      from: fc.integer({ min: 1, max: 8 }),
      count: fc.integer({ min: 1, max: 3 }),
    }),
    { nil: undefined },
  ),
});

test('whatever happens, what was promised is there, and what counts as taken is there as a whole', {
  timeout: 30_000 + runs * 1_000,
}, async (t) => {
  // Of a process that died nothing ticks on.
  t.mock.timers.enable({ apis: ['setTimeout', 'setInterval'] });
  let crashes = 0;
  let partly = 0;
  await fc.assert(
    fc.asyncProperty(scenario, async ({ rules: names, messages, works, failure }) => {
      const rules = names.map((name) => ruleOf[name]);
      /** Where a part goes: `local` without a rule of its own. */
      const kindOf = (device: string): Kind => {
        const kind = device.split('-')[0] as Kind;
        return kind === 'local' || !names.includes(kind) ? 'local' : kind;
      };
      const first = await started(tempDir(t), rules, faultsOf(failure));
      first.disk.isAutomatic = false;
      const sendings = messages.map(({ parts }, n): Sending => ({ n, parts, outcome: 'waits' }));
      for (const [n, sending] of sendings.entries()) {
        void send(first.flow, sending);
        for (let turns = messages[n]!.rest; turns > 0; turns--) await new Promise(setImmediate);
        await first.disk.work(works[n]);
      }
      await new Promise(setImmediate);
      assert.ok(isBalanced(first.buffer));
      const copy = `${tempDir(t)}/after`;
      mkdirSync(copy);
      first.disk.crash(copy);
      crashes++;

      const after = await started(copy, rules);
      const known = new Set(after.buffer.deliveries.map(({ packetId }) => packetId - 1));
      const found = await countsIn(after.buffer);
      for (const { n, parts, outcome } of sendings) {
        const isThere = parts.map((device, place) => ({
          kind: kindOf(device),
          count: found.get(`${n},${place}`) ?? 0,
        }));
        const durable = isThere.filter(({ kind }) => kind === 'local' || kind === 'critical');
        const onDisk = isThere.filter(({ kind }) => kind !== 'memory' && kind !== 'private');
        if (outcome === 'taken')
          assert.ok(
            durable.every(({ count }) => count === 1),
            `acknowledged: ${n}`,
          );
        if (known.has(n))
          assert.ok(
            onDisk.every(({ count }) => count === 1),
            `counts as taken: ${n}`,
          );
        for (const kind of kinds) {
          const counts = new Set(isThere.filter((one) => one.kind === kind).map(({ count }) => count));
          assert.ok(counts.size <= 1, `all of a lane's or none: ${n} ${kind}`);
        }
        if (new Set(onDisk.map(({ count }) => count)).size > 1) partly++;
        // One lane: what is there is known by its key. Failing commits make segments, and only the last two are looked into.
        if (failure === undefined && onDisk.length > 0 && new Set(onDisk.map(({ kind }) => kind)).size === 1) {
          assert.equal(known.has(n), onDisk[0]!.count === 1, `known: ${n}`);
        }
      }
      // Its clients send again what they have no acknowledgement for; what is known is not taken in again.
      await Promise.all(
        sendings.map((sending) =>
          sending.outcome === 'taken' || known.has(sending.n) ? undefined : send(after.flow, sending),
        ),
      );
      assert.ok(isBalanced(after.buffer));
      await after.buffer.stop();
      const last = await started(copy, rules);
      const counts = await countsIn(last.buffer);
      for (const { n, parts } of sendings) {
        const durable = parts.flatMap((device, place) =>
          ['local', 'critical'].includes(kindOf(device)) ? [counts.get(`${n},${place}`) ?? 0] : [],
        );
        const lanes = new Set(parts.map(kindOf).filter((kind) => kind !== 'memory' && kind !== 'private'));
        const most = failure === undefined && lanes.size === 1 ? 1 : 2;
        for (const count of durable) assert.ok(count >= 1 && count <= most, `${n} is there ${count} times`);
      }
      await last.buffer.stop();
    }),
    {
      ...(process.env.DBG && JSON.parse(process.env.DBG)),
      numRuns: runs,
    },
  );
  t.diagnostic(`${crashes} crashes, ${partly} messages of which some lanes had their part`);
  assert.ok(partly > 0, 'no crash fell between two lanes: the test does not test what it is for');
});
