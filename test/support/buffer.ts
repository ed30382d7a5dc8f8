import type { TestContext } from 'node:test';
import { RecordBuffer } from '../../src/buffer/buffer.ts';
import type { BufferDependencies } from '../../src/buffer/dependencies.ts';
import type { BufferOptions } from '../../src/buffer/options.ts';
import { lastSequenceOf, type StoredBatch } from '../../src/core/batch.ts';
import type { Handling } from '../../src/core/handling.ts';
import { systemClock } from '../../src/core/time.ts';
import { silentLog } from '../../src/lib/log.ts';
import { atEnd } from './at-end.ts';

export const bufferOptions: BufferOptions = {
  maxBytes: 1e9,
  keep: 0,
  segmentBytes: 1e6,
  maxBatchBytes: 4096,
  maxPendingBytes: 64 * 1024,
  maxDeliveries: 1000,
};

/** Rules as the built-in ones, and others like them. */
export const local: Handling = { rule: 'local', priority: 'normal', durability: 'local', whenFull: 'dropOldest' };
export const relaxed: Handling = { rule: 'relaxed', priority: 'bulk', durability: 'relaxed', whenFull: 'dropOldest' };
export const anywhere: Handling = {
  rule: 'anywhere',
  priority: 'normal',
  durability: 'anywhere',
  whenFull: 'dropOldest',
};
export const memory: Handling = { rule: 'memory', priority: 'bulk', durability: 'memory', whenFull: 'dropOldest' };
export const critical: Handling = { rule: 'alarms', priority: 'critical', durability: 'local', whenFull: 'block' };

/** A gap as the record that a test can read: its JSON. */
const encodeGap: BufferDependencies['encodeGap'] = (gap) => {
  const bytes = Buffer.from(`<${JSON.stringify(gap)}>`);
  return { bytes, start: 0, end: bytes.length };
};

export type Overrides = Partial<Omit<BufferDependencies, 'directory' | 'options'>> & {
  readonly options?: Partial<BufferOptions>;
};

export function makeBuffer(directory: string, { options, ...overrides }: Overrides = {}): RecordBuffer {
  return new RecordBuffer({
    directory,
    options: { ...bufferOptions, ...options },
    clock: systemClock,
    log: silentLog,
    encodeGap,
    ...overrides,
  });
}

/** Starts a buffer on a directory that exists; it is stopped when the test ends. */
export async function openBuffer(t: TestContext, directory: string, overrides: Overrides = {}): Promise<RecordBuffer> {
  const buffer = makeBuffer(directory, overrides);
  await buffer.start();
  atEnd(t, () => buffer.stop());
  return buffer;
}

/** Appends what stands for an encoded record: the buffer never looks into them. Resolves to its sequence. */
export function append(buffer: RecordBuffer, handling: Handling, record: string | Buffer): Promise<number> {
  const bytes = typeof record === 'string' ? Buffer.from(`<${record}>`) : record;
  return new Promise((resolve, reject) => {
    const settled = (error: Error | undefined, sequence: number): void =>
      error === undefined ? resolve(sequence) : reject(error);
    buffer.append(handling, bytes, 0, bytes.length, Date.now(), { settled });
  });
}

/** Appends without waiting, as a rule that acknowledges at once does. */
export function appendEarly(buffer: RecordBuffer, handling: Handling, record: string | Buffer): void {
  const bytes = typeof record === 'string' ? Buffer.from(`<${record}>`) : record;
  buffer.append(handling, bytes, 0, bytes.length, Date.now());
}

/** Everything that waits, lane by lane. */
export async function waiting(buffer: RecordBuffer, maxBytes = 1e6): Promise<StoredBatch[]> {
  const batches: StoredBatch[] = [];
  for (const { key } of [...buffer.lanes()]) {
    for (let after = 0; ; ) {
      const read = await buffer.read(key, after, maxBytes);
      if (read.length === 0) break;
      batches.push(...read);
      after = lastSequenceOf(read.at(-1)!);
    }
  }
  return batches;
}

export const textOf = (batches: readonly StoredBatch[]): string =>
  batches.map(({ records }) => Buffer.from(records).toString()).join('');

export async function waitingText(buffer: RecordBuffer): Promise<string> {
  return textOf(await waiting(buffer));
}

/** `received = delivered + waiting + dropped`, of all and of each lane. */
export function isBalanced(buffer: RecordBuffer): boolean {
  const { ledger, lanes } = buffer.status();
  return [ledger, ...lanes.map((lane) => lane.ledger)].every(({ received, delivered, waiting: rest, dropped }) => {
    const lost = Object.values(dropped).reduce((sum, count) => sum + count, 0);
    return received === delivered + rest + lost;
  });
}
