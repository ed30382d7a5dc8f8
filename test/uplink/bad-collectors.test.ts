import assert from 'node:assert/strict';
import { createServer as createHttpServer } from 'node:http';
import { createServer as createHttp2Server } from 'node:http2';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { type TestContext, test } from 'node:test';
import { status } from '@grpc/grpc-js';
import { silentLog } from '../../src/lib/log.ts';
import { Uplink, type UplinkDependencies } from '../../src/uplink/uplink.ts';
import { FakeTime } from '../support/fake-time.ts';
import { uplinkDefaults } from '../support/options.ts';
import { freePort } from '../support/tcp-port.ts';
import { eventually } from '../support/wait.ts';
import { acknowledge, append, type Call, connected, newBuffer, rudeCollector, welcome } from './fixtures.ts';

/** Listens on loopback until the test is over. */
async function listening(t: TestContext, server: Pick<Server, 'listen' | 'address' | 'close' | 'on'>): Promise<string> {
  const sockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.on('error', () => socket.destroy());
    socket.on('close', () => sockets.delete(socket));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', () => resolve()));
  t.after(() => {
    server.close();
    for (const socket of sockets) socket.destroy();
  });
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** A server that answers whatever comes with these bytes. */
const saying = (bytes: Uint8Array | string) => (t: TestContext) =>
  listening(
    t,
    createServer((socket) => socket.on('data', () => socket.write(bytes))),
  );

const rude = (hello: (call: Call) => void, upload: (call: Call) => void) => (t: TestContext) =>
  rudeCollector(t, { hello, upload });
const welcoming = (call: Call): void => void call.write(welcome([]));

/** An HTTP/2 settings frame, as a server's first. */
const settings = Buffer.from([0, 0, 0, 4, 0, 0, 0, 0, 0]);
/** A frame of DATA on stream 0, which there is none of. */
const forbidden = Buffer.from([0, 0, 1, 0, 0, 0, 0, 0, 0, 7]);

interface Row {
  readonly what: string;
  readonly collector: (t: TestContext) => Promise<string>;
  readonly state: 'waiting' | 'rejected';
  readonly reason: RegExp;
  readonly others?: Partial<UplinkDependencies>;
}

const rows: readonly Row[] = [
  {
    what: 'one that speaks HTTP/1',
    collector: (t) =>
      listening(
        t,
        createHttpServer((_, response) => response.writeHead(400).end('Bad Request')),
      ),
    state: 'waiting',
    reason: /does not speak HTTP\/2 but HTTP\/1, so it is no collector/,
  },
  {
    what: 'one that answers as nginx does to HTTP/2 without TLS',
    collector: saying('HTTP/1.1 400 Bad Request\r\nServer: nginx\r\nContent-Length: 0\r\nConnection: close\r\n\r\n'),
    state: 'waiting',
    reason: /does not speak HTTP\/2/,
  },
  {
    what: 'one that takes the connection and says nothing',
    collector: (t) =>
      listening(
        t,
        createServer(() => {}),
      ),
    state: 'waiting',
    reason: /^no welcome within 0.1 s$/,
  },
  {
    what: 'one that closes every connection',
    collector: (t) =>
      listening(
        t,
        createServer((socket) => socket.end()),
      ),
    state: 'waiting',
    reason: /^it closes the connection at once/,
  },
  { what: 'garbage', collector: saying(Buffer.alloc(500, 0xa5)), state: 'waiting', reason: /does not speak HTTP\/2/ },
  {
    what: 'frames that HTTP/2 forbids',
    collector: saying(Buffer.concat([settings, forbidden])),
    state: 'waiting',
    reason: /^it refuses the stream/,
  },
  {
    what: 'a web server with HTTP/2',
    collector: (t) => {
      const server = createHttp2Server();
      server.on('stream', (stream) => {
        stream.respond({ ':status': 404, 'content-type': 'text/html' });
        stream.end('<h1>Not found</h1>');
      });
      return listening(t, server as unknown as Server);
    },
    state: 'rejected',
    reason: /^a web server or proxy answers there, with status 404/,
  },
  {
    what: 'silence where the welcome should be',
    collector: rude(
      () => {},
      () => {},
    ),
    state: 'waiting',
    reason: /^no welcome within 0.1 s$/,
  },
  {
    what: 'a welcome of a version that is not known here',
    collector: rude(
      (call) => call.write(welcome([], 9)),
      () => {},
    ),
    state: 'rejected',
    reason: /speaks version 9 of the protocol, this gateway 1 to/,
  },
  {
    what: 'messages that are not of the protocol',
    collector: rude(
      (call) => call.write(Buffer.from([0x0a, 0xff])),
      () => {},
    ),
    state: 'waiting',
    reason: /^the collector sent what is not the protocol/,
  },
  {
    what: 'an upload that is refused',
    collector: rude(welcoming, (call) => {
      call.emit('error', { code: status.INVALID_ARGUMENT, details: "This upload can't be stored: it has no records." });
    }),
    state: 'rejected',
    reason: /This upload can't be stored: it has no records\. Records wait here until collector and gateway fit/,
  },
  {
    what: 'an acknowledgement of what was never sent',
    collector: rude(welcoming, (call) => call.write(acknowledge(1, 1_000))),
    state: 'rejected',
    reason: /acknowledged sequences 1 to 1000, but 1 was the last/,
  },
  {
    what: 'an acknowledgement of sequence 0',
    collector: rude(welcoming, (call) => call.write(acknowledge(0, 1))),
    state: 'rejected',
    reason: /acknowledged sequences 0 to 1/,
  },
  {
    what: 'an acknowledgement that ends before it begins',
    collector: rude(welcoming, (call) => call.write(acknowledge(1, 0))),
    state: 'rejected',
    reason: /acknowledged sequences 1 to 0/,
  },
  {
    what: 'garbage on a stream that stands',
    collector: rude(welcoming, (call) => call.write(Buffer.alloc(100, 0xa5))),
    state: 'waiting',
    reason: /^the collector sent what is not the protocol/,
  },
  {
    what: 'a welcome that gives the gateway the lineage of nobody, and ends the stream when it is confirmed',
    collector: (t) =>
      rudeCollector(t, {
        hello: (call) => call.write(welcome([], 2, 'new')),
        upload: () => {},
        confirm: (call) => call.emit('error', { code: status.FAILED_PRECONDITION, details: 'another machine runs' }),
      }),
    state: 'rejected',
    reason: /another machine runs/,
  },
  {
    what: 'a stream that ends at once after each welcome',
    collector: rude(
      (call) => {
        call.write(welcome([]));
        call.end();
      },
      () => {},
    ),
    state: 'waiting',
    reason: /^the collector ended the stream$/,
  },
  {
    what: 'a URL that is none',
    collector: async () => 'http://not a host',
    state: 'rejected',
    reason: /must be a URL such as/,
  },
  {
    what: 'a port where nobody listens',
    collector: async () => `127.0.0.1:${await freePort()}`,
    state: 'waiting',
    reason: /^nobody listens there \(ECONNREFUSED 127\.0\.0\.1:\d+\)$/,
  },
  {
    what: 'a host that nobody knows',
    collector: async () => 'nowhere.invalid:50052',
    state: 'waiting',
    reason: /^the host name is unknown \(ENOTFOUND\)$/,
    others: { lookup: () => Promise.reject(Object.assign(new Error('getaddrinfo ENOTFOUND'), { code: 'ENOTFOUND' })) },
  },
];

for (const { what, collector, state, reason, others } of rows) {
  test(`${what}: one state with a reason, one line in the log, nothing lost, and no hurry`, async (t) => {
    const buffer = newBuffer();
    append(buffer, 1);
    const lines: { readonly reason: string }[] = [];
    const retryMin = 15;
    const startedAt = performance.now();
    const uplink = connected(
      t,
      buffer,
      await collector(t),
      { retryMin, retryMax: 30, connectTimeout: reason.source.startsWith('^no welcome') ? 60 : 5_000 },
      { log: { ...silentLog, warn: (fields: { reason: string }) => lines.push(fields) }, ...others },
    );
    await eventually('some attempts', () => uplink.status().attempts >= 4);
    const found = await eventually('a state with a reason', () => {
      const { state } = uplink.status();
      return (state.name === 'waiting' || state.name === 'rejected') && state;
    });
    assert.equal(found.name, state);
    assert.match(found.reason, reason);
    assert.deepEqual(
      lines.map((line) => line.reason),
      [found.reason],
    );
    assert.equal(buffer.totals.waitingRecords, 1);
    const { attempts } = uplink.status();
    assert.ok(attempts <= 1 + (performance.now() - startedAt) / retryMin, `${attempts} attempts`);
  });
}

test('a reason that does not change is said again after an hour, and dials are as far apart as they should be', async (t) => {
  const time = new FakeTime();
  time.start();
  t.after(() => time.stop());
  const lines: string[] = [];
  let isKnown = false;
  const uplink = new Uplink({
    options: uplinkDefaults,
    urls: () => ['http://a.example:1', 'http://b.example:1'],
    identity: () => ({ gateway: 'g', epoch: 'e' }),
    agent: 'test',
    buffer: newBuffer(),
    clock: time,
    log: { ...silentLog, warn: ({ url, reason }: { url: string; reason: string }) => lines.push(`${url} ${reason}`) },
    lookup: async () => {
      if (isKnown) return [];
      throw Object.assign(new Error('getaddrinfo ENOTFOUND'), { code: 'ENOTFOUND' });
    },
    random: () => 0.5,
  });
  await uplink.start();
  t.after(() => uplink.stop(AbortSignal.abort()));
  await time.advance(3_590_000, 250);
  const unknown = ['a', 'b'].map((name) => `http://${name}.example:1 the host name is unknown (ENOTFOUND)`);
  assert.deepEqual(lines, unknown);
  const { attempts, state } = uplink.status();
  // Two names, each 16 s or more apart once the pauses have grown.
  assert.ok(attempts > 100 && attempts < 2 * (3_600 / 15) + 20, `${attempts} attempts`);
  assert.equal(state.name === 'waiting' && state.reason, unknown.map((one) => one.replace(' ', ': ')).join('; '));
  await time.advance(60_000, 250);
  assert.deepEqual(lines, [...unknown, ...unknown]);
  isKnown = true;
  await time.advance(60_000, 250);
  assert.deepEqual(
    lines.slice(4),
    ['a', 'b'].map((name) => `http://${name}.example:1 the host name has no address`),
  );
});

test('while it tries again it says why there was no connection before, and nothing when it never failed', async (t) => {
  const asked: PromiseWithResolvers<never[]>[] = [];
  const lookup = () => {
    asked.push(Promise.withResolvers());
    return asked.at(-1)!.promise;
  };
  const uplink = connected(t, newBuffer(), 'nowhere.invalid:50052', { retryMin: 15, retryMax: 30 }, { lookup });
  const state = () => uplink.status().state;
  await eventually('the first attempt', () => asked.length === 1);
  assert.deepEqual(state(), { name: 'connecting' });
  asked[0]?.reject(Object.assign(new Error('getaddrinfo ENOTFOUND'), { code: 'ENOTFOUND' }));
  await eventually('the next one', () => asked.length === 2);
  assert.deepEqual(state(), { name: 'connecting', reason: 'the host name is unknown (ENOTFOUND)' });
});

test('a collector that never acknowledges is said to be so once, though each time it takes a while to see', async (t) => {
  let monotonicMs = 0;
  let connections = 0;
  const address = await rudeCollector(t, {
    hello: (call) => {
      connections++;
      call.write(welcome([]));
    },
    upload: () => {
      // So long that a connection without records would count as one that works.
      monotonicMs += 40_000;
    },
  });
  const buffer = newBuffer();
  append(buffer, 1);
  const lines: string[] = [];
  connected(
    t,
    buffer,
    address,
    { acknowledgeTimeout: 1_000, retryMin: 15, retryMax: 30 },
    {
      clock: { now: () => Date.now(), monotonic: () => monotonicMs },
      log: { ...silentLog, warn: ({ reason }: { reason: string }) => lines.push(reason) },
    },
  );
  await eventually('some connections', () => connections >= 3);
  assert.deepEqual(lines, ['nothing sent was acknowledged for 40 s']);
  assert.equal(buffer.totals.waitingRecords, 1);
});
