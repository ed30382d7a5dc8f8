import type { Durability } from '../core/handling.ts';
import type { Priority } from '../core/priority.ts';
import type { UnixMs } from '../core/time.ts';
import type { LedgerCounts } from './ledger.ts';

/** What the buffer says of itself. Cheap: no disk access. */
export interface BufferStatus {
  /**
   * `open`: records become durable. `full`: there is no room, and what must not be dropped waits at its source.
   * `failing`: the disk refused the last write, and messages that have to be durable are refused; the next one is tried all
   * the same. `closed`: not started yet, or stopped.
   */
  readonly state: 'open' | 'full' | 'failing' | 'closed';
  /** The last failure in words, while `failing`. */
  readonly failure?: string;
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
