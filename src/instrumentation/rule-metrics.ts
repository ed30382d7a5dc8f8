import type { GatewayStatus, LaneReport } from './status.ts';

/** A family whose series are one a rule and what else its labels tell. */
export interface RuleFamily {
  readonly name: string;
  readonly help: string;
  readonly type: 'gauge' | 'counter';
  readonly labelNames: readonly string[];
  /** A lane's share in the series that it belongs to. */
  readonly valuesOf: (lane: LaneReport) => Iterable<readonly [labels: Readonly<Record<string, string>>, value: number]>;
}

/** One number a lane, by rule and priority. */
function byPriority(
  name: string,
  help: string,
  type: RuleFamily['type'],
  numberOf: (lane: LaneReport) => number,
): RuleFamily {
  const valuesOf = (lane: LaneReport) => [[{ rule: lane.rule, priority: lane.priority }, numberOf(lane)]] as const;
  return { name, help, type, labelNames: ['rule', 'priority'], valuesOf };
}

/** What there is to know of each QoS rule's records. */
export const ruleFamilies: readonly RuleFamily[] = [
  byPriority(
    'headgate_buffer_rule_waiting_records',
    'Records of a rule that the collector has not confirmed.',
    'gauge',
    (lane) => lane.waitingRecords,
  ),
  byPriority('headgate_buffer_rule_waiting_bytes', 'Bytes of those records.', 'gauge', (lane) => lane.waitingBytes),
  byPriority(
    'headgate_buffer_rule_disk_bytes',
    "What a rule's records take on disk, delivered ones that are kept included.",
    'gauge',
    (lane) => lane.diskBytes,
  ),
  byPriority(
    'headgate_buffer_rule_blocked',
    '1 or more while there is no room for a rule and its sources wait.',
    'gauge',
    ({ gate }) => Number(gate === 'blocked'),
  ),
  byPriority(
    'headgate_buffer_rule_dropping',
    '1 or more while there is no room for a rule and its new records are dropped.',
    'gauge',
    ({ gate }) => Number(gate === 'dropping'),
  ),
  byPriority(
    'headgate_buffer_rule_received_records_total',
    'Records taken in under a rule since the data directory was made: delivered, waiting and dropped.',
    'counter',
    ({ ledger }) => ledger.received,
  ),
  byPriority(
    'headgate_buffer_rule_delivered_records_total',
    'Records of a rule that the collector confirmed, since the data directory was made.',
    'counter',
    ({ ledger }) => ledger.delivered,
  ),
  {
    name: 'headgate_buffer_rule_dropped_records_total',
    help: 'Records of a rule that were discarded since the data directory was made, by reason.',
    type: 'counter',
    labelNames: ['rule', 'reason'],
    valuesOf: ({ rule, ledger }) =>
      Object.entries(ledger.dropped).map(([reason, count]) => [{ rule, reason }, count] as const),
  },
];

/** A family's series. A rule that was changed has a lane for what was stored before, too: they count as one. */
export function seriesOf(
  family: RuleFamily,
  { buffer }: GatewayStatus,
): Iterable<readonly [labels: Readonly<Record<string, string>>, value: number]> {
  const series = new Map<string, readonly [labels: Readonly<Record<string, string>>, value: number]>();
  for (const lane of buffer.lanes) {
    for (const [labels, value] of family.valuesOf(lane)) {
      const key = JSON.stringify(labels);
      series.set(key, [labels, (series.get(key)?.[1] ?? 0) + value]);
    }
  }
  return series.values();
}
