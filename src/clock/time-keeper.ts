import { earliestPlausibleMs, type MonotonicMs, type UnixMs } from '../core/time.ts';
import { type Belief, type Reading, worthOf } from './belief.ts';

/** From here on a step of the system's clock is called a jump. */
export const leastJumpMs = 500;
/** Steps of the system's clock that are not worth a new beginning. */
const stepMs = 20;
/** Told times closer than this, and their uncertainty, say the same. */
const toleranceMs = 1_000;
/** A time that may be so wrong is of no use. */
export const maxUncertaintyMs = 5_000;
/** Nor is one that only a broken clock says. */
const latestPlausibleMs: UnixMs = Date.UTC(2100, 0, 1);

/** What came of a look at the system's clock. */
export interface Look {
  /** What is believed has changed. */
  readonly hasChanged: boolean;
  /** By how much the system's clock has jumped since the last look; 0: not at all. */
  readonly jumpMs: number;
}

/** What came of being told the time. */
export type Verdict =
  /** It is believed from now on: the gateway's clock moved by so much. */
  | { readonly name: 'adopted'; readonly byMs: number }
  /** It says what was known. */
  | { readonly name: 'agrees' }
  /** It differs by so much from a clock that is synchronised, or was since boot, and is not believed. */
  | { readonly name: 'contradicts'; readonly byMs: number }
  /** It can't be right, or is too uncertain. */
  | { readonly name: 'refused'; readonly reason: 'implausible' | 'uncertain' };

/**
 * Decides what time it is. It counts from boot by a clock that never jumps; whoever tells the time tells how far that
 * clock is from the true one. What is worth more holds: a synchronised system clock, one that was since boot, a collector
 * or browser (the newer one), a system clock that says a possible time, any.
 */
export class TimeKeeper {
  #belief: Belief;
  /** The system's clock minus the time since boot, at the last look. */
  #systemOffsetMs: number;

  /** @param restored what was believed last, earlier in this boot */
  constructor(reading: Reading, restored?: Belief) {
    this.#systemOffsetMs = offsetOf(reading);
    this.#belief = restored ?? systemBelief(reading);
    this.look(reading);
  }

  get belief(): Belief {
    return this.#belief;
  }

  /** By how much this clock is ahead of the system's. */
  get aheadMs(): number {
    return this.#belief.offsetMs - this.#systemOffsetMs;
  }

  /** By how much the system's clock has moved by itself since the last look. */
  movedMs(reading: Pick<Reading, 'bootMs' | 'systemMs'>): number {
    return offsetOf(reading) - this.#systemOffsetMs;
  }

  /** To be told about once a second. */
  look(reading: Reading): Look {
    const movedMs = this.movedMs(reading);
    this.#systemOffsetMs = offsetOf(reading);
    const hasChanged = this.#adopt(this.#afterLook(reading));
    return { hasChanged, jumpMs: Math.abs(movedMs) >= leastJumpMs ? movedMs : 0 };
  }

  /**
   * Somebody tells the time.
   *
   * @param unixMs what it was at `bootMs`
   * @param uncertaintyMs by how much that may be wrong for the way it took
   */
  heard(source: 'collector' | 'browser', unixMs: UnixMs, bootMs: MonotonicMs, uncertaintyMs: number): Verdict {
    if (!(uncertaintyMs <= maxUncertaintyMs)) return { name: 'refused', reason: 'uncertain' };
    const belief = this.#belief;
    const told: Belief = { offsetMs: unixMs - bootMs, quality: 'estimated', source };
    const byMs = told.offsetMs - belief.offsetMs;
    const isSame = Math.abs(byMs) <= toleranceMs + uncertaintyMs;
    if (worthOf(belief) > worthOf(told)) return isSame ? { name: 'agrees' } : { name: 'contradicts', byMs };
    if (!isPlausible(unixMs)) return { name: 'refused', reason: 'implausible' };
    // The system's clock is finer than what comes over a wire; but now it is known to be right.
    if (isSame) {
      if (worthOf(belief) < worthOf(told)) this.#adopt({ ...told, offsetMs: belief.offsetMs });
      return { name: 'agrees' };
    }
    this.#adopt(told);
    return { name: 'adopted', byMs };
  }

  #afterLook(reading: Reading): Belief {
    const belief = this.#belief;
    const system = systemBelief(reading);
    if (worthOf(system) === 4) return system;
    // Nothing keeps it right any more, but it is still where it was: if the system's clock jumps now, it jumps away.
    if (belief.source === 'ntp') return { ...belief, quality: 'estimated' };
    return worthOf(belief) > worthOf(system) ? belief : system;
  }

  /** @returns whether that is news */
  #adopt(next: Belief): boolean {
    const { offsetMs, quality, source } = this.#belief;
    const isNear = Math.abs(next.offsetMs - offsetMs) < stepMs;
    if (isNear && next.quality === quality && next.source === source) return false;
    this.#belief = next;
    return true;
  }
}

function systemBelief(reading: Reading): Belief {
  const offsetMs = offsetOf(reading);
  if (!isPlausible(reading.systemMs)) return { offsetMs, quality: 'unset', source: 'system' };
  return reading.isSynchronised
    ? { offsetMs, quality: 'synced', source: 'ntp' }
    : { offsetMs, quality: 'estimated', source: 'system' };
}

function offsetOf({ systemMs, bootMs }: Pick<Reading, 'bootMs' | 'systemMs'>): number {
  return systemMs - bootMs;
}

function isPlausible(unixMs: UnixMs): boolean {
  return unixMs >= earliestPlausibleMs && unixMs < latestPlausibleMs;
}
