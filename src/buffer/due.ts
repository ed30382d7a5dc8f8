import type { MonotonicMs } from '../core/time.ts';
import type { Batch } from './batch.ts';
import type { Lane } from './lane.ts';

// What is sealed and what goes to the disk at a moment: pure, told everything.

/** What a lane has to write: batches, or its state alone. */
export interface Taken {
  readonly lane: Lane;
  readonly batches: readonly Batch[];
}

export interface Moment {
  /** Operating time. */
  readonly now: MonotonicMs;
  /** The disk has enough to do. */
  readonly isBusy: boolean;
  /** Nothing is taken in any more: what can be stored is stored. */
  readonly isStopping: boolean;
  /** What the uplink sends now is likely to be confirmed soon … */
  readonly isLive: boolean;
  /** … in about this time. */
  readonly acknowledgeMs: number;
}

/** What one commit takes at the most; the rest is the next one's. */
const maxCommitBytes = 8 * 2 ** 20;
/** How long a `relaxed` record may be in memory only. */
const relaxedMs = 1_000;
/** How long an `anywhere` record waits for the collector to be faster than the disk: at least, at most. */
const graceMs = { min: 20, max: 500 };
/** Removals wait so long for a commit of records that takes them along … */
const alongMs = 50;
/** … then they are saved without; mere counts, which the next start could do without, wait longer. */
const aloneMs = { removals: 250, counts: 60_000 };

/** Whether a lane's open batch is to be sealed. */
export function isToSeal(lane: Lane, { now, isBusy, isStopping, isLive }: Moment): boolean {
  if (lane.open.count === 0) return false;
  if (isStopping) return true;
  if (lane.gate === 'blocked') return false;
  if (lane.isDirect && isLive) return true;
  // Without an uplink that takes it there is no hurry: fewer and larger batches, packed better.
  return lane.isEarly ? now - lane.open.ageAtMs >= relaxedMs : !isBusy;
}

/** What is due, by lane, within the size of a commit; and states that are due, with it or alone. */
export function takeDue(lanes: Iterable<Lane>, moment: Moment): Taken[] {
  const taken: Taken[] = [];
  let room = maxCommitBytes;
  const others: Lane[] = [];
  for (const lane of lanes) {
    const batches: Batch[] = [];
    for (const batch of dueOf(lane, moment)) {
      if (room <= 0) break;
      room -= batch.records.length;
      batches.push(batch);
    }
    if (batches.length > 0) taken.push({ lane, batches });
    else others.push(lane);
  }
  const isWriting = taken.length > 0;
  for (const lane of others) if (isStateDue(lane, moment, isWriting)) taken.push({ lane, batches: [] });
  return taken;
}

/** In order, up to the last one that is due: what is stored of a lane has no gaps to be filled later. */
function dueOf(lane: Lane, { now, isStopping, isLive, acknowledgeMs }: Moment): Batch[] {
  if (lane.batches.length === 0 || lane.info.durability === 'memory' || now < lane.retryAt) return [];
  if (lane.gate === 'blocked' && !isStopping) return [];
  // What the disk still works at will fail as what was before it did, and goes first then.
  if (lane.batches.some(({ phase, generation }) => phase === 'writing' && generation !== lane.generation)) return [];
  const queued = lane.batches.filter((batch) => batch.phase === 'queued');
  if (isStopping || lane.info.durability === 'local') return queued;
  const grace = Math.min(graceMs.max, Math.max(graceMs.min, acknowledgeMs * 4));
  const patience = lane.isEarly ? relaxedMs : isLive ? grace : 0;
  const last = queued.findLastIndex((batch) => !batch.isExposed || now - batch.ageAtMs >= patience);
  return queued.slice(0, last + 1);
}

function isStateDue(lane: Lane, { now, isStopping }: Moment, isWriting: boolean): boolean {
  if (lane.unsaved === 'nothing' || now < lane.retryAt) return false;
  if (isStopping) return true;
  const waited = now - lane.unsavedSince;
  if (lane.unsaved === 'removals') return waited >= (isWriting ? alongMs : aloneMs.removals);
  return waited >= aloneMs.counts;
}
