import { mkdirSync } from 'node:fs';
import type { MockTimers, TestContext } from 'node:test';
import { RecordBuffer } from '../../../src/buffer/buffer.ts';
import type { Disk, OpenDisk } from '../../../src/buffer/disk.ts';
import type { BufferOptions } from '../../../src/buffer/options.ts';
import { reportsKey } from '../../../src/buffer/reports.ts';
import type { DiskFaults, WorkerResponse, WorkerSettings } from '../../../src/buffer/worker-protocol.ts';
import type { StoredBatch } from '../../../src/core/batch.ts';
import type { Gap, Handling } from '../../../src/core/handling.ts';
import { type Clock, systemClock } from '../../../src/core/time.ts';
import { silentLog } from '../../../src/lib/log.ts';
import { LocalDisk } from '../../support/local-disk.ts';

/** A record of these tests: `<lane index filling>`. The buffer never looks into them. */
export interface TestRecord {
  readonly name: string;
  readonly sequence: number;
}

export interface RigOptions {
  readonly directory: string;
  readonly options?: Partial<BufferOptions>;
  readonly faults?: DiskFaults;
  /** The disk in this thread. Default true. */
  readonly isLocal?: boolean;
  readonly isLive?: () => boolean;
  readonly clock?: Clock;
  /** What its disk says that it has left, whatever others do there meanwhile. */
  readonly freeBytes?: () => number;
  /** Stops it when this test ends, however it ends. */
  readonly t?: TestContext;
}

export const usualOptions: BufferOptions = {
  keep: 0,
  maxBytes: 1e9,
  segmentBytes: 64 * 1024,
  maxBatchBytes: 8 * 1024,
  maxPendingBytes: 1024 * 1024,
  maxDeliveries: 1000,
};

/** A buffer, and what a test wants to know of it. */
export class Rig {
  readonly buffer: RecordBuffer;
  /** All that was told upstream, in order. */
  readonly gaps: Gap[] = [];
  readonly errors: string[] = [];
  /** What the disk was asked to do so far. */
  requests = 0;

  constructor(given: RigOptions) {
    const { directory, options = {}, faults = {}, isLocal = true, isLive, clock = systemClock, freeBytes } = given;
    mkdirSync(directory, { recursive: true });
    const openDisk = async (settings: WorkerSettings): Promise<OpenDisk> => {
      const { disk, opened } = await LocalDisk.open(settings);
      const request: Disk['request'] = (asked) => {
        this.requests++;
        const answer = disk.request(asked);
        return freeBytes === undefined ? answer : answer.then((one) => withFree(one, freeBytes()));
      };
      return { disk: { request, close: (...last) => disk.close(...last) }, opened };
    };
    this.buffer = new RecordBuffer({
      options: { ...usualOptions, ...options },
      directory,
      clock,
      log: { ...silentLog, error: (_: object, message: string) => this.errors.push(message) },
      encodeGap: (gap) => {
        this.gaps.push(gap);
        const bytes = Buffer.from(`<gap ${JSON.stringify(gap)}>`);
        return { bytes, start: 0, end: bytes.length };
      },
      faults,
      ...(isLive !== undefined && { uplink: { isLive, acknowledgeMs: () => 1, underWay: () => [] } }),
      ...(isLocal && { openDisk }),
      reportDelayMs: { losses: 0, choices: 0 },
    });
  }

  static async start(options: RigOptions): Promise<Rig> {
    const rig = new Rig(options);
    await rig.buffer.start();
    options.t?.after(() => rig.buffer.stop());
    return rig;
  }

  /** @returns the sequence, once the record is as durable as its rule asks */
  append(handling: Handling, text: string): Promise<number> {
    const bytes = Buffer.from(`<${text}>`);
    return new Promise((resolve, reject) => {
      const settled = (error: Error | undefined, sequence: number): void =>
        error === undefined ? resolve(sequence) : reject(error);
      this.buffer.append(handling, bytes, 0, bytes.length, Date.now(), { settled });
    });
  }

  /**
   * Everything that waits, lane by lane; acknowledged when `isTaken`.
   * @param records gets it too, also what came before a failure
   */
  async drain(isTaken = true, records: TestRecord[] = []): Promise<TestRecord[]> {
    for (const { key } of this.buffer.lanes()) {
      for (let after = 0; ; ) {
        const batches = await this.buffer.read(key, after, 32 * 1024);
        if (batches.length === 0) break;
        if (key !== reportsKey) for (const batch of batches) records.push(...recordsOf(batch));
        if (isTaken) this.buffer.acknowledge(batches);
        const last = batches.at(-1)!;
        after = last.firstSequence + last.count - 1;
      }
    }
    return records;
  }
}

function withFree(response: WorkerResponse, freeBytes: number): WorkerResponse {
  if (response.kind === 'space') return { ...response, freeBytes };
  if (response.kind !== 'written') return response;
  return { ...response, outcomes: response.outcomes.map((one) => (one.kind === 'full' ? { ...one, freeBytes } : one)) };
}

/** Appends without waiting, as sources of `relaxed` and `memory` rules do. */
export function post({ buffer }: Rig, handling: Handling, text: string): void {
  const bytes = Buffer.from(`<${text}>`);
  buffer.append(handling, bytes, 0, bytes.length, Date.now());
}

/** Time that passes only when the test says so, with all that is due in it. */
export class StillTime implements Clock {
  readonly #timers: MockTimers;
  #now = 1e12;

  constructor(t: TestContext) {
    this.#timers = t.mock.timers;
    this.#timers.enable({ apis: ['setTimeout', 'setInterval'] });
  }

  readonly now = (): number => this.#now;
  readonly monotonic = (): number => this.#now - 1e12;

  /** In steps, each with time for what waits for the disk in this thread. */
  async pass(ms: number): Promise<void> {
    for (let passed = 0; passed < ms; passed += 50) {
      this.#now += 50;
      this.#timers.tick(50);
      await turns();
    }
  }
}

/** A few turns of the event loop: all that needs no time is done then. */
export async function turns(count = 4): Promise<void> {
  for (let i = 0; i < count; i++) await new Promise(setImmediate);
}

export function recordsOf({ records, firstSequence, count }: StoredBatch): TestRecord[] {
  const texts = Buffer.from(records).toString('latin1').slice(1, -1).split('><');
  if (texts.length !== count) throw new Error(`a batch of ${count} holds ${texts.length} records`);
  return texts.map((text, index) => ({ name: nameOf(text), sequence: firstSequence + index }));
}

/** What tells a record apart: its first two words. */
export function nameOf(text: string): string {
  return text.split(' ', 2).join(' ');
}

/** @throws an Error that names the lane in which the equation does not hold */
export function assertLedger(buffer: RecordBuffer): void {
  const { ledger, lanes } = buffer.status();
  for (const { lane, ledger: counts } of [...lanes, { lane: 'all lanes', ledger }]) {
    const dropped = Object.values(counts.dropped).reduce((sum, count) => sum + count, 0);
    const { received, delivered, waiting } = counts;
    const isRight = received === delivered + waiting + dropped && waiting >= 0 && delivered >= 0;
    if (!isRight) throw new Error(`${lane}: ${JSON.stringify(counts)}`);
  }
}

export const alarms: Handling = { rule: 'alarms', priority: 'critical', durability: 'local', whenFull: 'block' };
export const readings: Handling = { rule: 'readings', priority: 'normal', durability: 'local', whenFull: 'dropOldest' };
export const noise: Handling = { rule: 'noise', priority: 'bulk', durability: 'anywhere', whenFull: 'dropNewest' };
