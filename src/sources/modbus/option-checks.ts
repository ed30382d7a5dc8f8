import type { OptionProblem } from '../../lib/option-types.ts';
import type { ModbusBusOptions, ModbusUnitOptions } from './options.ts';

type Given<T> = readonly (Partial<T> | undefined)[];

/** What is said elsewhere of serial ports, as far as it matters here. */
interface Others {
  readonly serial?: { readonly ports?: readonly ({ readonly path?: string } | undefined)[] };
}

/** What is wrong with the buses although each has the right form. What the schema refused is absent. */
export function modbusFaults(
  { buses = [] }: { readonly buses?: Given<ModbusBusOptions> },
  { serial }: Others,
): OptionProblem[] {
  const names = new Set<string>();
  const paths = new Set((serial?.ports ?? []).map((port) => port?.path));
  const buspaths = new Set<string>();
  const found: OptionProblem[] = [];
  for (const [index, bus] of buses.entries()) {
    if (bus === undefined) continue;
    const tell = (path: readonly (string | number)[], message: string): void => {
      found.push({ path: ['buses', index, ...path], message });
    };
    const { name, path, host, units = [] } = bus;
    if (name !== undefined && names.has(name))
      tell(['name'], `is ${JSON.stringify(name)}, as is that of a bus before it; each bus has its own.`);
    if (name !== undefined) names.add(name);
    if (path === undefined && host === undefined)
      tell([], 'needs `path`, a serial port (Modbus RTU), or `host` (Modbus TCP).');
    if (path !== undefined && host !== undefined)
      tell(['host'], 'can not be given beside `path`: a bus is on a serial port or is reached over the network.');
    if (path !== undefined && buspaths.has(path))
      tell(
        ['path'],
        `is ${JSON.stringify(path)}, as is that of a bus before it: list all units of a line under one bus.`,
      );
    if (path !== undefined && paths.has(path))
      tell(['path'], `is ${JSON.stringify(path)}, which is under \`serial.ports\` too: only one can open it.`);
    if (path !== undefined) buspaths.add(path);
    const isTcp = host !== undefined && path === undefined && bus.framing !== 'rtu';
    const stray = (['baud', 'format'] as const).find((key) => isTcp && bus[key]);
    if (stray !== undefined) tell([stray], 'is for a serial line, and this bus is reached over Modbus TCP.');
    if (bus.framing !== undefined && path !== undefined && host === undefined)
      tell(['framing'], 'goes with `host`, and this bus is on a serial port.');
    if (bus.port !== undefined && host === undefined && path !== undefined)
      tell(['port'], 'goes with `host`, and this bus is on a serial port.');
    unitFaults(units, isTcp, tell);
  }
  return found;
}

function unitFaults(
  units: Given<ModbusUnitOptions>,
  isTcp: boolean,
  tell: (path: readonly (string | number)[], message: string) => void,
): void {
  const addresses = new Set<number>();
  const names = new Set<string>();
  for (const [index, one] of units.entries()) {
    if (one?.unit === undefined) continue;
    const { unit } = one;
    const name = one.name ?? String(unit);
    if (!isTcp && (unit < 1 || unit > 247))
      tell(['units', index, 'unit'], `is ${unit}, but on a serial line a device's address is 1 to 247.`);
    if (addresses.has(unit))
      tell(['units', index, 'unit'], `is ${unit}, as is that of a unit before it; each unit of a bus has its own.`);
    else if (names.has(name))
      tell(
        ['units', index, one.name === undefined ? 'unit' : 'name'],
        `is ${JSON.stringify(name)}, by which a unit before it is called; each unit of a bus has its own name.`,
      );
    addresses.add(unit);
    names.add(name);
  }
}
