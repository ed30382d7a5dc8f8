import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { RecordBuffer } from '../../src/buffer/buffer.ts';
import type { StoredBatch } from '../../src/core/batch.ts';
import type { Gap, Handling } from '../../src/core/handling.ts';
import { silentLog } from '../../src/lib/log.ts';
import { FakeTime } from '../support/fake-time.ts';
import { LocalDisk } from '../support/local-disk.ts';
import { FakeUplink } from './model/uplink.ts';

const hourMs = 3_600_000;
const yearMs = 365 * 24 * hourMs;
const stepMs = 30_000;
const steps = (48 * hourMs) / stepMs;
const devices = 200;
const recordsPerStep = 87;
const ttlMs = 12 * hourMs;
/** Memory may grow by so much in all the time; what waits is several times as large. */
const maxGrowthBytes = 12 * 2 ** 20;

const rules: readonly { readonly handling: Handling; readonly share: number }[] = [
  { handling: { rule: 'alarms', priority: 'critical', durability: 'local', whenFull: 'block' }, share: 0.02 },
  { handling: { rule: 'meters', priority: 'normal', durability: 'local', whenFull: 'dropOldest' }, share: 0.38 },
  { handling: { rule: 'climate', priority: 'normal', durability: 'anywhere', whenFull: 'dropOldest' }, share: 0.2 },
  { handling: { rule: 'chatter', priority: 'bulk', durability: 'relaxed', whenFull: 'dropOldest' }, share: 0.2 },
  { handling: { rule: 'doors', priority: 'bulk', durability: 'relaxed', whenFull: 'dropOldest', ttlMs }, share: 0.15 },
  { handling: { rule: 'probes', priority: 'bulk', durability: 'memory', whenFull: 'dropOldest' }, share: 0.05 },
];

/** By the hour at which it happens: what the wall clock does. It begins in 1970, as one without a battery. */
const clockJumps = new Map([
  [1, Date.UTC(2026, 5, 1)],
  [13, yearMs],
  [14, -yearMs],
  [30, -yearMs],
  [41, yearMs],
]);

const headerBytes = 16;
const reportMark = 0xffff_ffff;

/** A record: its length, its number among all, its rule and device, when it was taken in (s of monotonic time), and text. */
function writeRecord(into: Buffer, number: number, rule: number, device: number, atMs: number): number {
  const values = `"t":${20 + (number % 7)}.${number % 100},"rh":${40 + (device % 30)},"battery":3.${number % 60}`;
  const text = `{"site":"a site somewhere offline","model":"a sensor of some kind",${values},"n":${number * 7919}}`;
  into.writeUInt32LE(text.length, 0);
  into.writeUInt32LE(number, 4);
  into.writeUInt16LE(rule, 8);
  into.writeUInt16LE(device, 10);
  into.writeUInt32LE(atMs / 1000, 12);
  return headerBytes + into.write(text, headerBytes, 'latin1');
}

function reportOf(gap: Gap): { bytes: Buffer; start: number; end: number } {
  const bytes = Buffer.concat([Buffer.alloc(headerBytes), Buffer.from(JSON.stringify(gap))]);
  bytes.writeUInt32LE(bytes.length - headerBytes, 0);
  bytes.writeUInt32LE(reportMark, 4);
  return { bytes, start: 0, end: bytes.length };
}

/** Counts and compares what arrives, and keeps none of it. */
class Collector {
  readonly #time: FakeTime;
  readonly delivered = rules.map(() => 0);
  readonly gaps: Gap[] = [];
  readonly #lastSequence = new Map<string, number>();
  /** By device and rule: the last record's number, which goes up as they are taken in. */
  readonly #last = new Map<string, number>();

  constructor(time: FakeTime) {
    this.#time = time;
  }

  take(batch: StoredBatch): void {
    const before = this.#lastSequence.get(batch.lane) ?? 0;
    assert.ok(batch.firstSequence > before, `lane ${batch.lane}: ${batch.firstSequence} came after ${before}`);
    this.#lastSequence.set(batch.lane, batch.firstSequence + batch.count - 1);
    const bytes = Buffer.from(batch.records.buffer, batch.records.byteOffset, batch.records.length);
    for (let at = 0, i = 0; i < batch.count; i++) {
      const size = bytes.readUInt32LE(at);
      if (bytes.readUInt32LE(at + 4) === reportMark) {
        this.gaps.push(JSON.parse(bytes.toString('latin1', at + headerBytes, at + headerBytes + size)) as Gap);
      } else this.#count(bytes, at);
      at += headerBytes + size;
    }
  }

  #count(bytes: Buffer, at: number): void {
    const number = bytes.readUInt32LE(at + 4);
    const rule = bytes.readUInt16LE(at + 8);
    const device = bytes.readUInt16LE(at + 10);
    const takenAtMs = bytes.readUInt32LE(at + 12) * 1000;
    const { handling } = rules[rule]!;
    const age = this.#time.monotonic() - takenAtMs;
    assert.ok(handling.ttlMs === undefined || age < handling.ttlMs + 2 * stepMs, `${handling.rule}: ${age} ms old`);
    const name = `${device} ${handling.rule}`;
    const before = this.#last.get(name);
    assert.ok(before === undefined || before < number, `device ${device}: ${number} after ${before}`);
    this.#last.set(name, number);
    this.delivered[rule]!++;
  }
}

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

