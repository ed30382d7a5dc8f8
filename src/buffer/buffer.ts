import type { StoredBatch } from '../core/batch.ts';
import { HeadgateError } from '../core/errors.ts';
import type { DropReason, Handling } from '../core/handling.ts';
import type { DeliveryKey, RecentDelivery } from '../core/message.ts';
import type { Shelf } from '../core/shelf.ts';
import type { MonotonicMs, UnixMs } from '../core/time.ts';
import type { Service } from '../lib/service.ts';
import { acknowledge } from './acknowledge.ts';
import { Archive } from './archive.ts';
import type { Waiter } from './batch.ts';
import { segmentBytesFor, usualBudget } from './budget.ts';
import { Damages } from './damages.ts';
import type { BufferDependencies, LaneView, ReadyListener } from './dependencies.ts';
import { discard } from './discard.ts';
import { type Disk, DiskThread, shelfOn } from './disk.ts';
import { Lanes } from './lanes.ts';
import { isKept, MemoryRoom } from './memory-room.ts';
import { OperatingClock } from './operating-clock.ts';
import { Reader } from './reader.ts';
import { Replays } from './replays.ts';
import { Reports, reportsKey } from './reports.ts';
import { Room } from './room.ts';
import { WriteBehindShelf } from './shelf.ts';
import type { BufferStatus } from './status.ts';
import type { Damage, Identity } from './worker-protocol.ts';
import { Writer } from './writer.ts';

/**
 * The durable log. Records are appended, already encoded, to the open batch of their rule's lane; everything that arrived
 * while the last commit was under way is committed by a worker thread, in one transaction a lane; what the collector has
 * acknowledged is noted by a later one, and deleted a whole file at a time. `room.ts` says what goes when space runs out,
 * `ledger.ts` what became of each record.
 */
export class RecordBuffer implements Service {
  readonly name = 'buffer';
  readonly #deps: BufferDependencies;
  readonly #lanes = new Lanes();
  readonly #writer: Writer;
  readonly #memory: MemoryRoom;
  readonly #reports: Reports;
  readonly #reader: Reader;
  readonly #replays: Replays;
  /** Looking back: what is on disk, sending it again, copying it. */
  readonly archive: Archive;
  readonly #shelf: WriteBehindShelf;
  readonly #listeners = new Set<ReadyListener>();
  #room: Room | undefined;
  #disk: Disk | undefined;
  #identity: Identity = { gateway: '', epoch: '' };
  #deliveries: readonly RecentDelivery[] = [];
  readonly #damages: Damages;
  #state: 'open' | 'closed' = 'closed';
  #maxBytes = Number.POSITIVE_INFINITY;
  readonly #operating: OperatingClock;

