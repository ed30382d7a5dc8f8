import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { RecentDelivery } from '../core/message.ts';
import { isFull } from '../lib/is-full.ts';
import { BackupCopy } from './backup-copy.ts';
import { freeBytesOf } from './budget.ts';
import { FlashMeter } from './flash-meter.ts';
import { Head, leap } from './head.ts';
import { findLane } from './lane-files.ts';
import { LaneStore } from './lane-store.ts';
import { LegacyBuffer, legacyName } from './legacy.ts';
import { wholeDeliveries } from './recent-deliveries.ts';
import { Reserve } from './reserve.ts';
import type { SegmentMeta } from './segment-file.ts';
import { ShelfStore } from './shelf-store.ts';
import { SimulatedFaults } from './simulated-faults.ts';
import type {
  Damage,
  FaultyOperation,
  FoundLane,
  Identity,
  LaneInfo,
  LaneOutcome,
  LaneWrite,
  WorkerSettings,
} from './worker-protocol.ts';

/** Everything on disk: the head, the shelf, and the lanes. Synchronous; lives in the worker. */
export class Store {
  readonly #settings: WorkerSettings;
  readonly faults: SimulatedFaults;
  readonly #fault = (operation: FaultyOperation): void => this.faults.before(operation);
  readonly #damagedDirectory: string;
  readonly #head: Head;
  readonly #shelf: ShelfStore;
  readonly #reserve: Reserve;
  readonly #meter = new FlashMeter();
  readonly #lanes = new Map<string, LaneStore>();
  readonly #damages: Damage[] = [];
  #backup: BackupCopy | undefined;