/** Bytes that are in use, in the heap and beside it. */
async function memoryBytes(time: FakeTime): Promise<number> {
  // What the first one finds to be free beside the heap is freed by another thread.
  for (let i = 0; i < 2; i++) {
    collectGarbage();
    await time.turn();
  }
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

/** A day at a site: three times as much at noon as at night. */
function trafficAt(step: number): number {
  const hour = ((step * stepMs) / hourMs) % 24;
  return Math.round(recordsPerStep * (1 - 0.5 * Math.cos((hour / 24) * 2 * Math.PI)));
}

function ruleOf(number: number): number {
  // The same mixture in any hundred records, in no obvious order.
  let rest = ((number * 61) % 100) / 100;
  return rules.findIndex(({ share }) => {
    rest -= share;
    return rest < -1e-9;
  });
}

async function openBuffer(t: TestContext, time: FakeTime, uplink: FakeUplink): Promise<RecordBuffer> {
  const directory = mkdtempSync(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'headgate-48h-'));
  time.start();
  const buffer = new RecordBuffer({
    options: {
      maxBytes: 1e9,
      keep: 0,
      segmentBytes: 2 ** 21,
      maxBatchBytes: 64 * 1024,
      maxPendingBytes: 2 ** 20,
      maxDeliveries: 100,
    },
    directory,
    clock: time,
    log: silentLog,
    encodeGap: reportOf,
    openDisk: LocalDisk.open,
    uplink: {
      isLive: () => uplink.isUp,
      acknowledgeMs: () => 50,
      underWay: (lane) => uplink.underWay(lane),
    },
  });
  buffer.rulesChanged(rules.map(({ handling }) => handling));
  uplink.attach(buffer);
  await buffer.start();
  t.after(async () => {
    const stopped = buffer.stop();
    for (let i = 0; i < 20; i++) await time.advance(50);
    await stopped;
    time.stop();
    rmSync(directory, { recursive: true, force: true });
  });
  return buffer;
}

test('48 hours of a site offline, then back: nothing is missing, nothing out of order, memory flat', async (t) => {
  const time = new FakeTime(0);
  const collector = new Collector(time);
  const uplink = new FakeUplink((batch) => collector.take(batch));
  const buffer = await openBuffer(t, time, uplink);
  const sent = rules.map(() => 0);
  const memory: number[] = [];
  const record = Buffer.alloc(256);
  let total = 0;
  let payloadBytes = 0;
  for (let step = 0; step < steps; step++) {
    const hour = (step * stepMs) / hourMs;
    time.jump(clockJumps.get(hour) ?? 0);
    if (hour % 6 === 3) memory.push(await memoryBytes(time));
    for (let i = trafficAt(step); i > 0; i--) {
      const rule = ruleOf(total);
      const device = (total * 31) % devices;
      const size = writeRecord(record, total, rule, device, time.monotonic());
      const { handling } = rules[rule]!;
      buffer.append(handling, record, 0, size, time.now(), undefined, undefined, String(device));
      sent[rule]!++;
      total++;
      payloadBytes += size;
    }
    await time.turn();
    time.sleep(stepMs - 1_000);
    await time.advance(1_000);
  }
  await time.advance(5_000, 100);
  const { ledger, waitingRecords } = buffer.status();
  assert.equal(ledger.delivered, 0);
  assert.ok(waitingRecords > 0.8 * total, `${waitingRecords} of ${total} wait`);

  uplink.connect();
  for (let idle = 0, round = 0; idle < 10; round++) {
    assert.ok(round < 5_000, 'The backlog does not come to an end.');
    uplink.pull();
    await time.advance(100);
    uplink.arrive(Number.POSITIVE_INFINITY);
    uplink.acknowledge(() => true);
    if (round % 200 === 100) memory.push(await memoryBytes(time));
    // Losses are gathered for seconds before they are told.
    if (buffer.status().waitingRecords > 0) idle = 0;
    else await time.advance(1_000 * idle++);
  }
  memory.push(await memoryBytes(time));

  const { lanes, ledger: end } = buffer.status();
  assert.equal(end.waiting, 0);
  assert.equal(uplink.failure, undefined);
  for (const [index, { handling }] of rules.entries()) {
    const { received, delivered, dropped } = lanes.find(({ rule }) => rule === handling.rule)!.ledger;
    const lost = Object.values(dropped).reduce((sum, count) => sum + count, 0);
    const told = collector.gaps.filter(({ rule }) => rule === handling.rule).reduce((sum, { count }) => sum + count, 0);
    assert.equal(received, sent[index], `${handling.rule}: received`);
    assert.equal(delivered, collector.delivered[index], `${handling.rule}: delivered`);
    assert.equal(received, delivered + lost, `${handling.rule}: the ledger`);
    assert.equal(told, lost, `${handling.rule}: losses that were reported`);
    // Only what has a time to live grew too old, and only what is never on disk was too much for the memory.
    const mayLose = handling.ttlMs !== undefined || handling.durability === 'memory';
    assert.equal(lost > 0, mayLose, `${handling.rule}: ${JSON.stringify(dropped)}`);
    if (handling.ttlMs !== undefined) assert.equal(lost, dropped.expired);
  }
  const growth = Math.max(...memory) - memory[0]!;
  t.diagnostic(
    `${total} records, ${Math.round(payloadBytes / 2 ** 20)} MiB; memory in MiB: ${memory.map((bytes) => (bytes / 2 ** 20).toFixed(1)).join(' ')}`,
  );
  assert.ok(payloadBytes > 2 * maxGrowthBytes);
  assert.ok(growth < maxGrowthBytes, `memory grew by ${growth} bytes: ${memory}`);
});
