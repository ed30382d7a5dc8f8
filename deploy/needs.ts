import { ensureSystemPrograms } from '../test/system-programs.ts';

// What building and checking need of Debian, beside what everybody has: deploy/needs.ts TOOL [ARCHITECTURE [SCENARIO…]] installs what is missing, as root on
// Debian, and names it otherwise. Each tool of deploy/ begins with it.

type Programs = Readonly<Record<string, string>>;

const debian = { mmdebstrap: 'mmdebstrap' };
const network = { ip: 'iproute2', mosquitto_pub: 'mosquitto-clients', curl: 'curl' };
const emulated = {
  mcopy: 'mtools',
  xz: 'xz-utils',
  ssh: 'openssh-client',
  curl: 'curl',
  mosquitto_pub: 'mosquitto-clients',
};

/** Programs, or files, and the package that brings each: of a tool for any architecture, and what it needs beside that for one. */
export const needs: Readonly<Record<string, Programs>> = {
  'build-deb': { 'dpkg-deb': 'dpkg' },
  'build-deb amd64': { 'x86_64-linux-gnu-strip': 'binutils-x86-64-linux-gnu' },
  'build-deb arm64': { 'aarch64-linux-gnu-strip': 'binutils-aarch64-linux-gnu' },
  'check-deb': {
    ...debian,
    'systemd-nspawn': 'systemd-container',
    nsenter: 'util-linux',
    ip: 'iproute2',
    pgrep: 'procps',
    'x86_64-linux-gnu-strip': 'binutils-x86-64-linux-gnu',
  },
  'check-settings': {
    ...debian,
    'systemd-nspawn': 'systemd-container',
    nsenter: 'util-linux',
    ip: 'iproute2',
    pgrep: 'procps',
    'ssh-keygen': 'openssh-client',
    'x86_64-linux-gnu-strip': 'binutils-x86-64-linux-gnu',
  },
  build: { ...debian, openssl: 'openssl', tar: 'tar', unshare: 'util-linux' },
  'build amd64': { 'x86_64-linux-gnu-strip': 'binutils-x86-64-linux-gnu' },
  'build arm64': {
    'aarch64-linux-gnu-strip': 'binutils-aarch64-linux-gnu',
    ...(process.arch === 'arm64' ? {} : { 'qemu-aarch64-static': 'qemu-user-static' }),
  },
  'check-image': emulated,
  'check-image amd64': { 'qemu-system-x86_64': 'qemu-system-x86', '/usr/share/OVMF/OVMF_CODE_4M.fd': 'ovmf' },
  'check-image arm64': {
    'qemu-system-aarch64': 'qemu-system-arm',
    '/usr/share/AAVMF/AAVMF_CODE.fd': 'qemu-efi-aarch64',
  },
  'check-image raspi3b': { 'qemu-system-aarch64': 'qemu-system-arm' },
  'check-image update-cycles': { rauc: 'rauc', mksquashfs: 'squashfs-tools', debugfs: 'e2fsprogs' },
  'check-image far-ahead': { faketime: 'faketime' },
  'check-card': {
    nbdfuse: 'libnbd-bin',
    e2fsck: 'e2fsprogs',
    '/usr/lib/x86_64-linux-gnu/libeatmydata.so': 'libeatmydata1',
  },
  'check-container': { ...debian, ...network, buildah: 'buildah', nsenter: 'util-linux', setpriv: 'util-linux' },
};

/**
 * What a tool needs.
 *
 * @param words it was called with: an architecture, scenarios
 * @throws RangeError when there is no such tool
 */
export function needsOf(tool: string, words: readonly string[] = []): Programs {
  const common = needs[tool];
  if (common === undefined) throw new RangeError(`There is no tool ${tool} in deploy/.`);
  return Object.assign({}, common, ...words.map((word) => needs[`${tool} ${word}`]));
}

if (import.meta.main) {
  const [tool = '', ...words] = process.argv.slice(2);
  const problem = ensureSystemPrograms(
    (line) => process.stderr.write(`${line}\n`),
    needsOf(tool, words),
    `deploy/${tool} needs`,
  );
  if (problem !== undefined) {
    process.stderr.write(`${problem}\n`);
    process.exit(2);
  }
}
