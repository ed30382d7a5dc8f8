import type { Profile } from '../library.ts';
import { asked } from './answer.ts';
import { type ReadRequest, readPdu } from './pdu.ts';
import { RegisterMap } from './registers.ts';
import { readRequest } from './rtu.ts';

/** How devices of a profile are asked for their registers. */
export interface ModbusDevice {
  /** How often, in ms. */
  readonly everyMs: number;
  /** What the profile says of a serial line. @property baud bits a second; undefined: nothing @property format `8N1` */
  readonly baud: number | undefined;
  readonly format: string | undefined;
  /** Requests, as protocol data units, that together read all registers. */
  readonly requests: readonly Uint8Array[];
  /** Which values a request is for, as a part of a sentence. */
  readonly describe: (request: Uint8Array) => string;
  /** Another one says that the profile has changed in what is asked. */
  readonly key: string;
}

const usualEveryMs = 10_000;
/** Asked for again and again, and the same as long as the profile is. */
const made = new WeakMap<Profile, ModbusDevice | string>();

/** @returns what is wrong, as a sentence, with a profile that is not for Modbus */
export function modbusDeviceOf(name: string, profile: Profile | undefined): ModbusDevice | string {
  if (profile === undefined) return `There is no profile ${name}: see \`headgate profile list\`.`;
  const before = made.get(profile);
  if (before !== undefined) return before;
  const device = make(name, profile);
  made.set(profile, device);
  return device;
}

function make(name: string, { options: { modbus, serial } }: Profile): ModbusDevice | string {
  if (modbus === undefined)
    return `The profile ${name} says nothing of Modbus registers: put its device under \`serial.ports\`, or name another profile.`;
  const map = new RegisterMap(modbus);
  // Which unit is asked is no part of the request itself.
  const requests = map.requests(1);
  if (requests.length === 0) return `The profile ${name} names no registers to read.`;
  return {
    everyMs: modbus.every ?? usualEveryMs,
    baud: serial?.baud[0],
    format: serial?.format,
    requests: requests.map(readPdu),
    describe: (pdu) => {
      const request = readRequest(Uint8Array.of(1, ...pdu));
      return request === undefined ? 'nothing' : describe(request, map.namesIn(request));
    },
    key: JSON.stringify([modbus, serial]),
  };
}

const maxNames = 5;

function describe(request: ReadRequest, names: readonly string[]): string {
  const shown = names.slice(0, maxNames).join(', ');
  const what = names.length > maxNames ? `${shown} and ${names.length - maxNames} more` : shown;
  return `${what} (${asked(request).replace(/^.*asked for /, '')})`;
}
