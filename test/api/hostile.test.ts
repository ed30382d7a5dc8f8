// Clients that mean harm, on every route that takes something: they get a problem, and everybody else their answer.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { networkInterfaces } from 'node:os';
import { type TestContext, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { HttpApi } from '../../src/api/http-api.ts';
import { localPrincipal } from '../../src/core/principal.ts';
import { silentLog } from '../../src/lib/log.ts';
import { Load } from '../../src/load/load.ts';
import { CommandSite } from '../commands/site.ts';
import { eventually, within } from '../support/wait.ts';
import { dependencies, FakePublish } from './fixtures.ts';

async function started() {
  const site = new CommandSite();
  await site.start();
  const publish = new FakePublish();
  const http = new HttpApi(
    dependencies({}, { identify: () => localPrincipal, publish, commands: site.commands.local }),
  );
  return { app: await http.build(), publish, site };
}

test('no path leads out of the API', async () => {
  const { app } = await started();
  const paths = [
    '/../../../../etc/passwd',
    '/%2e%2e/%2e%2e/%2e%2e/etc/passwd',
    '/api/docs/../../../etc/passwd',
    '/api/docs/..%2f..%2f..%2fetc%2fpasswd',
    '/api/v1/devices/..%2f..%2f..%2fetc%2fpasswd',
    '/api/v1/profiles/..%2f..%2f/..%2f..%2fetc%2fpasswd',
    '/api/v1/profiles/__proto__/constructor',
    '/api/v1/devices/__proto__',
    '/api/v1/devices/a%00b',
    '/api/v1/devices/x/commands/__proto__',
    '//etc/passwd',
    '/\\..\\..\\etc\\passwd',
  ];
  for (const url of paths) {
    const answer = await app.inject({ url });
    assert.ok([400, 404].includes(answer.statusCode), `${url} ${answer.statusCode}`);
    assert.match(String(answer.headers['content-type']), /problem\+json/, url);
    assert.doesNotMatch(answer.body, /root:/, url);
  }
});

test('nothing that comes in becomes a header of its own', async () => {
  const { app } = await started();
  const evil = 'a\r\nx-evil: 1';
  const url = `/api/v1/devices/${encodeURIComponent(evil)}/commands`;
  const given = await app.inject({ method: 'POST', url, payload: { id: 'c' } });
  assert.equal(given.headers['x-evil'], undefined);
  assert.doesNotMatch(String(given.headers.location), /[\r\n]/);
  for (const headers of [{ 'x-request-id': evil }, { 'idempotency-key': evil }, { prefer: evil }, { origin: evil }]) {
    const answer = await app.inject({ method: 'POST', url: '/api/v1/measurements', headers, payload: {} });
    assert.equal(answer.headers['x-evil'], undefined);
    assert.equal(answer.statusCode, 400);
  }
});

const posts = ['/api/v1/measurements', '/api/v1/devices/x/commands', '/api/v1/topics/adopt', '/api/v1/buffer/export'];
const deep = (open: string, close: string): string => open.repeat(20_000) + close.repeat(20_000);
const bodies: Readonly<Record<string, string | Buffer>> = {
  'deep lists': deep('[', ']'),
  'deep objects': `${deep('{"a":', '}').slice(0, -1)}1}`,
  'a prototype': '{"__proto__":{"isAdmin":true}}',
  'a constructor': '{"constructor":{"prototype":{"isAdmin":true}}}',
  'a long key': `{"${'k'.repeat(50_000)}":1}`,
  'many keys': `{${Array.from({ length: 5_000 }, (_, n) => `"k${n}":1`).join(',')}}`,
  'a long number': `{"a":${'9'.repeat(50_000)}}`,
  'half a surrogate': '{"topic":"\\ud800"}',
  'no UTF-8': Buffer.from([0x7b, 0x22, 0xff, 0xfe, 0x22, 0x3a, 0x31, 0x7d]),
  'a packed bomb': gzipSync('0'.repeat(1_000_000)),
  nothing: '',
  null: 'null',
};

for (const url of posts) {
  test(`hostile bodies for ${url}`, async () => {
    const { app, publish, site } = await started();
    for (const [what, payload] of Object.entries(bodies)) {
      const startedAt = performance.now();
      const headers = {
        'content-type': 'application/json',
        ...(what.includes('packed') && { 'content-encoding': 'gzip' }),
      };
      const answer = await app.inject({ method: 'POST', url, headers, payload });
      assert.ok(answer.statusCode >= 400 && answer.statusCode < 500, `${what}: ${answer.statusCode} ${answer.body}`);
      assert.ok(answer.body.length < 2_000, `${what}: ${answer.body.length}`);
      assert.ok(performance.now() - startedAt < 1_000, what);
    }
    assert.equal(({} as { isAdmin?: boolean }).isAdmin, undefined);
    assert.deepEqual([publish.taken, site.given], [[], []]);
  });
}

test('a payload keeps its prototype to itself', async () => {
  const { app, publish } = await started();
  const payload =
    '{"device":"__proto__","fields":{"__proto__":1,"constructor":2,"toString":{"value":3,"unit":"__proto__"}}}';
  const headers = { 'content-type': 'application/json' };
  const answer = await app.inject({ method: 'POST', url: '/api/v1/measurements', headers, payload });
  assert.equal(answer.statusCode, 200, answer.body);
  const names = publish.taken[0]?.said?.fields.map(({ name }) => name);
  assert.deepEqual(names, ['__proto__', 'constructor', 'toString']);
  assert.equal(({} as { value?: number }).value, undefined);
});

/** An address of this machine that is none of its loopback. */
const outer = Object.values(networkInterfaces())
  .flat()
  .find((one) => one !== undefined && one.family === 'IPv4' && !one.internal)?.address;

async function listening(t: TestContext, connectionsPerAddress: number) {
  const limits = { requestsPerSecond: 0, messagesPerSecond: 0, bytesPerSecond: 0, burst: 0, maxDelay: 250 };
  const load = new Load({
    options: { ...limits, connectionsPerCaller: 0, connectionsPerAddress },
    pendingShare: () => 0,
    isFull: () => false,
    now: () => performance.now(),
    log: silentLog,
  });
  const options = { host: '0.0.0.0', port: 0, allowedOrigins: [], maxLiveConnections: 10 };
  const http = new HttpApi(dependencies({}, { options, load, connectionsPerAddress }));
  await http.start();
  t.after(() => http.stop());
  return { load, port: Number(http.address.split(':').at(-1)) };
}

test('a thousand connections of one machine take nothing from others', { skip: outer === undefined }, async (t) => {
  const { load, port } = await listening(t, 50);
  const open = new Set<Socket>();
  t.after(() => {
    for (const socket of open) socket.destroy();
  });
  const before = process.memoryUsage.rss();
  for (let round = 0; round < 10; round++) {
    const sockets = Array.from({ length: 100 }, () => connect(port, outer!).resume());
    await Promise.all(
      sockets.map(async (socket) => {
        open.add(socket);
        socket
          .once('close', () => open.delete(socket))
          .on('error', () => {
            // A reset is one way of being refused.
          });
        await Promise.race([once(socket, 'connect'), once(socket, 'close')]).catch(() => undefined);
      }),
    );
    const asked = fetch(`http://127.0.0.1:${port}/api/v1/health/live`);
    assert.equal((await within(2_000, 'an answer for somebody else', asked)).status, 200);
  }
  await eventually('only so many are left', () => open.size <= 50);
  assert.equal(load.status().limited.connections, 950);
  assert.ok(process.memoryUsage.rss() - before < 100 * 1024 * 1024);
});
