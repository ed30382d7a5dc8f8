import assert from 'node:assert/strict';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { type TestContext, test } from 'node:test';
import { type LinkFault, TcpProxy } from './tcp-proxy.ts';
import { eventually } from './wait.ts';

/** A server that echoes, and remembers what each connection brought. */
async function echo(t: TestContext): Promise<{ port: number; heard: string[]; ended: () => number }> {
  const heard: string[] = [];
  const sockets = new Set<Socket>();
  let ended = 0;
  const server = createServer((socket) => {
    const at = heard.push('') - 1;
    sockets.add(socket);
    socket.on('data', (data) => {
      heard[at] += data.toString();
      socket.write(data);
    });
    socket.on('error', () => {});
    socket.on('close', () => {
      ended += 1;
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return { port: (server.address() as AddressInfo).port, heard, ended: () => ended };
}

class Peer {
  readonly socket: Socket;
  heard = '';
  ending: 'no' | 'end' | string = 'no';

  constructor(t: TestContext, port: number) {
    this.socket = connect({ port, host: '127.0.0.1', noDelay: true });
    this.socket.on('data', (data) => {
      this.heard += data.toString();
    });
    this.socket.on('end', () => {
      this.ending = 'end';
    });
    this.socket.on('error', (error: NodeJS.ErrnoException) => {
      this.ending = error.code ?? 'error';
    });
    t.after(() => this.socket.destroy());
  }

  async says(text: string): Promise<void> {
    this.socket.write(text);
    await eventually(`the echo of ${text}`, () => this.heard.endsWith(text));
  }
}

async function setUp(t: TestContext, fault: LinkFault = { kind: 'none' }) {
  const server = await echo(t);
  const proxy = await TcpProxy.start(t, server.port);
  await proxy.set(fault);
  return { server, proxy, peer: new Peer(t, proxy.port) };
}

test('without a fault bytes go through both ways, and so does an end', async (t) => {
  const { server, peer } = await setUp(t);
  await peer.says('hello');
  peer.socket.end();
  await eventually('the end on the far side', () => server.ended() === 1);
  assert.deepEqual(server.heard, ['hello']);
});

test('refuse: existing connections are reset, new ones refused, and later ones go through on the same port', async (t) => {
  const { proxy, peer } = await setUp(t);
  await peer.says('hello');
  await proxy.set({ kind: 'refuse' });
  await eventually('the reset', () => peer.ending === 'ECONNRESET');
  const refused = new Peer(t, proxy.port);
  await eventually('the refusal', () => refused.ending === 'ECONNREFUSED');
  await proxy.set({ kind: 'none' });
  await new Peer(t, proxy.port).says('again');
});

test('reset: exactly so many bytes get through', async (t) => {
  const { server, proxy, peer } = await setUp(t, { kind: 'reset', afterBytes: 7 });
  peer.socket.write('0123456789');
  await eventually('the reset', () => peer.ending === 'ECONNRESET');
  await eventually('the bytes before it', () => server.heard[0] === '0123456');
  assert.equal(proxy.hits, 1);
});

for (const direction of ['up', 'down', 'both'] as const) {
  test(`black-hole ${direction}: bytes vanish, and nobody hears of it, also afterwards`, async (t) => {
    const { server, proxy, peer } = await setUp(t);
    await peer.says('before');
    await proxy.set({ kind: 'black-hole', direction });
    peer.socket.write('lost');
    await eventually('a hit', () => proxy.hits > 0);
    assert.equal(server.heard[0], direction === 'down' ? 'beforelost' : 'before');
    assert.deepEqual([peer.heard, peer.ending], ['before', 'no']);
    await proxy.set({ kind: 'none' });
    peer.socket.write('still lost');
    await new Peer(t, proxy.port).says('fresh');
    assert.deepEqual([peer.heard, peer.ending], ['before', 'no']);
  });
}

test('throttle: bytes trickle, in order, and run again when it ends', async (t) => {
  const { proxy, peer } = await setUp(t, { kind: 'throttle', bytesPerSecond: 50 });
  const text = 'x'.repeat(40).concat('.');
  const started = performance.now();
  peer.socket.write(text);
  await eventually('a first part', () => peer.heard.length > 0);
  assert.ok(peer.heard.length <= 10, peer.heard);
  await eventually('ten bytes', () => peer.heard.length >= 10);
  assert.ok(performance.now() - started >= 90);
  await proxy.set({ kind: 'none' });
  await eventually('the rest', () => peer.heard === text);
});

test('duplicate: the target hears everything twice, the near side its answers once', async (t) => {
  const { server, peer } = await setUp(t, { kind: 'duplicate' });
  await peer.says('hello');
  await eventually('both copies', () => server.heard.join() === 'hello,hello');
  assert.equal(peer.heard, 'hello');
});

test('replay: what was sent comes once more, on a connection of its own', async (t) => {
  const { server, proxy, peer } = await setUp(t);
  await peer.says('hello');
  await proxy.set({ kind: 'replay' });
  await eventually('the copy', () => server.heard.join() === 'hello,hello');
  await peer.says(' again');
  assert.deepEqual([server.heard.join(), peer.heard], ['hello again,hello', 'hello again']);
});

test('linger: what is sent is held back, the near side is reset, and then it arrives all the same', async (t) => {
  const { server, proxy, peer } = await setUp(t);
  await peer.says('hello');
  await proxy.set({ kind: 'linger', ms: 300 });
  peer.socket.write(' late');
  await eventually('the reset', () => peer.ending === 'ECONNRESET');
  assert.deepEqual([server.heard[0], server.ended()], ['hello', 0]);
  await new Peer(t, proxy.port).says('fresh');
  assert.equal(server.heard[0], 'hello');
  await eventually('the late bytes', () => server.heard[0] === 'hello late');
});
