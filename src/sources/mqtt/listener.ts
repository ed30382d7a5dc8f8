import { constants } from 'node:crypto';
import { createServer, type Server } from 'node:net';
import { createServer as createTlsServer, type SecureContextOptions } from 'node:tls';
import type { ByteStream } from '../../lib/byte-stream.ts';
import { boundTo, listenError } from '../../lib/listen-error.ts';

/** What a listener has to be told. */
export interface Listening {
  readonly host: string;
  readonly port: number;
  /** A connection on which a client will say CONNECT. */
  readonly accept: (stream: ByteStream) => void;
  readonly maxConnections: number;
  readonly tls?: ListeningByTls;
}

export interface ListeningByTls {
  readonly context: SecureContextOptions;
  /** Turns clients away that have no certificate which the context's authorities signed. */
  readonly requiresCertificate: boolean;
  readonly handshakeMs: number;
  /** A handshake came to nothing. */
  readonly onFailure: (from: string | undefined, error: Error) => void;
}

/** A TCP port on which clients are taken in. */
export class Listener {
  #server: Server | undefined;
  #address = '';

  /** Where it listens, `127.0.0.1:1883`; empty before it does. */
  get address(): string {
    return this.#address;
  }

  /** @returns the server @throws {HeadgateError} port.taken, port.forbidden or address.unavailable */
  async start<L extends Listening>({ host, port, accept, maxConnections, tls }: L): Promise<Server> {
    const server =
      tls === undefined ? createServer({ noDelay: true, keepAlive: true }, accept) : tlsServer(tls, accept);
    // Those in a handshake count as well, and are no clients yet.
    if (tls !== undefined) server.maxConnections = maxConnections * 2;
    this.#server = server;
    await new Promise<void>((resolve, reject) => {
      server.once('error', (error) => reject(listenError(error, 'MQTT', `${host}:${port}`)));
      server.listen({ host, port, backlog: 1024 }, resolve);
    });
    this.#address = boundTo(server);
    return server;
  }

  /** Takes in nobody any more. Settled when those that it took in are gone. */
  close(): Promise<void> {
    return new Promise((resolve) => {
      if (this.#server?.listening) this.#server.close(() => resolve());
      else resolve();
    });
  }
}

function tlsServer(
  { context, requiresCertificate, handshakeMs, onFailure }: ListeningByTls,
  accept: Listening['accept'],
) {
  const server = createTlsServer({
    ...context,
    noDelay: true,
    keepAlive: true,
    // Asked for, so that whoever has one can show it; the gate looks at it.
    requestCert: true,
    rejectUnauthorized: requiresCertificate,
    handshakeTimeout: handshakeMs,
    // A connection that is resumed shows no certificate.
    secureOptions: constants.SSL_OP_NO_TICKET,
  });
  server.on('secureConnection', accept);
  server.on('tlsClientError', ({ message }, socket) => {
    onFailure(socket.remoteAddress, new Error(`TLS handshake failed: ${message}`));
    socket.destroy();
  });
  return server;
}
