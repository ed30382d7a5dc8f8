import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { type Built, buildDate, buildPackage } from './deb.ts';
import { type Architecture, architectures, installDependencies } from './program.ts';

// Builds headgate_VERSION_ARCH.deb and headgate-collector_VERSION_ARCH.deb. The same inputs give the same bytes: `--check` builds
// twice and compares.

const { values, positionals } = parseArgs({
  options: {
    out: { type: 'string', default: join(import.meta.dirname, '../../dist/deb') },
    revision: { type: 'string', default: '1' },
    fast: { type: 'boolean', default: false },
    check: { type: 'boolean', default: false },
  },
  allowPositionals: true,
});
const [architecture = ''] = positionals;
if (positionals.length !== 1 || !Object.hasOwn(architectures, architecture)) {
  process.stderr.write('usage: deploy/build-deb amd64|arm64 [--out DIRECTORY] [--revision N] [--fast] [--check]\n');
  process.exit(2);
}

async function buildAll(out: string): Promise<Built[]> {
  mkdirSync(out, { recursive: true });
  const work = mkdtempSync(join(tmpdir(), 'headgate-deb-'));
  try {
    const common = {
      architecture: architecture as Architecture,
      out,
      date,
      revision: values.revision,
      isFast: values.fast,
    };
    const modules = installDependencies(common.architecture, work);
    const built: Built[] = [];
    for (const name of ['headgate', 'headgate-collector'] as const)
      built.push(await buildPackage({ ...common, name, modules, work: join(work, name) }));
    return built;
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

const date = buildDate();
const out = resolve(values.out);
const built = await buildAll(out);
for (const { path, installedBytes, packedBytes } of built)
  process.stdout.write(`${path}: ${megabytes(packedBytes)} packed, ${megabytes(installedBytes)} installed\n`);
if (values.check) {
  const again = await buildAll(join(out, 'again'));
  for (const [index, { sha256, path }] of again.entries()) {
    const isSame = sha256 === built[index]?.sha256;
    process.stdout.write(
      `${path}: ${isSame ? 'the same bytes again' : 'OTHER BYTES than the first time'}, ${sha256}\n`,
    );
    if (!isSame) process.exitCode = 1;
  }
  if (process.exitCode !== 1) rmSync(join(out, 'again'), { recursive: true });
}

function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(1)} MB`;
}
