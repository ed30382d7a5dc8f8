import type { Config } from '../config/schema.ts';
import type { Library } from '../profiles/library.ts';
import { modbusDeviceOf } from '../profiles/modbus/device.ts';
import { serialLineOf } from '../profiles/serial-line.ts';

/** Which profiles of serial ports and of units of Modbus buses can't be used there, a sentence each. */
export function lineProfileFaults({ serial, modbus }: Pick<Config, 'serial' | 'modbus'>, library: Library): string[] {
  const faults: string[] = [];
  const tell = (where: string, found: unknown): void => {
    if (typeof found === 'string') faults.push(`\`${where}.profile\`: ${found}`);
  };
  for (const [index, { profile }] of serial.ports.entries())
    tell(`serial.ports[${index}]`, serialLineOf(profile, library.profiles.get(profile)));
  for (const [bus, { units }] of modbus.buses.entries()) {
    for (const [unit, { profile }] of units.entries())
      tell(`modbus.buses[${bus}].units[${unit}]`, modbusDeviceOf(profile, library.profiles.get(profile)));
  }
  return faults;
}
