import { Socket } from 'node:net';
import { messageOf } from '../../core/errors.ts';
import type { Connection } from '../serial/connection.ts';

/** How long a server may take to accept, in ms. */
const connectMs = 10_000;
/** A server that is gone without a word is noticed after about this plus what the system waits, in ms. */
const keepAliveMs = 10_000;
/** What may wait for a server that takes nothing. */
const maxUnsentBytes = 4096;

/**
 * Connects to a Modbus TCP server.
 *
 * @throws what the system says, as an Error
 */
export async function openTcpConnection(
  host: string,
  port: number,
  onData: (bytes: Uint8Array) => void,
  signal: AbortSignal,
): Promise<Connection> {
  const socket = new Socket();
  const { promise, resolve } = Promise.withResolvers<string>();
  let why: string | undefined;
  await new Promise<void>((opened, failed) => {
    const abort = (): void => void socket.destroy(new Error('The gateway stops.'));
    signal.addEventListener('abort', abort, { once: true });
    const timer = setTimeout(() => socket.destroy(new TooSlow()), connectMs);
    socket.once('connect', () => {
      clearTimeout(timer);
      signal.removeEventListener('abort', abort);
      opened();
    });
    socket.once('error', failed);
    socket.once('close', () => {
      clearTimeout(timer);
      signal.removeEventListener('abort', abort);
      failed(new Error('It was closed.'));
    });
    socket.setNoDelay(true);
    socket.setKeepAlive(true, keepAliveMs);
    socket.connect({ host, port });
  });
  socket.on('data', onData);
  socket.on('error', (error) => {
    why ??= `The connection failed: ${messageOf(error)}.`;
  });
  socket.on('close', () => resolve(why ?? 'The other end closed the connection.'));
  return {
    closed: promise,
    pause: () => socket.pause(),
    resume: () => socket.resume(),
    write: (bytes) => {
      if (socket.writableLength >= maxUnsentBytes) return false;
      socket.write(bytes);
      return true;
    },
    close: (reason) => {
      why ??= reason;
      socket.off('data', onData);
      socket.destroy();
    },
  };
}

class TooSlow extends Error {
  readonly code = 'ETIMEDOUT';
}

/** Why a server could not be connected to and what to do about it, as a sentence. */
export function connectFailureText(host: string, port: number, error: unknown): string {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  const where = `${host}:${port}`;
  if (code === 'ECONNREFUSED') return `${where} refused the connection: is Modbus TCP switched on there, at this port?`;
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN') return `There is no host ${host}, as far as the name server knows.`;
  if (code === 'ETIMEDOUT' || code === 'EHOSTUNREACH' || code === 'ENETUNREACH')
    return `${where} did not answer: is it on, and is this its address?`;
  return `${where} could not be connected to: ${messageOf(error).replace(/\.$/, '')}.`;
}
