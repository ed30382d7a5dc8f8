import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { type TestContext, test } from 'node:test';
import { HttpApi } from '../../src/api/http-api.ts';
import { composeStatus, type StatusParts } from '../../src/instrumentation/status.ts';
import { silentLog } from '../../src/lib/log.ts';
import { healthyParts, someTimeMs } from '../support/status.ts';

function api(parts: Partial<StatusParts> = {}, port = 0): HttpApi {
  const status = () => composeStatus({ ...healthyParts, ...parts }, someTimeMs);
  const metrics = async () => ({ body: 'up 1\n', contentType: 'text/plain; version=0.0.4' });
  return new HttpApi({ options: { host: '127.0.0.1', port }, status, metrics, log: silentLog });
}

async function asked(parts: Partial<StatusParts>, url: string, method: 'GET' | 'POST' | 'HEAD' = 'GET') {
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
  for (const [url, method, status, code] of [
    ['/api/v1/nothing', 'GET', 404, 'route.unknown'],
    ['/api/v1/status', 'POST', 405, 'method.not-allowed'],
    ['/%', 'GET', 400, 'request.invalid'],
  ] as const) {
    const response = await asked({}, url, method);
    assert.equal(response.statusCode, status, url);
    assert.match(String(response.headers['content-type']), /^application\/problem\+json/);
    const problem = response.json();
    assert.deepEqual([problem.status, problem.code], [status, code]);
    assert.ok(problem.detail.length > 10);
  }
});

test('a failure within tells nothing of the inside', async () => {
  const broken = new HttpApi({
    options: { host: '127.0.0.1', port: 0 },
    status: () => {
      throw new Error('secret path /home/x');
    },
    metrics: async () => ({ body: '', contentType: 'text/plain' }),
    log: silentLog,
  });
  const response = await (await broken.build()).inject('/api/v1/status');
  assert.equal(response.statusCode, 500);
  assert.doesNotMatch(response.body, /secret|home|at /);
});

test('the page asks nobody but this gateway, and its policy allows just what it contains', async () => {
  const { body, headers } = await asked({}, '/');
  const policy = String(headers['content-security-policy']);
  assert.doesNotMatch(body, /https?:\/\//);
  for (const tag of ['style', 'script']) {
    const text = new RegExp(`<${tag}>([^]*)</${tag}>`).exec(body)?.[1] ?? '';
    assert.ok(text.length > 100);
    assert.ok(policy.includes(createHash('sha256').update(text).digest('base64')), tag);
  }
});

async function started(t: TestContext): Promise<{ http: HttpApi; socket: Socket }> {
  const http = api();
  await http.start();
  t.after(() => http.stop());
  const [host, port] = http.address.split(':');
  const socket = connect(Number(port), host);
  t.after(() => socket.destroy());
  await once(socket, 'connect');
  return { http, socket };
}

test('a stop does not wait for a connection that stays open', async (t) => {
  const { http, socket } = await started(t);
  socket.write('GET /api/v1/health/live HTTP/1.1\r\nhost: x\r\n\r\n');
  await once(socket, 'data');
  const closed = once(socket, 'close');
  await http.stop();
  await closed;
});

test('a request that is no HTTP, and one with endless headers, end their connection', async (t) => {
  for (const bytes of ['\x16\x03\x01\x02nonsense\r\n\r\n', `GET / HTTP/1.1\r\n${'x-a: b\r\n'.repeat(5_000)}`]) {
    const { socket } = await started(t);
    socket.on('error', () => {
      // A reset is one way of ending it.
    });
    const closed = once(socket, 'close');
    socket.resume();
    socket.write(bytes);
    await closed;
  }
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
