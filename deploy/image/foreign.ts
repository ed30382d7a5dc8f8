import { existsSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Architecture, run } from '../package/program.ts';
import { unpackedAllTheSame, unpackedNot } from './packages.ts';

/**
 * Options that make mmdebstrap put together a root file system of another architecture within minutes. Packages are unpacked by this machine's own
 * dpkg, and their scripts run inside the new root, as on its own kind. What they call a thousand times, such as `sed`, is this machine's kind of
 * it, out of the tools' root; everything else is emulated. The result is the same, byte by byte, as when all is emulated.
 */

/** Programs whose answers don't tell which architecture they are of. */
const native =
  'basename cat chmod chown cp cut dirname grep head id install ln ls mkdir mktemp mv readlink rm rmdir sed sort stat systemd-hwdb tail touch tr true';
const nativeOfRoot = ['depmod'];
/** Scripts name these by their path, so they are mounted over the new root's own. */
const interpreters = ['dash', 'perl'];
/** What the machine that builds calls its kind. */
const triplet = { x64: 'x86_64-linux-gnu', arm64: 'aarch64-linux-gnu' }[process.arch as 'x64' | 'arm64'];

/** Writes to `scratch` what the options name, which has to be first in mmdebstrap's PATH, in a mount namespace of its own. `tools` is a root file system of this machine's architecture and of the same release. */
export function foreign(scratch: string, tools: string): readonly string[] {
  rmSync(scratch, { recursive: true, force: true });
  mkdirSync(join(scratch, 'bin'), { recursive: true });
  for (const name of native.split(' ')) symlinkSync(`/native/usr/bin/${name}`, join(scratch, 'bin', name));
  for (const name of nativeOfRoot) symlinkSync(`/native/usr/sbin/${name}`, join(scratch, 'bin', name));
  const script = (name: string, text: string): string => {
    writeFileSync(join(scratch, name), `#!/bin/sh\nset -e\n${text}`, { mode: 0o755 });
    return join(scratch, name);
  };
  const filters = [
    ...unpackedNot.map((path) => `'--path-exclude=${path}'`),
    ...unpackedAllTheSame.map((path) => `'--path-include=${path}'`),
  ];
  // The dpkg of this machine takes what is for all architectures for its own, and then misses dependencies that are there.
  const dpkg = script(
    'dpkg',
    `for one; do shift; [ "$one" = --force-script-chrootless ] || set -- "$@" "$one"; done
unset TMPDIR
PATH=/native-bin:$PATH exec /usr/bin/dpkg --force-unsafe-io --force-confold --force-depends ${filters.join(' ')} "$@"
`,
  );
  // Read-only, or mmdebstrap deletes what is mounted when it gives up.
  const before = script(
    'before',
    `mkdir -p "$1/native" "$1/native-bin" "$1/usr/lib64" "$1/usr/lib/${triplet}" "$1/proc" "$1/sys" "$1/dev"
ln -s usr/lib64 "$1/lib64"
mount -t proc proc "$1/proc"
mount -t sysfs sysfs "$1/sys"
mount --bind /dev "$1/dev"
mount --options bind,ro '${tools}' "$1/native"
mount --options bind,ro '${scratch}/bin' "$1/native-bin"
mount --options bind,ro '${tools}/usr/lib64' "$1/usr/lib64"
mount --options bind,ro '${tools}/usr/lib/${triplet}' "$1/usr/lib/${triplet}"
`,
  );
  // Not earlier, as a package can't replace what is mounted.
  const between = script(
    'between',
    interpreters.map((name) => `mount --options bind,ro '${tools}/usr/bin/${name}' "$1/usr/bin/${name}"\n`).join(''),
  );
  const after = script(
    'after',
    `umount ${interpreters.map((name) => `"$1/usr/bin/${name}"`).join(' ')}
umount "$1/usr/lib/${triplet}" "$1/usr/lib64" "$1/native-bin" "$1/native" "$1/sys" "$1/proc" "$1/dev"
rm "$1/lib64"
rmdir "$1/usr/lib/${triplet}" "$1/usr/lib64" "$1/native-bin" "$1/native"
`,
  );
  return [
    '--mode=chrootless',
    `--setup-hook=${before} "$1"`,
    `--essential-hook=${between} "$1"`,
    `--customize-hook=${after} "$1"; sed -i /Dir::Bin::dpkg/d "$1/etc/apt/apt.conf.d/99mmdebstrap"`,
    `--aptopt=Dir::Bin::dpkg "${dpkg}"`,
  ];
}

/** Whether programs of an architecture have to be emulated here. */
export function isForeign(architecture: Architecture): boolean {
  return architecture !== (process.arch === 'x64' ? 'amd64' : process.arch);
}

/** Has the kernel run another architecture's programs by QEMU, until this machine is started anew. @throws an Error when it can't */
export function emulate(architecture: Architecture): void {
  const kind = { amd64: 'qemu-x86_64', arm64: 'qemu-aarch64' }[architecture];
  const handlers = '/proc/sys/fs/binfmt_misc';
  if (!isForeign(architecture) || existsSync(join(handlers, kind))) return;
  if (!existsSync(join(handlers, 'register'))) run('mount', ['-t', 'binfmt_misc', 'binfmt_misc', handlers]);
  if (existsSync(join(handlers, kind))) return;
  const rule = `/usr/lib/binfmt.d/${kind}.conf`;
  if (!existsSync(rule))
    throw new Error(`Programs for ${architecture} can't be run here: apt-get install qemu-user-static`);
  writeFileSync(join(handlers, 'register'), readFileSync(rule));
}
