import type { GatewayStatus } from '../instrumentation/status.ts';

/** Nothing for a gateway without ports. */
export function serialText({ serial: { ports } }: Pick<GatewayStatus, 'serial'>): string {
  return ports
    .map(({ name, state, reason, hint, frames, isPaused }) => {
      if (hint !== null) return `${name} CAN'T BE READ: ${hint.replace(/\.$/, '')}`;
      if (reason !== null) return `${name} WAITS: ${reason.replace(/\.$/, '')}`;
      return `${name} ${isPaused ? 'waits for the buffer' : state}, ${counted(frames, 'frame')}`;
    })
    .join(', ');
}

/** Nothing for a gateway without buses. */
export function modbusText({ modbus: { buses } }: Pick<GatewayStatus, 'modbus'>): string {
  return buses
    .map(({ name, state, reason, messages, isPaused, units }) => {
      if (reason !== null) return `${name} WAITS: ${reason.replace(/\.$/, '')}`;
      const missing = units.filter((unit) => unit.state === 'silent' || unit.state === 'unusable');
      const silent = missing.length === 0 ? '' : `, ${missing.map(({ topic }) => topic).join(', ')} NOT HEARD`;
      return `${name} ${isPaused ? 'waits for the buffer' : state}, ${counted(messages, 'answer')}${silent}`;
    })
    .join(', ');
}

function counted(count: number, noun: string): string {
  return `${count.toLocaleString('en-US')} ${noun}${count === 1 ? '' : 's'}`;
}
