import type { Durability } from '../core/handling.ts';
import type { NoRoom } from '../core/no-room.ts';
import type { Priority } from '../core/priority.ts';
import type { UnixMs } from '../core/time.ts';
import type { LedgerCounts } from './ledger.ts';

/** What the buffer says of itself. Cheap: no disk access. */
export interface BufferStatus {
  /**
   * `open`: records become durable. `full`: there is no room; what must not be dropped waits at its source, and when it is the disk that is
   * full, what else has to be durable may be refused.
   * `failing`: the disk refused the last write, and messages that have to be durable are refused; the next one is tried all
   * the same. `closed`: not started yet, or stopped.
   */
  readonly state: 'open' | 'full' | 'failing' | 'closed';
  /** The last failure in words, while `failing`. */
  readonly failure?: string;
  /** Why there is no room, while `full`. */
  readonly full?: NoRoom;
  /** Records that the collector has not acknowledged, and their bytes as they are sent. */
  readonly waitingRecords: number;
  readonly waitingBytes: number;
  /** When the oldest of them was taken in. */
  readonly oldestWaitingAt?: UnixMs;
  /** The last sequence given out in this epoch. */
  readonly lastSequence: number;
  /** Bytes that are in memory only. */
  readonly pendingBytes: number;
  /** What its files take, and may take. */
  readonly diskBytes: number;
  readonly maxBytes: number;
  /** What they can take as of now: `maxBytes`, or less where the disk has less left. */
  readonly roomBytes: number;
  readonly commits: number;
  /** Time of the last commit and the slowest one, fsync included, in milliseconds. */
  readonly commitMs: { readonly last: number; readonly max: number };
  /**
   * What became of every record since the data directory was made: `received = delivered + waiting + dropped`. After a
   * crash it counts what the disk knows of.
   */
  readonly ledger: LedgerCounts;
  readonly lanes: readonly LaneStatus[];
  /** Bytes that went to the storage since the start, by durability. Estimated where one commit served several. */
  readonly flashBytes: Readonly<Record<Durability, number>>;
  /** What was wrong with the files, newest last; at most a few. */
  readonly damages: readonly string[];
  /** Messages refused because the disk failed or the gateway was stopping: their source knows, or had been promised nothing. */
  readonly refused: number;
}

/** The records of one rule. */
export interface LaneStatus {
  readonly lane: string;
  readonly rule: string;
  readonly priority: Priority;
  readonly durability: Durability;
  /** `open`; `blocked`: its sources wait for room; `dropping`: new records go, as the rule says. */
  readonly gate: 'open' | 'blocked' | 'dropping';
  readonly waitingRecords: number;
  readonly waitingBytes: number;
  readonly diskBytes: number;
  readonly oldestWaitingAt?: UnixMs;
  readonly ledger: LedgerCounts;
}

/**
 * How much of its room what waits takes, from 0 to 1. What was delivered may still lie on disk, and goes when room is needed;
 * of no room anything takes all.
 */
export function waitingShareOf(buffer: Pick<BufferStatus, 'waitingBytes' | 'diskBytes' | 'roomBytes'>): number {
  const { waitingBytes, diskBytes, roomBytes } = buffer;
  const takes = Math.min(waitingBytes, diskBytes);
  return takes === 0 ? 0 : Math.min(1, takes / roomBytes);
}
