import type { FastifyInstance } from 'fastify';
import { lazy } from '../lib/lazy.ts';
import { needs } from './guard.ts';

const html = 'text/html; charset=utf-8';

/** `GET /api/openapi.json`: what there is, in OpenAPI 3.1; and `GET /api/docs`, the same for people. Loaded when asked for. */
export function addDocsRoutes(app: FastifyInstance): void {
  const text = lazy(async () => {
    const { default: document } = await import('./openapi.json', { with: { type: 'json' } });
    return JSON.stringify(document);
  });
  app.get('/api/openapi.json', needs('nothing'), async (_request, reply) =>
    reply.type('application/json; charset=utf-8').send(await text()),
  );
  app.get('/api/docs', needs('nothing'), async (_request, reply) => {
    const { docsPage, docsPolicy } = await import('./docs-page.ts');
    return reply.type(html).header('content-security-policy', docsPolicy).send(docsPage);
  });
}
