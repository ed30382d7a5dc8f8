// What documents list is what there is: neither more nor less.
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { main } from '../src/cli/main.ts';
import { unitCodes, unitOf, unitSymbol } from '../src/core/measure-units.ts';
import { codecs } from '../src/profiles/codecs/codecs.ts';
import { readProfiles } from '../src/profiles/directory.ts';

const root = join(import.meta.dirname, '..');
const read = (path: string): string => readFileSync(join(root, path), 'utf8');

test('the README tells of every verb, and of none that is not there', async () => {
  const help: string[] = [];
  await main(['--help'], { out: (text) => help.push(text), err: () => undefined, environment: {} });
  const verbs = [...help.join('\n').matchAll(/^ {2}([a-z-]+) +[A-Z]/gm)].map(([, verb]) => verb!);
  assert.ok(verbs.length > 10, help.join('\n'));
  const readme = read('README.md');
  const lacking = verbs.filter((verb) => !new RegExp(`(headgate (-- )?|\`)${verb}\\b`).test(readme));
  assert.deepEqual(lacking, []);
  for (const path of ['README.md', 'devices/README.md']) {
    const used = [...read(path).matchAll(/headgate -- ([a-z-]+)/g)].map(([, verb]) => verb!);
    const unknown = used.filter((verb) => !verbs.includes(verb));
    assert.deepEqual(unknown, [], path);
  }
});

test('the README tells of every path of the API', () => {
  const folder = 'src/api';
  const readme = read('README.md');
  const files = readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' });
  const paths = files
    .filter((file) => file.endsWith('.ts'))
    .flatMap((file) => [...read(join(folder, file)).matchAll(/'(\/api\/v1\/[^']*)'/g)].map(([, path]) => path!));
  assert.ok(paths.length > 10);
  const isTold = (path: string): boolean => {
    const written = path.replace(/:(\w+)/g, '{$1}');
    // Of several with the same beginning only the first is written out: `POST /api/v1/buffer/export`, `/replay`.
    return readme.includes(written) || readme.includes(`\`${written.slice(written.lastIndexOf('/'))}\``);
  };
  assert.deepEqual(
    paths.filter((path) => !isTold(path)),
    [],
  );
});

test('the table of codecs has them all', () => {
  const rows = read('devices/README.md').matchAll(/^\| ((?:`[a-z0-9-]+`(?:, )?)+) \| .* \| .* \|$/gm);
  const told = [...rows].flatMap(([, names]) => names!.replaceAll('`', '').split(', '));
  assert.deepEqual(told.sort(), [...codecs.keys()].sort());
});

test('a unit has one code, and its symbol means it', () => {
  assert.deepEqual(unitCodes.length, new Set(unitCodes).size);
  // Several kinds of percent and of degrees look alike.
  const shared = new Map([
    ['%', '%'],
    ['°', 'deg'],
    ['', undefined],
  ]);
  for (const code of unitCodes) {
    const symbol = unitSymbol(code);
    assert.equal(unitOf(symbol), shared.has(symbol) ? shared.get(symbol) : code, code);
  }
});

test('every example names a source that somebody can look up', () => {
  const vague = /^(the same\b|captured\b|published\b|(a|an)? ?public\b|unknown\b|mine\b)/i;
  const faults = [...readProfiles(join(root, 'devices')).profiles].flatMap(([name, { options }]) =>
    options.examples
      .filter(({ source }) => source.length < 10 || vague.test(source))
      .map(({ source }) => `${name}: ${source}`),
  );
  assert.deepEqual(faults, []);
});
