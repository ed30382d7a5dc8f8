import { createHash } from 'node:crypto';
import { createReadStream, writeFileSync } from 'node:fs';
import { basename, dirname, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';

/** An image, as Raspberry Pi Imager has to know it. */
export interface ManifestInput {
  /** The compressed image; the manifest is written beside it. */
  readonly image: string;
  /** What it is once it is unpacked: Imager refuses to write anything else. */
  readonly extracted: { readonly bytes: number; readonly sha256: string };
  readonly version: string;
  /** `YYYY-MM-DD`. */
  readonly date: string;
  /** Where the image will be: `https://…/`. Absent: where it lies, which is good for this computer alone. Imager takes no relative address. */
  readonly baseUrl?: string;
}

const site = 'https://www.raspberrypi.com/software/';
const icons = 'https://downloads.raspberrypi.com/imager/icons';

/** Boards whose device trees are in Debian's kernel and that run 64 bits, as Imager tags them. A Zero 2 W is a Pi 3 to it. */
const devices = [
  {
    name: 'Raspberry Pi 4',
    description: 'Raspberry Pi 4 Model B, 400, and Compute Module 4',
    icon: `${icons}/RPi_4.png`,
    tags: ['pi4-64bit'],
    matching_type: 'exclusive',
    default: true,
  },
  {
    name: 'Raspberry Pi 3',
    description: 'Raspberry Pi 3 Model A+, B, B+, and Compute Module 3',
    icon: `${icons}/RPi_3.png`,
    tags: ['pi3-64bit'],
    matching_type: 'exclusive',
  },
  {
    name: 'Raspberry Pi Zero 2 W',
    description: 'The Raspberry Pi Zero 2 W',
    icon: `${icons}/RPi_Zero_2_W.png`,
    tags: ['pi3-64bit'],
    matching_type: 'exclusive',
  },
];

/**
 * The manifest of an image: without it Raspberry Pi Imager 2 takes a file for one that knows nothing of settings. With `cloudinit` it writes
 * `user-data` and `network-config`, which `headgate appliance settings` reads. (raspberrypi/rpi-imager: `doc/json-schema/os-list-schema.json`,
 * `doc/os_customisation_formats.md`.) Without `imager.devices` it shows nothing that names devices.
 */
export function manifestOf(
  { image, extracted, version, date, baseUrl }: ManifestInput,
  packed: { readonly bytes: number; readonly sha256: string },
): object {
  const url = baseUrl === undefined ? pathToFileURL(resolve(image)).href : new URL(basename(image), baseUrl).href;
  return {
    imager: { latest_version: '2.0.0', url: site, devices },
    os_list: [
      {
        name: `Headgate ${version}`,
        description: 'IoT gateway: MQTT and serial in, safe through power cuts, up to the collector',
        icon: `${icons}/RPi_4.png`,
        url,
        release_date: date,
        extract_size: extracted.bytes,
        extract_sha256: extracted.sha256,
        image_download_size: packed.bytes,
        image_download_sha256: packed.sha256,
        init_format: 'cloudinit',
        architecture: 'armv8',
        devices: [...new Set(devices.flatMap(({ tags }) => tags))],
        capabilities: [],
      },
    ],
  };
}

/** @returns its path: `…/headgate-0.1.0-arm64.rpi-imager-manifest` for `…/headgate-0.1.0-arm64.img.xz` */
export async function writeManifest(input: ManifestInput): Promise<string> {
  const name = basename(input.image).replace(/\.img(?:\.[a-z0-9]+)?$/, '');
  const path = resolve(dirname(input.image), `${name}.rpi-imager-manifest`);
  writeFileSync(path, `${JSON.stringify(manifestOf(input, await measured(input.image)), undefined, 2)}\n`);
  return path;
}

/** How long a file is, and what its bytes come to. */
export async function measured(path: string): Promise<{ readonly bytes: number; readonly sha256: string }> {
  const hash = createHash('sha256');
  let bytes = 0;
  for await (const piece of createReadStream(path)) {
    hash.update(piece as Buffer);
    bytes += (piece as Buffer).length;
  }
  return { bytes, sha256: hash.digest('hex') };
}
