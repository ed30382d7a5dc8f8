import assert from 'node:assert/strict';
import { type AddressInfo, connect, createServer } from 'node:net';
import { type TestContext, test } from 'node:test';
import { Client, Server, ServerCredentials } from '@grpc/grpc-js';
import { type TlsSettings, Transport } from '../../src/uplink/transport.ts';
import { TestAuthority } from '../support/certificates.ts';
import { eventually } from '../support/wait.ts';

// What the uplink relies on in grpc-js: it hands the raw TCP socket of each connection to the channel's credentials before
// anything is sent, uses the socket that they return, and closes it with the channel.

const authority = await TestAuthority.make();
const pair = await authority.sign();
const pass = (bytes: Buffer): Buffer => bytes;
const echo = {
  path: '/test/Echo',
  requestStream: false,
  responseStream: false,
  requestSerialize: pass,
  requestDeserialize: pass,
  responseSerialize: pass,
  responseDeserialize: pass,
} as const;

async function startServer(t: TestContext, credentials: ServerCredentials): Promise<number> {
  const server = new Server();
  server.addService(
    { echo },
    { echo: (call: { request: Buffer }, answer: (error: null, value: Buffer) => void) => answer(null, call.request) },
  );
  t.after(() => server.forceShutdown());
  return await new Promise((resolve, reject) =>
    server.bindAsync('127.0.0.1:0', credentials, (error, port) => (error === null ? resolve(port) : reject(error))),
  );
}

/** Hands bytes on, and counts them. */
async function countingProxy(t: TestContext, to: number): Promise<{ port: number; bytes: () => number }> {
  let bytes = 0;
  const proxy = createServer((near) => {
    const far = connect(to, '127.0.0.1');
    for (const [one, other] of [
      [near, far],
      [far, near],
    ] as const) {
      one.on('data', (chunk: Buffer) => {
        bytes += chunk.length;
        other.write(chunk);
      });
      one.on('close', () => other.destroy());
      one.on('error', () => other.destroy());
    }
  });
  await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
  t.after(() => proxy.close());
  return { port: (proxy.address() as AddressInfo).port, bytes: () => bytes };
}

for (const [name, tls] of [
  ['plaintext', undefined],
  ['TLS', { ca: authority.certificate, serverName: 'localhost' }],
] as readonly [string, TlsSettings | undefined][]) {
  test(`${name}: bytes are counted as they are on the wire`, async (t) => {
    const credentials =
      tls === undefined
        ? ServerCredentials.createInsecure()
        : ServerCredentials.createSsl(null, [
            { private_key: Buffer.from(pair.key), cert_chain: Buffer.from(pair.certificate) },
          ]);
    const proxy = await countingProxy(t, await startServer(t, credentials));
    const transport = new Transport(tls);
    const client = new Client(`127.0.0.1:${proxy.port}`, transport, { 'grpc.use_local_subchannel_pool': 1 });
    t.after(() => client.close());
    const ask = (size: number): Promise<number> =>
      new Promise((resolve, reject) =>
        client.makeUnaryRequest(echo.path, pass, pass, Buffer.alloc(size, 7), (error, value) =>
          error === null ? resolve(value!.length) : reject(error),
        ),
      );
    assert.equal(await ask(1), 1);
    const before = transport.wireBytes();
    assert.equal(await ask(100_000), 100_000);
    const grown = transport.wireBytes() - before;
    assert.ok(grown > 200_000 && grown < 203_000, `${grown} bytes for 100,000 there and back`);
    // Nothing is under way any more but what the two ends confirm to each other, so both see the same.
    await eventually('both to have counted the same', () => {
      assert.equal(transport.wireBytes(), proxy.bytes());
    });
  });
}
