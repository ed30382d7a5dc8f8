import type { Server } from 'node:http';
import type { Socket } from 'node:net';
import type { FastifyInstance } from 'fastify';
import type { Principal } from '../core/principal.ts';
import { isLoopback } from '../lib/loopback.ts';

/** What callers may ask for, as far as HTTP has to know. Whatever is too much is a {@link HeadgateError}. */
export interface LoadApi {
  /** @throws {HeadgateError} rate.limited */
  take(rate: 'requests' | 'messages' | 'bytes', amount: number, principal: Principal, address: string): void;
  /** @throws {HeadgateError} overload.shed */
  admitRead(): void;
  connectionRefused(): void;
}

/** Never counted and never put off: whoever looks after the gateway has to see how it is. */
const always = new Set(['/api/v1/health/live', '/api/v1/health/ready', '/api/v1/status', '/metrics']);
/** Put off first, when there is more to do than can be done. */
const optional = new Set([
  'GET /api/v1/measurements',
  'GET /graphql',
  'POST /graphql',
  'POST /api/v1/buffer/export',
  'GET /api/v1/topics',
  'GET /api/v1/profiles',
  'GET /api/openapi.json',
  'GET /api/docs',
]);

/** Holds callers to what they may ask for, before their bodies are read. To be added behind the guard, which knows who they are. */
export function addLoadHook(app: FastifyInstance, load: LoadApi): void {
  app.addHook('onRequest', async (request) => {
    const { url = '' } = request.routeOptions;
    if (request.is404 || always.has(url)) return;
    load.take('requests', 1, request.principal, request.ip);
    if (optional.has(`${request.method === 'HEAD' ? 'GET' : request.method} ${url}`)) load.admitRead();
  });
}

/** Lets one other machine have so many connections at a time: what it holds open must not be lacking elsewhere. */
export function limitConnections(server: Server, perAddress: number, refused: () => void): void {
  if (perAddress > 0) server.prependListener('connection', connectionLimit(perAddress, refused));
}

/** Counts a new connection with those of its machine. One too many is closed, and it returns false. */
export function connectionLimit(perAddress: number, refused: () => void): (socket: Socket) => boolean {
  const open = new Map<string, number>();
  return (socket) => {
    const { remoteAddress = '' } = socket;
    if (perAddress === 0 || isLoopback(remoteAddress)) return true;
    const count = (open.get(remoteAddress) ?? 0) + 1;
    if (count > perAddress) {
      refused();
      socket.destroy();
      return false;
    }
    open.set(remoteAddress, count);
    socket.once('close', () => {
      const left = (open.get(remoteAddress) ?? 1) - 1;
      if (left === 0) open.delete(remoteAddress);
      else open.set(remoteAddress, left);
    });
    return true;
  };
}
