import type { ServerHttp2Session } from 'node:http2';
import { type AddressInfo, createServer, type Server as NetServer, type Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { type Server, ServerCredentials } from '@grpc/grpc-js';
import { listenError } from '../lib/listen-error.ts';
import type { TlsGate } from './security/tls-gate.ts';

/** A gRPC server's sockets, taken in by ourselves. */
export interface Listener {
  /** `HOST:PORT`, with the real port. */
  readonly address: string;
  /** The TLS of a call's connection, by grpc-js's name of the peer; undefined in plaintext. */
  tlsOf(peer: string): TLSSocket | undefined;
  /** Takes no more connections; resolves when those that there are have ended. */
  close(): Promise<void>;
  /** Cuts those that are left. */
  destroy(): void;
}

/**
 * Listens, and hands what connects to the gRPC server. grpc-js's own `bindAsync` loses the error's code, and gives no
 * way to the HTTP/2 flow-control window: that is 64 KiB, which holds a gateway on a link of 50 ms to 1.3 MB/s.
 *
 * @param windowBytes how much one connection may send ahead
 * @param gate what stands before it; undefined: plaintext
 * @throws HeadgateError `port.*`, `address.*` or `config.*`
 */
export async function listen(
  server: Server,
  host: string,
  port: number,
  windowBytes: number,
  gate: TlsGate | undefined,
): Promise<Listener> {
  const injector = server.createConnectionInjector(ServerCredentials.createInsecure());
  widenWindows(server, windowBytes);
  const sockets = new Set<Socket>();
  const net = createServer({ noDelay: true }, (socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    // A reset by the peer: the stream's own close says all that is to say.
    socket.on('error', () => socket.destroy());
    if (gate === undefined) injector.injectConnection(socket);
    else gate.inject(socket);
  });
  const secured = new Map<string, TLSSocket>();
  await gate?.start((socket) => {
    // What grpc-js says of a peer is all that it tells of a call's connection.
    const peer = `${socket.remoteAddress}:${socket.remotePort}`;
    secured.set(peer, socket);
    socket.on('close', () => secured.delete(peer));
    injector.injectConnection(socket);
  });
  try {
    await bound(net, host, port);
  } catch (error) {
    gate?.stop();
    throw error;
  }
  const { address, port: realPort, family } = net.address() as AddressInfo;
  return {
    address: family === 'IPv6' ? `[${address}]:${realPort}` : `${address}:${realPort}`,
    tlsOf: (peer) => secured.get(peer),
    close: () => new Promise((resolve) => net.close(() => resolve())),
    destroy: () => {
      gate?.stop();
      net.close();
      for (const socket of sockets) socket.destroy();
    },
  };
}

function bound(net: NetServer, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    net.once('error', (error) => reject(listenError(error, 'The collector', `${host}:${port}`)));
    net.listen({ host, port }, () => resolve());
  });
}

/**
 * grpc-js sets a client's windows by `grpc-node.flow_control_window`, but ignores that option in a server (1.14), and its
 * HTTP/2 servers are private. If they are not where they were, windows stay small and all else works: a test notices.
 */
function widenWindows(server: Server, windowBytes: number): void {
  const servers: unknown = Reflect.get(server, 'http2Servers');
  if (!(servers instanceof Map)) return;
  for (const http2Server of servers.keys()) {
    http2Server.on('session', (session: ServerHttp2Session) => {
      session.setLocalWindowSize(windowBytes);
      session.settings({ initialWindowSize: windowBytes });
    });
  }
}
