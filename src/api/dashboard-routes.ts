import { readdirSync, readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { encodingOf } from './compression.ts';
import { needs } from './guard.ts';

/** Where the built dashboard is: beside the program when it is packaged, at the top when it runs unbuilt. */
const places = [join(import.meta.dirname, '../ui'), join(import.meta.dirname, '../../dist/ui')];

/** Nothing but what comes from this gateway, and nothing that is written into the page. */
const policy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data:",
  "connect-src 'self'",
  "worker-src 'self'",
  "manifest-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

const types: Readonly<Record<string, string>> = {
  js: 'text/javascript; charset=utf-8',
  css: 'text/css; charset=utf-8',
  svg: 'image/svg+xml',
  json: 'application/json; charset=utf-8',
  webmanifest: 'application/manifest+json',
  png: 'image/png',
};

const missing = `<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>Headgate</title>
<h1>The dashboard is not built</h1><p><code>npm run build</code> builds it; <code>npm ci</code> does so too. The gateway works without:
<a href="api/v1/status">its status</a>, <a href="api/docs">its API</a>.`;

/**
 * `GET /` is the dashboard, and `/ui/…` what it consists of, as `npm run build` made it: also compressed, and named after their
 * contents, so that a browser asks for each once. Only what was there at the first request is handed out.
 *
 * @param folders of which the first that has a page is taken
 */
export function addDashboardRoutes(app: FastifyInstance, folders = places): void {
  const folder = found(folders);
  app.get('/', needs('nothing'), async (request, reply) => {
    reply.type('text/html; charset=utf-8').header('content-security-policy', policy);
    if (folder === undefined) return reply.code(503).send(missing);
    // It names the files of this version, so it is asked for each time.
    reply.header('cache-control', 'no-cache');
    return send(request, reply, join(folder, 'index.html'));
  });
  const files = folder === undefined ? undefined : new Set(filesIn(join(folder, 'ui')));
  app.get<{ Params: { file: string } }>('/ui/:file', needs('nothing'), async (request, reply) => {
    const { file } = request.params;
    if (folder === undefined || files?.has(file) !== true) return reply.callNotFound();
    // A worker's own answer says what it may ask.
    reply.header('content-security-policy', policy);
    reply.type(types[file.slice(file.lastIndexOf('.') + 1)] ?? 'application/octet-stream');
    reply.header('cache-control', 'public, max-age=31536000, immutable');
    return send(request, reply, join(folder, 'ui', file));
  });
}

/** The file, compressed if there is such a one and it is taken. */
async function send(request: FastifyRequest, reply: FastifyReply, path: string): Promise<FastifyReply> {
  const encoding = encodingOf(request.headers['accept-encoding'], false);
  reply.header('vary', 'accept-encoding');
  for (const [name, end] of [['br', '.br'] as const, ['gzip', '.gz'] as const]) {
    if (encoding !== name && !(encoding === 'br' && name === 'gzip')) continue;
    try {
      const bytes = await readFile(path + end);
      return reply.header('content-encoding', name).send(bytes);
    } catch {
      // Not compressed: too small, or a picture.
    }
  }
  return reply.send(await readFile(path));
}

function filesIn(folder: string): string[] {
  return readdirSync(folder).filter((name) => !/\.(?:br|gz)$/.test(name));
}

/** The first of them that has a page. */
function found(folders: readonly string[]): string | undefined {
  return folders.find((folder) => {
    try {
      return readFileSync(join(folder, 'index.html')).length > 0;
    } catch {
      // Not there, or not this one.
      return false;
    }
  });
}
