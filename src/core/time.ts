/** Milliseconds since 1970-01-01T00:00:00Z by the wall clock. It may jump in both directions. */
export type UnixMs = number;

/** Milliseconds of a clock that never jumps and starts anywhere. Compare only within one process. */
export type MonotonicMs = number;

/** How far the wall clock can be trusted. */
export type ClockQuality = 'unset' | 'estimated' | 'synced';

/** What was learnt later about the clock by which records were stamped. */
export interface ClockCorrection {
  /** To be added to the time at which they were taken in, in whole milliseconds. */
  readonly shiftMs: number;
  /** How far that time can be trusted then. */
  readonly quality: ClockQuality;
}

/** What was learnt about the clock so far. */
export interface ClockCorrections {
  /** How a batch's times are to be corrected, by its stamp and by operating time; undefined: not at all, as far as is known. */
  of(batch: { readonly takenAtMs?: UnixMs; readonly ageAtMs?: MonotonicMs | undefined }): ClockCorrection | undefined;
  /** Every shift that there is. */
  readonly shiftsMs: readonly number[];
}

/** When a batch was taken in, as far as is known now. */
export function correctedTime(
  batch: { readonly takenAtMs: UnixMs; readonly ageAtMs?: MonotonicMs | undefined },
  corrections: ClockCorrections | undefined,
): UnixMs {
  return batch.takenAtMs + (corrections?.of(batch)?.shiftMs ?? 0);
}

/** The time, handed in so that tests can turn it. */
export interface Clock {
  now(): UnixMs;
  monotonic(): MonotonicMs;
}

/** A clock that knows how far it can be trusted. */
export interface TrustedClock extends Clock {
  quality(): ClockQuality;
}

export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
};

/**
 * Before this instant no Headgate existed: a wall clock that says less has not been set since boot.
 * 2026-01-01T00:00:00Z.
 */
export const earliestPlausibleMs: UnixMs = Date.UTC(2026, 0, 1);
