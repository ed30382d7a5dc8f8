// What the settings page shows of a gateway that runs: certificates, what it is made of, a support bundle, a backup.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { request as requestTls } from 'node:https';
import { join } from 'node:path';
import { test } from 'node:test';
import { connect } from 'node:tls';
import { gunzipSync } from 'node:zlib';
import type { CertificatesView } from '../../src/auth/tls/certificates.ts';
import type { About } from '../../src/upkeep/about.ts';
import { startGateway } from '../support/gateway.ts';
import { HeadgateProcess } from '../support/headgate-process.ts';
import { tempDir } from '../support/temp-dir.ts';

interface Answer {
  readonly status: number;
  readonly body: Buffer;
  readonly type: string;
}

function ask(port: number, method: string, path: string, given: object = {}, body?: object): Promise<Answer> {
  const send = 'ca' in given ? requestTls : request;
  const headers = body === undefined ? {} : { 'content-type': 'application/json' };
  return new Promise((resolve, reject) => {
    const asked = send({ port, host: '127.0.0.1', method, path, agent: false, headers, ...given }, (answer) => {
      const chunks: Buffer[] = [];
      answer.on('data', (chunk: Buffer) => chunks.push(chunk));
      answer.on('error', reject);
      answer.on('end', () =>
        resolve({
          status: answer.statusCode ?? 0,
          body: Buffer.concat(chunks),
          type: String(answer.headers['content-type']),
        }),
      );
    });
    asked.on('error', reject);
    asked.end(body && JSON.stringify(body));
  });
}

const jsonOf = <T>({ body }: Answer): T => JSON.parse(body.toString()) as T;

function shownBy(port: number, ca: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect({ port, host: '127.0.0.1', ca }, () => {
      resolve(socket.getPeerCertificate().fingerprint256);
      socket.destroy();
    });
    socket.on('error', reject);
  });
}

test('certificates are told, the authority can be fetched by anybody, and what the gateway made is made anew', async (t) => {
  const dataDir = tempDir(t);
  const set = { 'http.tls.enabled': true, 'mqtt.tls.enabled': true, 'mqtt.tls.port': 0 };
  const gateway = await startGateway(t, { dataDir, set });
  const port = gateway.port('http');
  const trusted = readFileSync(join(dataDir, 'identity/tls/authority.pem'), 'utf8');
  const own = { ca: trusted };
  const authority = await ask(port, 'GET', '/api/v1/certificates/authority', own);
  assert.deepEqual([authority.status, authority.type], [200, 'application/x-x509-ca-cert']);
  assert.doesNotMatch(authority.body.toString(), /PRIVATE/);
  const ca = authority.body.toString();
  const before = jsonOf<CertificatesView>(await ask(port, 'GET', '/api/v1/certificates', { ca }));
  assert.deepEqual(before.listeners.map(({ listener, isOwn }) => [listener, isOwn]).toSorted(), [
    ['http', true],
    ['mqtt', true],
  ]);
  const [one] = before.listeners;
  assert.ok(one?.names.includes('127.0.0.1') && one.names.includes('localhost'), String(one?.names));
  assert.equal(one?.fingerprint, await shownBy(port, ca));
  assert.equal(before.authority?.fingerprint, new X509Certificate(ca).fingerprint256);
  assert.equal(one?.issuer, before.authority?.subject);
  assert.equal(before.uplink, null);

  const after = jsonOf<CertificatesView>(await ask(port, 'POST', '/api/v1/certificates/renew', { ca }));
  assert.equal(after.authority?.fingerprint, before.authority?.fingerprint);
  const found = new Set(after.listeners.map(({ fingerprint }) => fingerprint));
  assert.ok(found.size === 1 && !found.has(one!.fingerprint));
  assert.ok(found.has(await shownBy(port, ca)));
});

