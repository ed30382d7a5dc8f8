import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { machineIn, type Places } from '../../src/appliance/appliance.ts';
import { tempDir } from '../support/temp-dir.ts';

export const bootStateProgram = join(import.meta.dirname, '../../deploy/image/root/usr/lib/headgate/boot-state');

/** A machine of files: an appliance that runs from slot A, proven, whose slot B is empty. */
export function anAppliance(t: TestContext, slot = 'A'): Places {
  const root = tempDir(t);
  const places = machineIn(root);
  writeFileSync(places.marker, JSON.stringify({ version: '0.1.0', build: '7', architecture: 'amd64' }, null, 2));
  writeFileSync(places.commandLine, `BOOT_IMAGE=/vmlinuz root=/dev/vda2 ro headgate.slot=${slot} quiet\n`);
  writeFileSync(places.bootState, block('ORDER=A B', 'A_LEFT=7', 'B_LEFT=0'));
  const variables = {
    HEADGATE_BOOT_STATE: places.bootState,
    HEADGATE_BOOT_STATE_COPY: places.bootStateCopy,
    HEADGATE_BOOT_STATE_LOCK: join(root, 'lock'),
    HEADGATE_COMMAND_LINE: places.commandLine,
    HEADGATE_APPLIANCE: places.marker,
  };
  const set = Object.entries(variables).map(([name, value]) => `${name}='${value}'`);
  writeFileSync(places.bootStateProgram, `#!/bin/sh\n${set.join(' ')} exec '${bootStateProgram}' "$@"\n`, {
    mode: 0o755,
  });
  return places;
}

/** GRUB's environment block with these lines. */
export function block(...lines: string[]): string {
  return `${['# GRUB Environment Block', ...lines].join('\n')}\n`.padEnd(1024, '#');
}
