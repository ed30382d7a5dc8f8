import type { StoredBatch } from '../core/batch.ts';
import { HeadgateError } from '../core/errors.ts';
import type { Clock, UnixMs } from '../core/time.ts';
import type { Interval } from '../lib/intervals.ts';
import type { Log } from '../lib/log.ts';
import type { Service } from '../lib/service.ts';
import type { SealedBatch, Settle } from './batch.ts';
import { Deletions } from './deletions.ts';
import { Disk, failureOf } from './disk.ts';
import type { BufferOptions } from './options.ts';
import { Pending } from './pending.ts';
import type { BufferStatus } from './status.ts';
import type { DiskFaults, Identity, Totals, WorkerResponse } from './worker-protocol.ts';

export interface BufferDependencies {
  readonly options: BufferOptions;
  /** The database file; its directory exists. */
  readonly path: string;
  readonly clock: Clock;
  readonly log: Log;
  readonly faults?: DiskFaults;
  /** Called after each commit that held records, with what it took. For metrics. */
  readonly onCommit?: (ms: number, records: number, bytes: number) => void;
}

/** Told of each batch once it is durable, in order of sequence. Must not throw or block. */
export type CommittedListener = (batch: StoredBatch) => void;

/** How often a disk that refused is asked whether it is well again. */
const probeMs = 5_000;
/** So much is worth a commit at once: the rest of the turn is taken in while it runs. */
const eagerBytes = 16 * 1024;
/** One that the disk works at, and one that waits for it: a busy main thread then never leaves the disk idle. */
const maxCommitsUnderWay = 2;
/** A disk that takes longer for a commit gets one at a time, with all that there is. */
const fastCommitMs = 5;
/** Receipts that are given in one go. */
const settledAtOnce = 500;
/** What one transaction takes at the most; the rest is the next one's. */
const maxCommitBytes = 8 * 2 ** 20;

/**
 * The durable log. Records are appended, already encoded, to the open batch; everything that arrived while the last
 * commit was under way is committed by a worker thread in one transaction with one fsync; what the collector has
 * acknowledged is deleted by a later one.
 */
export class RecordBuffer implements Service {
  readonly name = 'buffer';
  readonly #deps: BufferDependencies;
  readonly #pending: Pending;
  readonly #deletions = new Deletions(() => this.#deleteAcknowledged());
  readonly #listeners = new Set<CommittedListener>();
  #disk: Disk | undefined;
  #identity: Identity = { gateway: '', epoch: '' };
  #totals: Totals = { waitingRecords: 0, waitingBytes: 0, firstWaiting: 0, lastSequence: 0 };
  #state: 'open' | 'failing' | 'closing' | 'closed' = 'closed';
  #failure = '';
  #nextSequence = 1;
  #pendingBytes = 0;
  #commitsUnderWay = 0;
  /** Goes up when a commit fails: commits of the generation before fail too. */
  #generation = 0;
  #isFlushScheduled = false;
  #probeTimer: NodeJS.Timeout | undefined;
  #commits = 0;
  #commitMs = { last: 0, max: 0 };
  readonly #dropped = { 'disk-failed': 0, closing: 0 };
  #settling: Promise<void> = Promise.resolve();
  #whenIdle: (() => void) | undefined;

  constructor(deps: BufferDependencies) {
    this.#deps = deps;
    this.#pending = new Pending(deps.options.maxBatchBytes);
  }

  /** Opens the database. @throws {HeadgateError} data.in-use, data.newer, data.unwritable or data.unreadable */
  async start(): Promise<void> {
    const { options, path, faults } = this.#deps;
    const opened = await Disk.open({ path, checkpointBytes: options.checkpointBytes, faults: faults ?? {} });
    this.#disk = opened.disk;
    this.#identity = opened.identity;
    this.#totals = opened.totals;
    this.#nextSequence = opened.totals.lastSequence + 1;
    this.#state = 'open';
  }

