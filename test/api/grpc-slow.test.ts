// Clients of gRPC that ask and do not read, over bare HTTP/2: what waits for them is bounded.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type ClientHttp2Stream, connect } from 'node:http2';
import { type TestContext, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { GrpcApi } from '../../src/api/grpc/grpc-api.ts';
import { localPrincipal } from '../../src/core/principal.ts';
import { silentLog } from '../../src/lib/log.ts';
import { ServerReflectionRequest } from '../../src/wire/generated/grpc/reflection/v1/reflection.ts';
import { PublishRequest } from '../../src/wire/generated/headgate/v1/gateway.ts';
import { eventually } from '../support/wait.ts';

async function site(t: TestContext) {
  const site = { published: 0, api: undefined as unknown as GrpcApi };
  site.api = new GrpcApi({
    options: { enabled: true, host: '127.0.0.1', port: 0, maxMessageBytes: 1e6 },
    identify: () => localPrincipal,
    watch: () => () => {},
    isServing: () => true,
    publish: (_message, bearer) => {
      site.published++;
      setImmediate(() => bearer.taken(site.published));
    },
    devices: { summaries: () => [], describe: () => undefined },
    history: {} as never,
    commands: {} as never,
    feed: {} as never,
    log: silentLog,
  });
  await site.api.start();
  t.after(() => site.api.stop());
  return site;
}

async function call(t: TestContext, address: string, path: string): Promise<ClientHttp2Stream> {
  const session = connect(`http://${address}`);
  session.on('error', () => {});
  t.after(() => session.destroy());
  await once(session, 'connect');
  const headers = { ':method': 'POST', ':path': path, 'content-type': 'application/grpc', te: 'trailers' };
  const stream = session.request(headers);
  stream.on('error', () => {});
  return stream;
}

/** A message with its gRPC prefix. */
function framed(message: Uint8Array): Buffer {
  const head = Buffer.alloc(5);
  head.writeUInt32BE(message.length, 1);
  return Buffer.concat([head, message]);
}

/** Writes so many of them, as far as they are taken. @returns how many were */
async function pour(stream: ClientHttp2Stream, message: Buffer, count: number): Promise<number> {
  const block = Buffer.concat(Array.from({ length: 1_000 }, () => message));
  let sent = 0;
  while (sent < count) {
    sent += 1_000;
    if (stream.write(block)) continue;
    if ((await Promise.race([once(stream, 'drain'), delay(1_000, 'stuck')])) === 'stuck') break;
  }
  return sent;
}

test('who publishes and reads no answers is not read from any more, and goes on when it reads', async (t) => {
  const one = await site(t);
  const stream = await call(t, one.api.address, '/headgate.v1.Gateway/Publish');
  const message = framed(PublishRequest.encode(PublishRequest.create({ id: 1n, topic: 'a' })).finish());
  const sent = await pour(stream, message, 60_000);
  assert.ok(sent < 60_000 && one.published < 60_000, `${sent} were sent, ${one.published} taken in`);
  const before = one.published;
  stream.resume();
  await eventually('more', () => one.published > before + 1_000);
});

test('who asks what there is and reads no answers is asked no more', async (t) => {
  const one = await site(t);
  const path = '/grpc.reflection.v1.ServerReflection/ServerReflectionInfo';
  const stream = await call(t, one.api.address, path);
  const question = { messageRequest: { $case: 'fileContainingSymbol', value: 'headgate.v1.Gateway' } } as const;
  const message = framed(ServerReflectionRequest.encode(ServerReflectionRequest.fromPartial(question)).finish());
  const heapBefore = process.memoryUsage().heapUsed;
  const sent = await pour(stream, message, 20_000);
  assert.ok(sent < 20_000, `${sent} questions were read, ${process.memoryUsage().heapUsed - heapBefore} bytes more`);
});
