import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';

/** Debian's name of an architecture. */
export type Architecture = 'amd64' | 'arm64';

/** What npm and the packages with native code call it, and Debian's program that strips its binaries. */
export const architectures: Readonly<
  Record<Architecture, { npm: string; serial: string; strip: [program: string, debian: string] }>
> = {
  amd64: { npm: 'x64', serial: 'linux-x64', strip: ['x86_64-linux-gnu-strip', 'binutils-x86-64-linux-gnu'] },
  arm64: { npm: 'arm64', serial: 'linux-arm64', strip: ['aarch64-linux-gnu-strip', 'binutils-aarch64-linux-gnu'] },
};

const root = join(import.meta.dirname, '../..');

/** Folders at the top of a package that nobody loads from. Deeper ones may bear the same names and be needed: `yaml/dist/doc`. */
const unneededFolders =
  /^(?:\.github|\.vscode|\.idea|__tests__|benchmarks?|bench|coverage|docs?|documentation|examples?|fixtures|integration|man|media|tests?|tap-snapshots|website)$/;
/** Types, maps, texts for people, and what builds a package. Licences stay. */
const unneededFiles =
  /(?:\.d\.[cm]?ts|\.[cm]?ts|\.tsx|\.map|\.md|\.markdown|\.yml|\.lock|\.tsbuildinfo|\.gypi?|\.flow|\.h|\.hpp|\.c|\.cc|\.cpp|\.patch|\.html|\.png|\.svg)$|^(?:\..*|Makefile|Gruntfile\.js|Gulpfile\.js|karma.*|tsconfig.*\.json|package-lock\.json|binding\.gyp|AUTHORS|CONTRIBUTORS|CHANGELOG|HISTORY|README|SECURITY|yarn\.lock)$/i;
const licence = /^(?:licen[cs]e|copying|notice|copyright|unlicense)/i;
/** Of packages with native code, whole folders: the sources; what is for other systems goes as well. */
const sourcesOfNative = [
  'better-sqlite3/deps',
  'better-sqlite3/src',
  '@serialport/bindings-cpp/src',
  '@serialport/bindings-cpp/build',
];
/** Packages that only matter to compilers. */
const typesOnly = ['@types', 'undici-types', 'node-addon-api'];

export function run(command: string, args: readonly string[], cwd = root, env: NodeJS.ProcessEnv = process.env): void {
  const { status, error, stdout, stderr } = spawnSync(command, args, {
    cwd,
    env,
    encoding: 'utf8',
    maxBuffer: 1 << 28,
  });
  if (error !== undefined || status !== 0)
    throw new Error(`\`${command} ${args.join(' ')}\` failed: ${error?.message ?? `${stderr}${stdout}`.trim()}`);
}

/** Installs the production dependencies for an architecture, as the lock file has them, and returns their directory. */
export function installDependencies(architecture: Architecture, work: string): string {
  const place = join(work, 'npm');
  mkdirSync(place, { recursive: true });
  for (const file of ['package.json', 'package-lock.json']) cpSync(join(root, file), join(place, file));
  const { npm } = architectures[architecture];
  // Nothing is compiled and no script of a package runs: all native code comes built.
  const target = ['--os=linux', `--cpu=${npm}`, '--libc=glibc'];
  run('npm', ['ci', '--omit=dev', '--ignore-scripts', '--no-audit', '--no-fund', '--silent', ...target], place);
  return join(place, 'node_modules');
}

/** Puts the program into `target`: compiled sources, dashboard, Node and the dependencies, with nothing that only builders need. */
export function stageProgram(architecture: Architecture, modules: string, target: string, hasDashboard: boolean): void {
  mkdirSync(join(target, 'bin'), { recursive: true });
  const { npm, strip } = architectures[architecture];
  const node = join(target, 'bin/node');
  cpSync(join(modules, `node-linux-${npm}/bin/node`), node);
  if (spawnSync(strip[0], ['--version']).error !== undefined)
    throw new Error(`${strip[0]} is missing: apt-get install ${strip[1]}`);
  run(strip[0], ['--strip-unneeded', node]);
  cpSync(join(modules, `node-linux-${npm}/LICENSE`), join(target, 'bin/LICENSE.node'));
  run(join(root, 'node_modules/.bin/tsc'), [
    '-p',
    'tsconfig.build.json',
    '--sourceMap',
    'false',
    '--outDir',
    join(target, 'dist'),
  ]);
  stageData(target);
  if (hasDashboard) stageDashboard(target);
  cpSync(join(root, 'LICENSE'), join(target, 'LICENSE'));
  // What the program asks of it: its version, and that its files are modules.
  const { name, version, description, license, type } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  writeFileSync(
    join(target, 'package.json'),
    `${JSON.stringify({ name, version, description, license, type }, undefined, 2)}\n`,
  );
  const libraries = join(target, 'node_modules');
  cpSync(modules, libraries, { recursive: true });
  prune(libraries, architecture);
  for (const path of readdirSync(libraries, { recursive: true, encoding: 'utf8' }))
    if (path.endsWith('.node')) run(strip[0], ['--strip-unneeded', join(libraries, path)]);
}

