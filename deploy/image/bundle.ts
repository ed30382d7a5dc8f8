import { copyFileSync, linkSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Architecture, run } from '../package/program.ts';
import type { SigningKeys } from './keys.ts';

export interface Bundle {
  readonly architecture: Architecture;
  readonly version: string;
  readonly build: string;
  /** A root file system, ext4, in {@link BundlePlace.work}. */
  readonly image: string;
  /** What the bundle is to be called, there too. */
  readonly target: string;
  /** How it is protected. Appliances take no other than `verity`, which is checked as it is read; default. */
  readonly format?: 'verity' | 'plain';
  /** Default `zstd`: an update is unpacked on the slowest board, where `xz` takes several times as long. `quick` is a little larger. */
  readonly packing?: keyof typeof packings;
}

export interface BundlePlace {
  readonly work: string;
  /** Seconds since 1970 that files bear. */
  readonly date: number;
  /** Runs a script of `sh` in {@link work}. Default: with the programs of this machine, `rauc` and `mksquashfs`. */
  readonly sh?: (script: string) => void;
}

/** What appliances of an architecture take updates for. */
export function compatibleOf(architecture: Architecture): string {
  return `headgate-${architecture}`;
}

/**
 * Makes a signed update bundle for RAUC of a root file system. The same inputs give the same file system in it; the salt of its hashes, and so
 * these, and the signature differ each time.
 */
export function makeBundle(bundle: Bundle, keys: SigningKeys, place: BundlePlace): void {
  const { work, date } = place;
  const sh = place.sh ?? ((script: string) => run('sh', ['-ec', script], work));
  const folder = join(work, 'bundle');
  const secrets = join(work, 'bundle-keys');
  for (const path of [folder, secrets, join(work, bundle.target)]) rmSync(path, { recursive: true, force: true });
  try {
    mkdirSync(folder);
    mkdirSync(secrets, { mode: 0o700 });
    linkSync(join(work, bundle.image), join(folder, 'root.ext4'));
    writeFileSync(join(folder, 'manifest.raucm'), manifestOf(bundle));
    copyFileSync(keys.key, join(secrets, 'key.pem'));
    copyFileSync(keys.certificate, join(secrets, 'certificate.pem'));
    // mksquashfs takes dates from its arguments or from SOURCE_DATE_EPOCH, and refuses both.
    const packing = `-all-root -all-time ${date} -mkfs-time ${date} ${packings[bundle.packing ?? 'zstd']} -processors 2`;
    sh(`unset SOURCE_DATE_EPOCH
      rauc --cert bundle-keys/certificate.pem --key bundle-keys/key.pem bundle --mksquashfs-args='${packing}' \\
        bundle ${bundle.target} >bundle.log 2>&1 || { cat bundle.log >&2; exit 1; }
      rm bundle.log`);
  } finally {
    rmSync(folder, { recursive: true, force: true });
    rmSync(secrets, { recursive: true, force: true });
  }
}

const packings = {
  zstd: '-comp zstd -Xcompression-level 19',
  quick: '-comp zstd -Xcompression-level 3',
  none: '-noI -noD -noF -noX',
} as const;

function manifestOf({ architecture, version, build, format = 'verity' }: Bundle): string {
  return `[update]
compatible=${compatibleOf(architecture)}
version=${version}
build=${build}

[bundle]
format=${format}

[image.rootfs]
filename=root.ext4
`;
}
