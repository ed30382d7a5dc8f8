import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { ShelfStore } from '../../src/buffer/shelf-store.ts';
import type { ShelfChange } from '../../src/core/shelf.ts';
import { seededRandom } from '../support/random.ts';
import { tempDir } from '../support/temp-dir.ts';

const put = (key: string, text: string, space = 's'): ShelfChange => ({ space, key, value: Buffer.from(text) });

function texts(store: ShelfStore, space = 's'): [string, string][] {
  return store.entries(space).map(([key, value]) => [key, Buffer.from(value).toString()]);
}

function open(t: TestContext, path: string): ShelfStore {
  const store = new ShelfStore(path);
  t.after(() => store.close());
  return store;
}

/** The files as a kill would leave them. */
function asKilled(t: TestContext, path: string): string {
  const copy = join(tempDir(t), 'shelf.db');
  for (const suffix of ['', '-wal']) if (existsSync(path + suffix)) copyFileSync(path + suffix, copy + suffix);
  return copy;
}

test('entries are there again, in order of their keys, each space for itself, the later change over the earlier', (t) => {
  const path = join(tempDir(t), 'shelf.db');
  const store = new ShelfStore(path);
  store.apply([put('b', '1'), put('a', '2'), put('ü', '3'), put('b', '4'), put('a', 'else', 'other')]);
  store.apply([put('c', '5'), { space: 's', key: 'c' }, { space: 's', key: 'never' }]);
  const expected = [
    ['a', '2'],
    ['b', '4'],
    ['ü', '3'],
  ];
  assert.deepEqual(texts(store), expected);
  store.close();
  const again = open(t, path);
  assert.equal(again.problem, undefined);
  assert.deepEqual(texts(again), expected);
  assert.deepEqual(texts(again, 'other'), [['a', 'else']]);
  assert.deepEqual(again.entries('nothing'), []);
});

test('what was applied is there after a kill', (t) => {
  const path = join(tempDir(t), 'shelf.db');
  const store = open(t, path);
  for (let i = 0; i < 50; i++) store.apply([put(`k${i}`, `${i}`)]);
  const after = open(t, asKilled(t, path));
  assert.equal(after.problem, undefined);
  assert.equal(after.entries('s').length, 50);
});

test('a change that fails leaves none of its batch behind, and the next one goes through', (t) => {
  const path = join(tempDir(t), 'shelf.db');
  const store = open(t, path);
  store.apply([put('a', '1')]);
  const impossible = { space: 's', key: 'x', value: 'text' as unknown as Uint8Array };
  assert.throws(() => store.apply([put('a', '2'), { ...impossible, key: null as unknown as string }]));
  assert.deepEqual(texts(store), [['a', '1']]);
  store.apply([put('a', '3')]);
  assert.deepEqual(texts(store), [['a', '3']]);
});

test('a second program is told that the file is in use', (t) => {
  const path = join(tempDir(t), 'shelf.db');
  open(t, path);
  const code = `const { ShelfStore } = await import(process.argv[1]);
    try { new ShelfStore(process.argv[2]); } catch (error) { process.stdout.write(error.code); }`;
  const module = new URL('../../src/buffer/shelf-store.ts', import.meta.url).href;
  const { stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', code, module, path], {
    encoding: 'utf8',
  });
  assert.equal(stdout, 'data.in-use', stderr);
  assert.deepEqual(readdirSync(join(path, '..')).sort(), ['shelf.db', 'shelf.db-wal']);
});

test('a directory where no file can be made is told', (t) => {
  assert.throws(() => new ShelfStore(join(tempDir(t), 'missing', 'shelf.db')), { code: 'data.unwritable' });
});

test('a backup is a shelf like the one it was made of, and does not end it', (t) => {
  const dir = tempDir(t);
  const store = open(t, join(dir, 'shelf.db'));
  store.apply([put('a', '1')]);
  store.backup(join(dir, 'copy.db'));
  store.apply([put('b', '2')]);
  assert.deepEqual(texts(open(t, join(dir, 'copy.db'))), [['a', '1']]);
});