  constructor(deps: BufferDependencies) {
    this.#deps = deps;
    const { clock, log, uplink } = deps;
    this.#operating = new OperatingClock(clock);
    const operating = (): MonotonicMs => this.operatingMs;
    this.#writer = new Writer({
      lanes: this.#lanes,
      maxBatchBytes: deps.options.maxBatchBytes,
      segmentBytesOf: ({ handling }) =>
        segmentBytesFor(Math.min(this.#maxBytes, handling?.maxBytes ?? this.#maxBytes), deps.options.segmentBytes),
      operating,
      delivery: () => ({ isLive: uplink?.isLive() ?? false, acknowledgeMs: uplink?.acknowledgeMs() ?? 0 }),
      log,
      onReady: (batch) => {
        for (const listener of this.#listeners) listener(batch);
      },
      onWritten: (hasTaken) => this.#room?.written(hasTaken),
      onFull: (lane, freeBytes) => this.#room?.full(lane, freeBytes),
      onCommit: deps.onCommit,
    });
    const { maxPendingBytes } = deps.options;
    const underWay = (lane: string) => uplink?.underWay(lane) ?? [];
    this.#memory = new MemoryRoom({ lanes: this.#lanes, writer: this.#writer, maxPendingBytes, operating, underWay });
    this.#reports = new Reports({
      lanes: this.#lanes,
      writer: this.#writer,
      encode: deps.encodeGap,
      now: clock.now,
      operating,
      delayMs: deps.reportDelayMs,
    });
    this.#damages = new Damages({ lanes: this.#lanes, log, now: clock.now, operating });
    const reading = {
      lanes: this.#lanes,
      disk: () => this.#disk,
      onDamage: (damage: Damage) => this.#damages.note(damage),
    };
    this.#reader = new Reader({ ...reading, operating });
    this.#shelf = new WriteBehindShelf(shelfOn(() => this.#disk));
    this.#replays = new Replays({ ...reading, shelf: this.#shelf, now: operating });
    this.archive = new Archive({ ...reading, replays: this.#replays, corrections: deps.corrections });
  }

  /** Opens the files, salvaging what is damaged. @throws {HeadgateError} data.in-use, data.newer or data.unwritable */
  async start(): Promise<void> {
    const { options, directory, clock, faults, log } = this.#deps;
    const settings = { directory, faults: faults ?? {}, maxDeliveries: options.maxDeliveries };
    const { disk, opened } = await (this.#deps.openDisk ?? DiskThread.open)(settings);
    this.#disk = disk;
    this.#identity = opened.identity;
    this.#deliveries = opened.deliveries;
    this.#lanes.load(opened.lanes, reportsKey);
    this.#operating.start(Math.max(opened.operatingMs, this.#lanes.newestAgeMs));
    this.#maxBytes = options.maxBytes ?? usualBudget(directory);
    await this.#writer.start(disk, Math.max(opened.usedUpTo, this.#lanes.lastSequence));
    for (const damage of opened.damages) this.#damages.note(damage);
    this.#damages.noteMissing();
    await this.#replays.load();
    const replays = this.#replays;
    this.#state = 'open';
    this.#room = new Room({
      lanes: this.#lanes,
      writer: this.#writer,
      maxBytes: this.#maxBytes,
      directory,
      memory: this.#memory,
      // What is to be sent again stays until it has been, if there is room.
      get keepMs() {
        return replays.isActive ? Number.POSITIVE_INFINITY : options.keep;
      },
      operating: () => this.operatingMs,
      now: clock.now,
      underWay: (lane) => this.#deps.uplink?.underWay(lane) ?? [],
      log,
    });
    this.#room.start(disk);
    this.#reports.start();
  }

