import type { MonotonicMs, UnixMs } from '../core/time.ts';
import type { Interval } from '../lib/intervals.ts';
import type { Log } from '../lib/log.ts';
import type { Lane } from './lane.ts';
import type { Lanes } from './lanes.ts';
import { reportsHandling } from './reports.ts';
import type { Damage } from './worker-protocol.ts';

export interface DamagesDependencies {
  readonly lanes: Lanes;
  readonly log: Log;
  readonly now: () => UnixMs;
  readonly operating: () => MonotonicMs;
}

const maxTold = 20;

/** Notes what was wrong with the files: for the log and the status, in the ledger, and as gaps. */
export class Damages {
  readonly #deps: DamagesDependencies;
  /** In words, newest last. */
  readonly told: string[] = [];

  constructor(deps: DamagesDependencies) {
    this.#deps = deps;
  }

  note({ message, lane: key, holes, isComplete = false }: Damage): void {
    const { lanes, log } = this.#deps;
    this.told.push(message);
    if (this.told.length > maxTold) this.told.shift();
    log.error({ ...(key !== undefined && { lane: key }) }, message);
    if (key === undefined) return;
    const lane = lanes.get(key);
    if (lane === undefined) {
      if (isComplete) return;
      // Nothing is left of its lane: it is told all the same, with those who tell of others.
      this.#noteGap(lanes.of(reportsHandling), 0, key);
      return;
    }
    for (const hole of holes) this.#lose(lane, hole);
    // What else was lost nobody can count: it is told beside what could be counted, which would be taken for all of it.
    if (!isComplete) this.#noteGap(lane, 0);
  }

  /** Positions that no segment holds and nobody removed: their file is gone. */
  noteMissing(): void {
    for (const lane of this.#deps.lanes) {
      let next = 0;
      for (const { firstPosition, endPosition } of lane.segments) {
        if (firstPosition > next) this.#noteHole(lane, { first: next, last: firstPosition - 1 });
        next = Math.max(next, endPosition);
      }
      if (lane.endPosition > next) this.#noteHole(lane, { first: next, last: lane.endPosition - 1 });
    }
  }

  #noteHole(lane: Lane, hole: Interval): void {
    const count = hole.last - hole.first + 1;
    const missing = count - lane.ledger.removedWithin(hole);
    if (missing === 0) return;
    // Segments go when all of it is delivered or dropped, and of the latest ones an old state does not know.
    if (lane.isStateOld) {
      lane.ledger.deliver(hole.first, count, 0);
      lane.touch('removals', this.#deps.operating());
      return;
    }
    const message = `Segments of the buffer's lane ${lane.key} are missing: ${missing} records are lost.`;
    this.note({ message, lane: lane.key, holes: [hole], isComplete: true });
  }

  #lose(lane: Lane, hole: Interval): void {
    const count = lane.ledger.drop(hole, 0, 'damaged');
    if (count > 0) this.#noteGap(lane, count);
  }

  #noteGap(lane: Lane, count: number, rule = lane.info.rule): void {
    const now = this.#deps.now();
    lane.gaps.losses.note({ reason: 'damaged', rule, count, firstAtMs: now, lastAtMs: now });
    lane.touch('removals', this.#deps.operating());
  }
}
