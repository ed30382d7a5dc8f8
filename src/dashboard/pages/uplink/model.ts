import type { GetRulesAnswer, GetStatusAnswer } from '../../api/schema.ts';

export type Priority = 'bulk' | 'normal' | 'critical';
export const priorities: readonly Priority[] = ['bulk', 'normal', 'critical'];

/** What waits, by how urgent it is. */
export interface Fill {
  readonly bytes: Readonly<Record<Priority, number>>;
  readonly records: Readonly<Record<Priority, number>>;
  /** What there is room for as of now. */
  readonly roomBytes: number;
  /** From 0 to 1. */
  readonly share: number;
}

type Buffer = GetStatusAnswer['buffer'];

export function fillOf({ lanes, roomBytes, waitingBytes }: Buffer): Fill {
  const bytes = { bulk: 0, normal: 0, critical: 0 };
  const records = { bulk: 0, normal: 0, critical: 0 };
  for (const lane of lanes) {
    bytes[lane.priority as Priority] += lane.waitingBytes;
    records[lane.priority as Priority] += lane.waitingRecords;
  }
  return { bytes, records, roomBytes, share: waitingBytes === 0 ? 0 : Math.min(1, waitingBytes / roomBytes) };
}

/** A look at the counters. */
export interface Look {
  /** Monotonic, in ms. */
  readonly atMs: number;
  readonly waitingBytes: number;
  readonly received: number;
  readonly delivered: number;
  readonly flashBytes: number;
}

/** As long as rates are taken over, in ms: shorter ones jump. */
const spanMs = 30_000;

/** The looks that rates are taken from, with a new one. A gateway that started anew begins anew. */
export function withLook(looks: readonly Look[], look: Look): Look[] {
  const last = looks.at(-1);
  if (last !== undefined && look.received < last.received) return [look];
  const kept = looks.filter(({ atMs }) => look.atMs - atMs <= spanMs);
  return [...kept, look];
}

/** Of the time that the looks cover; undefined: that is too short. */
export function growthOf(looks: readonly Look[]): { readonly bytes: number; readonly flash: number } | undefined {
  const first = looks[0];
  const last = looks.at(-1);
  if (first === undefined || last === undefined || last.atMs - first.atMs < 4_000) return undefined;
  const seconds = (last.atMs - first.atMs) / 1_000;
  return {
    bytes: (last.waitingBytes - first.waitingBytes) / seconds,
    flash: Math.max(0, last.flashBytes - first.flashBytes) / seconds,
  };
}

/** What happens to the buffer if all goes on as it does. */
export type Outlook =
  | { readonly kind: 'steady' }
  | { readonly kind: 'fills'; readonly seconds: number }
  | { readonly kind: 'empties'; readonly seconds: number }
  | { readonly kind: 'unknown' };

export function outlookOf(fill: Fill, waitingBytes: number, growth: { readonly bytes: number } | undefined): Outlook {
  if (growth === undefined) return { kind: 'unknown' };
  // What comes and goes within a look is no trend.
  if (Math.abs(growth.bytes) < 20) return { kind: 'steady' };
  if (growth.bytes > 0) return { kind: 'fills', seconds: Math.max(0, fill.roomBytes - waitingBytes) / growth.bytes };
  return { kind: 'empties', seconds: waitingBytes / -growth.bytes };
}

/** The rule whose records go first when space runs out; undefined: nothing would be dropped, sources would wait. */
export interface DroppedNext {
  readonly rule: string;
  readonly priority: Priority;
  /** What its rule drops: the oldest, or what comes. */
  readonly which: 'oldest' | 'newest';
  readonly records: number;
}

/** After what expired: the least urgent that may be dropped, the one that waits longest. */
export function droppedNext(lanes: Buffer['lanes'], rules: GetRulesAnswer['rules']): DroppedNext | undefined {
  const handling = (rule: string): string =>
    rules.find(({ name }) => name === rule)?.handlings[0]?.whenFull ?? 'dropOldest';
  const able = lanes.filter(
    ({ priority, rule, waitingRecords }) => priority !== 'critical' && waitingRecords > 0 && handling(rule) !== 'block',
  );
  const rank = (priority: string): number => priorities.indexOf(priority as Priority);
  const [first] = able.sort(
    (a, b) => rank(a.priority) - rank(b.priority) || String(a.oldestWaitingAt).localeCompare(String(b.oldestWaitingAt)),
  );
  if (first === undefined) return undefined;
  return {
    rule: first.rule,
    priority: first.priority as Priority,
    which: handling(first.rule) === 'dropNewest' ? 'newest' : 'oldest',
    records: first.waitingRecords,
  };
}

/** How long a card lasts at what is written to it, in years. @param enduranceTb what it can take, in 10^12 bytes */
export function lifeYears(bytesPerDay: number, enduranceTb: number): number {
  return bytesPerDay <= 0 ? Number.POSITIVE_INFINITY : (enduranceTb * 1e12) / bytesPerDay / 365.25;
}
