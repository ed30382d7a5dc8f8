// What an answer costs without a gateway: a route of fastify alone, which says what it was told to say.
import fastify from 'fastify';
import type { BareRoute } from '../lib/bare-fastify.ts';

process.once('message', async ({ method, path, headers, text }: BareRoute) => {
  const app = fastify();
  app.route({ method, url: path, handler: (_, reply) => reply.headers(headers).send(text) });
  const url = await app.listen({ host: '127.0.0.1', port: 0 });
  process.send!(new URL(url).host);
});
