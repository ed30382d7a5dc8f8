import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { privateFile, readIfThere, writePrivateFile } from '../../src/lib/private-file.ts';
import { tempDir } from '../support/temp-dir.ts';

test('a private file is its owner’s only, replaces what was there, and leaves nothing else', (t) => {
  const dir = tempDir(t);
  const path = join(dir, 'new', 'secret');
  writePrivateFile(path, 'one', 'The secret');
  writePrivateFile(path, 'two', 'The secret');
  assert.equal(readFileSync(path, 'utf8'), 'two');
  assert.equal(statSync(path).mode & 0o777, 0o600);
  assert.deepEqual(readdirSync(join(dir, 'new')), ['secret']);
});

test('of several that make one, one wins, and what a killed process left is no hindrance', async (t) => {
  const dir = tempDir(t);
  const path = join(dir, 'secret');
  writeFileSync(join(dir, `.secret.${process.pid}.new`), 'half');
  const made = await Promise.all(['a', 'b', 'c'].map((one) => privateFile(path, 'The secret', async () => one)));
  assert.equal(new Set(made).size, 1);
  assert.equal(await privateFile(path, 'The secret', () => 'later'), made[0]);
  assert.deepEqual(readdirSync(dir), ['secret']);
});

test('what can’t be read or written is said with its path', async (t) => {
  const dir = tempDir(t);
  const path = join(dir, 'secret');
  mkdirSync(path);
  await assert.rejects(
    privateFile(path, 'The secret', () => ''),
    { code: 'config.unreadable', message: /The secret .*secret can't be read/ },
  );
  assert.throws(() => writePrivateFile(path, '', 'The secret'), {
    code: 'data.unwritable',
    message: /The secret .*can't be written/,
  });
  assert.equal(readIfThere(join(dir, 'nothing')), undefined);
});

test('what the disk takes a part of is not there at all', (t) => {
  const dir = tempDir(t);
  writeFileSync(join(dir, 'secret'), 'before');
  // A limit on files' sizes makes the system write a part and say so, as a disk does that is full a moment later.
  const module = JSON.stringify(new URL('../../src/lib/private-file.ts', import.meta.url).href);
  const program = `import { writePrivateFile } from ${module}; writePrivateFile('secret', 'x'.repeat(10_000), 'It');`;
  const limited = `trap '' XFSZ; ulimit -f 4; exec "$0" --input-type=module -e "$1"`;
  // Node's own cache of what it compiles would not get any further either.
  const env = { ...process.env, NODE_COMPILE_CACHE: undefined, NODE_DISABLE_COMPILE_CACHE: '1' };
  const { status, stderr } = spawnSync('bash', ['-c', limited, process.execPath, program], { cwd: dir, env });
  assert.match(String(stderr), /It secret can't be written/);
  assert.equal(status, 1);
  assert.deepEqual(readdirSync(dir), ['secret']);
  assert.equal(readFileSync(join(dir, 'secret'), 'utf8'), 'before');
});
