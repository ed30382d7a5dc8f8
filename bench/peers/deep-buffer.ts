// The gateway's buffer alone, with its worker thread, in a process of its own: records are appended as the pipeline does
// it, without MQTT in front. Its one argument is a BufferJob as JSON; prints the numbers as one line when it is done.
import { mkdirSync, rmSync } from 'node:fs';
import { setImmediate as turn } from 'node:timers/promises';
import { RecordBuffer } from '../../src/buffer/buffer.ts';
import { loadConfig } from '../../src/config/load.ts';
import type { Handling } from '../../src/core/handling.ts';
import { systemClock } from '../../src/core/time.ts';
import { silentLog } from '../../src/lib/log.ts';
import { encodeGap } from '../../src/wire/gap-encoder.ts';
import type { BufferJob, BufferNumbers } from '../lib/deep-buffer-protocol.ts';
import { encodedRecords } from '../lib/encoded-records.ts';
import { percentilesOf } from '../lib/statistics.ts';

const job = JSON.parse(process.argv[2] ?? '{}') as BufferJob;
/** The same at every depth, or a shallow buffer's files would never be full, and those of a small budget be smaller. */
const segmentBytes = 4 * 2 ** 20;
const handling: Handling = { rule: 'bench', priority: 'normal', durability: 'local', whenFull: 'dropOldest' };
const records = encodedRecords();

/** A turn's records: about what a busy gateway takes in while the disk commits. */
const perTurn = 1_000;
/** Appended, and not on disk yet: the disk always has the next ones to work at. */
const maxUnderWay = 4 * perTurn;
/** Enough to fill several files: what sealing and closing one costs is part of it. */
const measured = 700_000;
const warmUp = 300_000;
/** Evictions go by whole files, so what they cost is taken over several of them, and a good many records. */
const measuredEvictions = { files: 3, records: 1_000_000 };
const maxEvictionRecords = 8_000_000;
const statusCalls = 100;

interface Opened {
  readonly buffer: RecordBuffer;
  /** Milliseconds of each commit since it was last emptied, its fsync included. */
  readonly commitMs: number[];
  readonly openMs: number;
}

async function open(directory: string, maxBytes: number): Promise<Opened> {
  mkdirSync(directory, { recursive: true });
  const commitMs: number[] = [];
  const started = performance.now();
  const buffer = new RecordBuffer({
    options: loadConfig({ settings: [`buffer.maxBytes=${maxBytes}`, `buffer.segmentBytes=${segmentBytes}`] }).buffer,
    directory,
    clock: systemClock,
    log: silentLog,
    encodeGap: (gap, receivedAtMs) => encodeGap(gap, { receivedAtMs, clockQuality: 'synced' }),
    onCommit: (ms) => commitMs.push(ms),
  });
  await buffer.start();
  return { buffer, commitMs, openMs: performance.now() - started };
}

let next = 0;

/** Appends so many records, or until `isEnough`, and waits until all are on disk. @throws an Error when one was refused */
async function append({ buffer }: Opened, count: number, isEnough = () => false): Promise<void> {
  let confirmed = 0;
  let appended = 0;
  let failure: Error | undefined;
  let wake = () => {};
  const settle = (error: Error | undefined): void => {
    failure ??= error;
    confirmed++;
    wake();
  };
  while (appended < count && !isEnough()) {
    const now = Date.now();
    const upTo = Math.min(count, appended + perTurn);
    for (; appended < upTo; appended++) {
      const { bytes, starts } = records;
      buffer.append(handling, bytes, starts[next]!, starts[next + 1]!, now, { settled: settle });
      next = (next + 1) % (starts.length - 1);
    }
    await turn();
    while (appended - confirmed > maxUnderWay) await woken();
  }
  while (confirmed < appended) await woken();
  if (failure !== undefined) throw failure;

  async function woken(): Promise<void> {
    await new Promise<void>((resolve) => {
      wake = resolve;
    });
  }
}

async function pile(directory: string, count: number): Promise<BufferNumbers> {
  const opened = await open(directory, Number.MAX_SAFE_INTEGER);
  await append(opened, count);
  opened.commitMs.length = 0;
  const started = performance.now();
  await append(opened, measured);
  const seconds = (performance.now() - started) / 1000;
  const commits = percentilesOf(opened.commitMs);
  const times: number[] = [];
  for (let call = 0; call < statusCalls; call++) {
    const from = performance.now();
    JSON.stringify(opened.buffer.status());
    times.push(performance.now() - from);
    await turn();
  }
  const status = percentilesOf(times);
  const { waitingRecords, diskBytes } = opened.buffer.status();
  await opened.buffer.stop();
  if (waitingRecords !== count + measured)
    throw new Error(`${count + measured} records were appended, ${waitingRecords} wait`);
  return {
    appendUs: (seconds * 1e6) / measured,
    commits: commits.count,
    commitP50: commits.p50,
    commitP99: commits.p99,
    statusP50: status.p50,
    statusMax: status.max,
    diskBytes,
  };
}

async function evict(directory: string, maxBytes: number): Promise<BufferNumbers> {
  const opened = await open(directory, maxBytes);
  const { buffer, openMs } = opened;
  const evicted = () => buffer.status().ledger.dropped.evicted;
  /** Goes on until the next file has gone: from one such moment to another, as much goes as comes. */
  const untilNext = async (): Promise<void> => {
    const before = evicted();
    await append(opened, maxEvictionRecords, () => evicted() > before);
    if (evicted() === before) throw new Error(`nothing was evicted by ${maxEvictionRecords} records`);
  };
  await untilNext();
  const before = evicted();
  const started = performance.now();
  let gone = 0;
  for (let files = 0; files < measuredEvictions.files || gone < measuredEvictions.records; files++) {
    await untilNext();
    gone = evicted() - before;
  }
  const ms = performance.now() - started;
  const { received, delivered, waiting, dropped } = buffer.status().ledger;
  const lost = Object.values(dropped).reduce((sum, one) => sum + one, 0);
  if (received !== delivered + waiting + lost) throw new Error(`the ledger does not add up: ${received} received`);
  await buffer.stop();
  return { openMs, evictUs: (ms * 1000) / gone, evicted: gone };
}

/** Code is compiled before anything counts. */
async function warm(directory: string): Promise<void> {
  const folder = `${directory}-warm`;
  const opened = await open(folder, Number.MAX_SAFE_INTEGER);
  await append(opened, warmUp);
  for (let call = 0; call < statusCalls; call++) JSON.stringify(opened.buffer.status());
  await opened.buffer.stop();
  rmSync(folder, { recursive: true });
}

await warm(job.directory);
const numbers = job.kind === 'pile' ? await pile(job.directory, job.records) : await evict(job.directory, job.maxBytes);
process.stdout.write(`${JSON.stringify(numbers)}\n`);