/** Files that the program reads beside its code, which the compiler leaves where they are. */
function stageData(target: string): void {
  const source = join(root, 'src');
  for (const path of readdirSync(source, { recursive: true, encoding: 'utf8' })) {
    if (path.startsWith('dashboard') || !path.endsWith('.json')) continue;
    mkdirSync(dirname(join(target, 'dist', path)), { recursive: true });
    cpSync(join(source, path), join(target, 'dist', path));
  }
  cpSync(join(root, 'devices'), join(target, 'devices'), { recursive: true, filter: (path) => !path.endsWith('.md') });
}

function stageDashboard(target: string): void {
  run(process.execPath, ['deploy/build-dashboard.ts']);
  const builders = /\/(?:made-of|manifest\.json(?:\.gz|\.br)?)$/;
  cpSync(join(root, 'dist/ui'), join(target, 'dist/ui'), { recursive: true, filter: (path) => !builders.test(path) });
}

function prune(modules: string, architecture: Architecture): void {
  for (const path of [...sourcesOfNative, ...typesOnly, '.bin', '.package-lock.json'])
    rmSync(join(modules, path), { recursive: true, force: true });
  for (const { npm } of Object.values(architectures))
    rmSync(join(modules, `node-linux-${npm}`), { recursive: true, force: true });
  keepOnly(
    join(modules, 'better-sqlite3/prebuilds'),
    (name) => name === `linux-${architectures[architecture].npm}.node`,
  );
  const serial = join(modules, '@serialport/bindings-cpp/prebuilds');
  keepOnly(serial, (name) => name === architectures[architecture].serial);
  keepOnly(join(serial, architectures[architecture].serial), (name) => name.includes('glibc'));
  for (const folder of packagesIn(modules)) prunePackage(folder);
}

function keepOnly(folder: string, isKept: (name: string) => boolean): void {
  const names = readdirSync(folder);
  if (!names.some(isKept)) throw new Error(`${folder} has nothing for this architecture among ${names.join(', ')}.`);
  for (const name of names) if (!isKept(name)) rmSync(join(folder, name), { recursive: true });
}

/** Every installed package, those that are within others too. */
function packagesIn(modules: string): string[] {
  return readdirSync(modules, { withFileTypes: true }).flatMap((entry) => {
    const path = join(modules, entry.name);
    if (!entry.isDirectory()) return [];
    if (entry.name.startsWith('@')) return packagesIn(path);
    const nested = join(path, 'node_modules');
    return [path, ...(existsSync(nested) ? packagesIn(nested) : [])];
  });
}

function prunePackage(folder: string): void {
  for (const entry of readdirSync(folder, { withFileTypes: true }))
    if (entry.isDirectory() && unneededFolders.test(entry.name)) rmSync(join(folder, entry.name), { recursive: true });
  const prunedFiles = (place: string): void => {
    for (const entry of readdirSync(place, { withFileTypes: true })) {
      const path = join(place, entry.name);
      if (entry.isDirectory()) {
        if (entry.name !== 'node_modules') prunedFiles(path);
        if (readdirSync(path).length === 0) rmSync(path, { recursive: true });
      } else if (unneededFiles.test(entry.name) && !licence.test(entry.name)) rmSync(path);
    }
  };
  prunedFiles(folder);
}

/** Modes that do not depend on whose umask it was; nothing is executable but what has to be. */
export function normaliseModes(folder: string): void {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) normaliseModes(path);
    else if (entry.isFile()) {
      const isProgram =
        /\/(?:usr\/bin|usr\/lib\/headgate[a-z-]*\/bin)\/[a-z-]+$|\/DEBIAN\/(?:post|pre)(?:inst|rm)$/.test(path);
      chmodSync(path, isProgram ? 0o755 : 0o644);
    }
  }
  chmodSync(folder, 0o755);
}

/** Bytes of all files. */
export function sizeOf(folder: string): number {
  let bytes = 0;
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true }))
    if (entry.isFile()) bytes += statSync(join(entry.parentPath, entry.name)).size;
  return bytes;
}
