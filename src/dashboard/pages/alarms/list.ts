import type { GetAlarmsAnswer } from '../../api/schema.ts';

export type Alarm = GetAlarmsAnswer['alarms'][number];

/**
 * Alarms as they are listed, after others were told: each stays where it is and is as it was told last; new ones come last, so that
 * nothing moves under a hand.
 *
 * @param mayBeNew whether one that is not listed yet belongs here
 */
export function withAlarms(
  listed: readonly Alarm[],
  told: readonly Alarm[],
  mayBeNew: (alarm: Alarm) => boolean,
): Alarm[] {
  const byId = new Map(listed.map((one) => [one.id, one]));
  for (const one of told) {
    const old = byId.get(one.id);
    // What is over stays so: an answer may be older than an event that came before it.
    if (old === undefined ? mayBeNew(one) : old.state !== 'cleared') byId.set(one.id, one);
  }
  return [...byId.values()];
}

/** Raised, and not over. */
export const isOpen = ({ state }: Alarm): boolean => state === 'active' || state === 'acknowledged';

const rank = { critical: 0, warning: 1, info: 2 } as const;

/** As a list begins: what nobody knows of first, the worst of it on top; else as the gateway has them, the newest first. */
export function inOrder(alarms: readonly Alarm[]): Alarm[] {
  const known = ({ state }: Alarm): number => (state === 'active' ? 0 : 1);
  return alarms.toSorted((a, b) => known(a) - known(b) || rank[a.severity] - rank[b.severity]);
}
