import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { makeBundle } from '../../deploy/image/bundle.ts';
import { ownKeys, signingKeys } from '../../deploy/image/keys.ts';
import { tempDir } from '../support/temp-dir.ts';
import { searchPath } from '../system-programs.ts';

process.env.PATH = searchPath();

test('a bundle says what it is, is signed, and packs the same bytes each time', (t) => {
  const work = tempDir(t);
  mkdirSync(join(work, 'fs'));
  copyFileSync(join(import.meta.dirname, '../../package-lock.json'), join(work, 'fs/file'));
  const date = 1_700_000_000;
  const env = { ...process.env, SOURCE_DATE_EPOCH: String(date) };
  execFileSync('mke2fs', ['-q', '-t', 'ext4', '-b', '4096', '-d', 'fs', 'root.ext4', '8M'], { cwd: work, env });
  const keys = ownKeys(join(work, 'keys'));
  const packed = ['one', 'two'].map((name) => {
    const target = `${name}.raucb`;
    makeBundle({ architecture: 'arm64', version: '0.2.0', build: 'abc', image: 'root.ext4', target }, keys, {
      ...{ work, date: date + 1 },
    });
    const file = readFileSync(join(work, target));
    // The squashfs image's own size, by its superblock; hashes and signature follow.
    return file.subarray(0, Number(file.readBigUInt64LE(40)));
  });
  assert.ok(packed[0]!.length > 1_000);
  assert.ok(packed[0]!.equals(packed[1]!), 'the same bytes');
  assert.deepEqual(readdirSync(work).sort(), ['fs', 'keys', 'one.raucb', 'root.ext4', 'two.raucb']);
  const info = (certificate: string) =>
    spawnSync('rauc', [`--keyring=${certificate}`, 'info', '--output-format=json', 'one.raucb'], {
      cwd: work,
      encoding: 'utf8',
    });
  const { compatible, version, build } = JSON.parse(info(keys.certificate).stdout);
  assert.deepEqual({ compatible, version, build }, { compatible: 'headgate-arm64', version: '0.2.0', build: 'abc' });
  const other = info(ownKeys(join(work, 'other-keys')).certificate);
  assert.equal(other.status, 1);
  assert.match(other.stderr, /signature verification failed/);
});

test('keys are made once, for their owner alone, and never half of them used', (t) => {
  const home = tempDir(t);
  const keys = signingKeys({ HOME: home });
  const before = readFileSync(keys.key, 'utf8');
  assert.equal(statSync(keys.key).mode & 0o777, 0o600);
  assert.equal(readFileSync(signingKeys({ HOME: home }).key, 'utf8'), before);
  const given = { HEADGATE_UPDATE_KEY: keys.key, HEADGATE_UPDATE_CERT: keys.certificate };
  assert.deepEqual(signingKeys(given), keys);
  assert.throws(() => signingKeys({ HEADGATE_UPDATE_KEY: keys.key }), /belong together/);
  assert.throws(() => signingKeys({ ...given, HEADGATE_UPDATE_CERT: join(home, 'nowhere') }), /There is no/);
  rmSync(keys.certificate);
  assert.throws(() => signingKeys({ HOME: home }), /without its certificate/);
  assert.ok(existsSync(keys.key), 'what machines trust is not written over');
});
