import { cpSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import type { PackageName } from '../package/deb.ts';
import {
  type Architecture,
  architectures,
  installDependencies,
  normaliseModes,
  stageProgram,
} from '../package/program.ts';

// Lays out what container images hold beside Debian, for the Dockerfile: stage.ts ARCHITECTURE TARGET makes TARGET/headgate and
// TARGET/headgate-collector. Program and command are the packages' own, at the same places.

const [architecture = '', target = ''] = process.argv.slice(2);
if (!Object.hasOwn(architectures, architecture) || target === '') {
  process.stderr.write('usage: node deploy/container/stage.ts amd64|arm64 TARGET\n');
  process.exit(2);
}
const work = mkdtempSync(join(tmpdir(), 'headgate-stage-'));
try {
  const modules = installDependencies(architecture as Architecture, work);
  for (const name of ['headgate', 'headgate-collector'] as const) stage(name, modules, join(resolve(target), name));
} finally {
  rmSync(work, { recursive: true, force: true });
}

function stage(name: PackageName, modules: string, tree: string): void {
  mkdirSync(tree, { recursive: true });
  stageProgram(architecture as Architecture, modules, join(tree, 'usr/lib', name), name === 'headgate');
  cpSync(join(import.meta.dirname, '../package', name, 'root/usr/bin'), join(tree, 'usr/bin'), { recursive: true });
  cpSync(join(import.meta.dirname, name), join(tree, 'etc', name), { recursive: true });
  normaliseModes(tree);
}
