import { lastSequenceOf } from '../core/batch.ts';
import type { DeliveryKey } from '../core/message.ts';
import type { UnixMs } from '../core/time.ts';
import type { Batch, Waiter } from './batch.ts';
import { DeviceOrder } from './device-order.ts';
import type { Disk } from './disk.ts';
import { DiskHealth } from './disk-health.ts';
import { isToSeal, type Taken, takeDue } from './due.ts';
import { FlashAccount } from './flash-account.ts';
import { type Lane, lossOf } from './lane.ts';
import { type PreparedWrite, writeOf } from './lane-write.ts';
import { Receipts } from './receipts.ts';
import { Sequences } from './sequences.ts';
import type { LaneOutcome } from './worker-protocol.ts';
import type { WriterDependencies } from './writer-dependencies.ts';

/** So much is worth a commit at once: the rest of the turn is taken in while it runs. */
const eagerBytes = 16 * 1024;
/** One that the disk works at, and one that waits for it: a busy main thread then never leaves the disk idle. */
const maxCommitsUnderWay = 2;
/** A disk that takes longer for a commit gets one at a time, with all that there is. */
const fastCommitMs = 5;
/** How soon is looked again for what has become due. */
const tickMs = 50;
/** After a refusal, what can wait is tried again so much later. */
const retryMs = 1_000;

/** Decides what goes to the disk when, and tells everybody what became of it. */
export class Writer {
  readonly #deps: WriterDependencies;
  readonly #receipts = new Receipts();
  readonly #sequences: Sequences;
  #disk: Disk | undefined;
  #isStopping = false;
  readonly #health: DiskHealth;
  #underWay = 0;
  #isFlushScheduled = false;
  #tick: NodeJS.Timeout | undefined;
  #whenIdle: (() => void) | undefined;
  readonly #order = new DeviceOrder();
  readonly flash = new FlashAccount();
  pendingBytes = 0;
  commits = 0;
  commitMs = { last: 0, max: 0 };
  refused = 0;

