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
  /** By which to name it in the configuration: one under /dev/serial/by-id, where it has one. */
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
  const byId = join(dev, 'serial', 'by-id');
  const stable = new Map<string, string>();
  for (const name of await namesIn(byId)) {
    const node = await realpath(join(byId, name)).catch(() => undefined);
    if (node !== undefined) stable.set(basename(node), join(byId, name));
  }
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
