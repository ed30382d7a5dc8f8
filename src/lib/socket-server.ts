import { type AddressInfo, createServer, type Socket } from 'node:net';
import { listenError } from './listen-error.ts';

/** A listener that hands its sockets on. */
export interface SocketServer {
  /** `HOST:PORT`, with the real port. */
  readonly address: string;
  /** Takes no more connections; resolves when those that there are have ended. */
  close(): Promise<void>;
  /** Cuts those that are left. */
  destroy(): void;
}

/**
 * Listens, for a server that is given its sockets.
 *
 * @param what the server in a reader's words: `the collector`
 * @throws {HeadgateError} port.taken, port.forbidden or address.unavailable
 */
export async function serveSockets(
  what: string,
  host: string,
  port: number,
  onSocket: (socket: Socket) => void,
): Promise<SocketServer> {
  const sockets = new Set<Socket>();
  const server = createServer({ noDelay: true }, (socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    // A reset by the peer: the stream's own close says all that is to say.
    socket.on('error', () => socket.destroy());
    onSocket(socket);
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error) => reject(listenError(error, what, `${host}:${port}`)));
    server.listen({ host, port }, () => resolve());
  });
  const { address, port: realPort, family } = server.address() as AddressInfo;
  return {
    address: family === 'IPv6' ? `[${address}]:${realPort}` : `${address}:${realPort}`,
    close: () => new Promise((resolve) => server.close(() => resolve())),
    destroy: () => {
      server.close();
      for (const socket of sockets) socket.destroy();
    },
  };
}
