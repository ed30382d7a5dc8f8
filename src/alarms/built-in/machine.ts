import { readdir, readFile, statfs } from 'node:fs/promises';
import { join } from 'node:path';

/** An update that did not stay. */
export interface TakenBackUpdate {
  /** A sentence. */
  readonly text: string;
  /** Another one with each. */
  readonly occasion: string;
}

/** What the machine says of itself; absent: it does not tell. */
export interface MachineReading {
  /** The free part of the file system of the data directory, from 0 to 1. */
  readonly freeShare?: number;
  /** Empty: the supply is well. */
  readonly power?: readonly string[];
  /** Of the processor, in °C. */
  readonly celsius?: number;
  /** Null: the last update stayed. */
  readonly takenBack?: TakenBackUpdate | null;
  /** What is wrong with the settings on its card, a line each; empty: nothing is. */
  readonly wrongSettings?: readonly string[];
}

export interface MachinePlaces {
  readonly dataDir: string;
  /** Where the kernel tells: `/sys`. */
  readonly sys: string;
  /** What the machine's notes say of the last update; undefined: it is no appliance. Absent: the same. */
  readonly takenBack?: () => TakenBackUpdate | null | undefined;
  /** Undefined: it has none. Absent: the same. */
  readonly wrongSettings?: () => readonly string[] | undefined;
}

/** Reads all of it. What can't be read is not told. */
export async function readMachine({ dataDir, sys, ...notes }: MachinePlaces): Promise<MachineReading> {
  const [freeShare, power, celsius] = await Promise.all([freeShareOf(dataDir), powerOf(sys), celsiusOf(sys)]);
  const takenBack = notes.takenBack?.();
  const wrongSettings = notes.wrongSettings?.();
  return {
    ...(takenBack !== undefined && { takenBack }),
    ...(wrongSettings !== undefined && { wrongSettings }),
    ...(freeShare !== undefined && { freeShare }),
    ...(power !== undefined && { power }),
    ...(celsius !== undefined && { celsius }),
  };
}

async function freeShareOf(path: string): Promise<number | undefined> {
  try {
    const { bavail, blocks } = await statfs(path);
    return blocks > 0 ? bavail / blocks : undefined;
  } catch {
    // It is not there yet, or the file system does not tell.
    return undefined;
  }
}

/** Bits of a Raspberry Pi's `get_throttled`, of what holds now; source: raspberrypi.com, "vcgencmd get_throttled". */
const throttledBits: readonly (readonly [bit: number, what: string])[] = [
  [0, 'the voltage is too low'],
  [1, 'the processor’s frequency is held down'],
  [2, 'the processor is throttled'],
  [3, 'the soft temperature limit is reached'],
];

/** What the firmware tells, else the kernel's driver for the voltage alone. */
async function powerOf(sys: string): Promise<readonly string[] | undefined> {
  const throttled = await textOf(join(sys, 'devices/platform/soc/soc:firmware/get_throttled'));
  if (throttled !== undefined && /^(0x)?[0-9a-f]{1,8}$/i.test(throttled)) {
    const bits = Number.parseInt(throttled.replace(/^0x/i, ''), 16);
    return throttledBits.filter(([bit]) => (bits >> bit) & 1).map(([, what]) => what);
  }
  const hwmon = join(sys, 'class/hwmon');
  for (const name of await namesIn(hwmon)) {
    if ((await textOf(join(hwmon, name, 'name'))) !== 'rpi_volt') continue;
    const alarm = await textOf(join(hwmon, name, 'in0_lcrit_alarm'));
    if (alarm === '0' || alarm === '1') return alarm === '1' ? [throttledBits[0]![1]] : [];
  }
  return undefined;
}

/** What a zone of the processor is called: on a Pi, on a PC, on other boards. */
const processorZone = /cpu|soc|x86_pkg|acpitz/i;
const plausible = (celsius: number): boolean => celsius > -40 && celsius < 150;

/** The hottest of the processor's zones; where none is named so, of all. */
async function celsiusOf(sys: string): Promise<number | undefined> {
  const thermal = join(sys, 'class/thermal');
  const all: number[] = [];
  const processor: number[] = [];
  for (const name of await namesIn(thermal)) {
    if (!name.startsWith('thermal_zone')) continue;
    const text = await textOf(join(thermal, name, 'temp'));
    // In thousandths of a degree.
    const celsius = text !== undefined && /^-?\d{1,7}$/.test(text) ? Number(text) / 1_000 : Number.NaN;
    if (!plausible(celsius)) continue;
    all.push(celsius);
    if (processorZone.test((await textOf(join(thermal, name, 'type'))) ?? '')) processor.push(celsius);
  }
  const found = processor.length > 0 ? processor : all;
  return found.length > 0 ? Math.max(...found) : undefined;
}

async function textOf(path: string): Promise<string | undefined> {
  try {
    return (await readFile(path, 'utf8')).trim();
  } catch {
    // Not every machine has it, and a sensor may refuse to be read.
    return undefined;
  }
}

async function namesIn(path: string): Promise<string[]> {
  try {
    return (await readdir(path)).sort();
  } catch {
    // Not every machine has it.
    return [];
  }
}
