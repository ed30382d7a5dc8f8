/** Milliseconds since 1970-01-01T00:00:00Z by the wall clock. It may jump in both directions. */
export type UnixMs = number;

/** Milliseconds of a clock that never jumps and starts anywhere. Compare only within one process. */
export type MonotonicMs = number;

/** How far the wall clock can be trusted. */
export type ClockQuality = 'unset' | 'estimated' | 'synced';

/** The time, handed in so that tests can turn it. */
export interface Clock {
  now(): UnixMs;
  monotonic(): MonotonicMs;
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
