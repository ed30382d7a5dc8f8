import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { test } from 'node:test';
import {
  bundled,
  entries,
  firstCycle,
  generated,
  generatedFiles,
  homes,
  type Import,
  importsOf,
  maxLines,
  trespass,
} from './house.ts';

const root = join(import.meta.dirname, '..');

function filesIn(folder: string): Map<string, string> {
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  const paths = entries.map((entry) => join(entry.parentPath, entry.name)).sort();
  return new Map(paths.map((path) => [relative(folder, path), readFileSync(path, 'utf8')]));
}

const sources = filesIn(join(root, 'src'));
const tests = filesIn(join(root, 'test'));
const imports = [...sources].filter(([path]) => /\.tsx?$/.test(path)).flatMap(([path, text]) => importsOf(path, text));

test('imports keep to the house', () => {
  assert.ok(imports.length > 50, 'imports were found at all');
  assert.deepEqual(imports.map(trespass).filter(Boolean), []);
});

test('every entry of a process is there', () => {
  for (const path of Object.keys(entries)) assert.ok(sources.has(path), path);
});

test('imports within src lead to files that exist', () => {
  const lost = imports.filter(({ to, isLibrary }) => !isLibrary && !sources.has(to) && !/\.(?:json|css|svg)$/.test(to));
  assert.deepEqual(
    lost.map(({ from, to }) => `${from} → ${to}`),
    [],
  );
});

test('no files load one another in a ring', () => {
  assert.equal(firstCycle(imports)?.join(' → '), undefined);
});

test('the library of certificates, which takes some MB, is loaded by those who make some, and then', () => {
  const makers = new Set(imports.filter(({ to }) => to === '@peculiar/x509').map(({ from }) => from));
  assert.ok(makers.size > 2, 'they were found at all');
  const early = imports.filter(({ to, kind }) => makers.has(to) && kind === 'value');
  assert.deepEqual(
    early.map(({ from, to }) => `${from} → ${to}`),
    [],
  );
});

test('every library that is installed for use is used, and has a home', () => {
  const { dependencies, devDependencies } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  const installed = [...Object.keys(dependencies), ...bundled].sort();
  for (const name of bundled) assert.ok(name in devDependencies, name);
  const used = new Set(imports.filter(({ isLibrary }) => isLibrary).map(({ to }) => to));
  assert.deepEqual(installed, [...used].sort());
  assert.deepEqual(Object.keys(homes).sort(), installed);
});

test('files are short, named in kebab-case, and no folder has a barrel', () => {
  const wrong: string[] = [];
  for (const [folder, files, limit] of [
    ['src', sources, maxLines.source],
    ['test', tests, maxLines.test],
  ] as const) {
    for (const [path, text] of files) {
      if (folder === 'src' && path.startsWith(generated)) continue;
      if (!/\.tsx?$/.test(path) || (folder === 'src' && generatedFiles.includes(path))) continue;
      const lines = text.split('\n').length - 1;
      if (lines > limit) wrong.push(`${folder}/${path} has ${lines} lines, more than ${limit}`);
      if (!/^([a-z0-9]+(-[a-z0-9]+)*\/)*[a-z0-9]+(-[a-z0-9]+)*(\.[a-z0-9]+)+$/.test(path))
        wrong.push(`${folder}/${path} is no kebab-case`);
      if (/(^|\/)index\.ts$/.test(path)) wrong.push(`${folder}/${path} is a barrel`);
    }
  }
  assert.deepEqual(wrong, []);
});

