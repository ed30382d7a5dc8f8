import type { ModbusBusStatus, ModbusStatus, ModbusUnitStatus } from '../sources/modbus/status.ts';
import { family } from './serial-metrics.ts';

type Family<T> = readonly [name: string, type: 'counter' | 'gauge', help: string, value: (of: T) => number];

const ofBus: readonly Family<ModbusBusStatus>[] = [
  ['headgate_modbus_open', 'gauge', '1 while the units of a Modbus bus are asked.', ({ state }) => +(state === 'open')],
  [
    'headgate_modbus_paused',
    'gauge',
    '1 while a bus is not read from because the buffer makes it wait.',
    ({ isPaused }) => +isPaused,
  ],
  ['headgate_modbus_opened_total', 'counter', 'How often a bus was opened.', ({ opened }) => opened],
  ['headgate_modbus_received_bytes_total', 'counter', 'Bytes read from a bus.', (bus) => bus.receivedBytes],
  ['headgate_modbus_stray_bytes_total', 'counter', 'Bytes that belonged to no answer.', (bus) => bus.strayBytes],
  ['headgate_modbus_messages_total', 'counter', 'Answers that became messages.', ({ messages }) => messages],
  ['headgate_modbus_lost_messages_total', 'counter', 'Messages refused when the gateway stopped.', ({ lost }) => lost],
  ['headgate_modbus_writes_total', 'counter', 'Writes that a unit confirmed.', ({ written }) => written],
  [
    'headgate_modbus_failed_writes_total',
    'counter',
    'Writes that were refused, or of which nothing is known.',
    ({ notWritten }) => notWritten,
  ],
];

const ofUnit: readonly Family<ModbusUnitStatus>[] = [
  [
    'headgate_modbus_answering',
    'gauge',
    '1 when a unit answered when it was asked last.',
    ({ state }) => +(state === 'answering'),
  ],
  ['headgate_modbus_requests_total', 'counter', 'Requests sent, repeated ones too.', ({ asked }) => asked],
  ['headgate_modbus_answers_total', 'counter', 'Requests that were answered.', ({ answered }) => answered],
  ['headgate_modbus_unanswered_total', 'counter', 'Requests without an answer in time.', (unit) => unit.unanswered],
  ['headgate_modbus_damaged_total', 'counter', 'Requests whose answer was damaged.', ({ damaged }) => damaged],
  ['headgate_modbus_exceptions_total', 'counter', 'Answers that told why not.', ({ exceptions }) => exceptions],
  ['headgate_modbus_late_answers_total', 'counter', 'Answers that came too late.', ({ late }) => late],
  ['headgate_modbus_stray_answers_total', 'counter', 'Answers that nobody had asked for.', ({ stray }) => stray],
];

/** Modbus buses and their units in Prometheus' text format. Names of buses and units need no escapes. */
export function modbusMetrics({ buses }: ModbusStatus): string {
  const all = ofBus.map(([name, type, help, value]) =>
    family(
      name,
      type,
      help,
      buses.map((bus) => `{bus="${bus.name}"} ${value(bus)}`),
    ),
  );
  const units = buses.flatMap((bus) =>
    bus.units.map((unit) => ({ unit, labels: `{bus="${bus.name}",unit="${unit.topic.slice(bus.name.length + 1)}"}` })),
  );
  for (const [name, type, help, value] of ofUnit) {
    const series = units.map(({ unit, labels }) => `${labels} ${value(unit)}`);
    all.push(family(name, type, help, series));
  }
  return all.join('');
}
