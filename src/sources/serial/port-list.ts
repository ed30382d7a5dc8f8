import { readdir, readFile, realpath } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { type UsbIds, type UsbMeaning, usbMeaning } from './usb-ids.ts';

/** Where Linux tells of serial ports. */
export interface PortPlaces {
  /** Default `/dev`. */
  readonly dev: string;
  /** Default `/sys/class/tty`. */
  readonly tty: string;
}

const usualPlaces: PortPlaces = { dev: '/dev', tty: '/sys/class/tty' };

/** A serial port that this machine has. */
export interface ExistingPort {
  /** By which to name it in the configuration: one under /dev/serial/by-id, or /dev/serial0 of a Raspberry Pi, where it has one. */
  readonly path: string;
  /** Its node: `/dev/ttyUSB0`. */
  readonly node: string;
  /** What it says of itself; null: it is not on USB. */
  readonly usb: UsbIds | null;
  readonly adapter: UsbMeaning['adapter'];
  readonly suggestions: UsbMeaning['suggestions'];
}

/** The serial ports that there are, in order of their nodes. What is gone before it could be looked at is left out. */
export async function existingPorts({ dev, tty }: PortPlaces = usualPlaces): Promise<ExistingPort[]> {
  const stable = await stablePaths(dev);
  const names = (await namesIn(tty)).filter((name) => /^(?:tty[A-Za-z]+|rfcomm)\d+$/.test(name));
  const ports = await Promise.all(
    names.map(async (name): Promise<ExistingPort[]> => {
      const device = await realpath(join(tty, name, 'device')).catch(() => undefined);
      if (device === undefined || !(await isReal(join(tty, name)))) return [];
      const usb = await usbIdsAbove(device);
      const node = join(dev, name);
      return [{ path: stable.get(name) ?? node, node, usb, ...usbMeaning(usb) }];
    }),
  );
  const inOrder = new Intl.Collator('en', { numeric: true });
  return ports.flat().sort((a, b) => inOrder.compare(a.node, b.node));
}

/** Links that lead to the same port after each start, by the name of its node. */
async function stablePaths(dev: string): Promise<Map<string, string>> {
  const byId = join(dev, 'serial', 'by-id');
  const onBoard = (await namesIn(dev)).filter((name) => /^serial\d$/.test(name)).map((name) => join(dev, name));
  const ofAdapters = (await namesIn(byId)).map((name) => join(byId, name));
  const found = new Map<string, string>();
  for (const path of [...onBoard, ...ofAdapters]) {
    const node = await realpath(path).catch(() => undefined);
    if (node !== undefined) found.set(basename(node), path);
  }
  return found;
}

/** The kernel makes nodes of the 8250 kind (ttyS0 to ttyS31) also where there is no chip: their type is 0 then. */
async function isReal(directory: string): Promise<boolean> {
  return (await textIn(join(directory, 'type'))) !== '0';
}

/** A port hangs some levels below the USB device that it is of. */
async function usbIdsAbove(device: string): Promise<UsbIds | null> {
  for (let at = device, level = 0; level < 6 && at !== '/'; at = dirname(at), level++) {
    const vendor = await textIn(join(at, 'idVendor'));
    if (vendor === undefined) continue;
    const [product = '', manufacturer = null, name = null, serialNumber = null] = await Promise.all(
      ['idProduct', 'manufacturer', 'product', 'serial'].map((one) => textIn(join(at, one))),
    );
    return { vendor, product, manufacturer, name, serialNumber };
  }
  return null;
}

async function namesIn(directory: string): Promise<string[]> {
  // Where nothing is plugged in, there is no such directory.
  return await readdir(directory).catch(() => []);
}

async function textIn(file: string): Promise<string | undefined> {
  // Most of what is looked for is not there.
  return (await readFile(file, 'utf8').catch(() => undefined))?.trim();
}
