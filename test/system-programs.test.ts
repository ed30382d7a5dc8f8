import assert from 'node:assert/strict';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { installCommand, missingPackages, searchPath } from './system-programs.ts';

test('a package is missing when one of its programs is not on the path, and is named once', () => {
  const folder = mkdtempSync(join(tmpdir(), 'headgate-programs-'));
  try {
    const programs = { here: 'one', gone: 'two', lost: 'two', plain: 'three' };
    writeFileSync(join(folder, 'here'), '', { mode: 0o755 });
    writeFileSync(join(folder, 'plain'), '');
    chmodSync(join(folder, 'plain'), 0o644);
    assert.deepEqual(missingPackages(programs, `/nowhere:${folder}`), ['two', 'three']);
    assert.deepEqual(missingPackages({ here: 'one' }, folder), []);
    const files = { [join(folder, 'plain')]: 'four', [join(folder, 'none')]: 'five' };
    assert.deepEqual(missingPackages(files, folder), ['five']);
    assert.equal(
      installCommand(['two', 'three']),
      'apt-get update && apt-get install -y --no-install-recommends two three',
    );
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test('programs of the system are searched for beyond the PATH of a plain user', () => {
  assert.equal(searchPath('/usr/bin:/bin'), '/usr/bin:/bin:/usr/local/sbin:/usr/sbin:/sbin');
  assert.equal(searchPath('/usr/sbin'), '/usr/sbin:/usr/local/sbin:/sbin');
});
