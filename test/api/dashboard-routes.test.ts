import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { brotliCompressSync, brotliDecompressSync, gunzipSync, gzipSync } from 'node:zlib';
import { fastify } from 'fastify';
import { addDashboardRoutes } from '../../src/api/dashboard-routes.ts';
import { HttpApi } from '../../src/api/http-api.ts';
import { tempDir } from '../support/temp-dir.ts';
import { dependencies } from './fixtures.ts';

const script = 'export const a = 1;'.repeat(100);

function built(folder: string): string {
  mkdirSync(join(folder, 'ui'));
  writeFileSync(join(folder, 'index.html'), '<!doctype html><script type="module" src="./ui/a-1.js"></script>');
  writeFileSync(join(folder, 'secret'), 'no');
  writeFileSync(join(folder, 'ui/a-1.js'), script);
  writeFileSync(join(folder, 'ui/a-1.js.gz'), gzipSync(script));
  writeFileSync(join(folder, 'ui/a-1.js.br'), brotliCompressSync(script));
  writeFileSync(join(folder, 'ui/icon-2.svg'), '<svg/>');
  return folder;
}

test('the files of the dashboard are handed out, compressed as they lie there, to be kept for good', async (t) => {
  const app = fastify();
  addDashboardRoutes(app, [built(tempDir(t))]);
  const ask = (url: string, accept = '') => app.inject({ url, headers: { 'accept-encoding': accept } });
  const page = await ask('/');
  assert.match(page.body, /a-1\.js/);
  assert.equal(page.headers['cache-control'], 'no-cache');
  const plain = await ask('/ui/a-1.js');
  assert.equal(plain.body, script);
  assert.equal(plain.headers['content-type'], 'text/javascript; charset=utf-8');
  assert.match(String(plain.headers['cache-control']), /immutable/);
  const zipped = await ask('/ui/a-1.js', 'gzip');
  assert.deepEqual([zipped.headers['content-encoding'], gunzipSync(zipped.rawPayload).toString()], ['gzip', script]);
  const small = await ask('/ui/a-1.js', 'gzip, deflate, br');
  assert.deepEqual(
    [small.headers['content-encoding'], brotliDecompressSync(small.rawPayload).toString()],
    ['br', script],
  );
  const picture = await ask('/ui/icon-2.svg', 'br');
  assert.deepEqual([picture.headers['content-encoding'], picture.body], [undefined, '<svg/>']);
});

test('nothing else in the folder, or beside it, can be had', async (t) => {
  const app = fastify();
  addDashboardRoutes(app, [built(tempDir(t))]);
  for (const url of [
    '/ui/secret',
    '/ui/..%2fsecret',
    '/ui/../secret',
    '/ui/%2e%2e/secret',
    '/ui/a-1.js.gz',
    '/ui/',
    '/ui/a-1.js%00',
  ]) {
    assert.equal((await app.inject(url)).statusCode, 404, url);
  }
});

test('the page may ask nobody but this gateway', async (t) => {
  const app = await new HttpApi(dependencies({})).build();
  t.after(() => app.close());
  const { body, headers } = await app.inject('/');
  assert.doesNotMatch(body, /https?:\/\//);
  assert.match(String(headers['content-security-policy']), /^default-src 'none'; script-src 'self'; style-src 'self';/);
});

test('a dashboard that is not built says how to build it', async () => {
  const app = fastify();
  addDashboardRoutes(app, ['/nowhere']);
  const page = await app.inject('/');
  assert.equal(page.statusCode, 503);
  assert.match(page.body, /npm run build/);
});
