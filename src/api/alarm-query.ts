import type { AlarmView } from '../alarms/alarm.ts';
import { type PageQuery, pageIn, pageQueryOf } from './page.ts';

/** Which alarms are asked for. */
export interface AlarmQuery {
  readonly states: readonly AlarmView['state'][];
  /** Empty: any. */
  readonly severities: readonly string[];
  readonly device: string | undefined;
  readonly page: PageQuery;
}

/** What can be asked for as `state`; `open` is what there is without. */
const states: Readonly<Record<string, readonly AlarmView['state'][]>> = {
  open: ['active', 'acknowledged'],
  active: ['active'],
  acknowledged: ['acknowledged'],
  pending: ['pending'],
  history: ['cleared'],
  all: ['pending', 'active', 'acknowledged', 'cleared'],
};
const severities = ['info', 'warning', 'critical'];
const maxDevice = 1_000;
const idPattern = /^\d{1,15}-[0-9a-f]{8}$/;

/** What the query of a URL asks for. @returns a sentence when it can't be asked for */
export function alarmQueryOf({
  state,
  severity,
  device,
  ...rest
}: Readonly<Record<string, unknown>>): AlarmQuery | string {
  const page = pageQueryOf(rest, (after) => idPattern.test(after));
  if (typeof page === 'string') return page.replace('there are limit', 'there are state, severity, device, limit');
  if (state !== undefined && (typeof state !== 'string' || !Object.hasOwn(states, state)))
    return `\`state\` must be one of ${Object.keys(states).join(', ')}.`;
  const wanted = severity === undefined ? [] : typeof severity === 'string' ? severity.split(',') : [''];
  if (!wanted.every((one) => severities.includes(one))) return `\`severity\` must be of ${severities.join(', ')}.`;
  if (device !== undefined && (typeof device !== 'string' || device.length > maxDevice))
    return '`device` must be the id of one device.';
  return { states: states[state ?? 'open']!, severities: wanted, device, page };
}

export interface AlarmPage {
  readonly alarms: readonly AlarmView[];
  /** What to give as `after` for the next page; null: this is the last one. */
  readonly next: string | null;
  readonly total: number;
}

/** A page of those that are asked for. */
export function alarmPageOf(
  all: readonly AlarmView[],
  { states: wanted, severities: of, device, page: asked }: AlarmQuery,
): AlarmPage {
  const found = all.filter(
    (one) =>
      wanted.includes(one.state) &&
      (of.length === 0 || of.includes(one.severity)) &&
      (device === undefined || one.device === device),
  );
  const { page, next } = pageIn(found, asked, ({ id }) => id);
  return { alarms: page, next, total: found.length };
}
