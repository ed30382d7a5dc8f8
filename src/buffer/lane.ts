import { createHash } from 'node:crypto';
import { lastSequenceOf, type StoredBatch } from '../core/batch.ts';
import type { DropReason, Handling } from '../core/handling.ts';
import { type ClockCorrections, correctedTime, type MonotonicMs } from '../core/time.ts';
import { type Batch, OpenBatch, type Sealed } from './batch.ts';
import { GapBook, type Loss } from './gap-book.ts';
import { type LaneState, Ledger, type LedgerCounts } from './ledger.ts';
import type { LaneStatus } from './status.ts';
import type { LaneInfo, SegmentSummary } from './worker-protocol.ts';

/** What happens to a lane's new records. */
export type Gate =
  /** They are taken in. */
  | 'open'
  /** They wait in memory, and their source for its acknowledgement, until there is room. */
  | 'blocked'
  /** They are dropped and counted: the rule says so, or nothing else could be. */
  | 'dropping';

const nothingSaved = { gaps: [], lastNumber: 0 };

/**
 * The records of one rule, in order: those in memory, and what is known of those on disk. A lane outlives its rule: when
 * the rule changes, a new lane takes over, and this one is drained under what it was stored under.
 */
export class Lane {
  info: LaneInfo;
  /** Its newest state was damaged, and what is known of it is from before. */
  isStateOld = false;
  /** The rule; undefined when it holds no more. */
  handling: Handling | undefined;
  readonly ledger = new Ledger();
  /** Losses to be reported: those that befell its records, and those that its rule asks for. */
  readonly gaps = { losses: new GapBook(), choices: new GapBook() };
  readonly open = new OpenBatch();
  /** In the lane of reports: which gaps the open batch tells of, as in {@link LaneState.reported}. */
  openMarks: Record<string, number> = {};
  /** Sealed and not yet on disk, in order of sequence. */
  batches: Batch[] = [];
  /** On disk, oldest first; the last one may still be growing. */
  #segments: SegmentSummary[] = [];
  #diskBytes = 0;
  endPosition = 0;
  endBytes = 0;
  gate: Gate = 'open';
  /** Goes up when a write fails: those behind it fail too. */
  generation = 0;
  /** Some of its batches can't be sent early, although the rule would allow it. */
  hasHidden = false;
  /** Acknowledged to their source, and in memory only. */
  acceptedInMemory = 0;
  /** Bytes in memory: of the open batch and of those that are not on disk. */
  memoryBytes = 0;
  /** What of its state the disk does not know: nothing; counts only; that stored records are removed. */
  unsaved: 'nothing' | 'counts' | 'removals' = 'nothing';
  unsavedSince: MonotonicMs = 0;
  /** Not before this are its batches tried again, in operating time: the disk refused them. */
  retryAt: MonotonicMs = 0;

  constructor(info: LaneInfo, handling: Handling | undefined) {
    this.info = info;
    this.handling = handling;
  }

  get key(): string {
    return this.info.key;
  }

  get priority() {
    return this.info.priority;
  }

  /** Its records are acknowledged before they are on disk. */
  get isEarly(): boolean {
    return this.info.durability === 'relaxed' || this.info.durability === 'memory';
  }

  /** The uplink may send its records before they are on disk. */
  get isDirect(): boolean {
    return this.info.durability !== 'local';
  }

  /** Lowest sequence that is sealed and may not be sent yet. */
  get pendingFrom(): number | undefined {
    // Asked with nearly every batch that is sent: what may be sent early is looked through only when some of it may not.
    if (!this.isDirect) return this.batches[0]?.firstSequence;
    return this.hasHidden ? this.batches.find(({ isExposed }) => !isExposed)?.firstSequence : undefined;
  }

  /** Something of it is not on disk: time alone may make it due. */
  get isUnfinished(): boolean {
    return this.unsaved !== 'nothing' || this.open.count > 0 || this.batches.length > 0;
  }

