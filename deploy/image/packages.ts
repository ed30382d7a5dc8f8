import type { Architecture } from '../package/program.ts';

// What the image is made of beside Headgate's own package. Data: to change what is in the image, change it here.

/** Debian's release, and where from. Another mirror, such as a snapshot of one day, by HEADGATE_DEBIAN_MIRROR. */
export const suite = 'trixie';

export function sources(mirror = process.env.HEADGATE_DEBIAN_MIRROR ?? 'http://deb.debian.org'): readonly string[] {
  const components = 'main non-free-firmware';
  return [
    `deb ${mirror}/debian ${suite} ${components}`,
    `deb ${mirror}/debian ${suite}-updates ${components}`,
    `deb ${mirror}/debian-security ${suite}-security ${components}`,
  ];
}

/** Packages of the appliance, by what they are for. */
const everywhere: Readonly<Record<string, readonly string[]>> = {
  'what starts it': ['systemd', 'systemd-sysv', 'udev', 'dbus', 'kmod', 'initramfs-tools', 'busybox', 'zstd'],
  'its disk': ['e2fsprogs', 'fdisk', 'util-linux', 'rauc', 'rauc-service'],
  'its network': [
    'iproute2',
    'systemd-resolved',
    'avahi-daemon',
    'wpasupplicant',
    'wireless-regdb',
    'nftables',
    'openssh-server',
    'ca-certificates',
  ],
  'its clock and memory': ['systemd-timesyncd', 'systemd-zram-generator', 'tzdata'],
  'who looks into it': ['procps', 'less', 'sudo', 'curl'],
  'what Headgate needs': ['libstdc++6', 'libgcc-s1', 'init-system-helpers'],
};

const machine: Readonly<Record<Architecture, readonly string[]>> = {
  amd64: ['linux-image-amd64'],
  arm64: ['linux-image-arm64', 'firmware-brcm80211'],
};

export function packagesOf(architecture: Architecture): readonly string[] {
  return [...Object.values(everywhere).flat(), ...machine[architecture]].sort();
}

/** Programs that build, from the same release, so that it makes no difference which machine builds. */
export const tools = [
  'dosfstools',
  'e2fsprogs',
  'fdisk',
  'grub-common',
  'kmod',
  'mtools',
  'openssl',
  'rauc',
  'squashfs-tools',
  'udev',
  'xz-utils',
  'zstd',
] as const;

/** Packages of which files go to the boot partition. They are taken apart, not installed: they are of either architecture. */
export const bootPackages: Readonly<Record<Architecture, readonly string[]>> = {
  amd64: ['grub-efi-amd64-bin'],
  arm64: ['grub-efi-arm64-bin', 'u-boot-rpi', 'raspi-firmware'],
};

/** Not unpacked, as nobody reads it on a gateway. Licences stay. */
export const unpackedNot: readonly string[] = [
  '/usr/share/doc/*',
  '/usr/share/man/*',
  '/usr/share/info/*',
  '/usr/share/locale/*',
  '/usr/share/lintian/*',
  '/usr/share/bug/*',
];
export const unpackedAllTheSame: readonly string[] = ['/usr/share/doc/*/copyright', '/usr/share/doc/headgate/*'];