  /** @throws {HeadgateError} data.in-use, data.newer or data.unwritable */
  constructor(settings: WorkerSettings) {
    this.#settings = settings;
    this.faults = new SimulatedFaults(settings.faults);
    const { directory } = settings;
    this.#damagedDirectory = join(directory, 'damaged');
    this.#reserve = new Reserve(join(directory, 'reserve'));
    // Looking at the files takes room, too.
    this.#reserve.lend();
    this.#head = new Head(join(directory, 'head.db'), this.#damagedDirectory);
    if (this.#head.problem !== undefined) this.#damages.push({ message: this.#head.problem, holes: [] });
    const metas = this.#loadLanes(directory);
    const legacy = LegacyBuffer.open(join(directory, '..', legacyName), this.#damagedDirectory);
    if (this.#head.isNew) this.#found(metas.at(0), legacy instanceof LegacyBuffer ? legacy : undefined);
    if (legacy !== undefined) this.#damages.push(...this.#takeOver(legacy));
    this.#shelf = new ShelfStore(join(directory, 'shelf.db'));
    if (this.#shelf.problem !== undefined) this.#damages.push({ message: this.#shelf.problem, holes: [] });
    this.#reserve.hold();
    // What opening cost is nobody's.
    this.#meter.take();
  }

  get identity(): Identity {
    return this.#head.identity;
  }

  get head(): Head {
    return this.#head;
  }

  get shelf(): ShelfStore {
    return this.#shelf;
  }

  get damages(): readonly Damage[] {
    return this.#damages;
  }

  get lanes(): FoundLane[] {
    return [...this.#lanes.values()].map(({ info, segments, nextPosition, state, isStateOld }) => ({
      lane: info,
      segments,
      nextPosition,
      ...(state !== undefined && { state }),
      ...(isStateOld && { isStateOld }),
    }));
  }

  /** What its disk has left. */
  get freeBytes(): number {
    return freeBytesOf(this.#settings.directory);
  }

  lane(key: string): LaneStore | undefined {
    return this.#lanes.get(key);
  }

  /** The newest delivery keys, oldest first. */
  deliveries(): RecentDelivery[] {
    const { maxDeliveries } = this.#settings;
    const found = [...this.#lanes.values()].flatMap((lane) => {
      try {
        return lane.deliveries(maxDeliveries);
      } catch {
        // A damaged segment: it is found out, and said, when it is read for sending. A message might be taken twice.
        return [];
      }
    });
    found.sort((a, b) => a.ageAtMs - b.ageAtMs);
    const newestMs = found.at(-1)?.ageAtMs ?? 0;
    const runEnds = [...new Set(found.flatMap(({ runEndMs }) => runEndMs ?? []))];
    const keys = found.flatMap(({ keys, ageAtMs }) => {
      const runsAgo = runEnds.filter((end) => end >= ageAtMs).length;
      return keys.map((key) => ({ ...key, agoMs: newestMs - ageAtMs, ...(runsAgo > 0 && { runsAgo }) }));
    });
    return wholeDeliveries(keys).slice(-maxDeliveries);
  }

  /** Writes what one lane has to write. Never throws. */
  write(write: LaneWrite): LaneOutcome {
    const lane = this.#laneOf(write.lane);
    const { nextPosition, state } = lane;
    try {
      this.faults.beforeCommit();
      const { firstPosition, segment, bytes } = lane.write(write);
      this.faults.afterCommit();
      return { kind: 'stored', firstPosition, segment, bytesWritten: bytes };
    } catch (error) {
      const { message } = error as Error;
      // A write that did not fit was rolled back, and may be tried again. After anything else nobody knows what the
      // disk has: it is not asked again to make the same pages durable, and their file is not written to any more.
      if (isFull(error)) return { kind: 'full', message, freeBytes: this.freeBytes };
      lane.abandon({ nextPosition, state });
      return { kind: 'failed', message };
    }
  }

  /**
   * Saves a lane's state, if need be from the reserve, and deletes segments.
   * @returns whether there was space for the state
   * @throws an error of the disk
   */
  drop(write: LaneWrite, segments: readonly number[]): boolean {
    const lane = this.#laneOf(write.lane);
    // Its state must not go with it.
    if (lane.active !== undefined && segments.includes(lane.active.number)) lane.seal();
    let outcome = this.write(write);
    if (outcome.kind === 'full' && this.#reserve.release()) outcome = this.write(write);
    if (outcome.kind !== 'stored' && outcome.kind !== 'full') throw new Error(outcome.message);
    this.#keepSequences(lane, segments);
    // With the disk too full even for the state, what is deleted may look lost after a crash; keeping it would not help.
    lane.drop(segments);
    this.#reserve.hold();
    return outcome.kind === 'stored';
  }

  /** When a reservation was refused, segments are all that knows how far sequences were used. @throws an error of the disk */
  #keepSequences({ segments }: LaneStore, dropped: readonly number[]): void {
    const used = segments.filter(({ number }) => dropped.includes(number)).map(({ lastSequence }) => lastSequence);
    const last = Math.max(0, ...used);
    if (last > this.#head.reserved) this.#head.reserve(last, this.#head.operatingMs);
  }

  /** Bytes that went to storage since the last call. */
  flashBytes(): number {
    return this.#meter.take();
  }

  /** A write that may use the reserve: what is saved is little, and frees more. */
  probe(): void {
    this.faults.beforeCommit();
    this.faults.afterCommit();
    this.#head.probe();
    this.#reserve.hold();
  }

  /** Copies the next piece of everything into a directory: see {@link BackupCopy}. @throws an error of the disk */
  backup(directory: string): ReturnType<BackupCopy['step']> {
    const begun = this.#backup?.directory === directory ? this.#backup : undefined;
    const source = { lanes: () => this.#lanes.values(), shelf: this.#shelf, head: this.#head };
    const copy = begun ?? new BackupCopy(directory, source);
    // One that fails is not gone on with.
    this.#backup = undefined;
    const step = copy.step();
    if (!step.isDone) this.#backup = copy;
    return step;
  }

  /** @param usedUpTo the last sequence that was given out: the next run goes on behind it */
  close(usedUpTo: number, operatingMs: number): void {
    for (const lane of this.#lanes.values()) lane.close();
    try {
      this.#head.reserve(usedUpTo, operatingMs);
    } catch {
      // A disk that fails at the last moment: what waits only seems younger than it is.
    }
    this.#shelf.close();
    this.#head.close();
  }

  /** Says whose data this is: what was there before does, if anything was. */
  #found(meta: SegmentMeta | undefined, legacy: LegacyBuffer | undefined): void {
    const sequences = [...this.#lanes.values()].flatMap(({ segments }) => segments.map((one) => one.lastSequence));
    const last = Math.max(0, ...sequences);
    const isOld = meta !== undefined || last > 0;
    if (isOld && this.#head.problem === undefined) {
      this.#damages.push({ message: `${this.#head.path} was missing or empty, and was made anew.`, holes: [] });
    }
    if (isOld) this.#head.found(meta, last + leap);
    else this.#head.found(legacy?.identity, legacy?.lastSequence ?? 0);
  }

  /** Moves the first release's buffer into this one. */
  #takeOver(legacy: LegacyBuffer | Damage): Damage[] {
    if (!(legacy instanceof LegacyBuffer)) return [legacy];
    const { gateway, epoch } = legacy.identity;
    if (gateway === this.identity.gateway && epoch === this.identity.epoch) {
      return legacy.moveTo((info) => this.#laneOf(info));
    }
    legacy.close();
    const message = `${join(this.#settings.directory, '..', legacyName)} is another gateway's (${gateway}, ${epoch}): its records are not sent.`;
    return [{ message, holes: [] }];
  }

  #loadLanes(directory: string): SegmentMeta[] {
    const metas: SegmentMeta[] = [];
    const identity = (): Identity => this.identity;
    const fault = this.#fault;
    for (const entry of readdirSync(directory, { withFileTypes: true })) {
      if (!entry.isDirectory() || entry.name === 'damaged') continue;
      const path = join(directory, entry.name);
      const { files, metas: owners, damages } = findLane(path, this.#damagedDirectory);
      this.#damages.push(...damages);
      metas.push(...owners);
      if (files === undefined) continue;
      this.#lanes.set(files.info.key, LaneStore.of(files, path, this.#damagedDirectory, identity, fault));
    }
    return metas;
  }

  #laneOf(info: LaneInfo): LaneStore {
    let lane = this.#lanes.get(info.key);
    if (lane === undefined) {
      const directory = join(this.#settings.directory, info.key);
      lane = new LaneStore(info, directory, this.#damagedDirectory, () => this.identity, this.#fault);
      this.#lanes.set(info.key, lane);
    }
    lane.info = info;
    return lane;
  }
}
