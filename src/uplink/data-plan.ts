import type { Priority } from '../core/priority.ts';
import type { MonotonicMs, UnixMs } from '../core/time.ts';
import { type MonthStart, monthOf, nextMonthAt, untilOpen, type Window } from './plan-calendar.ts';

/** What a metered link may carry. What is undefined is not limited. */
export interface PlanSettings {
  /** Bytes a second, on average. */
  readonly rate?: number;
  /** Bytes that may go at once after a pause. Unset: ten seconds' worth. */
  readonly burst?: number;
  /** Bytes a month. */
  readonly monthly?: number;
  /** Of what a month left unused, so many bytes at the most are added to the next. */
  readonly carryOver: number;
  readonly month: MonthStart;
  /** When records may go, by the wall clock of `month.timeZone`; empty: always. */
  readonly hours: readonly Window[];
  /** Priorities that are counted but never held back. */
  readonly exempt: readonly Priority[];
}

/** One moment by both clocks; `unix` is undefined as long as the wall clock is not to be trusted. */
export interface Moment {
  readonly unix: UnixMs | undefined;
  readonly monotonic: MonotonicMs;
}

/** What a month has used so far: what has to survive a restart. */
export interface MonthUse {
  /** The day it began, as `2026-11-01`; empty before any clock was known. */
  readonly month: string;
  readonly usedBytes: number;
  /** What earlier months left for it. */
  readonly carriedBytes: number;
}

/** What holds records back, and until when, as far as that is known. */
export type PlanWait =
  /** Outside the allowed hours. */
  | { readonly for: 'hours'; readonly until: UnixMs }
  /** The month's bytes are used up. */
  | { readonly for: 'month'; readonly until?: UnixMs }
  /** The wall clock is not set, and the plan has hours: nobody knows whether this is one of them. */
  | { readonly for: 'clock' }
  /** The rate's bytes are used up, for so long. */
  | { readonly for: 'rate'; readonly ms: number };

export interface PlanStatus extends MonthUse {
  /** What this month may use, with what was carried over; absent when it is not limited. */
  readonly allowedBytes?: number;
  readonly waiting?: PlanWait;
}

/**
 * The account of a metered link. Pure: it is told what was sent and what time it is.
 *
 * Without a trusted clock it errs on the side of the bill: hours count as closed, and the month goes on as the one that
 * was known last. A clock that goes back to an earlier month, as one without a battery does at each start, changes
 * nothing: the month goes on. Only one that was ahead by more than a month is taken for wrong all that while; the use is
 * kept then too, so such a clock gains one month's allowance, and what that month was left.
 */
export class DataPlan {
  readonly #settings: PlanSettings;
  #use: MonthUse;
  #tokens: number;
  #filledAt: MonotonicMs | undefined;
  /** What the calendar says, and the minute that it holds for: it is asked for every upload, and slow to find out. */
  #today: { readonly minute: number; readonly month: string; readonly until: UnixMs | undefined } | undefined;

  constructor(settings: PlanSettings, saved: MonthUse = { month: '', usedBytes: 0, carriedBytes: 0 }) {
    this.#settings = settings;
    this.#use = saved;
    this.#tokens = burstOf(settings);
  }

  isExempt(priority: Priority): boolean {
    return this.#settings.exempt.includes(priority);
  }

  /** What may be sent now of priorities that are not exempt, in bytes: 0 when they have to wait, infinite without limits. */
  roomBytes(now: Moment): number {
    if (this.#closedUntil(now) !== undefined) return 0;
    this.#turn(now);
    this.#fill(now.monotonic);
    const { rate, monthly } = this.#settings;
    const left =
      monthly === undefined ? Number.POSITIVE_INFINITY : monthly + this.#use.carriedBytes - this.#use.usedBytes;
    return Math.max(0, Math.min(left, rate === undefined ? Number.POSITIVE_INFINITY : this.#tokens));
  }

  /** So many bytes went over the wire, of whatever kind; fewer than 0 when less went than had been said before. */
  spent(bytes: number, now: Moment): void {
    this.#turn(now);
    this.#fill(now.monotonic);
    this.#tokens -= bytes;
    this.#use = { ...this.#use, usedBytes: Math.max(0, this.#use.usedBytes + bytes) };
  }

  get use(): MonthUse {
    return this.#use;
  }

  status(now: Moment): PlanStatus {
    this.#turn(now);
    const waiting = this.#waiting(now);
    const { monthly } = this.#settings;
    return {
      ...this.#use,
      ...(monthly !== undefined && { allowedBytes: monthly + this.#use.carriedBytes }),
      ...(waiting && { waiting }),
    };
  }

  #waiting(now: Moment): PlanWait | undefined {
    const closed = this.#closedUntil(now);
    if (closed !== undefined) return closed === 'unknown' ? { for: 'clock' } : { for: 'hours', until: closed };
    if (this.roomBytes(now) > 0) return undefined;
    const { rate, monthly, month } = this.#settings;
    if (monthly !== undefined && this.#use.usedBytes >= monthly + this.#use.carriedBytes) {
      return { for: 'month', ...(now.unix !== undefined && { until: nextMonthAt(now.unix, month) }) };
    }
    return { for: 'rate', ms: Math.ceil(((1 - this.#tokens) / (rate ?? 1)) * 1000) };
  }

  /** Undefined when records may go as far as the hours are concerned, else when they may again. */
  #closedUntil({ unix }: Moment): UnixMs | 'unknown' | undefined {
    if (this.#settings.hours.length === 0) return undefined;
    return unix === undefined ? 'unknown' : this.#calendar(unix).until;
  }

  #calendar(unix: UnixMs): { readonly month: string; readonly until: UnixMs | undefined } {
    const minute = Math.floor(unix / 60_000);
    if (this.#today?.minute === minute) return this.#today;
    const { hours, month } = this.#settings;
    const until = hours.length === 0 ? undefined : untilOpen(unix, hours, month.timeZone);
    this.#today = { minute, month: monthOf(unix, month), until };
    return this.#today;
  }

  /** Begins a new month when the clock says so. */
  #turn({ unix }: Moment): void {
    if (unix === undefined || this.#settings.monthly === undefined) return;
    const { month } = this.#calendar(unix);
    const { month: before, usedBytes, carriedBytes } = this.#use;
    if (month === before) return;
    if (before === '' || monthsBetween(month, before) > 1) {
      this.#use = { month, usedBytes, carriedBytes };
      return;
    }
    if (month < before) return;
    const { monthly, carryOver } = this.#settings;
    // Not a whole one, when the day on which months begin was changed.
    const skipped = Math.max(0, monthsBetween(before, month) - 1);
    const left = Math.max(0, monthly + carriedBytes - usedBytes) + skipped * monthly;
    this.#use = { month, usedBytes: 0, carriedBytes: Math.min(carryOver, left) };
  }

  #fill(now: MonotonicMs): void {
    const { rate } = this.#settings;
    if (rate === undefined) return;
    const elapsedMs = now - (this.#filledAt ?? now);
    this.#filledAt = now;
    this.#tokens = Math.min(burstOf(this.#settings), this.#tokens + (rate * elapsedMs) / 1000);
  }
}

function burstOf({ rate, burst }: PlanSettings): number {
  return rate === undefined ? Number.POSITIVE_INFINITY : (burst ?? rate * 10);
}

function monthsBetween(before: string, after: string): number {
  const count = (day: string): number => Number(day.slice(0, 4)) * 12 + Number(day.slice(5, 7));
  return count(after) - count(before);
}