  /** Commits what was taken in, notes what was delivered, and closes the files. */
  async stop(): Promise<void> {
    const disk = this.#disk;
    if (disk === undefined) return;
    this.#state = 'closed';
    this.#reports.stop();
    this.#memory.discardAll();
    // What is still to be told becomes records now: the next run might be long in coming.
    this.#reports.tell(true);
    await this.#shelf.saved().catch(() => {
      // The log says that the disk refuses; nothing more can be done about it while stopping.
    });
    await this.#writer.stop();
    this.#room?.stop();
    this.#room = undefined;
    this.#disk = undefined;
    await disk.close(this.#writer.lastSequence, this.operatingMs);
  }

  /** Who this data directory belongs to; empty names until it has started. */
  get identity(): Identity {
    return this.#identity;
  }

  /** A durable map for what parts have to remember. */
  get shelf(): Shelf {
    return this.#shelf;
  }

  /** The newest messages that are on disk, by what their source would recognise them; oldest first. */
  get deliveries(): readonly RecentDelivery[] {
    return this.#deliveries;
  }

  get totals(): { readonly waitingRecords: number; readonly firstWaiting: number; readonly lastSequence: number } {
    const { waitingRecords, firstWaiting } = this.#lanes;
    return { waitingRecords, firstWaiting, lastSequence: this.#writer.lastSequence };
  }

  /**
   * So much waits for the disk that sources have to be held back, or memory would fill with what nobody waits for. When the
   * disk fails, only for records that must not be dropped: the others go on from memory, and the oldest of them go.
   */
  mustWait(handling: Handling): boolean {
    if (this.#writer.pendingBytes <= this.#deps.options.maxPendingBytes) return false;
    return this.#writer.failure === undefined || isKept(this.#lanes.of(handling));
  }

  /** Why a record of a rule could not be appended now; undefined: it could. */
  refusal(handling: Handling): HeadgateError | undefined {
    if (this.#state === 'closed') return new HeadgateError('buffer.closed', 'The gateway is not taking messages.');
    if (this.#writer.pendingBytes <= this.#deps.options.maxPendingBytes) return undefined;
    if (this.#lanes.of(handling).gate !== 'blocked') return undefined;
    const where = this.#room?.noRoom?.of === 'disk' ? 'disk' : 'buffer';
    return new HeadgateError('buffer.full', `The ${where} has no room for records of the rule "${handling.rule}".`);
  }

  /** Of several devices' records that are appended without naming theirs: see `device` of {@link append}. */
  follow(handling: Handling, device: string): void {
    this.#writer.follow(this.#lanes.of(handling), device);
  }

  /**
   * Appends bytes `start` to `end` of `source`, one encoded record.
   *
   * @param takenAtMs when it was taken in, by the wall clock
   * @param waiter told when the record is as durable as its rule asks, or that it can't be made so. Records of `relaxed` and
   * `memory` rules count as acknowledged from here on, whether anybody waits or not
   * @param delivery stored with the record
   * @param device whose order is kept, also where its records go under several rules of one priority
   * @param isFollowed the next one appended belongs to the same message: all of them are stored, or none
   */
  append(
    handling: Handling,
    source: Buffer,
    start: number,
    end: number,
    takenAtMs: UnixMs,
    waiter?: Waiter,
    delivery?: DeliveryKey,
    device?: string,
    isFollowed = false,
  ): void {
    const refusal = this.refusal(handling);
    if (refusal !== undefined) {
      this.#writer.refused++;
      waiter?.settled(refusal, 0);
      return;
    }
    const lane = this.#lanes.of(handling);
    if (lane.gate === 'dropping') {
      this.discard(handling, 'full', undefined, takenAtMs);
      waiter?.settled(undefined, 0);
      return;
    }
    this.#writer.append(lane, source, start, end, takenAtMs, waiter, delivery, device, isFollowed);
    // Not only at the next sweep: a failing disk must not let memory grow for a second.
    if (lane.isEarly && !isFollowed && this.#writer.pendingBytes > this.#deps.options.maxPendingBytes)
      this.#memory.trim();
  }

  /** Ends every open batch: what is appended from here on is stamped by another clock, and corrected by itself. */
  seal(): void {
    for (const lane of this.#lanes) this.#writer.seal(lane);
    this.#writer.flush();
  }

  /** Counts a record that is not kept, as a rule says or for want of room. */
  discard(handling: Handling, reason: DropReason, device: string | undefined, atMs: UnixMs): void {
    discard(this.#lanes.of(handling), reason, device, atMs, this.operatingMs);
  }

  /** The rules have changed. What is stored stays under those it was stored under. */
  rulesChanged(handlings: readonly Handling[]): void {
    for (const lane of this.#lanes) if (lane.key !== reportsKey) lane.handling = undefined;
    this.#lanes.release();
    for (const handling of handlings) this.#lanes.of(handling);
  }

  /** See {@link BufferDependencies}. */
  get corrections(): BufferDependencies['corrections'] {
    return this.#deps.corrections;
  }

  lanes(): readonly LaneView[] {
    return this.#replays.join(this.#lanes.all);
  }

  /** What waits of a lane behind sequence `after`, in order: ≥ 1 batch if there is any, then up to `maxBytes`. */
  async read(lane: string, after: number, maxBytes: number): Promise<readonly StoredBatch[]> {
    return (await this.#replays.read(lane, after, maxBytes)) ?? this.#reader.read(lane, after, maxBytes);
  }

  /** @returns how to stop listening */
  onReady(listener: ReadyListener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** The collector has these for good. */
  acknowledge(batches: readonly StoredBatch[]): void {
    for (const batch of batches) {
      if (!this.#replays.acknowledge(batch)) acknowledge(batch, this.#lanes, this.#writer, this.operatingMs);
    }
    this.#writer.flush();
  }

  status(): BufferStatus {
    const { failure, commits, commitMs, pendingBytes, refused, flash, lastSequence } = this.#writer;
    const full = this.#room?.noRoom;
    return {
      state:
        this.#disk === undefined ? 'closed' : failure !== undefined ? 'failing' : full !== undefined ? 'full' : 'open',
      ...(failure !== undefined ? { failure } : full !== undefined && { full }),
      ...this.#lanes.status(this.#deps.corrections),
      ...{ lastSequence, pendingBytes, commits, commitMs, refused, flashBytes: flash.bytes },
      ...{ maxBytes: this.#maxBytes, roomBytes: this.#room?.roomBytes ?? this.#maxBytes },
      damages: this.#damages.told,
    };
  }

  /** Monotonic time, summed over all runs of this gateway, in milliseconds: what time that must not jump is counted in. */
  get operatingMs(): MonotonicMs {
    return this.#operating.now;
  }
}
