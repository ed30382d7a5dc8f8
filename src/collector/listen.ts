import type { ServerHttp2Session } from 'node:http2';
import type { TLSSocket } from 'node:tls';
import { type Server, ServerCredentials } from '@grpc/grpc-js';
import { type SocketServer, serveSockets } from '../lib/socket-server.ts';
import type { TlsGate } from './security/tls-gate.ts';

/** A gRPC server's sockets, taken in by ourselves. */
export interface Listener extends SocketServer {
  /** The TLS of a call's connection, by grpc-js's name of the peer; undefined in plaintext. */
  tlsOf(peer: string): TLSSocket | undefined;
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
  const secured = new Map<string, TLSSocket>();
  await gate?.start((socket) => {
    // What grpc-js says of a peer is all that it tells of a call's connection.
    const peer = `${socket.remoteAddress}:${socket.remotePort}`;
    secured.set(peer, socket);
    socket.on('close', () => secured.delete(peer));
    injector.injectConnection(socket);
  });
  try {
    const sockets = await serveSockets('The collector', host, port, (socket) => {
      if (gate === undefined) injector.injectConnection(socket);
      else gate.inject(socket);
    });
    return {
      address: sockets.address,
      tlsOf: (peer) => secured.get(peer),
      close: () => sockets.close(),
      destroy: () => {
        gate?.stop();
        sockets.destroy();
      },
    };
  } catch (error) {
    gate?.stop();
    throw error;
  }
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
