import type { Handling } from '../core/handling.ts';
import type { Priority } from '../core/priority.ts';
import type { ClockCorrections } from '../core/time.ts';
import { Lane, laneOf, reportName } from './lane.ts';
import { emptyCounts, type LaneState, type LedgerCounts } from './ledger.ts';
import type { FoundLane, LaneInfo } from './worker-protocol.ts';

/** Every lane there is, by its key and by the rule that fills it. */
export class Lanes implements Iterable<Lane> {
  readonly #byKey = new Map<string, Lane>();
  #byHandling = new Map<Handling, Lane>();
  readonly #shared = new Set<Priority>();
  /** The same array for as long as no lane is added. */
  all: readonly Lane[] = [];

  [Symbol.iterator](): IterableIterator<Lane> {
    return this.all[Symbol.iterator]();
  }

  get(key: string): Lane | undefined {
    return this.#byKey.get(key);
  }

  /** The lane that a rule's records go to. */
  of(handling: Handling): Lane {
    const known = this.#byHandling.get(handling);
    if (known !== undefined) return known;
    const info = laneOf(handling);
    const lane = this.#add(info);
    // What could be read of damaged files may have been a guess.
    lane.info = info;
    // Of two variants of a rule that share a lane, the one that spoke last says what it may take.
    lane.handling = handling;
    this.#byHandling.set(handling, lane);
    this.#noteShared();
    return lane;
  }

  /** Several rules have this priority: a device's records may go to more than one lane of it. */
  isShared(priority: Priority): boolean {
    return this.#shared.has(priority);
  }

  /** The rules have changed: lanes belong to none until one of the new ones claims them. */
  release(): void {
    this.#byHandling = new Map();
    this.#noteShared();
  }

  /** Takes what earlier runs left. */
  load(found: readonly FoundLane[], reportsKey: string): void {
    const states = new Map(found.map(({ lane, state }) => [lane.key, parse(state)]));
    const reported = states.get(reportsKey)?.reported ?? {};
    for (const { lane: info, segments, nextPosition, isStateOld = false } of found) {
      const lane = this.#add(info);
      lane.isStateOld = isStateOld;
      lane.load(segments, nextPosition, states.get(info.key), {
        losses: reported[reportName(info.key, 'losses')] ?? 0,
        choices: reported[reportName(info.key, 'choices')] ?? 0,
      });
    }
  }

  /** What became of all records. */
  counts(): LedgerCounts {
    const all = emptyCounts();
    for (const lane of this) {
      const { received, delivered, waiting, dropped } = lane.counts;
      all.received += received;
      all.delivered += delivered;
      all.waiting += waiting;
      for (const [reason, count] of Object.entries(dropped)) all.dropped[reason as keyof typeof dropped] += count;
    }
    return all;
  }

  get waitingRecords(): number {
    let records = 0;
    for (const lane of this) records += lane.waitingRecords;
    return records;
  }

  /** The latest operating time that anything on disk bears: the head is only written now and then. */
  get newestAgeMs(): number {
    return Math.max(0, ...this.all.flatMap(({ segments }) => segments.map((one) => one.newestAgeMs)));
  }

  /** The highest sequence on disk. */
  get lastSequence(): number {
    return Math.max(0, ...this.all.flatMap(({ segments }) => segments.map((one) => one.lastSequence)));
  }

  /** The lowest sequence that may wait; 0 when nothing does. */
  get firstWaiting(): number {
    let first = Number.POSITIVE_INFINITY;
    for (const lane of this) {
      const oldest = lane.oldestSegment?.firstSequence ?? lane.batches[0]?.firstSequence ?? 0;
      if (oldest > 0) first = Math.min(first, oldest);
    }
    return Number.isFinite(first) ? first : 0;
  }

  /** What the lanes say, each and together. */
  status(corrections?: ClockCorrections) {
    const lanes = this.all.map((lane) => lane.status(corrections));
    const oldest = lanes.flatMap(({ oldestWaitingAt: at }) => (at === undefined ? [] : [at]));
    return {
      waitingRecords: this.waitingRecords,
      waitingBytes: lanes.reduce((bytes, lane) => bytes + lane.waitingBytes, 0),
      ...(oldest.length > 0 && { oldestWaitingAt: Math.min(...oldest) }),
      diskBytes: this.diskBytes,
      ledger: this.counts(),
      lanes,
    };
  }

  get diskBytes(): number {
    let bytes = 0;
    for (const lane of this) bytes += lane.diskBytes;
    return bytes;
  }

  #noteShared(): void {
    const priorities = new Set<Priority>();
    this.#shared.clear();
    for (const lane of new Set(this.#byHandling.values())) {
      if (priorities.has(lane.priority)) this.#shared.add(lane.priority);
      priorities.add(lane.priority);
    }
  }

  #add(info: LaneInfo): Lane {
    let lane = this.#byKey.get(info.key);
    if (lane === undefined) {
      lane = new Lane(info, undefined);
      this.#byKey.set(info.key, lane);
      this.all = [...this.#byKey.values()];
    }
    return lane;
  }
}

function parse(state: string | undefined): LaneState | undefined {
  return state === undefined ? undefined : (JSON.parse(state) as LaneState);
}
