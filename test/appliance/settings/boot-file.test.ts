import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { closeSync, fstatSync, openSync, readdirSync, readFileSync, readSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { tempDir } from '../../support/temp-dir.ts';

const program = join(import.meta.dirname, '../../../deploy/image/root/usr/lib/headgate/boot-file');

test('a file of the boot partition is replaced whole, and what it said is overwritten', (t) => {
  const boot = tempDir(t);
  const environment = { ...process.env, HEADGATE_BOOT: boot, HEADGATE_BOOT_STATE_LOCK: join(tempDir(t), 'lock') };
  const run = (args: string[], input = '') => spawnSync(program, args, { input, env: environment, encoding: 'utf8' });
  const path = join(boot, 'headgate.yaml');
  writeFileSync(path, 'password: correct horse\n');
  const old = openSync(path, 'r');
  t.after(() => closeSync(old));
  assert.deepEqual(run(['put', 'headgate.yaml'], 'passwordHash: x\n').stderr, '');
  assert.equal(readFileSync(path, 'utf8'), 'passwordHash: x\n');
  const was = Buffer.alloc(fstatSync(old).size);
  readSync(old, was, 0, was.length, 0);
  assert.equal(was.length, 24);
  assert.ok(was.every((byte) => byte === 0));
  assert.equal(run(['remove', 'headgate.yaml']).status, 0);
  assert.equal(run(['remove', 'headgate.yaml']).status, 0);
  for (const name of ['', '../x', 'a/b', '.x', 'a b']) assert.equal(run(['put', name], 'x').status, 1, name);
  assert.deepEqual(readdirSync(boot), []);
});
