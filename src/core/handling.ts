import type { Priority } from './priority.ts';

/**
 * When a source gets its acknowledgement. `local`: after this gateway's fsync. `anywhere`: after the fsync or the
 * collector's durable acknowledgement, whichever is first. `relaxed`: at once; on disk within a second unless delivered
 * sooner. `memory`: at once, and never on disk.
 */
export type Durability = 'local' | 'anywhere' | 'relaxed' | 'memory';

/** What happens to a rule's new records when there is no room: their source waits, the oldest go, or they go. */
export type WhenFull = 'block' | 'dropOldest' | 'dropNewest';

/** How a rule wants its records handled. One object a rule: parts may compare it by identity. */
export interface Handling {
  /** The rule's name. */
  readonly rule: string;
  readonly priority: Priority;
  readonly durability: Durability;
  /** How long a record may wait, in milliseconds of monotonic time; absent: for ever. */
  readonly ttlMs?: number;
  readonly whenFull: WhenFull;
  /** What the rule's waiting records may take on disk, in bytes; absent: as much as the buffer has. */
  readonly maxBytes?: number;
}

/**
 * Why a record was discarded, whether it had been acknowledged or not.
 *
 * `thinned`: its rule's `thin` left it out. `not-forwarded`: its rule keeps it from the collector. `expired`: it waited
 * longer than its rule's `ttl`. `evicted`: it was the oldest when space ran out. `full`: there was no room for it.
 * `damaged`: its bytes on disk can't be read any more. `disk-failed`: the disk refused it and memory ran out.
 * `stopped`: it was in memory only when the gateway stopped.
 */
export const dropReasons = [
  'thinned',
  'not-forwarded',
  'expired',
  'evicted',
  'full',
  'damaged',
  'disk-failed',
  'stopped',
] as const;
export type DropReason = (typeof dropReasons)[number];

/** A counted, explained loss, as it is reported upstream. */
export interface Gap {
  readonly reason: DropReason;
  readonly rule: string;
  /** The device, when all that is missing was its. */
  readonly device?: string;
  /** How many records; 0 when it can't be known. */
  readonly count: number;
  /** The first and last sequence that are missing; absent when they never had one. */
  readonly firstSequence?: number;
  readonly lastSequence?: number;
  /** When the first and last of them were taken in, or discarded when that is not known. Unix ms. */
  readonly firstAtMs: number;
  readonly lastAtMs: number;
}
