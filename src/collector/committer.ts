import { HeadgateError, messageOf } from '../core/errors.ts';
import type { Clock, MonotonicMs } from '../core/time.ts';
import { nextBackoff } from '../lib/backoff.ts';
import type { Interval } from '../lib/intervals.ts';
import type { Log } from '../lib/log.ts';
import type { AsyncSink, Delivery, Outcome } from './sink.ts';

/** Whether the sink takes records. */
export type SinkHealth =
  | { readonly name: 'working' }
  /** The last commit failed for `reason`. Gateways are turned away until `retryAt`; then the next one may try. */
  | { readonly name: 'failing'; readonly reason: string; readonly retryAt: MonotonicMs };

/** What became of one stream's uploads in a group. */
export interface Settled {
  readonly bytes: number;
  readonly outcomes: readonly Outcome[];
}

/** Whoever sent a delivery, and wants to know what became of it. Called once a group. */
export interface Owner {
  settled(settled: Settled): void;
  /** The sink failed: nothing that waits is durable, and it won't be tried again. */
  failed(error: HeadgateError): void;
}

interface Pending {
  readonly owner: Owner;
  readonly delivery: Delivery;
  readonly bytes: number;
}

/** Bytes in one group: bounds the memory of a commit, and how long an acknowledgement takes under load. */
const maxGroupBytes = 16 << 20;
const retryLimits = { minMs: 500, maxMs: 30_000 };

/** Group commit: all that comes while one commit is under way is the next one. */
export class Committer {
  readonly #sink: Pick<AsyncSink, 'commit' | 'progress'>;
  readonly #log: Log;
  readonly #clock: Clock;
  #queue: Pending[] = [];
  #running: Promise<void> | undefined;
  #health: SinkHealth = { name: 'working' };
  #backoffMs = 0;
  /** New records and commits since the start. */
  records = 0;
  commits = 0;

  constructor(sink: Pick<AsyncSink, 'commit' | 'progress'>, log: Log, clock: Clock) {
    this.#sink = sink;
    this.#log = log;
    this.#clock = clock;
  }

  get health(): SinkHealth {
    return this.#health;
  }

  /** @param bytes what the delivery counts for: its length, unless it is compressed */
  add(owner: Owner, delivery: Delivery, bytes = delivery.upload.byteLength): void {
    this.#queue.push({ owner, delivery, bytes });
    this.#running ??= this.#run();
  }

  /**
   * What is durable of one epoch from `from` on: `limit` runs at the most, see `welcomeRuns`.
   *
   * @throws HeadgateError when the sink fails, or has failed and is not to be tried again yet
   */
  async progress(gateway: string, epoch: string, from: number, limit: number): Promise<readonly Interval[]> {
    const health = this.#health;
    if (health.name === 'failing' && this.#clock.monotonic() < health.retryAt) {
      throw new HeadgateError('sink.failed', health.reason);
    }
    try {
      return await this.#sink.progress(gateway, epoch, from, limit);
    } catch (error) {
      throw this.#fail(error);
    }
  }

  /** Resolves when nothing waits for the sink any more. */
  async idle(): Promise<void> {
    while (this.#running !== undefined) await this.#running;
  }

  async #run(): Promise<void> {
    while (this.#queue.length > 0) {
      const group = this.#nextGroup();
      try {
        const outcomes = await this.#sink.commit(group.map(({ delivery }) => delivery));
        this.#worked(outcomes);
        tell(group, outcomes);
      } catch (error) {
        const failure = this.#fail(error);
        const waiting = this.#queue.splice(0);
        for (const owner of new Set([...group, ...waiting].map((pending) => pending.owner))) owner.failed(failure);
      }
    }
    this.#running = undefined;
  }

  #nextGroup(): Pending[] {
    let bytes = 0;
    let count = 0;
    while (count < this.#queue.length && (count === 0 || bytes + this.#queue[count]!.bytes <= maxGroupBytes)) {
      bytes += this.#queue[count++]!.bytes;
    }
    return this.#queue.splice(0, count);
  }

  #worked(outcomes: readonly Outcome[]): void {
    this.commits++;
    for (const outcome of outcomes) if (outcome.name === 'durable') this.records += outcome.newRecords;
    if (this.#health.name === 'working') return;
    this.#health = { name: 'working' };
    this.#backoffMs = 0;
    this.#log.info({}, 'The sink takes records again.');
  }

  #fail(cause: unknown): HeadgateError {
    const error =
      cause instanceof HeadgateError ? cause : new HeadgateError('sink.failed', messageOf(cause), { cause });
    // Once for each time that it stops working, not for each gateway that notices.
    if (this.#health.name === 'working') {
      this.#log.error({ code: error.code, advice: error.advice }, `The sink takes no records: ${error.message}`);
    }
    this.#backoffMs = nextBackoff(retryLimits, this.#backoffMs, Math.random());
    this.#health = { name: 'failing', reason: error.message, retryAt: this.#clock.monotonic() + this.#backoffMs };
    return error;
  }
}

function tell(group: readonly Pending[], outcomes: readonly Outcome[]): void {
  const byOwner = new Map<Owner, { bytes: number; outcomes: Outcome[] }>();
  for (const [index, { owner, bytes }] of group.entries()) {
    const settled = byOwner.get(owner) ?? { bytes: 0, outcomes: [] };
    settled.bytes += bytes;
    settled.outcomes.push(outcomes[index]!);
    byOwner.set(owner, settled);
  }
  for (const [owner, settled] of byOwner) owner.settled(settled);
}