  /** The disk works at some of its batches. */
  get isWriting(): boolean {
    return this.batches.some(({ phase }) => phase === 'writing');
  }

  get segments(): readonly SegmentSummary[] {
    return this.#segments;
  }

  set segments(segments: readonly SegmentSummary[]) {
    this.#segments = [...segments];
    this.#diskBytes = segments.reduce((bytes, { fileBytes }) => bytes + fileBytes, 0);
  }

  /** What its files take, as far as is known. */
  get diskBytes(): number {
    return this.#diskBytes;
  }

  get waitingRecords(): number {
    return this.endPosition - this.ledger.removedCount + this.acceptedInMemory;
  }

  get waitingBytes(): number {
    const onDisk =
      this.endPosition > this.ledger.removedCount ? Math.max(0, this.endBytes - this.ledger.removedBytes) : 0;
    return onDisk + (this.acceptedInMemory > 0 ? this.memoryBytes : 0);
  }

  get counts(): LedgerCounts {
    const { delivered, dropped, unstored } = this.ledger;
    return {
      received: this.endPosition + unstored + this.acceptedInMemory,
      delivered,
      waiting: this.waitingRecords,
      dropped: { ...dropped },
    };
  }

  /** @param corrections what is known now of the clock by which its records were stamped */
  status(corrections?: ClockCorrections): LaneStatus {
    const { rule, priority, durability } = this.info;
    const { waitingRecords } = this;
    const first = this.oldestSegment;
    const oldest = first ? { takenAtMs: first.oldestMs, ageAtMs: first.oldestAgeMs } : this.batches[0];
    return {
      lane: this.key,
      rule,
      priority,
      durability,
      gate: this.gate,
      waitingRecords,
      waitingBytes: this.waitingBytes,
      diskBytes: this.diskBytes,
      ...(waitingRecords > 0 && oldest && { oldestWaitingAt: correctedTime(oldest, corrections) }),
      ledger: this.counts,
    };
  }

  /** The first segment in which something waits. */
  get oldestSegment(): SegmentSummary | undefined {
    return this.segments.find((segment) => !this.isRemoved(segment));
  }

  /** Nothing in a segment waits. */
  isRemoved({ firstPosition, endPosition }: SegmentSummary): boolean {
    return this.ledger.nextWaiting(firstPosition) >= endPosition;
  }

  /**
   * Takes what an earlier run left.
   * @param endPosition behind all that was ever stored, also what is gone
   * @param reportedUpTo the last of its gaps that became records
   */
  load(
    segments: readonly SegmentSummary[],
    endPosition: number,
    state: LaneState | undefined,
    reportedUpTo: { readonly losses: number; readonly choices: number },
  ): void {
    this.segments = segments;
    this.endPosition = endPosition;
    if (state !== undefined) this.ledger.load(state);
    this.gaps.losses.load(state?.losses ?? nothingSaved, reportedUpTo.losses);
    this.gaps.choices.load(state?.choices ?? nothingSaved, reportedUpTo.choices);
    // Segments that are gone were removed; what the others hold is known.
    const held = segments.reduce((bytes, one) => bytes + one.bytes, 0);
    this.endBytes = this.ledger.removedBytes + held;
    for (const segment of segments) {
      const { firstPosition: first, endPosition: end, bytes } = segment;
      const removed = end > first ? this.ledger.removedWithin({ first, last: end - 1 }) / (end - first) : 0;
      this.endBytes -= Math.round(bytes * removed);
    }
  }

  /** @param batches those that are saved together with it */
  state(batches: readonly Batch[] = []): LaneState {
    const { losses, choices } = this.gaps;
    // Those that the disk works at are saved before it. If they fail, so does what was asked for behind them.
    const underWay = this.batches.filter(
      ({ phase, generation }) => phase === 'writing' && generation === this.generation,
    );
    const marks = [...underWay, ...batches].map((batch) => batch.marks);
    return this.ledger.save({ losses: losses.all(), choices: choices.all() }, marks);
  }

