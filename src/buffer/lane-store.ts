import { Intervals } from '../lib/intervals.ts';
import { powerCut } from '../lib/power-cut.ts';
import { makeDirectory } from './directories.ts';
import { type Files, readFiles } from './evidence.ts';
import type { FoundLaneFiles } from './lane-files.ts';
import { rebuild } from './rebuild.ts';
import { type FoundDeliveries, recentDeliveries } from './recent-deliveries.ts';
import { Segment } from './segment.ts';
import { isDamage, removeFiles, type SegmentMeta } from './segment-file.ts';
import { pathOf } from './segment-files.ts';
import type { Piece } from './segment-read.ts';
import { SegmentReaders } from './segment-readers.ts';
import type { Damage, FaultyOperation, LaneInfo, LaneWrite, ReadBatch, SegmentSummary } from './worker-protocol.ts';

/** Sealed segments that are kept open: most are deleted soon, and closing one writes all of it a second time. */
const maxRetired = 2;

/** One lane's chain of segments. Synchronous; lives in the worker. */
export class LaneStore {
  /** Replaced when a rule tells better than what could be read of the files. */
  info: LaneInfo;
  readonly #directory: string;
  readonly #damagedDirectory: string;
  readonly #identity: () => { readonly gateway: string; readonly epoch: string };
  readonly #fault: (operation: FaultyOperation) => void;
  /** Segments that take nothing any more, by number. */
  readonly #sealed = new Map<number, SegmentSummary>();
  /** Those of them that are still open as they were written. */
  readonly #retired = new Map<number, Segment>();
  readonly #readers = new SegmentReaders();
  /** Positions of which no row has to be there. */
  #gone = new Intervals();
  #active: Segment | undefined;
  #nextNumber = 1;
  #nextPosition = 0;
  #state: string | undefined;
  /** The newest state was damaged. */
  #isStateOld = false;

  constructor(
    info: LaneInfo,
    directory: string,
    damagedDirectory: string,
    identity: () => { readonly gateway: string; readonly epoch: string },
    fault: (operation: FaultyOperation) => void = () => {},
  ) {
    this.info = info;
    this.#fault = fault;
    this.#directory = directory;
    this.#damagedDirectory = damagedDirectory;
    this.#identity = identity;
  }

  /** A lane as earlier runs left it. */
  static of(
    { info, sealed, state, isStateOld, nextNumber, nextPosition, gone }: FoundLaneFiles,
    directory: string,
    damagedDirectory: string,
    identity: () => { readonly gateway: string; readonly epoch: string },
    fault?: (operation: FaultyOperation) => void,
  ): LaneStore {
    const store = new LaneStore(info, directory, damagedDirectory, identity, fault);
    for (const summary of sealed) store.#sealed.set(summary.number, summary);
    store.#state = state;
    store.#isStateOld = isStateOld;
    store.#nextNumber = nextNumber;
    store.#nextPosition = nextPosition;
    store.#gone = gone;
    return store;
  }

