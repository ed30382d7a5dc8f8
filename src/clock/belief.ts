import type { ClockQuality, MonotonicMs, UnixMs } from '../core/time.ts';

/** Who told the time. */
export type ClockSource =
  /** The system's clock, and nothing is known to keep it right. */
  | 'system'
  /** A person's browser, or a program on this machine. */
  | 'browser'
  /** The collector, when the uplink connected. */
  | 'collector'
  /** The system's clock, kept right by time synchronisation: now (`synced`), or earlier since boot (`estimated`). */
  | 'ntp';

/** What time it is, as far as is known. */
export interface Belief {
  /** The time, Unix ms, minus the time since boot. */
  readonly offsetMs: number;
  readonly quality: ClockQuality;
  readonly source: ClockSource;
}

/** All clocks of the machine at one moment. */
export interface Reading {
  /** Time since boot, the same for all processes of one boot. */
  readonly bootMs: MonotonicMs;
  /** What the system's clock says. */
  readonly systemMs: UnixMs;
  /** Something keeps the system's clock right, and has done so lately. */
  readonly isSynchronised: boolean;
}

/** How much a belief is worth: one that is worth more is not given up for one that is worth less. */
export function worthOf({ quality, source }: Belief): number {
  if (quality === 'synced') return 4;
  if (quality === 'unset') return 0;
  switch (source) {
    case 'system':
      return 1;
    case 'browser':
    case 'collector':
      return 2;
    case 'ntp':
      return 3;
  }
}
