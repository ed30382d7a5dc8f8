import { spawnSync } from 'node:child_process';
import { accessSync, constants, existsSync, rmSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';

/** Programs that the tests start, or files that those need, and the Debian package that brings each. */
export const systemPrograms: Readonly<Record<string, string>> = {
  chromium: 'chromium',
  curl: 'curl',
  'dbus-daemon': 'dbus',
  faketime: 'faketime',
  gpsd: 'gpsd',
  gpsfake: 'gpsd-clients',
  gpspipe: 'gpsd-clients',
  mke2fs: 'e2fsprogs',
  mksquashfs: 'squashfs-tools',
  mosquitto: 'mosquitto',
  mosquitto_passwd: 'mosquitto',
  mosquitto_pub: 'mosquitto-clients',
  mosquitto_sub: 'mosquitto-clients',
  ip: 'iproute2',
  'nats-server': 'nats-server',
  nft: 'nftables',
  openssl: 'openssl',
  'qemu-io': 'qemu-utils',
  rauc: 'rauc',
  socat: 'socat',
  'systemd-notify': 'systemd',
  '/usr/bin/python3': 'python3',
  '/usr/lib/python3/dist-packages/google/protobuf/__init__.py': 'python3-protobuf',
  '/usr/lib/python3/dist-packages/grpc/__init__.py': 'python3-grpcio',
  '/usr/lib/python3/dist-packages/serial/__init__.py': 'python3-serial',
  '/usr/lib/python3/dist-packages/pymodbus/__init__.py': 'python3-pymodbus',
  // Of the servers of pymodbus, which only recommends it.
  '/usr/lib/python3/dist-packages/serial_asyncio/__init__.py': 'python3-serial-asyncio',
  '/usr/lib/python3/dist-packages/paho/mqtt/client.py': 'python3-paho-mqtt',
};

/** Where Debian keeps servers; a plain user's PATH leaves it out. */
const sbin = ['/usr/local/sbin', '/usr/sbin', '/sbin'];

/** A PATH on which system programs are found. */
export function searchPath(path = process.env.PATH ?? ''): string {
  return [...new Set([...path.split(delimiter), ...sbin])].filter(Boolean).join(delimiter);
}

/** The packages whose programs are not on the path, or whose files are not there. */
export function missingPackages(programs: Readonly<Record<string, string>>, path: string): string[] {
  const isThere = (program: string) =>
    program.startsWith('/')
      ? existsSync(program)
      : path.split(delimiter).some((folder) => isExecutable(join(folder, program)));
  return [
    ...new Set(
      Object.keys(programs)
        .filter((program) => !isThere(program))
        .map((program) => programs[program] ?? ''),
    ),
  ];
}

/** The command that a person can run to install them. */
export function installCommand(packages: readonly string[]): string {
  return `apt-get update && apt-get install -y --no-install-recommends ${packages.join(' ')}`;
}

/**
 * Sees to it that every system program is there: installs what is missing when this is root on Debian, and otherwise
 * says in one sentence what is missing and how to get it. Returns that sentence, or undefined when all is well.
 *
 * @param who needs them, as the start of a sentence
 */
export function ensureSystemPrograms(
  say: (line: string) => void,
  programs: Readonly<Record<string, string>> = systemPrograms,
  who = 'The tests need',
): string | undefined {
  const packages = missingPackages(programs, searchPath());
  if (packages.length === 0) return undefined;
  const what = `${who} the Debian package${packages.length > 1 ? 's' : ''} ${packages.join(', ')}`;
  const canInstall =
    process.getuid?.() === 0 &&
    existsSync('/etc/debian_version') &&
    missingPackages({ 'apt-get': 'apt' }, searchPath()).length === 0;
  if (!canInstall) return `${what}. Run: sudo sh -c '${installCommand(packages)}'`;
  say(`${what}: installing (${installCommand(packages)}).`);
  const failure = install(packages);
  const still = missingPackages(programs, searchPath());
  return still.length === 0
    ? undefined
    : `${what}, and installing failed: ${failure || `${still.join(', ')} brought no such program`}.`;
}

const policy = '/usr/sbin/policy-rc.d';

/** Installs without starting any service: a broker on port 1883 would be in the way of what is tested. */
function install(packages: readonly string[]): string | undefined {
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive', RUNLEVEL: '1' };
  const isOurs = !existsSync(policy);
  // Debian asks this script before it starts a service; 101 means "not allowed".
  if (isOurs) writeFileSync(policy, '#!/bin/sh\nexit 101\n', { mode: 0o755 });
  try {
    for (const args of [['update'], ['install', '-y', '--no-install-recommends', ...packages]]) {
      const { status, stderr, error } = spawnSync('apt-get', args, {
        env,
        encoding: 'utf8',
        maxBuffer: 64 * 1024 * 1024,
      });
      if (status !== 0) return `apt-get ${args[0]}: ${error?.message ?? stderr.trim().split('\n').at(-1)}`;
    }
    return undefined;
  } finally {
    if (isOurs) rmSync(policy, { force: true });
  }
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    // Not there, or not ours to run: for us it is the same.
    return false;
  }
}
