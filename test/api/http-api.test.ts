import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { type TestContext, test } from 'node:test';
import { needs } from '../../src/api/guard.ts';
import { HttpApi, type HttpLimits } from '../../src/api/http-api.ts';
import { composeStatus, type StatusParts } from '../../src/instrumentation/status.ts';
import { healthyParts, someTimeMs } from '../support/status.ts';
import { within } from '../support/wait.ts';
import { dependencies } from './fixtures.ts';

function api(parts: Partial<StatusParts> = {}, port = 0, limits: Partial<HttpLimits> = {}): HttpApi {
  return new HttpApi(
    dependencies(parts, { options: { host: '127.0.0.1', port, allowedOrigins: [], maxLiveConnections: 50 }, limits }),
  );
}

async function asked(parts: Partial<StatusParts>, url: string, method: 'GET' | 'HEAD' = 'GET') {
  const app = await api(parts).build();
  return app.inject({ method, url });
}

test('status, health and metrics are there for those who ask', async () => {
  assert.deepEqual((await asked({}, '/api/v1/status')).json(), composeStatus(healthyParts, someTimeMs));
  assert.equal((await asked({}, '/api/v1/health/live')).statusCode, 200);
  assert.equal((await asked({}, '/api/v1/health/live', 'HEAD')).statusCode, 200);
  const metrics = await asked({}, '/metrics');
  assert.equal(metrics.body, 'up 1\n');
  assert.match(String(metrics.headers['content-type']), /^text\/plain; version=0\.0\.4/);
});

test('ready means that messages are taken in, whether or not they can go on', async () => {
  const failing = { ...healthyParts.buffer, state: 'failing', failure: 'disk full' } as const;
  const rows: readonly (readonly [parts: Partial<StatusParts>, code: number])[] = [
    [{}, 200],
    [{ uplink: { ...healthyParts.uplink, state: { name: 'connecting' } } }, 200],
    [{ phase: 'starting' }, 503],
    [{ phase: 'stopping' }, 503],
    [{ buffer: failing }, 503],
  ];
  for (const [parts, code] of rows) {
    const response = await asked(parts, '/api/v1/health/ready');
    assert.equal(response.statusCode, code);
    if (code === 503) assert.equal(response.json().code, 'gateway.not-ready');
  }
  assert.match((await asked({ buffer: failing }, '/api/v1/health/ready')).json().detail, /disk full/);
});

test('what is wrong is a problem document', async () => {
  const app = await api({}, 0, { maxBodyBytes: 100 }).build();
  app.post('/body', needs('nothing'), () => ({}));
  const json = { 'content-type': 'application/json' };
  type Row = readonly [method: 'GET' | 'POST' | 'DELETE', url: string, status: number, code: string, request?: object];
  const rows: readonly Row[] = [
    ['GET', '/api/v1/nothing', 404, 'route.unknown'],
    ['GET', '/api/v1/status/', 404, 'route.unknown'],
    ['GET', `/${'a'.repeat(5_000)}`, 404, 'route.unknown'],
    ['POST', '/api/v1/nothing', 404, 'route.unknown', { headers: json, payload: '{' }],
    ['DELETE', '/api/v1/status', 405, 'method.not-allowed'],
    ['DELETE', '/metrics?x=1', 405, 'method.not-allowed'],
    // No body would make it right, so none is looked at.
    ['POST', '/', 405, 'method.not-allowed', { headers: { 'content-type': 'text/xml' }, payload: '<a/>' }],
    ['POST', '/api/v1/status', 405, 'method.not-allowed', { headers: json, payload: 'x'.repeat(101) }],
    ['GET', '/%', 400, 'request.invalid'],
    ['POST', '/body', 400, 'request.invalid', { headers: json, payload: '{' }],
    ['POST', '/body', 413, 'request.too-large', { headers: json, payload: JSON.stringify('x'.repeat(99)) }],
    ['POST', '/body', 415, 'request.unsupported', { headers: { 'content-type': 'text/xml' }, payload: '<a/>' }],
  ];
  for (const [method, url, status, code, request = {}] of rows) {
    const response = await app.inject({ method, url, ...request });
    const what = `${method} ${url}`;
    assert.equal(response.statusCode, status, what);
    assert.match(String(response.headers['content-type']), /^application\/problem\+json/, what);
    const { type, title, detail, advice, requestId, ...rest } = response.json();
    assert.deepEqual(rest, { status, code, retryable: false }, what);
    assert.match(advice, /\.$/, what);
    assert.equal(requestId, response.headers['x-request-id'], what);
    assert.deepEqual([type, typeof title], ['about:blank', 'string'], what);
    assert.ok(detail.length > 10 && detail.length < 300, what);
    assert.equal(response.headers.allow, status === 405 ? 'GET, HEAD' : undefined, what);
  }
});

test('a path tells what may be done with it', async () => {
  const rows: readonly (readonly [url: string, allow: string | undefined])[] = [
    ['/api/v1/status', 'GET, HEAD'],
    ['/api/v1/devices/a%2Fb', 'GET, HEAD, PATCH, DELETE'],
    ['/api/v1/devices/a/commands', 'GET, HEAD, POST'],
    ['/api/v1/measurements', 'GET, HEAD, POST'],
    ['/api/v1/devices//commands/x/y', undefined],
  ];
  const app = await api({}).build();
  for (const [url, allow] of rows) {
    const options = await app.inject({ method: 'OPTIONS', url });
    assert.deepEqual([options.statusCode, options.headers.allow], [allow === undefined ? 404 : 204, allow], url);
    const wrong = await app.inject({ method: 'PUT', url });
    assert.deepEqual([wrong.statusCode, wrong.headers.allow], [allow === undefined ? 404 : 405, allow], url);
  }
});

