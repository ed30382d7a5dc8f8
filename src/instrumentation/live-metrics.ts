import type { LiveStatus } from '../live/status.ts';

type Figure = readonly [name: string, type: 'counter' | 'gauge', help: string, value: (live: LiveStatus) => number];

const figures: readonly Figure[] = [
  ['subscriptions', 'gauge', 'Live subscriptions, of all protocols.', (l) => l.subscriptions],
  ['audiences', 'gauge', 'Different filters among them.', (l) => l.audiences],
  ['full_subscriptions', 'gauge', 'Live subscriptions that take nothing at the moment.', (l) => l.full],
  ['queued_events', 'gauge', 'Events that are still to be given out, over all subscriptions.', (l) => l.queued],
  ['kept_events', 'gauge', 'Events that are kept for readers that come back.', (l) => l.kept],
  ['kept_bytes', 'gauge', 'What these take, about.', (l) => l.keptBytes],
  ['events_total', 'counter', 'Events, whether or not somebody read them.', (l) => l.events],
  ['delivered_events_total', 'counter', 'Events that were given out, over all subscriptions.', (l) => l.delivered],
  ['gaps_total', 'counter', 'How often a reader was told that events are missing.', (l) => l.gaps],
  ['frozen_total', 'counter', 'Subscriptions ended because they took nothing for too long.', (l) => l.frozen],
];

/** How the live feed and its readers are, in Prometheus' text format. */
export function liveMetrics(live: LiveStatus): string {
  return [
    ...figures.map(([name, type, help, value]) => family(name, type, help, [` ${value(live)}`])),
    family('missed_events_total', 'counter', 'Events that a reader did not get, by reason.', byReason(live.missed)),
    family(
      'lost_connections_total',
      'counter',
      'Connections ended because of their clients, by reason.',
      byReason(live.lost),
    ),
    family(
      'resets_total',
      'counter',
      'How often a reader could not go on from its cursor, by reason.',
      byReason(live.resets),
    ),
  ].join('');
}

function byReason(counts: Readonly<Record<string, number>>): string[] {
  return Object.entries(counts).map(([reason, count]) => `{reason="${reason}"} ${count}`);
}

function family(name: string, type: 'counter' | 'gauge', help: string, series: readonly string[]): string {
  const full = `headgate_live_${name}`;
  return `# HELP ${full} ${help}\n# TYPE ${full} ${type}\n${series.map((one) => `${full}${one}\n`).join('')}`;
}
