import type { AlarmsStatus } from '../alarms/status.ts';
import type { ClockStatus } from '../clock/status.ts';
import type { BridgeStatus } from '../sources/bridge/status.ts';
import type { ModbusStatus } from '../sources/modbus/status.ts';
import type { SerialStatus } from '../sources/serial/status.ts';

/** What to do about the clock. It never keeps a record from being taken in. */
export function clockProblems({ quality, contradictions }: ClockStatus): string[] {
  if (quality === 'unset') {
    return [
      'The clock is not set: open this gateway’s page in a browser, connect it to its collector or to a time server.',
    ];
  }
  return contradictions.map((one) => `The clock is synchronised, but ${one}: see which is wrong.`);
}

/** What of alarms that nobody knows of yet, and of critical ones, the state of things begins with; empty when there are none. */
export function alarmSentence({ active, acknowledged, critical }: AlarmsStatus): string {
  const count = active.critical + acknowledged.critical;
  if (count === 0) return active.warning === 0 ? '' : active.warning === 1 ? '1 alarm. ' : `${active.warning} alarms. `;
  const more = count - critical.length;
  const named = more > 0 ? [...critical, `${more} more`] : critical;
  return `${count === 1 ? '1 critical alarm' : `${count} critical alarms`}: ${named.join(', ')}. `;
}

/** What is not heard of other brokers, and is not over by itself. */
export function bridgeProblems(bridges: readonly BridgeStatus[]): string[] {
  return bridges.flatMap(({ name, state, reason, refusedTopics }) => {
    if (state === 'refused') return [`The bridge ${name} has no connection: ${reason}.`];
    return refusedTopics.map((topic) => `The bridge ${name} does not hear ${topic.filter}: ${topic.reason}.`);
  });
}

/** So many lines are told of by themselves. */
const maxLines = 3;

/** Ports and buses that are configured, and from which nothing can be read. */
export function lineProblems({ ports }: SerialStatus, { buses }: ModbusStatus): string[] {
  const found = [
    ...ports.flatMap(({ name, reason, hint }) => {
      if (hint !== null) return [`Nothing can be read of the serial port ${name}: ${hint}`];
      return reason === null ? [] : [`The serial port ${name} is not open: ${reason}`];
    }),
    ...buses.flatMap(({ name, reason }) =>
      reason === null ? [] : [`The Modbus bus ${name} is not reached: ${reason}`],
    ),
  ];
  const others = found.length - maxLines;
  return others <= 0 ? found : [...found.slice(0, maxLines), `And ${others} more: see \`headgate status\`.`];
}
