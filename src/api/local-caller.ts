import { isIP } from 'node:net';
import type { FastifyRequest } from 'fastify';
import { isLoopback } from '../lib/loopback.ts';

/**
 * Whether a request was made on this machine, by a program or by a page that came from this gateway. Nobody has to say who
 * they are yet, so what changes something is for them only. A page from elsewhere that a browser here shows is told by
 * the `Origin` that it has to name; one whose own name was made to lead here, by the `Host`.
 */
export function isLocalCaller({ socket, headers }: Pick<FastifyRequest, 'socket' | 'headers'>): boolean {
  const { host, origin } = headers;
  if (!isLoopback(socket.remoteAddress) || !isLocalName(`http://${host}`)) return false;
  return origin === undefined || (isLocalName(origin) && new URL(origin).host === host);
}

function isLocalName(url: string): boolean {
  if (!URL.canParse(url)) return false;
  const name = new URL(url).hostname.replace(/^\[|\]$/g, '');
  // A host may be called 127.0.0.1.example.org.
  return name === 'localhost' || (isIP(name) !== 0 && isLoopback(name));
}
