import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { type Architecture, run } from '../package/program.ts';
import { compatibleOf } from './bundle.ts';
import { unpackedAllTheSame, unpackedNot } from './packages.ts';
import { slim } from './slim.ts';

const here = import.meta.dirname;

/** What an appliance says of itself, in `/etc/headgate/appliance.json`. */
export interface Identity {
  readonly version: string;
  /** Tells builds of one version apart: the commit that it is built of. */
  readonly build: string;
  readonly architecture: Architecture;
}

/** The user that data belongs to has the same number in every image, or the data would be another's after an update. */
const users = `u! headgate 900 "Headgate IoT gateway" /var/lib/headgate
`;

/** Makes the appliance's root file system in `target`: Debian as a tar file, Headgate's package, the certificate of who signs updates. */
export function makeRoot(base: string, deb: string, identity: Identity, keyring: string, target: string): void {
  rmSync(target, { recursive: true, force: true });
  mkdirSync(target, { recursive: true });
  run('tar', ['--extract', '--file', base, '--directory', target, '--numeric-owner', '--xattrs']);
  const put = (path: string, text: string): void => {
    mkdirSync(dirname(join(target, path)), { recursive: true });
    writeFileSync(join(target, path), text);
  };
  put('usr/lib/sysusers.d/00-headgate.conf', users);
  inside(target, ['systemd-sysusers', '00-headgate.conf']);
  rmSync(join(target, 'usr/lib/sysusers.d/00-headgate.conf'));
  cpSync(deb, join(target, 'headgate.deb'));
  inside(target, [
    'dpkg',
    ...unpackedNot.map((path) => `--path-exclude=${path}`),
    ...unpackedAllTheSame.map((path) => `--path-include=${path}`),
    '--install',
    '/headgate.deb',
  ]);
  rmSync(join(target, 'headgate.deb'));

  cpSync(join(here, 'root'), target, { recursive: true });
  cpSync(join(here, 'initramfs'), join(target, 'etc/initramfs-tools'), { recursive: true });
  put('etc/headgate/appliance.json', `${JSON.stringify(identity, undefined, 2)}\n`);
  put('etc/rauc/keyring.pem', readFileSync(keyring, 'utf8'));
  const rauc = join(target, 'etc/rauc/system.conf');
  writeFileSync(rauc, readFileSync(rauc, 'utf8').replace('@COMPATIBLE@', compatibleOf(identity.architecture)));
  put('etc/fstab', fstab);
  put('etc/hostname', 'headgate\n');
  put('etc/hosts', '127.0.0.1 localhost\n127.0.1.1 headgate\n::1 localhost ip6-localhost ip6-loopback\n');
  for (const folder of ['data', 'boot/firmware']) mkdirSync(join(target, folder), { recursive: true });
  normaliseOverlay(join(here, 'root'), target);
  inside(target, ['systemctl', 'enable', ...unitsToEnable()]);
  inside(target, ['systemctl', 'mask', ...idle]);
  // Nobody signs in by a password; whoever is in front of it has the rescue console.
  inside(target, ['passwd', '--lock', 'root']);

  const kernel = readdirSync(join(target, 'boot'))
    .find((name) => name.startsWith('vmlinuz-'))
    ?.slice('vmlinuz-'.length);
  if (kernel === undefined) throw new Error('The root file system has no kernel.');
  slim(target);
  inside(target, ['depmod', kernel]);
  put('etc/initramfs-tools/update-initramfs.conf', 'update_initramfs=yes\n');
  inside(target, ['update-initramfs', '-c', '-k', kernel]);
  for (const name of ['vmlinuz', 'initrd.img']) {
    rmSync(join(target, 'boot', name), { force: true });
    symlinkSync(`${name}-${kernel}`, join(target, 'boot', name));
  }
  tidy(target);
}

/** Of Debian's own, what looks after a system that changes: this one is replaced as a whole. */
const idle = [
  'apt-daily.timer',
  'apt-daily-upgrade.timer',
  'dpkg-db-backup.timer',
  'e2scrub_all.timer',
  'e2scrub_reap.service',
  'remote-fs.target',
  'systemd-pcrmachine.service',
  'systemd-pcrphase-sysinit.service',
  'systemd-pcrphase.service',
  'systemd-tpm2-setup-early.service',
  'systemd-tpm2-setup.service',
  // It would ask whoever is in front of the screen, and wait.
  'systemd-firstboot.service',
];

const fstab =
  '# All is mounted before the system starts: root file system, boot partition, /data and what lies on it (initramfs).\n';

/** Of the files laid over it, only programs can be executed, whoever's umask it was. */
function normaliseOverlay(source: string, target: string): void {
  for (const entry of readdirSync(source, { withFileTypes: true })) {
    const path = join(target, entry.name);
    if (entry.isDirectory()) {
      chmodSync(path, 0o755);
      normaliseOverlay(join(source, entry.name), path);
    } else if (entry.isFile()) chmodSync(path, readFileSync(path).subarray(0, 2).toString() === '#!' ? 0o755 : 0o644);
  }
}

/** Units of the image itself that say when they want to be started. */
function unitsToEnable(): string[] {
  const units = join(here, 'root/usr/lib/systemd/system');
  const own = existsSync(units)
    ? readdirSync(units).filter(
        (name) =>
          /\.(?:service|path|timer|socket)$/.test(name) &&
          readFileSync(join(units, name), 'utf8').includes('[Install]'),
      )
    : [];
  return ['systemd-networkd.service', 'systemd-resolved.service', 'systemd-timesyncd.service', ...own];
}

/** What only the building leaves behind. */
function tidy(target: string): void {
  const gone = [
    'var/lib/apt/lists',
    'var/cache/apt',
    'var/cache/debconf',
    'var/cache/ldconfig',
    'var/lib/dbus/machine-id',
    'etc/resolv.conf',
    'dev',
    'run',
    'tmp',
    'var/tmp',
    'root/.cache',
  ];
  for (const path of gone) rmSync(join(target, path), { recursive: true, force: true });
  for (const name of readdirSync(join(target, 'var/log'))) rmSync(join(target, 'var/log', name), { recursive: true });
  for (const name of readdirSync(join(target, 'etc/ssh')))
    if (name.startsWith('ssh_host_')) rmSync(join(target, 'etc/ssh', name));
  for (const [folder, mode] of [
    ['dev', 0o755],
    ['run', 0o755],
    ['tmp', 0o1777],
    ['var/tmp', 0o1777],
    ['var/cache/apt', 0o755],
  ] as const) {
    mkdirSync(join(target, folder), { recursive: true });
    chmodSync(join(target, folder), mode);
  }
  writeFileSync(join(target, 'etc/machine-id'), '');
  symlinkSync('../run/systemd/resolve/stub-resolv.conf', join(target, 'etc/resolv.conf'));
}

/** Runs a program in the root file system, by emulation if it is another architecture's. */
export function inside(target: string, command: readonly string[]): void {
  const script =
    'mount -t proc proc "$1/proc" && mount -t tmpfs tmpfs "$1/run" && mount --rbind /dev "$1/dev" && exec chroot "$@"';
  run('unshare', ['--mount', '--propagation', 'private', 'sh', '-c', script, 'sh', target, ...command], undefined, {
    ...{
      PATH: '/usr/sbin:/usr/bin:/sbin:/bin',
      LC_ALL: 'C.UTF-8',
      TZ: 'UTC',
      DEBIAN_FRONTEND: 'noninteractive',
      HOME: '/root',
    },
    SOURCE_DATE_EPOCH: process.env.SOURCE_DATE_EPOCH,
  });
}
