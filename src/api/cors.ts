import type { FastifyInstance } from 'fastify';

const allowedHeaders =
  'authorization, content-type, idempotency-key, if-match, if-none-match, last-event-id, prefer, traceparent, x-request-id';
const exposedHeaders = 'etag, location, retry-after, x-request-id, idempotency-replayed';
const maxAgeSeconds = 600;

/**
 * Lets pages of some other origins ask (the Fetch standard's CORS), by token: cookies are of no use to them. Off when there are none.
 * @param origins such as `https://hmi.example.org`
 */
export function addCors(app: FastifyInstance, origins: readonly string[]): void {
  if (origins.length === 0) return;
  app.addHook('onRequest', async (request, reply) => {
    reply.header('vary', 'origin');
    const { origin } = request.headers;
    if (origin === undefined || !origins.includes(origin)) return undefined;
    reply.header('access-control-allow-origin', origin).header('access-control-expose-headers', exposedHeaders);
    if (request.method !== 'OPTIONS' || request.headers['access-control-request-method'] === undefined)
      return undefined;
    reply.header('access-control-allow-methods', 'GET, HEAD, POST, PUT, PATCH, DELETE');
    reply.header('access-control-allow-headers', allowedHeaders);
    return reply.header('access-control-max-age', String(maxAgeSeconds)).code(204).send();
  });
}
