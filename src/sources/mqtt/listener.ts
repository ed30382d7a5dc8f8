import { createServer, type Server } from 'node:net';
import type { ByteStream } from '../../lib/byte-stream.ts';
import { boundTo, listenError } from '../../lib/listen-error.ts';

/** A TCP port on which clients are taken in. */
export class Listener {
  #server: Server | undefined;
  #address = '';

  /** Where it listens, `127.0.0.1:1883`; empty before it does. */
  get address(): string {
    return this.#address;
  }

  /** @throws {HeadgateError} port.taken, port.forbidden or address.unavailable */
  async start(host: string, port: number, accept: (stream: ByteStream) => void): Promise<void> {
    const server = createServer({ noDelay: true, keepAlive: true }, accept);
    this.#server = server;
    await new Promise<void>((resolve, reject) => {
      server.once('error', (error) => reject(listenError(error, 'MQTT', `${host}:${port}`)));
      server.listen({ host, port, backlog: 1024 }, resolve);
    });
    this.#address = boundTo(server);
  }

  /** Takes in nobody any more. Settled when those that it took in are gone. */
  close(): Promise<void> {
    return new Promise((resolve) => {
      if (this.#server?.listening) this.#server.close(() => resolve());
      else resolve();
    });
  }
}
