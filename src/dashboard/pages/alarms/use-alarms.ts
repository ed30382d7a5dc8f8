import { useEffect, useRef, useState } from 'preact/hooks';
import { ask } from '../../api/ask.ts';
import type { GetAlarmsAnswer, GetAlarmsIdAnswer } from '../../api/schema.ts';
import type { LiveEvent } from '../../live/protocol.ts';
import { useLive } from '../../ui/use-live.ts';
import { type Alarm, inOrder, isOpen, withAlarms } from './list.ts';

const pageSize = 100;
/** Of those that are over and were listed, so many are asked for one by one. */
const maxAsked = 20;
/** For the newest values, which nobody tells. */
const everyMs = 10_000;

export interface OpenAlarms {
  /** Undefined: not answered yet. */
  readonly alarms: readonly Alarm[] | undefined;
  /** How many more there are. */
  readonly left: number;
  readonly error: unknown;
  readonly take: (alarm: Alarm) => void;
}

/** Alarms that are raised, as long as the page is there: those that end meanwhile stay where they are, and say so. */
export function useOpenAlarms(state: 'open' | 'pending', limit: number): OpenAlarms {
  const [alarms, setAlarms] = useState<readonly Alarm[]>();
  const [left, setLeft] = useState(0);
  const [error, setError] = useState<unknown>();
  const now = useRef<readonly Alarm[] | undefined>(undefined);
  now.current = alarms;
  const belongs = state === 'open' ? isOpen : (one: Alarm) => one.state === 'pending';
  const load = async (isFirst: boolean): Promise<void> => {
    try {
      const { found, total } = await pages(state, limit);
      const ids = new Set(found.map(({ id }) => id));
      const gone = isFirst ? [] : (now.current ?? []).filter((one) => one.state !== 'cleared' && !ids.has(one.id));
      const after = await Promise.all(gone.slice(0, maxAsked).map(alarmNow));
      setAlarms((old) =>
        isFirst || old === undefined
          ? inOrder(found)
          : withAlarms(
              old.filter((one) => one.state === 'cleared' || ids.has(one.id) || after.some((it) => it?.id === one.id)),
              [...found, ...after.filter((one) => one !== undefined)],
              belongs,
            ),
      );
      setLeft(Math.max(0, total - found.length));
      setError(undefined);
    } catch (problem) {
      setError(problem);
    }
  };
  useEffect(() => {
    void load(true);
    const timer = setInterval(() => document.visibilityState === 'visible' && load(false), everyMs);
    return () => clearInterval(timer);
  }, [state, limit]);
  const hear = (events: readonly LiveEvent[]): void => {
    const told = events.flatMap(({ alarm }) => (alarm === undefined ? [] : [alarm as Alarm]));
    setAlarms((old) => old && withAlarms(old, told, belongs));
  };
  useLive({ kinds: ['alarm'] }, hear, () => load(false));
  return { alarms, left, error, take: (alarm) => setAlarms((old) => old && withAlarms(old, [alarm], belongs)) };
}

async function pages(state: string, limit: number): Promise<{ readonly found: Alarm[]; readonly total: number }> {
  const found: Alarm[] = [];
  let after: string | undefined;
  for (;;) {
    const query = { state, limit: pageSize, after };
    const page: GetAlarmsAnswer = await ask('api/v1/alarms', { query });
    found.push(...page.alarms);
    if (page.next === null || found.length >= limit) return { found, total: page.total };
    after = page.next;
  }
}

/** @returns undefined for one that is not known any more */
function alarmNow({ id }: Alarm): Promise<Alarm | undefined> {
  return ask<GetAlarmsIdAnswer>(`api/v1/alarms/${encodeURIComponent(id)}`).catch(() => undefined);
}
