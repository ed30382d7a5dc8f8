import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { makeBundle } from '../../deploy/image/bundle.ts';
import { ownKeys } from '../../deploy/image/keys.ts';
import type { Places } from '../../src/appliance/appliance.ts';
import { eventually } from '../support/wait.ts';
import { searchPath } from '../system-programs.ts';
import { anAppliance, bootStateProgram } from './places.ts';

process.env.PATH = searchPath();

/** A machine of files with a real RAUC: slots are files, its service runs on a bus of its own. */
export interface RaucMachine {
  readonly places: Places;
  readonly root: string;
  /** The service, once {@link startService} was called. */
  readonly service: () => ChildProcess;
  readonly startService: () => Promise<void>;
  /** Makes a signed bundle and returns its path. */
  readonly bundle: (name: string, options?: BundleOptions) => string;
}

interface BundleOptions {
  readonly version?: string;
  readonly architecture?: 'amd64' | 'arm64';
  readonly format?: 'plain' | 'verity';
  /** Somebody else's keys. */
  readonly isForeign?: boolean;
  /** Of the root file system, that can't be compressed. */
  readonly megabytes?: number;
}

export function aRaucMachine(t: TestContext): RaucMachine {
  const children: ChildProcess[] = [];
  let mounts = '';
  // Before the directory is removed: what is mounted there can't be.
  t.after(() => {
    for (const child of children) child.kill('SIGKILL');
    spawnSync('umount', ['-l', join(mounts, 'bundle')]);
  });
  const places = anAppliance(t);
  const root = join(places.marker, '..');
  mounts = join(root, 'mnt');
  const keys = ownKeys(join(root, 'keys'));
  for (const slot of ['A', 'B']) {
    writeFileSync(join(root, `slot-${slot}`), '');
    truncateSync(join(root, `slot-${slot}`), 64 << 20);
  }
  const conf = join(root, 'system.conf');
  writeFileSync(conf, configured(root, keys.certificate, places));
  const address = `unix:path=${root}/bus`;
  const program = `#!/bin/sh\nDBUS_SYSTEM_BUS_ADDRESS='${address}' exec rauc '--conf=${conf}' "$@"\n`;
  writeFileSync(places.rauc, program, { mode: 0o755 });
  const env = { ...process.env, DBUS_SYSTEM_BUS_ADDRESS: address };
  let service: ChildProcess | undefined;
  return {
    places,
    root,
    service: () => service!,
    startService: async () => {
      if (children.length === 0) await aBus(root, children);
      // What a service leaves mounted that was killed is gone with its mount namespace where systemd runs it.
      spawnSync('umount', ['-l', join(mounts, 'bundle')]);
      service = spawn('rauc', [`--conf=${conf}`, `--mount=${mounts}`, 'service', '--override-boot-slot=A'], {
        env,
        stdio: 'ignore',
      });
      children.push(service);
      const name = ['--dest=org.freedesktop.DBus', '--print-reply', '/', 'org.freedesktop.DBus.NameHasOwner'];
      await eventually('the service on its bus', () => {
        const args = ['--system', ...name, 'string:de.pengutronix.rauc'];
        return spawnSync('dbus-send', args, { env, encoding: 'utf8' }).stdout.includes('true');
      });
    },
    bundle: (name, options = {}) => bundleOf(root, name, options),
  };
}

async function aBus(root: string, children: ChildProcess[]): Promise<void> {
  const conf = join(root, 'bus.conf');
  writeFileSync(
    conf,
    `<busconfig><type>session</type><listen>unix:path=${root}/bus</listen>
      <policy context="default"><allow send_destination="*"/><allow receive_sender="*"/><allow own="*"/></policy></busconfig>`,
  );
  children.push(spawn('dbus-daemon', [`--config-file=${conf}`, '--nofork'], { stdio: 'ignore' }));
  await eventually('the bus', () => existsSync(join(root, 'bus')));
}

/** As the image has it, but for plain bundles: `verity` needs a kernel with device mapper, which not every machine for tests has. */
function configured(root: string, certificate: string, places: Places): string {
  const text = readFileSync(join(bootStateProgram, '../../../../etc/rauc/system.conf'), 'utf8');
  mkdirSync(join(root, 'rauc-data'));
  mkdirSync(join(root, 'mnt'));
  copyFileSync(certificate, join(root, 'keyring.pem'));
  return text
    .replace('@COMPATIBLE@', 'headgate-amd64')
    .replace('bundle-formats=verity', 'bundle-formats=plain verity')
    .replace('/data/machine/rauc', join(root, 'rauc-data'))
    .replace('/etc/rauc/keyring.pem', join(root, 'keyring.pem'))
    .replace('/usr/lib/headgate/boot-state', places.bootStateProgram)
    .replace('/dev/headgate/a', join(root, 'slot-A'))
    .replace('/dev/headgate/b', join(root, 'slot-B'));
}

function bundleOf(root: string, name: string, options: BundleOptions): string {
  const { version = '0.2.0', architecture = 'amd64', format = 'plain', isForeign = false, megabytes = 4 } = options;
  const work = join(root, `work-${name}`);
  mkdirSync(join(work, 'fs'), { recursive: true });
  const random = spawnSync('head', ['-c', `${megabytes << 20}`, '/dev/urandom'], { maxBuffer: 1 << 28 });
  writeFileSync(join(work, 'fs/version'), version);
  writeFileSync(join(work, 'fs/random'), random.stdout);
  const make = ['-q', '-t', 'ext4', '-b', '4096', '-d', 'fs', 'root.ext4', `${megabytes + 8}M`];
  spawnSync('mke2fs', make, { cwd: work });
  const keys = ownKeys(join(root, isForeign ? 'foreign-keys' : 'keys'));
  const bundle = {
    architecture,
    version,
    build: '8',
    image: 'root.ext4',
    target: `${name}.raucb`,
    format,
    packing: 'none' as const,
  };
  makeBundle(bundle, keys, { work, date: 1_700_000_000 });
  return join(work, bundle.target);
}
