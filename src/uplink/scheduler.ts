import type { Priority } from '../core/priority.ts';
import type { MonotonicMs } from '../core/time.ts';

/** What the scheduler sees of a lane. */
export interface Contender {
  /** The sequence of the batch that it would send next; undefined when none is at hand. */
  readonly head: number | undefined;
  /**
   * When none is at hand: the lowest sequence that may still come from this lane and is worth waiting for; undefined
   * when nothing is known to come, or has been waited for long enough.
   */
  obstacle(now: MonotonicMs): number | undefined;
}

/** Whose turn it is. */
export interface Turn<L> {
  readonly priority: Priority;
  readonly lane: L;
  /** Its batches with sequences below this may go; from here on it is another lane's turn. */
  readonly before: number;
}

/** Who is next within one priority; `held`: there is something to send, but an earlier sequence is still to come. */
type Standing<L> =
  | { readonly name: 'idle' | 'held' }
  | { readonly name: 'turn'; readonly lane: L; readonly before: number };

/** Bytes that each priority may send while the others send theirs. */
export const weights: Readonly<Record<Priority, number>> = { critical: 16, normal: 4, bulk: 1 };

const byUrgency: readonly Priority[] = ['critical', 'normal', 'bulk'];

/**
 * Who sends next. Between priorities: start-time fair queuing (Goyal, Vin, Cheng, SIGCOMM 1996). A byte costs its
 * priority 1/weight of virtual time, and whoever is least far goes, the more urgent one first. So all get on as their
 * weights say, what one does not use the others have at once, and one that was idle starts where the others are: it
 * has neither saved anything up nor lost its place.
 *
 * Within a priority: the lowest sequence, so that a device's records keep their order although its rules put them into
 * several lanes. Where a lane may still bring a lower sequence (it is being read, or committed) the priority waits for
 * it, and the others use the time.
 */
export class Scheduler<L extends Contender> {
  readonly #passes: Record<Priority, number> = { critical: 0, normal: 0, bulk: 0 };
  /** Where the priority that sent last had started: nobody who has something to send is behind it. */
  #virtualTime = 0;
  #isHeldBack = false;

  /** The last {@link next} came back empty although there is something to send: ask again soon. */
  get isHeldBack(): boolean {
    return this.#isHeldBack;
  }

  /** Whose turn it is; undefined when nobody has anything to send that may go now. Changes nothing by itself. */
  next(lanes: Readonly<Record<Priority, readonly L[]>>, now: MonotonicMs): Turn<L> | undefined {
    let turn: Turn<L> | undefined;
    let turnStart = Number.POSITIVE_INFINITY;
    let isHeldBack = false;
    for (const priority of byUrgency) {
      const start = this.#startOf(priority);
      if (start >= turnStart) continue;
      const standing = standingOf(lanes[priority], now);
      if (standing.name === 'held') isHeldBack = true;
      if (standing.name !== 'turn') continue;
      turn = { priority, lane: standing.lane, before: standing.before };
      turnStart = start;
    }
    this.#isHeldBack = turn === undefined && isHeldBack;
    return turn;
  }

  /** A turn was used: its priority has sent so much. */
  sent(priority: Priority, bytes: number): void {
    this.#virtualTime = this.#startOf(priority);
    this.#passes[priority] = this.#virtualTime + bytes / weights[priority];
  }

  #startOf(priority: Priority): number {
    return Math.max(this.#passes[priority], this.#virtualTime);
  }
}

function standingOf<L extends Contender>(lanes: readonly L[], now: MonotonicMs): Standing<L> {
  let lowest = Number.POSITIVE_INFINITY;
  let before = Number.POSITIVE_INFINITY;
  let isAtHand = false;
  let hasAny = false;
  let lane: L | undefined;
  for (const contender of lanes) {
    const { head } = contender;
    if (head !== undefined) hasAny = true;
    const sequence = head ?? contender.obstacle(now);
    if (sequence === undefined) continue;
    // Sequences are unique: who may still come with the same one comes with a higher one.
    if (sequence < lowest || (sequence === lowest && head !== undefined)) {
      before = lowest;
      lowest = sequence;
      lane = contender;
      isAtHand = head !== undefined;
    } else if (sequence < before) before = sequence;
  }
  if (!hasAny || lane === undefined) return { name: 'idle' };
  return isAtHand ? { name: 'turn', lane, before } : { name: 'held' };
}
