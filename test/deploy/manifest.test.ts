import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { writeManifest } from '../../deploy/image/manifest.ts';
import { tempDir } from '../support/temp-dir.ts';

test('a manifest tells Imager what it needs to write settings, and to check what it writes', async (t) => {
  const image = join(tempDir(t), 'headgate-0.1.0-arm64.img.xz');
  writeFileSync(image, 'packed');
  const extracted = { bytes: 1_342_177_280, sha256: 'a'.repeat(64) };
  const input = { image, extracted, version: '0.1.0', date: '2026-11-26' };
  const path = await writeManifest(input);
  assert.equal(path, image.replace('.img.xz', '.rpi-imager-manifest'));
  const read = () => JSON.parse(readFileSync(path, 'utf8'));
  const [entry] = read().os_list;
  assert.equal(entry.init_format, 'cloudinit');
  assert.equal(entry.url, pathToFileURL(image).href);
  assert.deepEqual([entry.extract_size, entry.extract_sha256], [1_342_177_280, 'a'.repeat(64)]);
  const sha256 = createHash('sha256').update('packed').digest('hex');
  assert.deepEqual([entry.image_download_size, entry.image_download_sha256], [6, sha256]);
  for (const key of ['name', 'description', 'icon', 'release_date']) assert.equal(typeof entry[key], 'string', key);
  // What names a device that nobody can choose is not shown.
  const tags = read().imager.devices.flatMap((one: { tags: string[] }) => one.tags);
  for (const tag of entry.devices) assert.ok(tags.includes(tag), tag);
  await writeManifest({ ...input, baseUrl: 'https://example.org/releases/' });
  assert.equal(read().os_list[0].url, 'https://example.org/releases/headgate-0.1.0-arm64.img.xz');
});
