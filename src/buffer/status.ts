import type { UnixMs } from '../core/time.ts';

/** What the buffer says of itself. Cheap: no disk access. */
export interface BufferStatus {
  /**
   * `open`: records become durable. `failing`: the disk refused the last commit, and what it held was refused;
   * the next one is tried all the same. `closed`: not started yet, or stopped.
   */
  readonly state: 'open' | 'failing' | 'closed';
  /** The last failure in words, while `failing`. */
  readonly failure?: string;
  /** Durable records that the collector has not acknowledged, and their bytes. */
  readonly waitingRecords: number;
  readonly waitingBytes: number;
  /** When the oldest of them was taken in. */
  readonly oldestWaitingAt?: UnixMs;
  /** The last sequence given out in this epoch. */
  readonly lastSequence: number;
  /** Bytes that wait in memory for the disk. */
  readonly pendingBytes: number;
  readonly commits: number;
  /** Time of the last commit and the slowest one, fsync included, in milliseconds. */
  readonly commitMs: { readonly last: number; readonly max: number };
  /**
   * Records lost since this process started, by reason: the disk refused them, or they came while the gateway was
   * stopping. Their source had not been promised more.
   */
  readonly dropped: Readonly<Record<'disk-failed' | 'closing', number>>;
}
