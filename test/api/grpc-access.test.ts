import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { test } from 'node:test';
import { Client, credentials, Metadata, type ServiceError, status } from '@grpc/grpc-js';
import { GrpcApi } from '../../src/api/grpc/grpc-api.ts';
import { HeadgateError } from '../../src/core/errors.ts';
import { silentLog } from '../../src/lib/log.ts';
import { authSite, by } from '../auth/site.ts';
import { eventually, within } from '../support/wait.ts';

test('who calls over gRPC is held to what they may, and a call that is open ends when they are revoked', async (t) => {
  const { auth } = await authSite(t);
  let watched = 0;
  let isFull = false;
  const api = new GrpcApi({
    options: { enabled: true, host: '127.0.0.1', port: 0, maxMessageBytes: 1e6 },
    identify: ({ address, authorization }) => auth.ofCall(address, authorization),
    watch: ({ id }, end) => {
      if (watched === 1) throw new HeadgateError('connections.limited', 'p has 1 connection already.');
      watched++;
      const forget = auth.book.watch(id, end);
      return () => {
        watched--;
        forget();
      };
    },
    isServing: () => true,
    publish: (_message, bearer) => bearer.taken(1),
    admitCall: ({ name }) => {
      if (name === 'busy') throw new HeadgateError('rate.limited', 'busy has more than 1 requests a second.');
    },
    mayConnect: (socket) => {
      if (isFull) socket.destroy();
      return !isFull;
    },
    devices: { summaries: () => [], describe: () => undefined },
    history: {} as never,
    commands: {} as never,
    feed: {} as never,
    log: silentLog,
  });
  await api.start();
  t.after(() => api.stop());
  const client = new Client(api.address, credentials.createInsecure());
  t.after(() => client.close());
  const same = (bytes: Buffer): Buffer => bytes;
  const metadataOf = (token: string | undefined) => {
    const metadata = new Metadata();
    if (token !== undefined) metadata.set('authorization', `Bearer ${token}`);
    return metadata;
  };
  const list = (token?: string): Promise<number> =>
    new Promise((resolve) => {
      const path = '/headgate.v1.Gateway/ListDevices';
      client.makeUnaryRequest(path, same, same, Buffer.alloc(0), metadataOf(token), (error) =>
        resolve(error?.code ?? 0),
      );
    });
  assert.equal(await list(), status.OK);
  await auth.changes.addPerson('eve', 'correct horse', ['admin'], by);
  const { account, token = '' } = await auth.changes.addProgram('p', ['publish:a/#'], undefined, by);
  const { token: busy } = await auth.changes.addProgram('busy', ['read'], undefined, by);
  const { token: reader } = await auth.changes.addProgram('r', ['read'], undefined, by);
  const rows: [token: string | undefined, code: number][] = [
    [undefined, status.UNAUTHENTICATED],
    ['x', status.UNAUTHENTICATED],
    [token, status.PERMISSION_DENIED],
    [reader, status.OK],
    [busy, status.RESOURCE_EXHAUSTED],
  ];
  for (const [shown, code] of rows) assert.equal(await list(shown), code, shown);
  const open = client.makeBidiStreamRequest('/headgate.v1.Gateway/Publish', same, same, metadataOf(token));
  const ended = new Promise<ServiceError>((resolve) => open.once('error', resolve));
  open.on('data', () => {});
  await eventually('the call', () => watched === 1);
  const further = client.makeBidiStreamRequest('/headgate.v1.Gateway/Publish', same, same, metadataOf(token));
  const refused = new Promise<ServiceError>((resolve) => further.once('error', resolve));
  assert.equal((await within(3_000, 'the end of a further call', refused)).code, status.RESOURCE_EXHAUSTED);
  await auth.changes.remove(account.id, by);
  const error = await within(3_000, 'the end of the call', ended);
  assert.deepEqual([error.code, watched], [status.UNAUTHENTICATED, 0]);
  assert.match(error.details, /was revoked/);
  isFull = true;
  const another = connect(Number(api.address.split(':').at(-1)), '127.0.0.1');
  await within(3_000, 'the end of a connection too many', once(another, 'close'));
});
