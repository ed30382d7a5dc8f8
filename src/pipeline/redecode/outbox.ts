import type { RecordBuffer } from '../../buffer/buffer.ts';
import type { Decoded } from '../../core/decoded.ts';
import { HeadgateError } from '../../core/errors.ts';
import type { Handling } from '../../core/handling.ts';
import type { Measurement } from '../../core/measurement.ts';
import type { ClockQuality, UnixMs } from '../../core/time.ts';
import { RecordEncoder } from '../../wire/record-encoder.ts';
import { clockQualities } from '../../wire/record-prefix.ts';
import { type Derived, longestSpanMs } from './derived.ts';
import type { Original } from './originals.ts';

export const redecodeRule = 'redecode';
/** Bulk, and the first to give way: all of it can be made again for as long as it is of use. */
const handling: Handling = { rule: redecodeRule, priority: 'bulk', durability: 'local', whenFull: 'dropNewest' };

/** What is handed over at once, and what may wait for the collector before more is made. */
const maxBytesAtOnce = 256 * 1024;
const maxWaitingBytes = 4 * 1024 * 1024;
/** Numbers of messages that the flow does not come to: these are of the same topics and times as its own. */
const firstMessage = 0x8000_0000;

const qualities = new Map<number, ClockQuality>(
  Object.entries(clockQualities).map(([name, number]) => [number, name as ClockQuality]),
);

/** Puts records that take the place of others into a lane of their own. */
export class Outbox {
  readonly #buffer: RecordBuffer;
  readonly #encoder = new RecordEncoder();
  #bytes = 0;
  #fromMs: UnixMs | undefined;
  #lastMessage = firstMessage;
  /** Settled when all that was added is on disk. */
  #pending: Promise<void>[] = [];

  constructor(buffer: RecordBuffer) {
    this.#buffer = buffer;
  }

  get isFull(): boolean {
    return this.#bytes >= maxBytesAtOnce;
  }

  /** Whether a message of that time may follow those that were added: a batch is found by the time of its first record. */
  takes(receivedAtMs: UnixMs): boolean {
    const from = this.#fromMs;
    return from === undefined || (receivedAtMs >= from && receivedAtMs - from < longestSpanMs);
  }

  /**
   * Adds the records of one message, which are stored all at once or not at all. They have the time at which it was taken in,
   * as far as that is known now, and the batch has it too: so nobody corrects it again.
   */
  add(
    original: Original,
    receivedAtMs: UnixMs,
    decoded: Decoded,
    measurements: readonly Measurement[],
    before: readonly Derived[],
  ): void {
    const { record } = original;
    const others = original.records.map(({ sequence }) => sequence).filter((sequence) => sequence !== record.sequence);
    const replaced = [record.sequence, ...others, ...before.flatMap(({ sequences }) => sequences)];
    const envelope = {
      source: record.source,
      topic: record.topic,
      receivedAtMs,
      clockQuality: qualities.get(record.clockQuality) ?? 'unset',
      priority: handling.priority,
      kind: decoded.kind,
      profile: decoded.profile,
      message: measurements.length > 1 ? this.#nextMessage() : undefined,
      isRetained: record.retained,
      traceId: record.traceId,
    };
    this.#fromMs ??= receivedAtMs;
    const stored = Promise.withResolvers<void>();
    const settled = (error: Error | undefined, sequence: number): void => {
      if (error !== undefined) stored.reject(error);
      else if (sequence === 0) stored.reject(new HeadgateError('buffer.full', 'There is no room for more.'));
      else stored.resolve();
    };
    for (const [index, measurement] of measurements.entries()) {
      const isLast = index === measurements.length - 1;
      const supersedes = isLast ? replaced : replaced.slice(0, 1);
      const payload = index === 0 && decoded.keepPayload ? original.payload : undefined;
      const { bytes, start, end } = this.#encoder.encode(measurement, { ...envelope, supersedes }, payload);
      this.#bytes += end - start;
      const waiter = isLast ? { settled } : undefined;
      this.#buffer.append(handling, bytes, start, end, receivedAtMs, waiter, undefined, undefined, !isLast);
    }
    // It is waited for later, and must not count as nobody's until then.
    stored.promise.catch(() => {});
    this.#pending.push(stored.promise);
  }

  /** Resolves when all of it is on disk. @throws {HeadgateError} buffer.* */
  async sent(): Promise<void> {
    const pending = this.#pending;
    this.#pending = [];
    await Promise.all(pending);
    this.#bytes = 0;
    this.#fromMs = undefined;
  }

  /** Why no more is to be made for now; undefined: nothing is in the way. */
  obstacle(): string | undefined {
    const lane = this.#buffer.status().lanes.find(({ rule }) => rule === redecodeRule);
    if (lane !== undefined && lane.gate !== 'open') return 'there is no room for more records';
    if (this.#buffer.mustWait(handling)) return 'the disk is busy with other things';
    return lane !== undefined && lane.waitingBytes > maxWaitingBytes
      ? 'the collector has to take first what is there'
      : undefined;
  }

  #nextMessage(): number {
    this.#lastMessage = this.#lastMessage === 0xffff_ffff ? firstMessage : this.#lastMessage + 1;
    return this.#lastMessage;
  }
}
