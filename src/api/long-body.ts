import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';

/** Nothing came for so long: whoever sends it is gone. */
const idleMs = 60_000;
const sockets = new WeakSet<Socket>();

/**
 * The body of a request that may take as long as it takes, as long as something comes: the server's limit for whole requests is not for
 * it. Whoever stops reading in the middle may still answer: the rest is thrown away then.
 */
export function longBody(request: IncomingMessage): AsyncIterable<Uint8Array> {
  const { socket } = request;
  sockets.add(socket);
  const end = () => {
    sockets.delete(socket);
    socket.setTimeout(0);
    socket.off('timeout', giveUp);
  };
  const giveUp = () => request.destroy(new Error(`nothing came for ${idleMs / 1_000} s`));
  socket.setTimeout(idleMs);
  socket.once('timeout', giveUp);
  request.once('close', end);
  return request.iterator({ destroyOnReturn: false }) as AsyncIterable<Uint8Array>;
}

/** Node tells once of each request that takes longer than all may, and leaves it to the server what to do about it. */
export function mayTakeLong(socket: Socket): boolean {
  return sockets.has(socket);
}
