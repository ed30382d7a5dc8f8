import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';
import { build } from 'vite';
import { catalogues } from './dashboard-catalogues.ts';

// Builds the dashboard into dist/ui, as files that the gateway hands out as they are, also compressed. What is there already and
// made of the same sources stays, unless `--anew` is given. `--watch` builds again with every change.

const root = join(import.meta.dirname, '..');
const source = join(root, 'src/dashboard');
const target = join(root, 'dist/ui');
const stamp = join(target, 'made-of');
const shared = /src\/dashboard\/(?:ui|state|i18n|api|live)\/[^/]+\.tsx?$|node_modules\/(?:@preact|preact)\//;
const compressible = /\.(?:js|css|html|svg|json|webmanifest)$/;
/** Parts of the settings that are much alike, and are looked at together: by themselves they compress badly, too. */
const settings = [
  { name: 'access', test: /settings\/(?:accounts|people|tokens|credentials)\.tsx$/ },
  { name: 'upkeep', test: /settings\/(?:certificates|backup|audit|about|you|gateway|uplink)\.tsx$/ },
  { name: 'keys', test: /settings\/(?:configuration|config-key|value-editor|rule[\w-]*|described)\.tsx?$/ },
];

/** What the files that it is made of contain. */
function sourcesHash(): string {
  const hash = createHash('sha256');
  const files = [source, join(root, 'deploy')]
    .flatMap((folder) => readdirSync(folder, { recursive: true, withFileTypes: true }))
    .filter((entry) => entry.isFile() && !/\.md$/.test(entry.name))
    .map((entry) => join(entry.parentPath, entry.name))
    .filter((path) => path.startsWith(source) || /dashboard/.test(path));
  for (const path of [...files.sort(), join(root, 'package-lock.json')]) {
    hash.update(relative(root, path)).update('\0').update(readFileSync(path)).update('\0');
  }
  return hash.digest('hex');
}

/** Compressed as far as it goes: it is done once. */
function compressAll(): void {
  for (const entry of readdirSync(target, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name);
    if (!entry.isFile() || !compressible.test(entry.name)) continue;
    const bytes = readFileSync(path);
    writeFileSync(`${path}.gz`, gzipSync(bytes, { level: 9 }));
    const params = { [constants.BROTLI_PARAM_QUALITY]: 11, [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length };
    writeFileSync(`${path}.br`, brotliCompressSync(bytes, { params }));
  }
}

const hash = sourcesHash();
const isWatching = process.argv.includes('--watch');
const isThere = existsSync(stamp) && readFileSync(stamp, 'utf8') === hash;
if (isWatching || process.argv.includes('--anew') || !isThere) {
  await build({
    configFile: false,
    root: source,
    // Relative, so that it works under any path of a proxy.
    base: './',
    logLevel: isWatching ? 'info' : 'warn',
    oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
    plugins: [catalogues(source)],
    worker: { format: 'es' },
    build: {
      outDir: target,
      emptyOutDir: true,
      assetsDir: 'ui',
      // What browsers of the last three years understand.
      target: ['chrome111', 'firefox114', 'safari16.4'],
      modulePreload: { polyfill: false },
      assetsInlineLimit: 0,
      // What makes the budgets checkable: which files the first page needs.
      manifest: 'manifest.json',
      // What all pages share is one file: each piece by itself compresses badly, three kilobytes in all.
      rolldownOptions: {
        output: {
          codeSplitting: {
            // Else what the settings import, as the router, is in their files, and the first page loads these.
            includeDependenciesRecursively: false,
            groups: [{ name: 'shared', test: shared }, ...settings],
          },
        },
      },
      ...(isWatching && { watch: {} }),
    },
  });
  if (!isWatching) {
    compressAll();
    writeFileSync(stamp, hash);
  }
}