  /** Commits what was taken in, deletes what was acknowledged, and closes the database. */
  async stop(): Promise<void> {
    const disk = this.#disk;
    if (disk === undefined) return;
    this.#state = 'closing';
    await new Promise<void>((resolve) => {
      this.#whenIdle = resolve;
      this.#flush();
    });
    await this.#settling;
    this.#deleteAcknowledged();
    this.#deletions.stop();
    clearTimeout(this.#probeTimer);
    this.#disk = undefined;
    await disk.close();
    this.#state = 'closed';
  }

  /** Who this data directory belongs to; empty names until it has started. */
  get identity(): Identity {
    return this.#identity;
  }

  get totals(): Totals {
    return this.#totals;
  }

  /** So much waits for the disk that sources have to be held back. */
  get isCongested(): boolean {
    return this.#pendingBytes > this.#deps.options.maxPendingBytes;
  }

  /**
   * Appends bytes `start` to `end` of `source`, one encoded record.
   *
   * @param takenAtMs when it was taken in, by the wall clock
   * @param settle told when the record is durable, or that it can't be made so; without it nobody waits, and should
   * the disk fail, the record is counted as dropped
   */
  append(source: Buffer, start: number, end: number, takenAtMs: UnixMs, settle?: Settle): void {
    if (this.#state !== 'open' && this.#state !== 'failing') {
      if (settle === undefined) this.#dropped.closing++;
      else settle(new HeadgateError('buffer.closed', 'The gateway is not taking messages.'), 0);
      return;
    }
    this.#pending.append(source, start, end, settle, takenAtMs);
    this.#pendingBytes += end - start;
    if (this.#pending.openBytes >= eagerBytes && this.#isDiskFast) this.#flush();
    if (this.#isFlushScheduled || this.#commitsUnderWay > 0) return;
    // Not at once: what else comes with this turn of the event loop belongs into the same batch.
    this.#isFlushScheduled = true;
    setImmediate(() => {
      this.#isFlushScheduled = false;
      this.#flush();
    });
  }

  /** The durable, unacknowledged batches behind sequence `after`: at least one if there is any, up to `maxBytes`. */
  async read(after: number, maxBytes: number): Promise<readonly StoredBatch[]> {
    if (this.#disk === undefined) throw new HeadgateError('buffer.closed', 'The buffer is not open.');
    // What is acknowledged must not be read again, so its deletion goes first.
    this.#deleteAcknowledged();
    const response = await this.#disk.request({ kind: 'read', after, maxBytes });
    if (response.kind === 'batches') return response.batches;
    throw failureOf(response);
  }

  /** The collector has these for good: their batches are deleted soon. A batch only goes when all of it is covered. */
  acknowledge(ranges: readonly Interval[]): void {
    if (this.#disk !== undefined) this.#deletions.add(ranges, this.#deps.clock.monotonic());
  }

  /** @returns how to stop listening */
  onCommitted(listener: CommittedListener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  status(): BufferStatus {
    const totals = this.#totals;
    // What the collector has does not wait for it, although its deletion does.
    const waitingRecords = Math.max(0, totals.waitingRecords - this.#deletions.undeleted);
    const isWaiting = waitingRecords > 0;
    return {
      state: this.#state === 'closing' ? 'open' : this.#state,
      ...(this.#state === 'failing' && { failure: this.#failure }),
      waitingRecords,
      waitingBytes: isWaiting ? totals.waitingBytes : 0,
      ...(isWaiting && totals.oldestMs !== undefined && { oldestWaitingAt: totals.oldestMs }),
      lastSequence: this.#nextSequence - 1,
      pendingBytes: this.#pendingBytes,
      commits: this.#commits,
      commitMs: this.#commitMs,
      dropped: { ...this.#dropped },
    };
  }

  /** Several small commits beat a large one only where a commit costs little. */
  get #isDiskFast(): boolean {
    return this.#commitMs.last < fastCommitMs;
  }

  #flush(): void {
    const isBusy = this.#commitsUnderWay >= (this.#isDiskFast ? maxCommitsUnderWay : 1);
    if (isBusy || this.#disk === undefined) return;
    const taken = this.#pending.take(maxCommitBytes);
    if (taken.length > 0) void this.#commit(this.#disk, taken);
    else if (this.#commitsUnderWay === 0) this.#whenIdle?.();
  }

  async #commit(disk: Disk, taken: readonly SealedBatch[]): Promise<void> {
    this.#commitsUnderWay++;
    const first = this.#nextSequence;
    const batches = taken.map(({ count, records, openedAtMs }) => {
      // Sequences are given when a batch goes to the disk, so that each batch is one run of them. A run is not used
      // again when the commit fails: what the disk really did then is not known.
      const firstSequence = this.#nextSequence;
      this.#nextSequence += count;
      return { firstSequence, count, records, openedAtMs };
    });
    const records = this.#nextSequence - first;
    const bytes = sum(batches.map((batch) => batch.records.length));
    const acknowledged = this.#deletions.takeAlong(this.#deps.clock.monotonic());
    const buffers = batches.map((batch) => batch.records.buffer);
    const generation = this.#generation;
    const response = await disk.request({ kind: 'commit', generation, batches, acknowledged }, buffers);
    this.#commitsUnderWay--;
    this.#pendingBytes -= bytes;
    const failure = this.#noteOutcome(response, acknowledged);
    this.#settleLater(taken, first, failure);
    if (failure !== undefined && generation === this.#generation) this.#refusePending(failure);
    if (response.kind === 'committed') {
      this.#commits++;
      this.#commitMs = { last: response.ms, max: Math.max(this.#commitMs.max, response.ms) };
      this.#deps.onCommit?.(response.ms, records, bytes);
      for (const batch of response.batches) for (const listener of this.#listeners) listener(batch);
    }
    // While another one runs, let more come together; it flushes what has when it is done.
    if (this.#commitsUnderWay === 0) this.#flush();
  }

  /**
   * What came in behind a commit that failed fails with it, here and in the worker's queue: its sources send everything
   * again from the first refused message on, so that what is stored keeps their order.
   */
  #refusePending(failure: HeadgateError): void {
    this.#generation++;
    const pending = this.#pending.take(Number.POSITIVE_INFINITY);
    this.#pendingBytes -= sum(pending.map(({ records }) => records.length));
    this.#settleLater(pending, this.#nextSequence, failure);
  }

  /** In order, one after the other: an MQTT client is owed its acknowledgements as it sent (MQTT 5.0 § 4.6). */
  #settleLater(taken: readonly SealedBatch[], first: number, failure: Error | undefined): void {
    this.#settling = this.#settling.then(() => this.#settle(taken, first, failure));
  }

  async #settle(taken: readonly SealedBatch[], first: number, failure: Error | undefined): Promise<void> {
    let sequence = first;
    for (const { waiters } of taken) {
      for (const settle of waiters) {
        if (settle !== undefined) settle(failure, sequence);
        else if (failure !== undefined) this.#dropped['disk-failed']++;
        sequence++;
        // A slow disk's commit holds thousands: pings and dashboards get their turn in between.
        if ((sequence - first) % settledAtOnce === 0) await new Promise(setImmediate);
      }
    }
  }

  #noteOutcome(response: WorkerResponse, acknowledged: readonly Interval[]): HeadgateError | undefined {
    this.#deletions.settled(acknowledged);
    if (response.kind === 'committed') {
      this.#totals = response.totals;
      if (this.#state === 'failing') {
        this.#state = 'open';
        this.#deps.log.info({}, 'The disk takes records again.');
      }
      return undefined;
    }
    const failure = failureOf(response);
    this.#failure = failure.message;
    if (this.#state === 'open') {
      this.#state = 'failing';
      this.#deps.log.error(
        { reason: failure.message },
        'The disk refused a commit: its messages are not acknowledged.',
      );
    }
    // Somebody has to find out when the disk is well again, even if nobody dares to send any more.
    this.#probeTimer ??= setTimeout(() => this.#probe(), probeMs);
    // A deletion that failed loses nothing, but it has to be asked for again.
    if (acknowledged.length > 0) this.acknowledge(acknowledged);
    return failure;
  }

  #probe(): void {
    this.#probeTimer = undefined;
    if (this.#state !== 'failing' || this.#disk === undefined) return;
    void this.#disk.request({ kind: 'probe' }).then((response) => this.#noteOutcome(response, []));
  }

  #deleteAcknowledged(): void {
    const acknowledged = this.#deletions.takeAll();
    if (acknowledged.length === 0 || this.#disk === undefined) return;
    void this.#disk
      .request({ kind: 'commit', generation: this.#generation, batches: [], acknowledged })
      .then((response) => this.#noteOutcome(response, acknowledged));
  }
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