test('every answer carries the headers that keep browsers from doing harm', async () => {
  for (const url of ['/', '/api/v1/status', '/metrics', '/nothing', '/%']) {
    const { headers } = await asked({}, url);
    assert.equal(headers['x-content-type-options'], 'nosniff', url);
    assert.equal(headers['referrer-policy'], 'no-referrer', url);
    assert.equal(headers['cross-origin-resource-policy'], 'same-origin', url);
    assert.match(String(headers['content-security-policy']), /^default-src 'none'; .*frame-ancestors 'none'$/, url);
  }
});

test('a failure within tells nothing of the inside', async () => {
  const status = () => {
    throw new Error('secret path /home/x');
  };
  const broken = new HttpApi(dependencies({}, { status }));
  const response = await (await broken.build()).inject('/api/v1/status');
  assert.equal(response.statusCode, 500);
  assert.doesNotMatch(response.body, /secret|home|at /);
});

async function started(t: TestContext, limits: Partial<HttpLimits> = {}): Promise<HttpApi> {
  const http = api({}, 0, limits);
  await http.start();
  t.after(() => http.stop());
  return http;
}

async function connected(t: TestContext, http: HttpApi): Promise<Socket> {
  const [host, port] = http.address.split(':');
  const socket = connect(Number(port), host).on('error', () => {
    // A reset is one way of ending a connection; whoever waits for `close` sees it.
  });
  t.after(() => socket.destroy());
  await once(socket, 'connect');
  return socket;
}

/** What comes before the other side ends the connection. */
async function heard(socket: Socket): Promise<string> {
  let text = '';
  socket.setEncoding('utf8').on('data', (more) => {
    text += more;
  });
  await within(5_000, 'the end of the connection', once(socket, 'close'));
  return text;
}

test('a stop does not wait for connections that stay open, used or not', async (t) => {
  const http = await started(t);
  const [used, silent, half] = [await connected(t, http), await connected(t, http), await connected(t, http)];
  half.write('GET / HTTP/1.1\r\nhost');
  used.write('GET /api/v1/health/live HTTP/1.1\r\nhost: x\r\n\r\n');
  await once(used, 'data');
  const closed = Promise.all([used, silent, half].map((socket) => once(socket, 'close')));
  await within(1_000, 'the stop', http.stop());
  await within(1_000, 'the end of the connections', closed);
});

test('what is no HTTP gets a problem document and the end of its connection', async (t) => {
  const http = await started(t);
  for (const [bytes, status] of [
    ['\x16\x03\x01\x02nonsense\r\n\r\n', 400],
    ['GET / HTTP/1.1\r\nhost: x\r\ncontent-length: 5\r\ntransfer-encoding: chunked\r\n\r\n', 400],
    [`GET / HTTP/1.1\r\n${'x-a: b\r\n'.repeat(5_000)}`, 431],
  ] as const) {
    const socket = await connected(t, http);
    socket.write(bytes);
    const [head = '', body = ''] = (await heard(socket)).split('\r\n\r\n');
    assert.match(head, new RegExp(`^HTTP/1.1 ${status} [\\s\\S]*problem\\+json[\\s\\S]*connection: close`));
    assert.equal(JSON.parse(body).status, status);
  }
});

test('a client that takes its time is let go, and others notice nothing', async (t) => {
  const http = await started(t, { headersTimeoutMs: 60, requestTimeoutMs: 120, checkMs: 20 });
  const rows: readonly (readonly [sent: string, answer: RegExp])[] = [
    ['', /^HTTP\/1.1 408 [\s\S]*request\.timeout/],
    ['GET / HTTP/1.1\r\nhost: x\r\nx-slow: ', /^HTTP\/1.1 408 [\s\S]*request\.timeout/],
    // It has its answer before the body that it never ends.
    ['POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 9\r\n\r\n{', /^HTTP\/1.1 405 /],
  ];
  await Promise.all(
    rows.map(async ([sent, answer]) => {
      const socket = await connected(t, http);
      socket.write(sent);
      assert.match(await heard(socket), answer, sent);
    }),
  );
  assert.equal((await fetch(`http://${http.address}/api/v1/health/live`)).status, 200);
});

test('there is an end to the connections that clients can hold', async (t) => {
  const http = await started(t, { maxConnections: 2 });
  const held = [await connected(t, http), await connected(t, http)];
  const third = await connected(t, http);
  assert.equal(await heard(third), '');
  held[0]!.destroy();
  held[1]!.write('GET /api/v1/health/live HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n');
  assert.match(await heard(held[1]!), /200 OK/);
});

test('a taken port is told as such', async (t) => {
  const other = createServer().listen(0, '127.0.0.1');
  t.after(() => other.close());
  await once(other, 'listening');
  const { port } = other.address() as { port: number };
  const http = api({}, port);
  t.after(() => http.stop());
  await assert.rejects(http.start(), { code: 'port.taken' });
});
