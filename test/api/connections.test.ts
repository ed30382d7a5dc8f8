import assert from 'node:assert/strict';
import { EventEmitter, once } from 'node:events';
import { Agent, createServer, get } from 'node:http';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import { Connections } from '../../src/api/connections.ts';
import { HttpApi } from '../../src/api/http-api.ts';
import { EventStream } from '../../src/api/live/event-stream.ts';
import { Upgrades } from '../../src/api/upgrades.ts';
import { ServerCertificate } from '../../src/auth/tls/server-certificate.ts';
import { HeadgateError } from '../../src/core/errors.ts';
import type { LiveSubscription } from '../../src/core/live.ts';
import { systemClock } from '../../src/core/time.ts';
import { silentLog } from '../../src/lib/log.ts';
import { tempDir } from '../support/temp-dir.ts';
import { eventually, within } from '../support/wait.ts';
import { batchOf, dependencies, FakeBuffer } from './fixtures.ts';
import { liveSite } from './live/fixtures.ts';

const noon = Date.UTC(2026, 10, 22, 12);

test('a stream that is refused takes no place among those that stay open', async (t) => {
  let refusals = 5;
  const { address } = await liveSite(t, {
    maxLiveConnections: 2,
    feed: (hub) => ({
      subscribe: (request) => {
        if (refusals-- > 0) throw new HeadgateError('overload.shed', 'Not now.');
        return hub.subscribe(request);
      },
      lost: () => {},
    }),
  });
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  t.after(() => agent.destroy());
  const said: string[] = [];
  for (let i = 0; i < 5; i++) {
    const request = get(`http://${address}/api/v1/live`, { agent });
    const [response] = (await once(request, 'response')) as [AsyncIterable<Buffer>];
    let text = '';
    for await (const piece of response) text += piece;
    said.push((JSON.parse(text) as { detail: string }).detail);
  }
  assert.deepEqual(said, Array(5).fill('Not now.'));
  const stream = get(`http://${address}/api/v1/live`);
  t.after(() => stream.destroy());
  const [{ statusCode }] = (await once(stream, 'response')) as [{ statusCode: number }];
  assert.equal(statusCode, 200);
});

test('who goes away before it is let in leaves nothing counted', async (t) => {
  const connections = new Connections(10, 10);
  const asked: (() => void)[] = [];
  const refuse = () => new Promise<undefined>((resolve) => asked.push(() => resolve(undefined)));
  const route = { path: '/x', protocols: [], maxMessageBytes: 10, maxUnsentBytes: 10, refuse, open: () => {} };
  const upgrades = new Upgrades([route], [], connections);
  const server = createServer().listen(0, '127.0.0.1');
  upgrades.attach(server);
  await once(server, 'listening');
  t.after(() => server.close());
  const { port } = server.address() as { port: number };
  let taken: Socket | undefined;
  server.on('connection', (socket) => {
    taken = socket;
  });
  const client = connect(port, '127.0.0.1');
  client.on('error', () => {});
  t.after(() => client.destroy());
  client.write('GET /x HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n');
  await eventually('the question', () => asked.length === 1);
  const closed = once(taken!, 'close');
  // As it is when the handshake takes too long.
  taken!.destroy();
  await closed;
  asked[0]!();
  await new Promise(setImmediate);
  await new Promise(setImmediate);
  assert.equal(connections.lasting, 0);
});

test('a stream that is cut and never read ends all the same', (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  class NeverRead extends EventEmitter {
    destroyed = false;
    write = () => false;
    end = () => {};
    destroy = () => {
      this.destroyed = true;
    };
  }
  const socket = new NeverRead();
  const stream = new EventStream(socket as unknown as Socket);
  stream.begin({ start: { cursor: 'e-0' }, close: () => {}, resume: () => {} } as unknown as LiveSubscription);
  stream.cut();
  assert.equal(socket.destroyed, false, 'it may still read why');
  t.mock.timers.tick(10_000);
  assert.equal(socket.destroyed, true);
});

test('an export that is not read any more ends, and with it what it reads from', async (t) => {
  const times = Array.from({ length: 500 }, (_, index) => noon + index);
  const buffer = new FakeBuffer(Array.from({ length: 200 }, (_, index) => batchOf(1 + index * 500, times)));
  const api = new HttpApi(dependencies({}, { buffer, limits: { stalledMs: 300 } }));
  await api.start();
  t.after(() => api.stop());
  const socket = connect(Number(api.address.split(':').at(-1)), '127.0.0.1');
  t.after(() => socket.destroy());
  socket.on('error', () => {});
  const body = '{}';
  socket.write(
    `POST /api/v1/buffer/export HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
  );
  socket.pause();
  await eventually('the reading', () => buffer.reading === 1);
  await eventually('its end', () => buffer.reading === 0);
  socket.resume();
  await within(3_000, 'the end of the connection', once(socket, 'close'));
});

test('who connects by TLS and says nothing has no more time than who says nothing without', async (t) => {
  const certificate = new ServerCertificate({
    options: { enabled: true, names: [] },
    key: 'http.tls',
    directory: join(tempDir(t), 'tls'),
    clock: systemClock,
    log: silentLog,
  });
  const limits = { headersTimeoutMs: 200, requestTimeoutMs: 400, checkMs: 50 };
  const api = new HttpApi(dependencies({}, { certificate, limits }));
  await api.start();
  t.after(() => api.stop());
  const socket = connect(Number(api.address.split(':').at(-1)), '127.0.0.1');
  t.after(() => socket.destroy());
  socket.on('error', () => {});
  socket.resume();
  await within(3_000, 'the end', once(socket, 'close'));
});
