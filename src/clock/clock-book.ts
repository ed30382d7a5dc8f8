import type { ClockCorrection, ClockCorrections, MonotonicMs, UnixMs } from '../core/time.ts';
import { type Belief, worthOf } from './belief.ts';

/** A span of one run of the gateway in which it believed one thing of the time, and stamped records by it. */
export interface Period extends Belief {
  /** Names the boot: what is learnt later in a boot holds for all of it. */
  readonly boot: string;
  /** When it began, in operating time. */
  readonly fromMs: MonotonicMs;
  /** Operating time minus time since boot. */
  readonly lagMs: number;
}

/** When a batch's first record was taken in: as it was stamped, and in operating time. */
export interface Stamp {
  readonly takenAtMs?: UnixMs;
  readonly ageAtMs?: MonotonicMs | undefined;
}

/** Older ones are forgotten. A run makes one or two, unless its clock is sick. */
const maxPeriods = 1_000;
/** Stamps differ by less from what their period says; a crash may have lost the period they belong to. */
const slackMs = 2_000;
/** What is closer than this was right. */
const leastShiftMs = 100;

/**
 * What was believed of the time when, and so how records are to be corrected: by the best that was learnt in the boot in
 * which they were taken in. A batch says itself how far its stamp was from operating time, so that a period that is
 * missing here, because the power was cut before it was durable, leaves records as they are, and never makes them wrong.
 */
export class ClockBook implements ClockCorrections {
  #periods: readonly Period[] = [];
  /** Of the period at the same place. */
  #corrections: readonly (ClockCorrection | undefined)[] = [];
  /** Each shift once. */
  shiftsMs: readonly number[] = [];

  /** @param period begins now, later than all others @returns those that are forgotten for it */
  add(...periods: readonly Period[]): readonly Period[] {
    const all = [...this.#periods, ...periods];
    const forgotten = all.splice(0, Math.max(0, all.length - maxPeriods));
    const best = new Map<string, Period>();
    for (const period of all) {
      const known = best.get(period.boot);
      if (known === undefined || worthOf(period) >= worthOf(known)) best.set(period.boot, period);
    }
    this.#periods = all;
    this.#corrections = all.map((period) => correctionOf(period, best.get(period.boot)!));
    this.shiftsMs = [...new Set(this.#corrections.flatMap((one) => one?.shiftMs ?? []))];
    return forgotten;
  }

  /** What was believed last in a boot; undefined when that was never written down. */
  lastOf(boot: string): Period | undefined {
    return this.#periods.findLast((period) => period.boot === boot);
  }

  /** How a batch's times are to be corrected; undefined: not at all, as far as is known. Asked for every batch that is sent. */
  of({ takenAtMs, ageAtMs }: Stamp): ClockCorrection | undefined {
    if (this.shiftsMs.length === 0 || takenAtMs === undefined || ageAtMs === undefined) return undefined;
    // A batch's age on disk is rounded up: it may belong to the period before.
    let at = this.#periods.findLastIndex(({ fromMs }) => fromMs <= ageAtMs + 1);
    for (let tries = 0; tries < 2 && at >= 0; tries++, at--) {
      const { offsetMs, lagMs } = this.#periods[at]!;
      if (Math.abs(takenAtMs - ageAtMs - (offsetMs - lagMs)) <= slackMs) return this.#corrections[at];
    }
    return undefined;
  }
}

function correctionOf(period: Period, best: Period): ClockCorrection | undefined {
  if (worthOf(best) <= worthOf(period)) return undefined;
  const shiftMs = Math.round(best.offsetMs - period.offsetMs);
  // Even when it happened to be right, it is known now that it was.
  return period.quality === 'unset' || Math.abs(shiftMs) >= leastShiftMs
    ? { shiftMs, quality: 'estimated' }
    : undefined;
}