test('what it is made of, a bundle without secrets, and a backup', async (t) => {
  const dataDir = tempDir(t);
  const file = join(dataDir, 'headgate.yaml');
  const planted = ['planted-bridge', 'planted-uplink', 'planted-user', 'planted-device', 'planted-here'];
  writeFileSync(
    file,
    `uplink: { token: ${planted[1]} }\nbridges: [{name: b, url: "mqtt://127.0.0.1:1", username: u, password: ${planted[0]}, topics: [{filter: "a/#"}]}]\n`,
  );
  const set = { dataDir, 'http.port': 0, 'mqtt.port': 0, 'grpc.port': 0, 'collector.port': 0, 'uplink.canary': 0 };
  const gateway = await HeadgateProcess.start(t, 'run', { set, args: ['--config', file] });
  const port = gateway.port('http');

  const none = await ask(port, 'GET', '/api/v1/certificates');
  assert.deepEqual(jsonOf(none), { listeners: [], authority: null, uplink: null });
  assert.equal((await ask(port, 'GET', '/api/v1/certificates/authority')).status, 404);
  assert.equal((await ask(port, 'POST', '/api/v1/certificates/renew')).status, 409);

  const about = jsonOf<About>(await ask(port, 'GET', '/api/v1/about'));
  assert.equal(about.versions.node, process.versions.node);
  assert.match(about.versions.sqlite ?? '', /^3\.\d+\.\d+$/);
  assert.ok(about.machine.memoryBytes > 0 && about.machine.processors > 0);
  assert.match(about.addresses.http[0] ?? '', new RegExp(`^http://127.0.0.1:${port}/?$`));
  const names = about.libraries.map(({ name }) => name);
  assert.ok(['fastify', 'better-sqlite3', 'preact', 'uplot'].every((name) => names.includes(name)));
  assert.deepEqual(
    about.libraries.filter(({ license }) => /GPL|unknown/.test(license)),
    [],
  );

  const patch = {
    bridges: [{ name: 'c', url: 'mqtt://127.0.0.1:1', username: 'u', password: planted[4], topics: [{ filter: '#' }] }],
  };
  assert.equal((await ask(port, 'PATCH', '/api/v1/config', {}, patch)).status, 200);
  const credential = { name: 'sensor', password: planted[3], scopes: ['publish:a/#'] };
  await ask(port, 'POST', '/api/v1/credentials', {}, credential);
  await ask(port, 'GET', '/api/v1/status', { headers: { authorization: `Bearer ${planted[2]}` } });
  const bundle = await ask(port, 'GET', '/api/v1/support');
  assert.equal(bundle.type, 'application/gzip');
  const text = gunzipSync(bundle.body).toString();
  for (const secret of planted) assert.equal(text.includes(secret), false, secret);
  const said = JSON.parse(text) as {
    findings: object[];
    config: { bridges: { name: string }[] };
    logs: { lines: object[] };
    about: About;
  };
  assert.ok(said.findings.length > 1 && said.logs.lines.length > 3 && said.about.version !== '');
  assert.equal(said.config.bridges[0]?.name, 'b');

  const reader = { name: 'reader', scopes: ['read'] };
  const { token } = jsonOf<{ token: string }>(await ask(port, 'POST', '/api/v1/tokens', {}, reader));
  const shown = { headers: { authorization: `Bearer ${token}` } };
  for (const [path, status] of [
    ['about', 200],
    ['certificates', 200],
    ['support', 403],
    ['backup', 403],
  ] as const)
    assert.equal((await ask(port, 'GET', `/api/v1/${path}`, shown)).status, status, path);

  const backup = await ask(port, 'GET', '/api/v1/backup');
  assert.deepEqual([backup.status, backup.type], [200, 'application/x-tar']);
  const archive = join(dataDir, 'a.tar');
  writeFileSync(archive, backup.body);
  execFileSync('tar', ['-xf', archive, '-C', dataDir]);
  const [folder = ''] = execFileSync('tar', ['-tf', archive], { encoding: 'utf8' }).split('/');
  const into = join(dataDir, 'restored');
  const restored = HeadgateProcess.spawn(t, 'restore', { args: [join(dataDir, folder), '--data-dir', into] });
  assert.equal((await restored.exited).code, 0, restored.said());
});
