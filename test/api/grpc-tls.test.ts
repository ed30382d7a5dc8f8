import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import { connect as connectTcp } from 'node:net';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { type ConnectionOptions, connect } from 'node:tls';
import { GrpcApi } from '../../src/api/grpc/grpc-api.ts';
import { TlsDoor } from '../../src/api/grpc/tls-door.ts';
import { ServerCertificate } from '../../src/auth/tls/server-certificate.ts';
import { localPrincipal } from '../../src/core/principal.ts';
import { systemClock } from '../../src/core/time.ts';
import type { Log } from '../../src/lib/log.ts';
import { serveSockets } from '../../src/lib/socket-server.ts';
import { type KeyPair, TestAuthority } from '../support/certificates.ts';
import { GrpcClient } from '../support/grpc-client.ts';
import { tempDir } from '../support/temp-dir.ts';
import { eventually } from '../support/wait.ts';

interface Files {
  readonly certificate?: string;
  readonly key?: string;
}

/** A gRPC server, with TLS where files are given: none in it is a certificate of its own. */
async function site(t: TestContext, files: Files | undefined, host = '127.0.0.1') {
  const directory = join(tempDir(t), 'tls');
  const told: string[] = [];
  const tell = (_fields: object, message: string) => told.push(message);
  const log: Log = { debug() {}, info() {}, warn: tell, error: tell };
  const options = { enabled: true, names: [], ...files };
  const certificate =
    files && new ServerCertificate({ options, key: 'grpc.tls', directory, clock: systemClock, log, followMs: 10 });
  const api = new GrpcApi({
    options: { enabled: true, host, port: 0, maxMessageBytes: 1e6 },
    certificate,
    identify: ({ address }) => (address === '127.0.0.1' ? localPrincipal : 'It is not from this machine.'),
    watch: () => () => {},
    isServing: () => true,
    publish: (_message, bearer) => bearer.taken(1),
    devices: { summaries: () => [], describe: () => undefined },
    history: {} as never,
    commands: {} as never,
    feed: {} as never,
    log,
  });
  await api.start();
  t.after(() => api.stop());
  const port = Number(api.address.split(':').at(-1));
  return { api, port, told, authority: join(directory, 'authority.pem') };
}

/** `OK`, or the status with which listing devices failed. */
async function outcome(client: GrpcClient): Promise<string> {
  const { failure } = await client.ask({ path: '/headgate.v1.Gateway/ListDevices', requests: [{}] });
  return failure?.status ?? 'OK';
}

/** The certificate's fingerprint and the protocol by which a server is met; an error's code. */
function met(port: number, options: ConnectionOptions = {}): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect({ port, host: '127.0.0.1', rejectUnauthorized: false, ALPNProtocols: ['h2'], ...options });
    socket.once('secureConnect', () => {
      resolve(`${socket.alpnProtocol} ${socket.getPeerCertificate().fingerprint256}`);
      socket.destroy();
    });
    socket.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
  });
}

test("gRPC speaks TLS to Google's client that knows the authority, and to nobody else", {
  timeout: 60_000,
}, async (t) => {
  const { api, port, told, authority } = await site(t, {});
  assert.equal(await outcome(new GrpcClient(t, `localhost:${port}`, authority)), 'OK');
  const stranger = join(tempDir(t), 'ca.pem');
  writeFileSync(stranger, (await TestAuthority.make()).certificate);
  assert.equal(await outcome(new GrpcClient(t, `localhost:${port}`, stranger)), 'UNAVAILABLE');
  assert.equal(await outcome(new GrpcClient(t, `127.0.0.1:${port}`)), 'UNAVAILABLE');
  assert.equal(await met(port), `h2 ${api.certificate?.fingerprint}`);
  assert.equal(api.certificate?.isOwn, true);
  assert.match(await met(port, { ALPNProtocols: ['http/1.1'] }), /NO_APPLICATION_PROTOCOL/);
  // However many handshakes fail, one is told of.
  assert.deepEqual(told, ['A TLS handshake for gRPC failed.']);
});

test('certificates in files are followed, and connections that are open stay', { timeout: 60_000 }, async (t) => {
  const authority = await TestAuthority.make();
  const dir = tempDir(t);
  mkdirSync(dir, { recursive: true });
  const paths = { certificate: join(dir, 'server.pem'), key: join(dir, 'key.pem') };
  const put = ({ certificate, key }: KeyPair) => {
    writeFileSync(paths.key, key, { mode: 0o600 });
    writeFileSync(paths.certificate, certificate);
  };
  put(await authority.sign());
  const ca = join(dir, 'ca.pem');
  writeFileSync(ca, authority.certificate);
  const { api, port } = await site(t, paths);
  const client = new GrpcClient(t, `localhost:${port}`, ca);
  assert.equal(await outcome(client), 'OK');
  const first = await met(port);
  // By an authority that the open client does not know.
  put(await (await TestAuthority.make('Another')).sign());
  await eventually('the other certificate', async () => (await met(port)) !== first);
  assert.equal(await met(port), `h2 ${api.certificate?.fingerprint}`);
  assert.equal(await outcome(client), 'OK');
});

test('plaintext that is open to other machines is told of', async (t) => {
  const rows: [host: string, files: Files | undefined, isTold: boolean][] = [
    ['127.0.0.1', undefined, false],
    ['localhost', undefined, false],
    ['0.0.0.0', undefined, true],
    ['0.0.0.0', {}, false],
  ];
  for (const [host, files, isTold] of rows) {
    const { told } = await site(t, files, host);
    assert.equal(
      told.some((one) => one.startsWith('gRPC is open to other machines without TLS')),
      isTold,
      host,
    );
  }
});

test('a handshake that does not go on is ended', { timeout: 10_000 }, async (t) => {
  const { certificate: cert, key } = await (await TestAuthority.make()).sign();
  const told: unknown[] = [];
  const log: Log = { debug() {}, info() {}, warn: (fields) => told.push(fields), error() {} };
  const door = new TlsDoor({ context: { cert, key }, accept: () => assert.fail('taken in'), log, handshakeMs: 50 });
  let closed = 0;
  const sockets = await serveSockets('The test', '127.0.0.1', 0, (socket) => {
    socket.on('close', () => closed++);
    door.inject(socket);
  });
  t.after(() => sockets.destroy());
  const socket = connectTcp(Number(sockets.address.split(':').at(-1)), '127.0.0.1');
  socket.resume();
  await once(socket, 'close');
  await eventually('the end on this side', () => closed === 1);
  assert.equal((told[0] as { reason: string }).reason, 'ERR_TLS_HANDSHAKE_TIMEOUT');
});
