import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { type Architecture, run } from '../package/program.ts';
import { foreign, isForeign } from './foreign.ts';
import { bootPackages, packagesOf, sources, suite, tools, unpackedAllTheSame, unpackedNot } from './packages.ts';

/**
 * Where images are made: root file systems by mmdebstrap, kept from one build to the next by what they are made of, and one with the programs
 * that build. `mmdebstrap` is all that the machine itself has to have.
 */
export interface Workshop {
  readonly cache: string;
  /** Seconds since 1970 that files bear. */
  readonly date: number;
}

/** A root file system with the programs that build. */
export function toolsRoot({ cache, date }: Workshop): string {
  const place = join(cache, `tools-${keyOf([...sources(), ...tools])}`);
  kept(place, (fresh) => debstrap(fresh, ['--variant=minbase', `--include=${tools.join(',')}`], date));
  return place;
}

/** Debian of the appliance as a tar file, before anything of Headgate's is in it. */
export function baseOf(architecture: Architecture, workshop: Workshop): string {
  const { cache, date } = workshop;
  const scratch = join(cache, 'foreign');
  const packages = packagesOf(architecture);
  const place = join(cache, `base-${architecture}-${keyOf([...sources(), ...packages, ...unpackedNot])}.tar`);
  kept(place, (fresh) =>
    debstrap(
      fresh,
      [
        '--variant=minbase',
        `--architectures=${architecture}`,
        `--include=${packages.join(',')}`,
        ...unpackedNot.map((path) => `--dpkgopt=path-exclude=${path}`),
        ...unpackedAllTheSame.map((path) => `--dpkgopt=path-include=${path}`),
        // One is made at the end, with what Headgate adds to it; those that the kernel's package would make are for nothing.
        '--essential-hook=mkdir -p "$1/etc/initramfs-tools" && echo update_initramfs=no >"$1/etc/initramfs-tools/update-initramfs.conf"',
        '--dpkgopt=force-confold',
        '--aptopt=APT::Install-Recommends "false"',
        ...(isForeign(architecture) ? foreign(scratch, toolsRoot(workshop)) : []),
      ],
      date,
      scratch,
    ),
  );
  return place;
}

/** A directory with the files of the packages that go to the boot partition. */
export function bootFiles(architecture: Architecture, { cache, date }: Workshop): string {
  const packages = bootPackages[architecture];
  const place = join(cache, `boot-${architecture}-${keyOf([...sources(), ...packages])}`);
  kept(place, (fresh) =>
    debstrap(
      fresh,
      [
        '--variant=extract',
        `--architectures=${architecture}`,
        `--include=${packages.join(',')}`,
        '--aptopt=APT::Install-Recommends "false"',
      ],
      date,
    ),
  );
  return place;
}

/** Runs a program of the tools' root, which sees the directory `work` as `/mnt`. */
export function withTool(tools: string, work: string, command: readonly string[], date: number): void {
  const script =
    'mount --bind "$1" "$2/mnt" && mount -t tmpfs tmpfs "$2/tmp" && mount --rbind /dev "$2/dev" && mount -t proc proc "$2/proc" && shift && root=$1 && shift && exec chroot "$root" "$@"';
  run('unshare', ['--mount', 'sh', '-c', script, 'sh', work, tools, ...command], undefined, {
    PATH: '/usr/sbin:/usr/bin:/sbin:/bin',
    LC_ALL: 'C.UTF-8',
    TZ: 'UTC',
    SOURCE_DATE_EPOCH: String(date),
    E2FSPROGS_FAKE_TIME: String(date),
  });
}

/** Programs in `first` stand before the machine's own. What is mounted for it is gone when it ends, however it ends. */
function debstrap(target: string, options: readonly string[], date: number, first = '/nonexistent'): void {
  const command = ['mmdebstrap', '--quiet', ...options, suite, target, ...sources()];
  run('unshare', ['--mount', '--propagation', 'private', ...command], undefined, {
    ...process.env,
    PATH: `${first}:${process.env.PATH}`,
    DEBIAN_FRONTEND: 'noninteractive',
    LC_ALL: 'C.UTF-8',
    SOURCE_DATE_EPOCH: String(date),
  });
}

/** What was made half is never taken for whole. */
function kept(place: string, make: (fresh: string) => void): void {
  if (existsSync(place)) return;
  mkdirSync(join(place, '..'), { recursive: true });
  // The name's end says to mmdebstrap what to make.
  const fresh = join(place, '..', `fresh-${place.split('/').at(-1)}`);
  rmSync(fresh, { recursive: true, force: true });
  make(fresh);
  renameSync(fresh, place);
}

function keyOf(parts: readonly string[]): string {
  return createHash('sha256').update(parts.join('\n')).digest('hex').slice(0, 12);
}
