import type { SerialPortStatus, SerialStatus } from '../sources/serial/status.ts';

type Value = (port: SerialPortStatus) => number;

const families: readonly (readonly [name: string, type: 'counter' | 'gauge', help: string, value: Value])[] = [
  ['headgate_serial_open', 'gauge', '1 while a serial port is read from.', ({ state }) => Number(state === 'open')],
  [
    'headgate_serial_paused',
    'gauge',
    '1 while a serial port is not read from because the buffer makes it wait.',
    ({ isPaused }) => Number(isPaused),
  ],
  ['headgate_serial_opened_total', 'counter', 'How often a serial port was opened.', ({ opened }) => opened],
  ['headgate_serial_received_bytes_total', 'counter', 'Bytes read from a serial port.', ({ bytes }) => bytes],
  ['headgate_serial_frames_total', 'counter', 'Frames found in them.', ({ frames }) => frames],
  ['headgate_serial_lost_frames_total', 'counter', 'Frames refused when the gateway stopped.', ({ lost }) => lost],
  ['headgate_serial_requests_total', 'counter', 'Requests sent to a device.', ({ requests }) => requests],
  [
    'headgate_serial_unanswered_requests_total',
    'counter',
    'Requests that were not answered in time.',
    ({ unanswered }) => unanswered,
  ],
  [
    'headgate_serial_acknowledged_frames_total',
    'counter',
    'Acknowledgements to a device that waits for them.',
    ({ acknowledged }) => acknowledged,
  ],
  [
    'headgate_serial_repeated_frames_total',
    'counter',
    'Frames that came again, and made no second record.',
    ({ repeated }) => repeated,
  ],
  [
    'headgate_serial_refused_frames_total',
    'counter',
    'Damaged frames that a device was asked for again.',
    ({ refused }) => refused,
  ],
];

/** Serial ports in Prometheus' text format, a series for each that is configured. Names of ports need no escapes. */
export function serialMetrics({ ports }: SerialStatus): string {
  const all = families.map(([name, type, help, value]) =>
    family(
      name,
      type,
      help,
      ports.map((port) => `{port="${port.name}"} ${value(port)}`),
    ),
  );
  const discarded = ports.flatMap(({ name, discarded: { bytes } }) =>
    Object.entries(bytes).map(([reason, count]) => `{port="${name}",reason="${reason}"} ${count}`),
  );
  all.push(family('headgate_serial_discarded_bytes_total', 'counter', 'Bytes in no frame, by reason.', discarded));
  return all.join('');
}

/** One metric with its series, each `{label="…"} value`. */
export function family(name: string, type: 'counter' | 'gauge', help: string, series: readonly string[]): string {
  return `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n${series.map((one) => `${name}${one}\n`).join('')}`;
}
