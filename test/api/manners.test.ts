// Request ids, conditional requests, compression, and pages from elsewhere.
import assert from 'node:assert/strict';
import { Readable } from 'node:stream';
import { test } from 'node:test';
import { brotliDecompressSync, gunzipSync } from 'node:zlib';
import { encodingOf } from '../../src/api/compression.ts';
import { isOneOf } from '../../src/api/etag.ts';
import { needs } from '../../src/api/guard.ts';
import { HttpApi, type HttpDependencies } from '../../src/api/http-api.ts';
import { dependencies } from './fixtures.ts';

const long = 'long '.repeat(1_000);

async function started(rest: Partial<HttpDependencies> = {}) {
  const app = await new HttpApi(dependencies({}, rest)).build();
  app.get('/short', needs('nothing'), () => ({ text: 'short' }));
  app.get('/long', needs('nothing'), () => ({ text: long }));
  app.get('/lines', needs('nothing'), (_request, reply) =>
    reply.type('application/x-ndjson').send(Readable.from([`${long}\n`, `${long}\n`])),
  );
  app.get('/events', needs('nothing'), (_request, reply) =>
    reply.type('text/event-stream').send(Readable.from(['data: 1\n\n'])),
  );
  return app;
}

test('a request is called as its sender calls it, or uniquely', async () => {
  const app = await started();
  const ids: unknown[] = [];
  const rows: readonly (readonly [given: string | undefined, isKept: boolean])[] = [
    ['abc-1:2/3=', true],
    [undefined, false],
    ['', false],
    ['with space', false],
    ['x'.repeat(129), false],
    ['ü', false],
  ];
  for (const [given, isKept] of rows) {
    const headers = given === undefined ? {} : { 'x-request-id': given };
    const answer = await app.inject({ url: '/nothing', headers });
    const id = answer.headers['x-request-id'];
    assert.equal(id === given, isKept, given);
    assert.match(String(id), /^[\w.:+/=-]{1,128}$/);
    assert.equal(answer.json().requestId, id);
    ids.push(id);
  }
  assert.equal(new Set(ids).size, rows.length);
});

test('a failure is in the log under the name of its request', async () => {
  const logged: object[] = [];
  const log = { debug() {}, info() {}, warn() {}, error: (fields: object) => logged.push(fields) };
  const status = () => {
    throw new Error('broken');
  };
  const app = await started({ log, status });
  await app.inject({ url: '/api/v1/status', headers: { 'x-request-id': 'r-1' } });
  assert.equal((logged[0] as { request?: string }).request, 'r-1');
});

test('whoever has an answer already is told so', async () => {
  const app = await started();
  const first = await app.inject('/long');
  const etag = String(first.headers.etag);
  assert.match(etag, /^W\/"[\w-]{20}"$/);
  assert.equal(first.headers['cache-control'], 'private, no-cache');
  for (const given of [etag, `"x", ${etag}`, etag.slice(2), '*']) {
    const again = await app.inject({ url: '/long', headers: { 'if-none-match': given } });
    assert.deepEqual([again.statusCode, again.body, again.headers.etag], [304, '', etag], given);
  }
  const other = await app.inject({ url: '/long', headers: { 'if-none-match': '"x"' } });
  assert.deepEqual([other.statusCode, other.json()], [200, { text: long }]);
  const head = await app.inject({ method: 'HEAD', url: '/long' });
  assert.deepEqual([head.statusCode, head.body, head.headers.etag], [200, '', etag]);
  assert.equal((await app.inject('/nothing')).headers.etag, undefined);
  assert.equal(isOneOf(undefined, etag), false);
});

test('what is long is compressed for those who take it, and nothing else is', async () => {
  const app = await started();
  const rows: readonly (readonly [url: string, accept: string | undefined, encoding: string | undefined])[] = [
    ['/long', 'gzip, br', 'br'],
    ['/long', 'gzip', 'gzip'],
    ['/long', 'br;q=0, gzip;q=0.5', 'gzip'],
    ['/long', '*', 'br'],
    ['/long', 'identity', undefined],
    ['/long', undefined, undefined],
    ['/short', 'gzip, br', undefined],
    ['/lines', 'gzip, br', 'gzip'],
    ['/events', 'gzip, br', undefined],
  ];
  for (const [url, accept, encoding] of rows) {
    const headers = accept === undefined ? {} : { 'accept-encoding': accept };
    const answer = await app.inject({ url, headers });
    const what = `${url} ${accept}`;
    assert.equal(answer.headers['content-encoding'], encoding, what);
    const open = encoding === 'br' ? brotliDecompressSync : encoding === 'gzip' ? gunzipSync : (bytes: Buffer) => bytes;
    const text = open(answer.rawPayload).toString();
    if (url === '/long') assert.deepEqual(JSON.parse(text), { text: long }, what);
    if (url === '/lines') assert.equal(text, `${long}\n${long}\n`, what);
    assert.equal(answer.headers.vary, url === '/long' || url === '/lines' ? 'accept-encoding' : undefined, what);
  }
  assert.equal(encodingOf('gzip;q=0.0', false), undefined);
  const known = await app.inject({ url: '/long', headers: { 'accept-encoding': 'br' } });
  const headers = { 'accept-encoding': 'gzip', 'if-none-match': String(known.headers.etag) };
  assert.equal((await app.inject({ url: '/long', headers })).statusCode, 304, 'compressed or not, it is the same');
});

test('pages from elsewhere are let in when their origin is named, and by token only', async () => {
  const origin = 'https://hmi.example.org';
  const options = { host: '127.0.0.1', port: 0, allowedOrigins: [origin], maxLiveConnections: 50 };
  const app = await started({ options });
  const preflight = { origin, 'access-control-request-method': 'POST' };
  const asked = await app.inject({ method: 'OPTIONS', url: '/api/v1/measurements', headers: preflight });
  assert.equal(asked.statusCode, 204);
  assert.equal(asked.headers['access-control-allow-origin'], origin);
  assert.match(String(asked.headers['access-control-allow-headers']), /authorization, content-type/);
  // `EventSource` can send no token: a page reads the stream by `fetch`, and says itself where it goes on.
  assert.match(String(asked.headers['access-control-allow-headers']), /last-event-id/);
  assert.equal(asked.headers['access-control-allow-credentials'], undefined);
  // On this machine too: what counts there is that nobody from elsewhere asks.
  const headers = { origin, host: 'localhost' };
  const answer = await app.inject({ url: '/api/v1/status', headers });
  assert.deepEqual([answer.statusCode, answer.headers['access-control-allow-origin']], [401, origin]);
  const others = await app.inject({ url: '/short', headers: { origin: 'https://evil.example' } });
  assert.deepEqual([others.headers['access-control-allow-origin'], others.headers.vary], [undefined, 'origin']);
  const off = await (await started()).inject({ url: '/short', headers: { origin } });
  assert.deepEqual([off.headers['access-control-allow-origin'], off.headers.vary], [undefined, undefined]);
});
