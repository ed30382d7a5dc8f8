import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { HeadgateError } from '../core/errors.ts';

/** Where the machine keeps what is asked of it; tests have a machine of their own. */
export interface Places {
  /** Marks a machine as an appliance, and tells which. */
  readonly marker: string;
  /** What the kernel was started with. */
  readonly commandLine: string;
  /** GRUB's environment block on the boot partition, which not everybody may read… */
  readonly bootState: string;
  /** …and a copy, which everybody may. */
  readonly bootStateCopy: string;
  /** The program that reads and writes the block, for root. */
  readonly bootStateProgram: string;
  /** Whoever creates `restart` or `factory-reset` here is heard by root's path units. */
  readonly requests: string;
  /** RAUC's program. */
  readonly rauc: string;
}

export const machine: Places = {
  marker: '/etc/headgate/appliance.json',
  commandLine: '/proc/cmdline',
  bootState: '/boot/firmware/boot.env',
  bootStateCopy: '/run/headgate-boot.env',
  bootStateProgram: '/usr/lib/headgate/boot-state',
  requests: '/run/headgate',
  rauc: 'rauc',
};

/** This machine; or, for tests, one of files in the directory that HEADGATE_MACHINE names. */
export function machineOf({ HEADGATE_MACHINE: root }: NodeJS.ProcessEnv = process.env): Places {
  return root === undefined ? machine : machineIn(root);
}

/** A machine of files in a directory. */
export function machineIn(root: string): Places {
  return {
    marker: join(root, 'appliance.json'),
    commandLine: join(root, 'cmdline'),
    bootState: join(root, 'boot.env'),
    bootStateCopy: join(root, 'boot-copy.env'),
    bootStateProgram: join(root, 'boot-state'),
    requests: join(root, 'requests'),
    rauc: join(root, 'rauc'),
  };
}

/** Which appliance this is: what the image that runs was built as. */
export interface Appliance {
  /** Of Headgate, as it is told everywhere: `0.1.0`. */
  readonly version: string;
  /** Tells builds of one version apart. */
  readonly build: string;
  /** As Debian calls it: `amd64`, `arm64`. */
  readonly architecture: string;
}

/** @returns undefined on a machine that is no appliance @throws {HeadgateError} appliance.failed when its mark can't be read */
export async function readAppliance({ marker }: Places = machine): Promise<Appliance | undefined> {
  let text: string;
  try {
    text = await readFile(marker, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    if ((error as NodeJS.ErrnoException).code === 'EACCES') {
      throw new HeadgateError('appliance.failed', 'Only root may ask for this: run it with `sudo`.', { cause: error });
    }
    throw new HeadgateError('appliance.failed', `${marker} can't be read: ${(error as Error).message}.`, {
      cause: error,
    });
  }
  const found = applianceIn(text);
  if (found === undefined) {
    throw new HeadgateError('appliance.failed', `${marker} does not say which version of the appliance this is.`);
  }
  return found;
}

/** The same, where nothing can be done without. @throws {HeadgateError} appliance.none, appliance.failed */
export async function theAppliance(places: Places = machine): Promise<Appliance> {
  const found = await readAppliance(places);
  if (found !== undefined) return found;
  throw new HeadgateError('appliance.none', 'This machine does not run from the Headgate image.');
}

function applianceIn(text: string): Appliance | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    // Said by who asks, like anything else that is wrong with it.
    return undefined;
  }
  if (typeof value !== 'object' || value === null) return undefined;
  const { version, build, architecture } = value as Record<string, unknown>;
  if (typeof version !== 'string' || version === '' || typeof architecture !== 'string') return undefined;
  return { version, build: build === undefined ? '' : String(build), architecture };
}
