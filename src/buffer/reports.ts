import type { Gap, Handling } from '../core/handling.ts';
import type { UnixMs } from '../core/time.ts';
import { type Lane, laneOf, reportName } from './lane.ts';
import type { Lanes } from './lanes.ts';
import type { Writer } from './writer.ts';

/** The records that tell of losses: what explains a gap must not be lost itself. */
export const reportsHandling: Handling = {
  rule: 'reports',
  priority: 'critical',
  durability: 'local',
  whenFull: 'block',
};
export const reportsKey = laneOf(reportsHandling).key;

/** One encoded record: bytes `start` to `end`. */
export interface Encoded {
  readonly bytes: Buffer;
  readonly start: number;
  readonly end: number;
}

export interface ReportsDependencies {
  readonly lanes: Lanes;
  readonly writer: Writer;
  readonly encode: (gap: Gap, nowMs: UnixMs) => Encoded;
  readonly now: () => UnixMs;
  readonly operating: () => number;
  /** How long losses that befell records are gathered before they are told, and those that a rule asked for. */
  readonly delayMs?: { readonly losses: number; readonly choices: number } | undefined;
}

const usualDelayMs = { losses: 5_000, choices: 3_600_000 };
const tickMs = 1_000;

/**
 * Turns losses into records of their own, which go to the collector as all records do. A gap is remembered with the drop
 * itself, and forgotten once its record is durable: each is told once, whatever crashes in between.
 */
export class Reports {
  readonly #deps: ReportsDependencies;
  #timer: NodeJS.Timeout | undefined;
  readonly #underWay = new Set<string>();
  readonly #toldAt = new Map<string, number>();

  constructor(deps: ReportsDependencies) {
    this.#deps = deps;
  }

  start(): void {
    this.#timer = setInterval(() => this.tell(false), tickMs);
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  /** @param isLast nothing is gathered any more: all is told that is known */
  tell(isLast: boolean): void {
    const { lanes, delayMs = usualDelayMs, operating } = this.#deps;
    const now = operating();
    for (const lane of [...lanes]) {
      for (const kind of ['losses', 'choices'] as const) {
        const name = reportName(lane.key, kind);
        if (lane.gaps[kind].isEmpty || this.#underWay.has(name)) continue;
        const since = this.#toldAt.get(name) ?? Number.NaN;
        if (Number.isNaN(since)) this.#toldAt.set(name, now);
        if (isLast || now - since >= delayMs[kind] || delayMs[kind] === 0) this.#report(lane, kind, name);
      }
    }
  }

  #report(lane: Lane, kind: 'losses' | 'choices', name: string): void {
    const { lanes, writer, encode, now, operating } = this.#deps;
    const book = lane.gaps[kind];
    if (!book.isClosing) book.close();
    const gap = book.next;
    if (gap === undefined) {
      lane.touch('removals', operating());
      return;
    }
    const reports = lanes.of(reportsHandling);
    this.#underWay.add(name);
    this.#toldAt.set(name, operating());
    // Saved in the transaction that stores the record: both are there after a crash, or neither.
    reports.openMarks[name] = gap.number;
    const { bytes, start, end } = encode(gap, now());
    const settled = (error: Error | undefined): void => {
      this.#underWay.delete(name);
      // Refused: it is told again.
      if (error !== undefined) return;
      book.reported(gap.number);
      lane.touch('counts', operating());
      if (book.isClosing) this.#report(lane, kind, name);
    };
    writer.append(reports, bytes, start, end, now(), { settled }, undefined, undefined);
  }
}
