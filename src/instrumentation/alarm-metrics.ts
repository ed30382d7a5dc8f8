import type { AlarmsStatus } from '../alarms/status.ts';

type Figure = readonly [
  name: string,
  type: 'counter' | 'gauge',
  help: string,
  series: (alarms: AlarmsStatus) => Readonly<Record<string, number>>,
];

const bySeverity = (counts: AlarmsStatus['active']) =>
  Object.fromEntries(Object.entries(counts).map(([severity, count]) => [`{severity="${severity}"}`, count]));

/** A gateway without a webhook has no figures of one. */
const called =
  (series: (webhook: NonNullable<AlarmsStatus['webhook']>) => Readonly<Record<string, number>>): Figure[3] =>
  ({ webhook }) =>
    webhook === null ? {} : series(webhook);

const figures: readonly Figure[] = [
  ['active', 'gauge', 'Alarms that are raised and that nobody has acknowledged.', (a) => bySeverity(a.active)],
  ['acknowledged', 'gauge', 'Alarms that are raised and acknowledged.', (a) => bySeverity(a.acknowledged)],
  ['pending', 'gauge', 'What is wrong and has not been for long enough yet.', (a) => ({ '': a.pending })],
  ['rules', 'gauge', 'Rules with thresholds that people have made.', (a) => ({ '': a.rules })],
  ['raised_total', 'counter', 'Alarms that were raised.', (a) => ({ '': a.raised })],
  ['cleared_total', 'counter', 'Alarms that are over.', (a) => ({ '': a.cleared })],
  ['left_total', 'counter', 'Alarms that could not begin, as there are too many.', (a) => ({ '': a.left })],
  [
    'unused_values_total',
    'counter',
    'Values that no rule could be held against, by reason.',
    ({ values }) => ({ '{reason="unusable"}': values.unusable, '{reason="late"}': values.late }),
  ],
  [
    'owed_events',
    'gauge',
    'What happened to alarms and somebody is still to be told of.',
    (a) => ({ '': a.told.owed }),
  ],
  [
    'dropped_events_total',
    'counter',
    'What happened to alarms and was told nobody any more, as too much did.',
    (a) => ({ '': a.told.dropped }),
  ],
  ['webhook_queued', 'gauge', 'Calls of the webhook that wait.', called((hook) => ({ '': hook.queued }))],
  [
    'webhook_delivered_total',
    'counter',
    'Calls of the webhook that were taken.',
    called((hook) => ({ '': hook.delivered })),
  ],
  [
    'webhook_failures_total',
    'counter',
    'Attempts at a call that came to nothing.',
    called((hook) => ({ '': hook.failures })),
  ],
  [
    'webhook_dropped_total',
    'counter',
    'Calls of the webhook that were given up, by reason.',
    called(({ dropped }) => ({ '{reason="full"}': dropped.full, '{reason="late"}': dropped.late })),
  ],
];

/** How the alarms are, in Prometheus' text format. */
export function alarmMetrics(alarms: AlarmsStatus): string {
  return figures
    .map(([name, type, help, series]) => {
      const full = `headgate_alarms_${name}`;
      const lines = Object.entries(series(alarms)).map(([labels, value]) => `${full}${labels} ${value}\n`);
      if (lines.length === 0) return '';
      return `# HELP ${full} ${help}\n# TYPE ${full} ${type}\n${lines.join('')}`;
    })
    .join('');
}
