import type { GatewayStatus } from './status.ts';

/** A family with one series for each value of one label. The values are known beforehand, so that there are never many. */
export interface LabelledFamily {
  readonly name: string;
  readonly help: string;
  readonly label: string;
  readonly type: 'gauge' | 'counter';
  readonly counts: (status: GatewayStatus) => Readonly<Record<string, number>>;
}

export const labelledFamilies: readonly LabelledFamily[] = [
  {
    name: 'headgate_devices',
    help: 'Devices that are known, by presence; without those that people ignore.',
    label: 'presence',
    type: 'gauge',
    counts: ({ devices: { online, stale, offline, unknown } }) => ({ online, stale, offline, unknown }),
  },
  {
    name: 'headgate_buffer_dropped_records_total',
    help: 'Records that were discarded since the data directory was made, by reason.',
    label: 'reason',
    type: 'counter',
    counts: (s) => s.buffer.ledger.dropped,
  },
  {
    name: 'headgate_buffer_flash_bytes_total',
    help: 'Bytes written to storage for records, by durability.',
    label: 'durability',
    type: 'counter',
    counts: (s) => s.buffer.flashBytes,
  },
  {
    name: 'headgate_uplink_acknowledged_priority_records_total',
    help: 'Records that the collector confirmed, by priority.',
    label: 'priority',
    type: 'counter',
    counts: (s) => s.uplink.acknowledgedByPriority,
  },
  {
    name: 'headgate_commands_total',
    help: 'How often commands from the collector came to each state.',
    label: 'state',
    type: 'counter',
    counts: (s) => s.commands.total,
  },
  {
    name: 'headgate_load_level',
    help: '1 for the level that holds: of busy on, reads that can wait and slow live readers are put off; overloaded: bulk and new live readers too.',
    label: 'level',
    type: 'gauge',
    counts: ({ load: { level } }) =>
      Object.fromEntries(['normal', 'busy', 'overloaded'].map((one) => [one, Number(one === level)])),
  },
  {
    name: 'headgate_load_shed_total',
    help: 'What was put off because there was more to do than could be done.',
    label: 'what',
    type: 'counter',
    counts: (s) => s.load.shed,
  },
  {
    name: 'headgate_load_limited_total',
    help: 'What was refused because one caller wanted too much, or had an MQTT client wait, by limit.',
    label: 'limit',
    type: 'counter',
    counts: (s) => s.load.limited,
  },
  {
    name: 'headgate_mqtt_refused_total',
    help: 'Connections refused or ended by the gateway, by reason.',
    label: 'reason',
    type: 'counter',
    counts: (s) => s.mqtt.refused,
  },
  {
    name: 'headgate_mqtt_skipped_deliveries_total',
    help: 'Deliveries that local subscribers missed, by reason.',
    label: 'reason',
    type: 'counter',
    counts: (s) => s.mqtt.skippedDeliveries,
  },
];
