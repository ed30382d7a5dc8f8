import assert from 'node:assert/strict';
import { closeSync, constants, openSync, readlinkSync, realpathSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { isVirtualPort } from '../../../src/sources/serial/virtual-port.ts';
import { PseudoTerminal } from '../../support/pseudo-terminal.ts';
import { tempDir } from '../../support/temp-dir.ts';

test('a virtual port is a link to a pseudo-terminal, and nothing else', async (t) => {
  const { path } = await PseudoTerminal.create(t);
  const dir = tempDir(t);
  writeFileSync(join(dir, 'file'), '');
  symlinkSync(join(dir, 'file'), join(dir, 'to-file'));
  symlinkSync(path, join(dir, 'to-link'));
  symlinkSync('/proc/self/fd', join(dir, 'proc'));
  assert.equal(await isVirtualPort(path), true);
  const fd = openSync(path, constants.O_RDWR | constants.O_NOCTTY);
  t.after(() => closeSync(fd));
  const opened = `/proc/self/fd/${fd}`;
  assert.match(readlinkSync(opened), /^\/dev\/pts\//);
  const others = [realpathSync(path), 'port', join(dir, 'to-file'), join(dir, 'to-link'), join(dir, 'none')];
  for (const other of [...others, '/dev/stdin', opened, join(dir, 'proc', String(fd))])
    assert.equal(await isVirtualPort(other), false, other);
});