  get segments(): SegmentSummary[] {
    const sealed = [...this.#sealed.values()].sort((a, b) => a.number - b.number);
    return this.#active === undefined ? sealed : [...sealed, this.#active.summary];
  }

  get state(): string | undefined {
    return this.#state;
  }

  get isStateOld(): boolean {
    return this.#isStateOld;
  }

  get active(): SegmentSummary | undefined {
    return this.#active?.summary;
  }

  /** Appends and saves. @throws an error of SQLite; none of it is stored then */
  write({ batches, state, segmentBytes }: LaneWrite): {
    firstPosition: number;
    segment: SegmentSummary;
    bytes: number;
  } {
    if (this.#active !== undefined && this.#active.summary.fileBytes >= segmentBytes) this.seal();
    const active = this.#active ?? this.#create();
    const firstPosition = active.summary.endPosition;
    const bytes = active.write(batches, state);
    this.#state = state ?? this.#state;
    this.#nextPosition = active.summary.endPosition;
    return { firstPosition, segment: active.summary, bytes };
  }

  /** Where the next batch goes. */
  get nextPosition(): number {
    return this.#nextPosition;
  }

  /**
   * Whatever the disk did to the active segment, nothing more is written to it: after a failed fsync it can't be trusted.
   * @param before how things were before what was refused: it does not count, although it may be there
   */
  abandon(before: Pick<LaneStore, 'nextPosition' | 'state'> = this): void {
    const { nextPosition: end, state } = before;
    this.#nextPosition = end;
    if (this.#active === undefined) return;
    const abandoned = this.#active;
    abandoned.cutAt(end);
    try {
      // The state of the refused write may say that its batches are there: it goes as they do.
      abandoned.close(state ?? null);
    } catch {
      // The next start finds it as a crash would have left it.
    }
    this.#sealed.set(abandoned.summary.number, abandoned.summary);
    this.#state = state;
    this.#active = undefined;
  }

  /** The active segment takes nothing more. */
  seal(): SegmentSummary | undefined {
    const segment = this.#active;
    if (segment === undefined) return undefined;
    this.#active = undefined;
    const { number } = segment.summary;
    this.#sealed.set(number, segment.summary);
    this.#retired.set(number, segment);
    for (const [oldest, retired] of this.#retired) {
      if (this.#retired.size <= maxRetired) break;
      this.#close(oldest, retired);
    }
    return this.#sealed.get(number);
  }

  /** Deletes sealed segments. */
  drop(numbers: readonly number[]): void {
    for (const number of numbers) {
      if (!this.#sealed.has(number)) continue;
      this.#fault('unlink');
      powerCut('gateway: before a segment is deleted');
      const open = this.#retired.get(number) ?? this.#readers.get(number);
      if (open === undefined) removeFiles(pathOf(this.#directory, number));
      else open.destroy();
      powerCut('gateway: after a segment is deleted');
      // One that the disk would not let go is asked for again.
      this.#sealed.delete(number);
      this.#retired.delete(number);
      this.#readers.release(number);
    }
  }

  /** See the protocol's `read`. */
  read(from: number, after: number, maxBytes: number): { batches: ReadBatch[]; isEnd: boolean; damages: Damage[] } {
    const batches: ReadBatch[] = [];
    const damages: Damage[] = [];
    let bytes = 0;
    for (const summary of this.segments) {
      if (summary.endPosition <= from || summary.lastSequence <= after) continue;
      if (bytes >= maxBytes) return { batches, isEnd: false, damages };
      const piece = this.#readSegment(summary, Math.max(from, summary.firstPosition), after, maxBytes - bytes, damages);
      batches.push(...piece.batches);
      for (const { records } of piece.batches) bytes += records.length;
      if (!piece.isEnd) return { batches, isEnd: false, damages };
    }
    return { batches, isEnd: true, damages };
  }

  /** See the protocol's `window`. */
  window(
    from: number,
    fromMs: number,
    toMs: number,
    maxBytes: number,
  ): { batches: ReadBatch[]; next: number | undefined; damages: Damage[] } {
    const damages: Damage[] = [];
    for (const summary of this.segments) {
      const { firstPosition, endPosition, oldestMs, newestMs } = summary;
      if (endPosition <= Math.max(from, firstPosition)) continue;
      // After a clock was set back the first batch may be the newer one.
      if (Math.max(oldestMs, newestMs) < fromMs || Math.min(oldestMs, newestMs) >= toMs) continue;
      const piece = this.#readSegment(summary, Math.max(from, firstPosition), 0, maxBytes, damages);
      const last = piece.batches.at(-1);
      const next = piece.isEnd || last === undefined ? endPosition : last.position + last.count;
      const batches = piece.batches.filter(({ takenAtMs }) => takenAtMs >= fromMs && takenAtMs < toMs);
      return { batches, next, damages };
    }
    return { batches: [], next: undefined, damages };
  }

  /** The path of a segment that takes nothing more, closed so that it can be copied; undefined when it is gone. */
  settled(number: number): string | undefined {
    if (!this.#sealed.has(number)) return undefined;
    const retired = this.#retired.get(number);
    if (retired !== undefined) this.#close(number, retired);
    this.#readers.release(number)?.close();
    return pathOf(this.#directory, number);
  }

  /** The newest delivery keys: see {@link recentDeliveries}. */
  deliveries(limit: number): FoundDeliveries[] {
    return recentDeliveries(this.segments, (number) => this.#opened(number), limit);
  }

  close(): void {
    this.seal();
    for (const [number, segment] of this.#retired) this.#close(number, segment);
    this.#readers.close();
  }

  #create(): Segment {
    this.#fault('create');
    makeDirectory(this.#directory);
    const number = this.#nextNumber;
    const meta = { ...this.#identity(), lane: this.info };
    const origin = { number, firstPosition: this.#nextPosition };
    this.#active = Segment.create(pathOf(this.#directory, number), meta, origin, this.#state, [
      ...this.#sealed.values(),
    ]);
    this.#nextNumber++;
    return this.#active;
  }

  #close(number: number, segment: Segment): void {
    this.#retired.delete(number);
    segment.close();
    this.#sealed.set(number, { ...this.#sealed.get(number)!, fileBytes: segment.summary.fileBytes });
  }

  #opened(number: number): Segment {
    if (this.#active?.summary.number === number) return this.#active;
    const known = this.#retired.get(number) ?? this.#readers.get(number);
    if (known !== undefined) return known;
    return this.#readers.open(pathOf(this.#directory, number), number, this.#sealed.get(number));
  }

  #readSegment(
    summary: SegmentSummary,
    from: number,
    after: number,
    maxBytes: number,
    damages: Damage[],
  ): { batches: ReadBatch[]; isEnd: boolean } {
    this.#fault('read');
    try {
      const piece = this.#readOnce(summary, from, after, maxBytes);
      const isComplete = piece.missing.every(({ first, last }) => this.#gone.covers(first, last));
      if (!piece.isDamaged && isComplete) return piece;
    } catch (error) {
      if (!isDamage(error)) throw error;
    }
    const damage = this.#repair(summary);
    damages.push(damage);
    for (const { first, last } of damage.holes) this.#gone.add(first, last);
    const repaired = this.#sealed.get(summary.number);
    // Nothing of it could be saved.
    return repaired === undefined ? { batches: [], isEnd: true } : this.#readOnce(repaired, from, after, maxBytes);
  }

  #readOnce(summary: SegmentSummary, from: number, after: number, maxBytes: number): Piece {
    const segment = this.#opened(summary.number);
    const start = after >= summary.firstSequence ? segment.positionBehind(after, from) : from;
    return segment.read(start, maxBytes);
  }

  /** What is sound of a segment goes into a new file, and the old one is kept aside. */
  #repair(summary: SegmentSummary): Damage {
    const { number } = summary;
    const path = pathOf(this.#directory, number);
    // As they were found: closing moves what is in the log.
    const files: Files = readFiles(path);
    if (this.#active?.summary.number === number) this.abandon();
    const open = this.#retired.get(number) ?? this.#readers.release(number);
    this.#retired.delete(number);
    try {
      open?.close();
    } catch {
      // It is damaged: what can be read of it is read from its bytes.
    }
    const fallback = (): SegmentMeta => ({ ...this.#identity(), lane: this.info });
    const damagedDirectory = this.#damagedDirectory;
    const examined = rebuild({ path, number, files, known: summary, fallback, damagedDirectory, isNeeded: true });
    if ('summary' in examined) this.#sealed.set(number, examined.summary);
    else this.#sealed.delete(number);
    return ('summary' in examined ? examined.damage : examined) ?? { message: `${number} was read again.`, holes: [] };
  }
}
