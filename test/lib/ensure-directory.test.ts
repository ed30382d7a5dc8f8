import assert from 'node:assert/strict';
import { statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { ensureDirectory } from '../../src/lib/ensure-directory.ts';
import { tempDir } from '../support/temp-dir.ts';

test('directories are made as deep as asked, and again without harm', (t) => {
  const path = join(tempDir(t), 'a', 'b', 'c');
  ensureDirectory(path, 'It');
  ensureDirectory(path, 'It');
  assert.ok(statSync(path).isDirectory());
});

test('where none can be made, a sentence says so, and it says so at once', (t) => {
  const file = join(tempDir(t), 'file');
  writeFileSync(file, '');
  for (const path of ['/proc/headgate', '/proc/headgate/a/b', join(file, 'below'), file]) {
    assert.throws(
      () => ensureDirectory(path, 'The data directory'),
      (error: Error) => {
        assert.match(error.message, /^The data directory .* can't be written: E/);
        return true;
      },
    );
  }
});
