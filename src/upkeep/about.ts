import { readFileSync } from 'node:fs';
import { arch, cpus, hostname, platform, release, totalmem } from 'node:os';
import { join } from 'node:path';
import type { Library } from './libraries.ts';

/** What this gateway is made of, and what it runs on. */
export interface About {
  readonly name: 'Headgate';
  readonly version: string;
  /** SPDX. */
  readonly license: string;
  /** Of what it runs with. `sqlite` is the one that records are kept by; null: it does not say. */
  readonly versions: { readonly node: string; readonly sqlite: string | null; readonly openssl: string };
  readonly machine: Machine;
  readonly addresses: Addresses;
  readonly libraries: readonly Library[];
}

export interface Machine {
  readonly hostname: string;
  /** `linux`, … */
  readonly system: string;
  /** Of the kernel. */
  readonly release: string;
  /** `arm64`, `x64`, … */
  readonly architecture: string;
  /** What the board says it is, as "Raspberry Pi 4 Model B Rev 1.4"; null: it does not say. */
  readonly model: string | null;
  readonly processors: number;
  readonly memoryBytes: number;
}

/** Under which the gateway can be reached, most likely to work first. */
export interface Addresses {
  readonly http: readonly string[];
  /** `HOSTNAME.local`; null: nothing on this machine answers for it. */
  readonly mdnsName: string | null;
}

/** Where a board says what it is: boards with a device tree, then those with DMI, such as PCs. */
const modelFiles = ['/proc/device-tree/model', '/sys/class/dmi/id/product_name'];

/** What this machine is. @param read a file's text; throws when there is none */
export function thisMachine(read: (path: string) => string = (path) => readFileSync(path, 'utf8')): Machine {
  return {
    hostname: hostname(),
    system: platform(),
    release: release(),
    architecture: arch(),
    model: modelOf(read),
    processors: cpus().length,
    memoryBytes: totalmem(),
  };
}

function modelOf(read: (path: string) => string): string | null {
  for (const path of modelFiles) {
    try {
      // The device tree ends its texts by NUL.
      const text = read(path).replaceAll('\0', '').trim().slice(0, 200);
      if (text !== '') return text;
    } catch {
      // This machine says it elsewhere, or nowhere.
    }
  }
  return null;
}

/** The packages that are used, as `npm run generate` found them. Read when somebody asks. */
export function libraries(): readonly Library[] {
  return JSON.parse(readFileSync(join(import.meta.dirname, 'libraries.json'), 'utf8')) as Library[];
}
