import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import type { TestContext } from 'node:test';
import { atEnd } from './at-end.ts';

/** A way to a server that breaks after some bytes, wherever they end: in a head, a frame, a handshake or an event. */
export class CuttingProxy {
  readonly #target: { readonly host: string; readonly port: number };
  readonly #sockets = new Set<Socket>();
  /** Of what the server says on the next connection, so many bytes arrive. */
  cutAfter = Number.POSITIVE_INFINITY;
  address = '';

  private constructor(target: string) {
    const [host = '', port] = target.split(':');
    this.#target = { host, port: Number(port) };
  }

  static async open(t: TestContext, target: string): Promise<CuttingProxy> {
    const proxy = new CuttingProxy(target);
    const server = createServer((client) => proxy.#pass(client)).listen(0, '127.0.0.1');
    await once(server, 'listening');
    proxy.address = `127.0.0.1:${(server.address() as { port: number }).port}`;
    atEnd(t, () => {
      server.close();
      for (const socket of proxy.#sockets) socket.destroy();
    });
    return proxy;
  }

  #pass(client: Socket): void {
    const server = connect(this.#target.port, this.#target.host);
    let left = this.cutAfter;
    const end = (): void => {
      for (const socket of [client, server]) {
        socket.destroy();
        this.#sockets.delete(socket);
      }
    };
    for (const socket of [client, server]) {
      this.#sockets.add(socket);
      socket.on('error', end);
      socket.on('close', end);
    }
    client.on('data', (piece) => server.write(piece));
    server.on('data', (piece: Buffer) => {
      if (left <= 0) return;
      const arriving = piece.subarray(0, left);
      left -= arriving.length;
      // What has arrived is read before the end is noticed.
      if (left > 0) client.write(arriving);
      else client.end(arriving, end);
    });
  }
}
