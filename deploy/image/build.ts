import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { version } from '../../src/version.ts';
import { buildDate } from '../package/deb.ts';
import { type Architecture, architectures, run } from '../package/program.ts';
import { makeBundle } from './bundle.ts';
import { makeBootPartition, makeDisk, makeSlot, pack } from './disk-image.ts';
import { emulate } from './foreign.ts';
import { signingKeys } from './keys.ts';
import { measured, writeManifest } from './manifest.ts';
import { makeRoot } from './root-fs.ts';
import { baseOf, bootFiles, toolsRoot, withTool } from './workshop.ts';

// Builds the appliance: headgate-VERSION-ARCH.img.xz to flash, headgate-VERSION-ARCH.raucb to update with.

const { values, positionals } = parseArgs({
  options: {
    out: { type: 'string', default: join(import.meta.dirname, '../../dist/image') },
    // Where Debian is kept from one build to the next.
    cache: { type: 'string', default: join(import.meta.dirname, '../../dist/image/cache') },
    // Headgate's package, if it is there already.
    deb: { type: 'string' },
    // Where the image will be found, for Raspberry Pi Imager; without it that is where it is built.
    'base-url': { type: 'string' },
    // Not packed: for trying it out.
    fast: { type: 'boolean', default: false },
    // Debian as it is today, and not as it was when it was kept.
    fresh: { type: 'boolean', default: false },
  },
  allowPositionals: true,
});
const [architecture = ''] = positionals;
if (positionals.length !== 1 || !Object.hasOwn(architectures, architecture)) {
  process.stderr.write(
    'usage: deploy/build amd64|arm64 [--out DIRECTORY] [--cache DIRECTORY] [--deb FILE] [--base-url URL] [--fast] [--fresh]\n',
  );
  process.exit(2);
}
if (process.getuid?.() !== 0) {
  process.stderr.write('This needs root: file systems of another system are put together.\n');
  process.exit(2);
}

const date = buildDate();
process.env.SOURCE_DATE_EPOCH = String(date);
const out = resolve(values.out);
const workshop = { cache: resolve(values.cache), date };
if (values.fresh) rmSync(workshop.cache, { recursive: true, force: true });
mkdirSync(out, { recursive: true });
const work = mkdtempSync(join(out, 'work-'));
const started = Date.now();
try {
  await build(architecture as Architecture);
} finally {
  rmSync(work, { recursive: true, force: true });
}

async function build(architecture: Architecture): Promise<void> {
  emulate(architecture);
  const deb = values.deb === undefined ? buildDeb(architecture) : resolve(values.deb);
  const tools = toolsRoot(workshop);
  const base = baseOf(architecture, workshop);
  const boot = bootFiles(architecture, workshop);
  told('Debian and the package');
  const identity = { version, build: commit(), architecture };
  const keys = signingKeys();
  makeRoot(base, deb, identity, keys.certificate, join(work, 'root'));
  told('root file system');
  const place = { tools, work, date };
  makeSlot(place, 'root', 'slot.ext4');
  makeBootPartition(place, architecture, boot, 'boot.fat');
  const image = `headgate-${version}-${architecture}.img`;
  makeDisk(place, 'boot.fat', 'slot.ext4', image);
  told('image');
  const bundle = `headgate-${version}-${architecture}.raucb`;
  const packing = values.fast ? 'none' : 'zstd';
  const sh = (script: string): void => withTool(tools, work, ['sh', '-ec', `cd /mnt\n${script}`], date);
  makeBundle({ ...identity, image: 'slot.ext4', target: bundle, packing }, keys, { work, date, sh });
  told('update bundle');
  // Imager knows boards of Raspberry Pi alone.
  const extracted = architecture === 'arm64' && !values.fast ? await measured(join(work, image)) : undefined;
  const files = values.fast ? [image, bundle] : [image, pack(place, image), bundle];
  for (const file of files) {
    renameSync(join(work, file), join(out, file));
    told(`${join(out, file)}: ${(statSync(join(out, file)).size / 1e6).toFixed(1)} MB`);
  }
  const [, packed] = files;
  if (extracted === undefined || packed === undefined) return;
  const { 'base-url': baseUrl } = values;
  const day = new Date(date * 1000).toISOString().slice(0, 10);
  const about = { image: join(out, packed), extracted, version, date: day, ...(baseUrl !== undefined && { baseUrl }) };
  told(await writeManifest(about));
}

function buildDeb(architecture: Architecture): string {
  const folder = join(work, 'deb');
  run(process.execPath, [
    join(import.meta.dirname, '../package/build.ts'),
    architecture,
    '--out',
    folder,
    ...(values.fast ? ['--fast'] : []),
  ]);
  const name = readdirSync(folder).find((file) => file.startsWith('headgate_'));
  if (name === undefined) throw new Error(`There is no package in ${folder}.`);
  return join(folder, name);
}

function commit(): string {
  const { status, stdout } = spawnSync('git', ['rev-parse', '--short=10', 'HEAD'], {
    cwd: import.meta.dirname,
    encoding: 'utf8',
  });
  return status === 0 ? stdout.trim() : 'unknown';
}

function told(what: string): void {
  process.stdout.write(`${((Date.now() - started) / 1000).toFixed(0).padStart(4)} s  ${what}\n`);
}