test('the generated code is what the protos say', () => {
  const folder = mkdtempSync(join(tmpdir(), 'headgate-generate-'));
  try {
    const bin = join(root, 'node_modules', '.bin');
    const run = spawnSync(join(bin, 'buf'), ['generate', '--output', folder], {
      cwd: root,
      encoding: 'utf8',
      env: { ...process.env, PATH: `${bin}:${process.env.PATH}` },
    });
    assert.equal(run.status, 0, run.stderr || String(run.error));
    const descriptors = spawnSync(process.execPath, [join(root, 'src/wire/generate.ts'), folder], { encoding: 'utf8' });
    assert.equal(descriptors.status, 0, descriptors.stderr);
    const fresh = filesIn(join(folder, 'src', generated));
    assert.ok(fresh.size > 0, 'something was generated');
    const kept = filesIn(join(root, 'src', generated));
    assert.deepEqual([...kept.keys()], [...fresh.keys()], 'run `npm run generate`');
    for (const [path, text] of fresh)
      assert.ok(kept.get(path) === text, `${path} is out of date: run \`npm run generate\``);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

const one = (from: string, to: string, kind: Import['kind'] = 'value'): Import => ({
  from,
  to,
  kind,
  isLibrary: !to.includes('.ts'),
});

test('every form of import is seen', () => {
  const text = `
import './a.ts';
import b from '../b/b.ts';
import { c, type C } from './c.ts';
import type { D } from './d.ts';
export { e } from './e.ts';
export * from './f.ts';
import {
  g,
  type G,
} from '@scope/lib/deep';
const h = await import('./h.ts');
const i = require('i');
type J = typeof import('./j.ts');
new Worker(new URL('./k.ts', import.meta.url));
import { readFile } from 'node:fs';
const pretty = createRequire(import.meta.url)('pino-pretty') as typeof PinoPretty;
`;
  const seen = importsOf('x/y.ts', text).map(({ to, kind }) => `${kind} ${to}`);
  assert.deepEqual(seen.sort(), [
    'later x/h.ts',
    'thread x/k.ts',
    'type x/d.ts',
    'type x/j.ts',
    'value @scope/lib',
    'value b/b.ts',
    'value i',
    'value pino-pretty',
    'value x/a.ts',
    'value x/c.ts',
    'value x/e.ts',
    'value x/f.ts',
  ]);
});

test('a trespass is found, and what is allowed is not called one', () => {
  const forbidden: Import[] = [
    one('core/a.ts', 'lib/b.ts'),
    one('lib/a.ts', 'buffer/b.ts'),
    one('buffer/a.ts', 'uplink/b.ts', 'type'),
    one('uplink/a.ts', 'buffer/b.ts'),
    one('uplink/a.ts', 'buffer/worker.ts', 'thread'),
    one('sources/mqtt/a.ts', 'sources/serial/b.ts'),
    one('config/a.ts', 'buffer/buffer.ts'),
    one('api/rest/a.ts', 'buffer/buffer.ts'),
    one('cellar/a.ts', 'core/b.ts'),
    one('api/a.ts', 'gateway.ts', 'type'),
    one('api/a.ts', 'aedes'),
    one('core/a.ts', 'typebox', 'type'),
    one('collector/other.ts', 'instrumentation/log.ts'),
    one('cli/a.ts', 'left-pad'),
  ];
  for (const entry of forbidden) assert.ok(trespass(entry), `${entry.from} → ${entry.to}`);
  const allowed: Import[] = [
    one('uplink/a.ts', 'buffer/b.ts', 'type'),
    one('api/rest/a.ts', 'buffer/status.ts', 'type'),
    one('config/schema.ts', 'sources/mqtt/options.ts'),
    one('sources/mqtt/a.ts', 'sources/mqtt/b.ts'),
    one('sources/mqtt/options.ts', 'typebox'),
    one('collector/process.ts', 'instrumentation/log.ts'),
    one('gateway.ts', 'buffer/buffer.ts'),
    one('cli/run.ts', 'gateway.ts'),
    one('buffer/store.ts', 'better-sqlite3'),
  ];
  for (const entry of allowed) assert.equal(trespass(entry), undefined);
});

test('a ring is found; types and threads make none', () => {
  assert.deepEqual(firstCycle([one('a.ts', 'b.ts'), one('b.ts', 'c.ts'), one('c.ts', 'b.ts')]), [
    'b.ts',
    'c.ts',
    'b.ts',
  ]);
  assert.deepEqual(firstCycle([one('a.ts', 'a.ts')]), ['a.ts', 'a.ts']);
  assert.equal(
    firstCycle([one('a.ts', 'b.ts'), one('b.ts', 'a.ts', 'type'), one('b.ts', 'a.ts', 'thread')]),
    undefined,
  );
});