  constructor(deps: WriterDependencies) {
    this.#deps = deps;
    this.#sequences = new Sequences(deps.operating, () => {
      for (const lane of deps.lanes) this.#exposeSafe(lane);
    });
    this.#health = new DiskHealth(deps.log, () => {
      for (const lane of deps.lanes) lane.retryAt = 0;
      this.flush();
    });
  }

  start(disk: Disk, usedUpTo: number): Promise<void> {
    this.#disk = disk;
    this.#health.start(disk);
    return this.#sequences.start(disk, usedUpTo);
  }

  get failure(): string | undefined {
    return this.#health.failure;
  }

  get lastSequence(): number {
    return this.#sequences.last;
  }

  append(
    lane: Lane,
    source: Buffer,
    start: number,
    end: number,
    takenAtMs: UnixMs,
    waiter: Waiter | undefined,
    delivery: DeliveryKey | undefined,
    device: string | undefined,
    isFollowed = false,
  ): void {
    if (device !== undefined) this.follow(lane, device);
    if (lane.open.count === 0) lane.open.begin(takenAtMs, this.#deps.operating());
    lane.open.append(source, start, end, waiter, delivery);
    lane.memoryBytes += end - start;
    this.pendingBytes += end - start;
    if (lane.isEarly) lane.acceptedInMemory++;
    if (isFollowed) return;
    if (lane.open.length >= this.#deps.maxBatchBytes) this.seal(lane);
    else if (this.#isWorthFlushing(lane, end - start)) this.flush();
    if (this.#isFlushScheduled || this.#underWay > 0) return;
    // Not at once: what else comes with this turn of the event loop belongs into the same batch.
    this.#isFlushScheduled = true;
    setImmediate(() => {
      this.#isFlushScheduled = false;
      this.flush();
    });
  }

  /** What a device sent before, under another rule of this lane's priority, gets its sequences first. */
  follow(lane: Lane, device: string): void {
    if (!this.#deps.lanes.isShared(lane.priority)) return;
    for (const before of this.#order.sealBefore(lane, device, this.#deps.lanes)) this.seal(before);
  }

  /** Gives a lane's open batch its sequences. */
  seal(lane: Lane): void {
    if (lane.open.count === 0) return;
    const batch = lane.seal(this.#sequences.take(lane.open.count), this.#deps.operating());
    if (lane.isDirect && !lane.hasHidden && this.#sequences.isSafe(lastSequenceOf(batch))) this.#expose(batch);
    else lane.hasHidden = true;
  }

  /** Seals and writes what is due. */
  flush(): void {
    const disk = this.#disk;
    if (disk === undefined) return;
    this.#sequences.renew();
    const isBusy = this.#underWay >= (this.#isDiskFast ? maxCommitsUnderWay : 1);
    const moment = { now: this.#deps.operating(), isBusy, isStopping: this.#isStopping, ...this.#deps.delivery() };
    for (const lane of this.#deps.lanes) if (isToSeal(lane, moment)) this.seal(lane);
    if (!isBusy) {
      const taken = takeDue(this.#deps.lanes, moment);
      if (taken.length > 0) void this.#commit(disk, taken);
      else if (this.#underWay === 0) this.#whenIdle?.();
    }
    this.#schedule();
  }

  /** Writes all that can be written, then resolves. Nothing may be appended any more. */
  async stop(): Promise<void> {
    this.#isStopping = true;
    // Nothing waits for better times any more: it is stored now or lost.
    for (const lane of this.#deps.lanes) lane.retryAt = 0;
    await new Promise<void>((resolve) => {
      this.#whenIdle = resolve;
      if (this.#underWay === 0) this.flush();
    });
    clearTimeout(this.#tick);
    this.#health.stop();
    await this.#receipts.idle();
    this.#disk = undefined;
  }

  /** A batch has left memory otherwise: it was delivered first, or dropped. */
  released(lane: Lane, batch: Batch, error?: Error): void {
    lane.forget(batch, 'gone');
    this.pendingBytes -= batch.records.length;
    if (lane.isEarly) lane.acceptedInMemory -= batch.count;
    this.#receipts.settle(batch, error);
  }

  /** There is enough for a commit, or an upload, in the middle of a turn. Asked with every record. */
  #isWorthFlushing({ open, isDirect }: Lane, added: number): boolean {
    if (open.length < eagerBytes || !this.#isDiskFast) return false;
    return isDirect ? open.length - added < eagerBytes : this.#underWay < maxCommitsUnderWay;
  }

  /** Several small commits beat a large one only where a commit costs little. */
  get #isDiskFast(): boolean {
    return this.commitMs.last < fastCommitMs;
  }

  async #commit(disk: Disk, taken: readonly Taken[]): Promise<void> {
    this.#underWay++;
    const writes = taken.map(({ lane, batches }) => this.writeOf(lane, batches));
    const lanes = writes.map(({ write }) => write);
    const memory: ArrayBuffer[] = [];
    let records = 0;
    let bytes = 0;
    for (const { lane, batches } of taken) {
      for (const batch of batches) {
        batch.phase = 'writing';
        batch.generation = lane.generation;
        records += batch.count;
        bytes += batch.records.length;
        // What the uplink may be sending stays here, and is copied.
        if (!batch.isExposed) memory.push(batch.records.buffer);
      }
    }
    const response = await disk.request({ kind: 'write', lanes }, memory);
    this.#underWay--;
    if (response.kind !== 'written') throw new Error(`The buffer's worker answered a write with ${response.kind}.`);
    this.flash.note(taken, response);
    let next = 0;
    for (const [index, { lane, batches }] of taken.entries()) {
      for (const batch of batches) {
        const returned = response.records[next++]!;
        if (!batch.isExposed) batch.records = returned;
      }
      const outcome = response.outcomes[index]!;
      if (outcome.kind === 'stored') writes[index]!.saved();
      this.#settle(lane, batches, outcome);
    }
    if (bytes > 0) {
      this.commits++;
      this.commitMs = { last: response.ms, max: Math.max(this.commitMs.max, response.ms) };
      this.#deps.onCommit?.(response.ms, records, bytes);
    }
    this.#deps.onWritten(bytes > 0 && response.outcomes.every(({ kind }) => kind === 'stored'));
    // While another one runs, let more come together; it flushes what has when it is done.
    if (this.#underWay === 0) this.flush();
  }

  writeOf(lane: Lane, batches: readonly Batch[]): PreparedWrite {
    return writeOf(lane, batches, this.#deps.segmentBytesOf(lane));
  }

  #settle(lane: Lane, batches: readonly Batch[], outcome: LaneOutcome): void {
    if (outcome.kind === 'stored') {
      this.#stored(lane, batches, outcome);
      return;
    }
    lane.generation++;
    lane.touch('removals', this.#deps.operating());
    for (const batch of batches) {
      batch.phase = 'queued';
      if (!batch.isDelivered) continue;
      // The collector was faster, and the disk is needed no more.
      lane.ledger.deliverUnstored(batch.count);
      this.released(lane, batch);
    }
    if (outcome.kind === 'full' && !this.#isStopping) this.#deps.onFull(lane, outcome.freeBytes);
    else this.#failed(lane, outcome.message);
  }

  #stored(lane: Lane, batches: readonly Batch[], outcome: LaneOutcome & { kind: 'stored' }): void {
    let position = outcome.firstPosition;
    for (const batch of batches) {
      lane.stored(batch, position);
      this.pendingBytes -= batch.records.length;
      if (batch.isDelivered) {
        lane.ledger.deliver(position, batch.count, batch.records.length);
        lane.touch('removals', this.#deps.operating());
      }
      position += batch.count;
      if (!batch.isExposed) this.#expose(batch);
      this.#receipts.settle(batch, undefined);
    }
    this.#exposeSafe(lane);
    lane.grew(outcome.segment);
    lane.retryAt = 0;
    this.#health.took();
  }

  /** The disk can't be trusted with these. Who waits for it is told; who does not is kept in memory and tried again. */
  #failed(lane: Lane, message: string): void {
    const failure = this.#health.refused(message);
    lane.retryAt = this.#deps.operating() + retryMs;
    if (lane.isDirect && !this.#isStopping) return;
    // All that came in behind it fails with it: its sources send everything again from the first refused one on.
    this.refuseAll(lane, failure);
    lane.retryAt = 0;
    if (this.#isStopping) lane.unsaved = 'nothing';
  }

  /** Refuses everything that is not with the disk. */
  refuseAll(lane: Lane, error: Error): void {
    this.seal(lane);
    for (const batch of lane.batches.filter(({ phase }) => phase === 'queued')) this.#refuse(lane, batch, error);
  }

  /** Tells those who wait that their records were not taken. Those that had been acknowledged are counted as lost. */
  #refuse(lane: Lane, batch: Batch, error: Error): void {
    if (lane.isEarly) {
      lane.ledger.dropUnstored(batch.count, 'disk-failed');
      lane.gaps.losses.note(lossOf(lane, batch, 'disk-failed'));
      lane.touch('counts', this.#deps.operating());
    } else this.refused += batch.count;
    this.released(lane, batch, error);
  }

  /** Exposes what was held back, in order, up to what still has to be. */
  #exposeSafe(lane: Lane): void {
    if (!lane.isDirect || !lane.hasHidden) return;
    for (const batch of lane.batches) {
      if (batch.isExposed) continue;
      // Its memory may be with the disk.
      if (batch.phase !== 'queued' || !this.#sequences.isSafe(lastSequenceOf(batch))) return;
      this.#expose(batch);
    }
    lane.hasHidden = false;
  }

  #expose(batch: Batch): void {
    batch.isExposed = true;
    this.#deps.onReady(batch);
  }

  /** Looks again soon, as long as something becomes due by time alone. */
  #schedule(): void {
    if (this.#tick !== undefined || this.#disk === undefined) return;
    if (!this.#deps.lanes.all.some(({ isUnfinished }) => isUnfinished)) return;
    this.#tick = setTimeout(() => {
      this.#tick = undefined;
      this.flush();
    }, tickMs);
  }
}
