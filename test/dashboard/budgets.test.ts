import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';

// How much a browser has to load, as gzip -9 makes it; brotli, which browsers take, is a tenth less.

const kB = 1_024;

interface Chunk {
  readonly file: string;
  readonly imports?: readonly string[];
  readonly css?: readonly string[];
  readonly assets?: readonly string[];
  readonly isEntry?: boolean;
}

const folder = join(import.meta.dirname, '../../dist/ui');
const manifest: Readonly<Record<string, Chunk>> = JSON.parse(readFileSync(join(folder, 'manifest.json'), 'utf8'));
const sizeOf = (file: string): number => gzipSync(readFileSync(join(folder, file)), { level: 9 }).length;

/** The files of a chunk and of all that it imports at once. */
function filesOf(name: string, found = new Set<string>()): Set<string> {
  const chunk = manifest[name];
  if (chunk === undefined || found.has(chunk.file)) return found;
  found.add(chunk.file);
  for (const css of chunk.css ?? []) found.add(css);
  for (const one of chunk.imports ?? []) filesOf(one, found);
  return found;
}

function total(files: Iterable<string>, end: string): number {
  return [...files].filter((file) => file.endsWith(end)).reduce((sum, file) => sum + sizeOf(file), 0);
}

test('the first page, a chart with it, and all of it stay small', (t) => {
  const entry = Object.keys(manifest).find((name) => manifest[name]?.isEntry);
  assert.ok(entry !== undefined);
  const first = filesOf('pages/overview/overview.tsx', filesOf(entry));
  const worker = readdirSync(join(folder, 'ui')).filter((name) => /^worker-.*\.js$/.test(name));
  assert.equal(worker.length, 1);
  for (const name of worker) first.add(`ui/${name}`);
  const all = readdirSync(join(folder, 'ui')).filter((name) => /\.(?:js|css)$/.test(name));
  // Of the languages a browser loads one.
  const isCatalogue = (name: string): boolean => /^(?:de|fr|es|pt-BR|zh-Hans)-/.test(name);
  const program = all.filter((name) => name.endsWith('.js') && !isCatalogue(name)).map((name) => `ui/${name}`);
  const figures: Readonly<Record<string, readonly [size: number, most: number]>> = {
    'first page, script': [total(first, '.js'), 60 * kB],
    'first page, style': [total(first, '.css'), 12 * kB],
    page: [sizeOf('index.html'), 6 * kB],
    'all of it, script': [total(program, '.js'), 130 * kB],
    ...Object.fromEntries(
      all
        .filter(isCatalogue)
        .map((name) => [`language ${name.split('-')[0]}`, [sizeOf(`ui/${name}`), 12 * kB] as const]),
    ),
  };
  for (const [name, [size, most]] of Object.entries(figures)) {
    t.diagnostic(`${name}: ${(size / kB).toFixed(1)} of ${most / kB} KB`);
    assert.ok(size <= most, `${name} is ${size} bytes, more than ${most}`);
  }
});
