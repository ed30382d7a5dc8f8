import type { Socket } from 'node:net';
import type { Client } from 'aedes';

/** What becomes of one delivery to one subscriber. */
export type Delivery = 'deliver' | 'skip' | 'disconnect';

/**
 * A subscriber that reads slowly must not hold up the others, and what waits for it must not grow without bound. So
 * up to `maxUnsent` bytes wait in its socket as if they had been sent; beyond it a QoS 0 message leaves it out, and
 * a QoS 1 or 2 message, which it must not miss without knowing, ends its connection.
 */
export function deliveryTo(unsentBytes: number, maxUnsent: number, qos: number): Delivery {
  if (unsentBytes <= maxUnsent) return 'deliver';
  return qos === 0 ? 'skip' : 'disconnect';
}

/**
 * Makes `write` say "go on" until `maxUnsent` bytes wait. aedes passes a message on to its subscribers together and
 * waits for all of them when a socket's write returns false, which it does beyond 16 KiB: one frozen reader would
 * hold up every publisher.
 */
export function allowUnsent(socket: Socket, maxUnsent: number): void {
  const write = socket.write.bind(socket) as (...args: unknown[]) => boolean;
  socket.write = (...args: unknown[]): boolean => {
    write(...args);
    return socket.writableLength <= maxUnsent;
  };
}

export function unsentOf(client: Client): number {
  return (client.conn as Socket).writableLength;
}

/** The connections that have not said CONNECT yet, oldest first: the ones that make room when there is none. */
export class Newcomers {
  readonly #sockets = new Set<Socket>();

  add(socket: Socket): void {
    this.#sockets.add(socket);
    socket.once('close', () => this.#sockets.delete(socket));
  }

  /** It has said CONNECT and was accepted. */
  settle(socket: Socket): void {
    this.#sockets.delete(socket);
  }

  /** Ends the oldest one's connection; false when there is none. */
  evictOldest(): boolean {
    for (const socket of this.#sockets) {
      this.#sockets.delete(socket);
      socket.destroy();
      return true;
    }
    return false;
  }
}
