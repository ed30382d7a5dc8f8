import type { DropReason, Gap } from '../core/handling.ts';
import type { UnixMs } from '../core/time.ts';
import type { NumberedGap, SavedGaps } from './ledger.ts';

/** Losses that are told apart at once; beyond it, those of a rule and a reason are told as one. */
const maxOpen = 200;

/** One loss, to be joined with others like it. */
export interface Loss {
  readonly reason: DropReason;
  readonly rule: string;
  readonly device?: string | undefined;
  readonly count: number;
  readonly firstSequence?: number;
  readonly lastSequence?: number;
  readonly firstAtMs: UnixMs;
  readonly lastAtMs: UnixMs;
}

/** A lane's losses from when they are noted until they are reported. What is alike and near becomes one gap. */
export class GapBook {
  /** Still growing, by what they have in common. */
  #open = new Map<string, Gap>();
  /** Numbered, in order, until their report is durable. */
  #closed: NumberedGap[] = [];
  #lastNumber = 0;
  /** The disk knows of the numbered ones up to here. */
  #savedNumber = 0;

  load({ gaps, lastNumber }: SavedGaps, reportedUpTo: number): void {
    this.#closed = gaps.filter(({ number }) => number > reportedUpTo);
    this.#lastNumber = Math.max(lastNumber, reportedUpTo);
    this.#savedNumber = this.#lastNumber;
  }

  get isEmpty(): boolean {
    return this.#open.size === 0 && this.#closed.length === 0;
  }

  /** Some are numbered already, and wait for their report. */
  get isClosing(): boolean {
    return this.#closed.length > 0;
  }

  note(loss: Loss): void {
    const device = this.#open.size < maxOpen ? (loss.device ?? '') : '';
    // One that can't be counted stays apart: a sum would look like all there is.
    const key = `${loss.count === 0} ${loss.reason} ${loss.rule} ${device}`;
    const before = this.#open.get(key);
    this.#open.set(key, before === undefined ? gapOf(loss, device) : join(before, loss));
  }

  /** All that is to be remembered: saved with the drop itself, so that a crash between drop and report tells it all the same. */
  all(): SavedGaps {
    let number = this.#lastNumber;
    const open = [...this.#open.values()].map((gap) => ({ ...gap, number: ++number }));
    return { gaps: [...this.#closed, ...open], lastNumber: number };
  }

  /** Ends the growing of what was noted. */
  close(): void {
    const { gaps, lastNumber } = this.all();
    this.#closed = [...gaps];
    this.#lastNumber = lastNumber;
    this.#open.clear();
  }

  /** The last number that was given for good. */
  get lastNumber(): number {
    return this.#lastNumber;
  }

  /** A state with the numbered ones up to here is durable. */
  saved(upTo: number): void {
    this.#savedNumber = Math.max(this.#savedNumber, upTo);
  }

  /**
   * The oldest one that has not been reported, once it can't be forgotten, and with it the drop that it tells of: a crash
   * would undo the drop, and it would happen, and be told, again.
   */
  get next(): NumberedGap | undefined {
    const oldest = this.#closed[0];
    return oldest !== undefined && oldest.number <= this.#savedNumber ? oldest : undefined;
  }

  /** Its report is durable. */
  reported(number: number): void {
    this.#closed = this.#closed.filter((gap) => gap.number !== number);
  }
}

function gapOf({ device: _, ...loss }: Loss, device: string): Gap {
  return { ...loss, ...(device !== '' && { device }) };
}

function join(gap: Gap, loss: Loss): Gap {
  const first = [gap.firstSequence, loss.firstSequence].filter((one) => one !== undefined);
  const last = [gap.lastSequence, loss.lastSequence].filter((one) => one !== undefined);
  return {
    ...gap,
    count: gap.count + loss.count,
    ...(first.length > 0 && { firstSequence: Math.min(...first) }),
    ...(last.length > 0 && { lastSequence: Math.max(...last) }),
    firstAtMs: Math.min(gap.firstAtMs, loss.firstAtMs),
    lastAtMs: Math.max(gap.lastAtMs, loss.lastAtMs),
  };
}
