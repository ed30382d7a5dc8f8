import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import type { Judge } from '../../../src/appliance/settings/given.ts';
import { setUpMachine } from '../../../src/appliance/settings/settings.ts';
import { Passwords } from '../../../src/auth/passwords.ts';
import { loadConfig } from '../../../src/config/load.ts';
import { configNode } from '../../../src/config/node.ts';
import { tempDir } from '../../support/temp-dir.ts';

/** The appliance's own configuration, as it is in the image. */
export const basePath = join(import.meta.dirname, '../../../deploy/image/root/usr/lib/headgate/appliance.yaml');

export const judge: Judge = {
  gateway: configNode,
  checkGateway: (layer) => void loadConfig({ file: basePath, over: [layer] }),
  hasTimezone: (name) => ['UTC', 'Europe/Berlin'].includes(name),
  isSystemUser: (name) => ['root', 'headgate'].includes(name),
};

export const key = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJLYbLLHOY3qSaiLLnMe/Yr1YGPJ2yD3wkLQvrQVmyPs ada@desk';

/** A machine that is a directory. */
export function machineSite(t: TestContext) {
  const root = tempDir(t);
  const boot = join(root, 'boot/firmware');
  for (const directory of [boot, join(root, 'data/machine')]) mkdirSync(directory, { recursive: true });
  const ran: string[] = [];
  let isWritable = true;
  return {
    ran,
    put: (name: string, text: string | Uint8Array) => writeFileSync(join(boot, name), text),
    take: (name: string) => rmSync(join(boot, name), { force: true }),
    onBoot: (name: string) => textOf(join(boot, name)),
    file: (path: string) => textOf(join(root, path)),
    path: (path: string) => join(root, path),
    lock: () => {
      isWritable = false;
    },
    /** What a new start finds: the file system of the last one is gone. */
    restart: () => {
      for (const one of ['etc', 'run']) rmSync(join(root, one), { recursive: true, force: true });
      ran.length = 0;
    },
    setUp: () =>
      setUpMachine({
        places: { boot, lasting: 'data/machine', base: basePath, state: '/run/headgate-machine', root },
        judge,
        hands: {
          run: (program, args, input) => {
            ran.push([program, ...args, ...(input === undefined ? [] : [input])].join(' '));
            const made = args[args.indexOf('-f') + 1] ?? '';
            if (program !== 'ssh-keygen') return undefined;
            writeFileSync(made, 'private');
            writeFileSync(`${made}.pub`, 'public');
            return undefined;
          },
          groupId: () => process.getgid?.(),
        },
        writeBootFile: (name, text) => {
          if (!isWritable) return 'it is write-protected';
          if (text === undefined) rmSync(join(boot, name), { force: true });
          else writeFileSync(join(boot, name), text);
          return undefined;
        },
        passwords: new Passwords({ cost: { N: 16, r: 8, p: 1 } }),
      }),
  };
}

function textOf(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    // There is none.
    return undefined;
  }
}
