import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { backupArchive } from '../../src/buffer/backup-archive.ts';
import { readManifest } from '../../src/buffer/manifest.ts';
import { restore } from '../../src/buffer/restore.ts';
import { tarHeader } from '../../src/lib/tar.ts';
import { append, local, openBuffer, waitingText } from '../support/buffer.ts';
import { tempDir } from '../support/temp-dir.ts';

const options = (directory: string) => ({
  directory,
  pieceBytes: 64 * 1024,
  version: '1',
  now: () => 1_700_000_000_000,
  set: async function* () {
    yield { path: 'settings.yaml', content: Buffer.from('x') };
  },
});

test('an archive that tar unpacks can be restored, and was never on disk as a whole', async (t) => {
  const root = tempDir(t);
  const data = join(root, 'data', 'buffer');
  mkdirSync(data, { recursive: true });
  const buffer = await openBuffer(t, data, { options: { segmentBytes: 64 * 1024 } });
  for (let i = 0; i < 40; i++) await append(buffer, local, `${i}:${randomBytes(6_000).toString('hex')}`);
  const before = await waitingText(buffer);
  const scratch = join(root, 'data', 'backup.part');
  const chunks: Buffer[] = [];
  let most = 0;
  for await (const chunk of backupArchive(buffer, options(scratch))) {
    chunks.push(chunk);
    most = Math.max(
      most,
      readdirSync(scratch, { recursive: true }).filter((name) => String(name).endsWith('.db')).length,
    );
  }
  assert.ok(most <= 4, `${most} files at once`);
  assert.equal(existsSync(scratch), false);
  await writeFile(join(root, 'a.tar'), chunks);
  const names = execFileSync('tar', ['-tf', join(root, 'a.tar')], { encoding: 'utf8' })
    .trim()
    .split('\n');
  assert.ok(names.length > 6, names.join());
  assert.equal(names.at(-1), 'headgate-backup-20231114221320/manifest.json');
  execFileSync('tar', ['-xf', join(root, 'a.tar'), '-C', root]);
  const unpacked = join(root, 'headgate-backup-20231114221320');
  assert.equal(readManifest(unpacked).gateway, buffer.identity.gateway);
  restore(unpacked, join(root, 'restored'));
  const again = await openBuffer(t, join(root, 'restored', 'buffer'));
  assert.equal(await waitingText(again), before);
  assert.equal(readFileSync(join(root, 'restored', 'settings.yaml'), 'utf8'), 'x');
});

test('whoever leaves in the middle keeps nobody from the next backup, and two at once are refused', async (t) => {
  const root = tempDir(t);
  const data = join(root, 'data', 'buffer');
  mkdirSync(data, { recursive: true });
  const buffer = await openBuffer(t, data);
  await append(buffer, local, 'a');
  const scratch = join(root, 'data', 'backup.part');
  const first = backupArchive(buffer, options(scratch));
  await first.next();
  await assert.rejects(backupArchive(buffer, options(`${scratch}.2`)).next(), { code: 'backup.failed' });
  await first.return(undefined);
  assert.equal(existsSync(scratch), false);
  const next = backupArchive(buffer, options(scratch));
  assert.equal((await next.next()).done, false);
  await next.return(undefined);
});

test('a name that an archive can not hold is refused, a long one is divided', () => {
  const about = { bytes: 1, modifiedMs: 0 };
  const path = `${'d'.repeat(120)}/${'f'.repeat(60)}`;
  const header = tarHeader({ path, ...about });
  assert.equal(header.toString('latin1', 345, 345 + 120), 'd'.repeat(120));
  assert.equal(header.toString('latin1', 0, 60), 'f'.repeat(60));
  for (const wrong of ['é', 'x'.repeat(101), `${'d'.repeat(160)}/f`.padEnd(300, 'f')])
    assert.throws(() => tarHeader({ path: wrong, ...about }), RangeError, wrong);
  assert.throws(() => tarHeader({ path: 'f', bytes: 2 ** 33, modifiedMs: 0 }), RangeError);
});