  /** Which of its gaps a state that is made now tells for good. */
  get numbered(): { readonly losses: number; readonly choices: number } {
    return { losses: this.gaps.losses.lastNumber, choices: this.gaps.choices.lastNumber };
  }

  /** A state is durable. @param upTo what was {@link numbered} when it was made */
  saved(upTo: { readonly losses: number; readonly choices: number }): void {
    this.gaps.losses.saved(upTo.losses);
    this.gaps.choices.saved(upTo.choices);
  }

  /** Notes a change of the state that is to be saved. */
  touch(what: 'counts' | 'removals', now: MonotonicMs): void {
    if (this.unsaved === 'nothing' || (this.unsaved === 'counts' && what === 'removals')) this.unsavedSince = now;
    if (this.unsaved !== 'removals') this.unsaved = what;
  }

  /** Seals what is open. @param firstSequence of its first record @param now operating time */
  seal(firstSequence: number, now: MonotonicMs): Batch {
    const sealed: Sealed = this.open.seal();
    const batch: Batch = {
      ...sealed,
      lane: this.key,
      firstSequence,
      sealedAgeMs: now,
      phase: 'queued',
      position: -1,
      isExposed: false,
      isDelivered: false,
      generation: this.generation,
      marks: this.openMarks,
    };
    this.openMarks = {};
    this.batches.push(batch);
    return batch;
  }

  /** A batch is on disk now, at a position. */
  stored(batch: Batch, position: number): void {
    batch.position = position;
    this.endPosition = position + batch.count;
    this.endBytes += batch.records.length;
    this.forget(batch, 'stored');
    if (this.isEarly) this.acceptedInMemory -= batch.count;
    this.ledger.report(batch.marks);
  }

  /** Takes a batch out of memory. */
  forget(batch: Batch, phase: 'stored' | 'gone'): void {
    batch.phase = phase;
    this.memoryBytes -= batch.records.length;
    if (this.batches.length === 1) this.hasHidden = false;
    if (this.batches[0] === batch) this.batches.shift();
    else this.batches = this.batches.filter((one) => one !== batch);
  }

  /** A segment has grown, or is new. */
  grew(segment: SegmentSummary): void {
    const last = this.#segments.at(-1);
    const isNew = last?.number !== segment.number;
    this.#diskBytes += segment.fileBytes - (isNew ? 0 : last.fileBytes);
    if (isNew) this.#segments.push(segment);
    else this.#segments[this.#segments.length - 1] = segment;
  }
}

/** Under what name the lane of reports notes that a lane's gaps have become records. */
export function reportName(key: string, kind: 'losses' | 'choices'): string {
  return kind === 'losses' ? key : `${key}/${kind}`;
}

/** The lane that a rule's records go to: a rule that changed what is kept with them gets a new one. */
export function laneOf({ rule, priority, durability, ttlMs }: Handling): LaneInfo {
  const slug =
    rule
      .toLowerCase()
      .replace(/[^a-z0-9]+/g, '-')
      .slice(0, 40) || 'rule';
  const name = JSON.stringify([rule, priority, durability, ttlMs ?? 0]);
  const hash = createHash('sha256').update(name).digest('hex').slice(0, 8);
  return { key: `${slug}.${hash}`, rule, priority, durability, ...(ttlMs !== undefined && { ttlMs }) };
}

/** Whether a batch that the uplink names is one of ours in memory. */
export function isInMemory(batch: StoredBatch): batch is Batch {
  return 'phase' in batch;
}

/** A batch that never came to the disk, as a loss. */
export function lossOf(lane: Lane, batch: Batch, reason: DropReason): Loss {
  return {
    reason,
    rule: lane.info.rule,
    count: batch.count,
    firstSequence: batch.firstSequence,
    lastSequence: lastSequenceOf(batch),
    firstAtMs: batch.takenAtMs,
    lastAtMs: batch.takenAtMs,
  };
}
