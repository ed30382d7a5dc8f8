import type { Socket } from 'node:net';
import { createServer, type SecureContextOptions, type Server, type TLSSocket } from 'node:tls';
import type { Log } from '../../lib/log.ts';

/** How long a handshake may take, in ms. */
const handshakeMs = 10_000;
/** A failed handshake is told of once in this time, in ms: whoever scans ports must not fill the log. */
const quietMs = 60_000;

export interface TlsDoorDependencies {
  readonly context: SecureContextOptions;
  /** Gets each connection once its handshake is done. */
  readonly accept: (socket: TLSSocket) => void;
  readonly log: Log;
  /** Default 10,000. */
  readonly handshakeMs?: number;
}

/** TLS before the gRPC server: the server of `node:tls` does not listen, it is given its sockets, so that its context can be changed. */
export class TlsDoor {
  readonly server: Server;
  readonly #log: Log;
  #toldAt = Number.NEGATIVE_INFINITY;

  /** @throws what OpenSSL says of a context that can't be used */
  constructor({ context, accept, log, handshakeMs: handshakeTimeout = handshakeMs }: TlsDoorDependencies) {
    this.#log = log;
    this.server = createServer({ ...context, ALPNProtocols: ['h2'], handshakeTimeout });
    this.server.on('secureConnection', (socket) => {
      socket.on('error', () => socket.destroy());
      // Who names no protocol gets this far, and nothing but HTTP/2 is spoken here.
      if (socket.alpnProtocol === 'h2') accept(socket);
      else socket.destroy();
    });
    this.server.on('tlsClientError', (error, socket) => {
      this.#failed(error, socket.remoteAddress ?? 'unknown');
      // One that says nothing would stay.
      socket.destroy();
    });
  }

  /** Takes in a TCP connection. */
  inject(socket: Socket): void {
    this.server.emit('connection', socket);
  }

  #failed(error: NodeJS.ErrnoException, from: string): void {
    // Who goes away without a word is told of by nobody.
    if (error.code === 'ECONNRESET') return;
    const now = performance.now();
    if (now - this.#toldAt < quietMs) return;
    this.#toldAt = now;
    const hint = 'Clients need TLS here, with the authority of `grpc.tls` (README, "Who may do what").';
    this.#log.warn({ from, reason: error.code ?? error.message, hint }, 'A TLS handshake for gRPC failed.');
  }
}
