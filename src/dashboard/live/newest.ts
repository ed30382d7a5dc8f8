import type { LiveEvent } from './protocol.ts';

/** Of each topic's measurements the newest, and all else, in order. */
export function newestOf(events: readonly LiveEvent[]): LiveEvent[] {
  const newest = new Map<string, LiveEvent>();
  const seriesOf = (event: LiveEvent): string => `${event.deviceId}\0${String(event.topic)}`;
  for (const event of events) if (event.event === 'measurement') newest.set(seriesOf(event), event);
  return events.filter((event) => event.event !== 'measurement' || newest.get(seriesOf(event)) === event);
}
