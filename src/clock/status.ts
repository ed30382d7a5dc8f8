import type { ClockQuality, UnixMs } from '../core/time.ts';
import type { ClockSource } from './belief.ts';

/** A clock has moved otherwise than by the time that went by. */
export interface Jump {
  /** When, by the gateway's clock after it. */
  readonly atMs: UnixMs;
  /** How far ahead; negative: back. */
  readonly byMs: number;
  /** The gateway's clock has moved with it. */
  readonly isFollowed: boolean;
  /** Whose clock: the system's, or that of somebody who told the time. */
  readonly source: ClockSource;
}

export interface ClockStatus {
  readonly quality: ClockQuality;
  readonly source: ClockSource;
  readonly now: UnixMs;
  /** Names this boot of the machine. */
  readonly boot: string;
  /** By how much the gateway's clock is ahead of the system's, which it does not set. */
  readonly aheadOfSystemMs: number;
  readonly lastJump?: Jump;
  /** Whose clock differs from this one, which is worth more, and by how much. */
  readonly contradictions: readonly string[];
}