for (const [name, harm] of [
  [
    'is no database',
    (path: string) => writeFileSync(path, 'this is no database, but longer than a header of one'.repeat(90)),
  ],
  ['was cut off', (path: string) => truncateSync(path, 5 * 4096)],
  ['is of a newer Headgate', (path: string) => patch(path, 60, 9)],
  ['has a page of zeros', (path: string) => patch(path, 4 * 4096, 0, 4096)],
] as const) {
  test(`a file that ${name} is moved aside as it is, and what can be read of it is kept`, (t) => {
    const dir = tempDir(t);
    const path = join(dir, 'shelf.db');
    const store = new ShelfStore(path);
    for (let i = 100; i < 400; i++) store.apply([put(`k${i}`, 'x'.repeat(i))]);
    store.close();
    harm(path);
    const before = readFileSync(path);
    const after = new ShelfStore(path);
    const kept = texts(after);
    t.diagnostic(`${kept.length} of 300 kept: ${after.problem}`);
    assert.match(after.problem ?? '', /could not be read/);
    for (const [key, value] of kept) assert.equal(key, `k${value.length}`);
    if (name === 'is of a newer Headgate') assert.equal(kept.length, 300);
    if (name === 'has a page of zeros') assert.ok(kept.length > 0);
    const [aside, ...more] = readdirSync(join(dir, 'damaged'));
    assert.deepEqual(more, []);
    assert.deepEqual(readFileSync(join(dir, 'damaged', aside!)), before);
    after.apply([put('new', '1')]);
    after.close();
    const last = open(t, path);
    assert.equal(last.problem, undefined);
    assert.equal(texts(last).length, kept.length + 1);
    assert.deepEqual(readdirSync(dir).sort(), ['damaged', 'shelf.db', 'shelf.db-wal']);
  });
}

function patch(path: string, at: number, value: number, length = 4): void {
  const bytes = readFileSync(path);
  bytes.fill(0, at, at + length);
  bytes[at + length - 1] = value;
  writeFileSync(path, bytes);
}

test('100 random corruptions: it always opens, and never gives an entry that was not put', (t) => {
  const random = seededRandom(t);
  const dir = tempDir(t);
  const origin = join(dir, 'origin.db');
  const store = new ShelfStore(origin);
  const changes = Array.from({ length: 300 }, (_, i) => put(`k${i + 100}`, `${i}`.repeat(i)));
  store.apply(changes.slice(0, 150));
  store.close();
  const second = new ShelfStore(origin);
  second.apply(changes.slice(150));
  const truth = new Map(texts(second));
  const files = ['', '-wal'].map((suffix) => [suffix, readFileSync(origin + suffix)] as const);
  second.close();
  let moved = 0;
  for (let round = 0; round < 100; round++) {
    const path = join(dir, `${round}`, 'shelf.db');
    rmSync(join(dir, `${round - 1}`), { recursive: true, force: true });
    harmed(path, files, random);
    const after = new ShelfStore(path);
    if (after.problem !== undefined) moved++;
    for (const [key, value] of texts(after)) assert.equal(value, truth.get(key));
    after.apply([put('new', '1')]);
    assert.ok(texts(after).some(([key]) => key === 'new'));
    after.close();
  }
  t.diagnostic(`${moved} of 100 were moved aside`);
  assert.ok(moved > 5, `${moved}`);
});

function harmed(
  path: string,
  files: readonly (readonly [string, Buffer])[],
  random: ReturnType<typeof seededRandom>,
): void {
  const victim = random.next() < 0.7 ? '' : '-wal';
  spawnSync('mkdir', ['-p', join(path, '..')]);
  for (const [suffix, origin] of files) {
    let bytes = Buffer.from(origin);
    if (suffix === victim) {
      const at = Math.floor(random.next() * bytes.length);
      const kind = random.next();
      if (kind < 0.5) bytes[at] = (bytes[at] ?? 0) ^ (1 << Math.floor(random.next() * 8));
      else if (kind < 0.75) bytes.fill(0, at, Math.min(at + 4096, bytes.length));
      else bytes = bytes.subarray(0, at);
    }
    writeFileSync(path + suffix, bytes);
  }
}
