import { createHash } from 'node:crypto';
import type { FastifyInstance } from 'fastify';

const polled = /^(?:application\/json|text\/html)\b/;

/**
 * What is read again and again has an `etag`, and whoever has it already is told so with 304 (RFC 9110 § 13.1.2). It is a weak one, as
 * it is the same whether the answer is compressed or not.
 */
export function addEtags(app: FastifyInstance): void {
  app.addHook('onSend', async ({ method, headers }, reply, payload) => {
    if ((method !== 'GET' && method !== 'HEAD') || reply.statusCode !== 200 || typeof payload !== 'string')
      return payload;
    if (reply.hasHeader('etag') || !polled.test(String(reply.getHeader('content-type')))) return payload;
    const tag = etagOf(payload);
    reply.header('etag', tag).header('cache-control', 'private, no-cache');
    if (!isOneOf(headers['if-none-match'], tag)) return payload;
    reply.code(304).removeHeader('content-type').removeHeader('content-length');
    return '';
  });
}

export function etagOf(text: string): string {
  return `W/"${createHash('sha1').update(text).digest('base64url').slice(0, 20)}"`;
}

/** Whether a tag is one of those that `If-Match` or `If-None-Match` names, by the weak comparison (§ 8.8.3.2). */
export function isOneOf(header: string | undefined, tag: string): boolean {
  if (header === undefined) return false;
  const plain = (one: string): string => one.trim().replace(/^W\//, '');
  return header.split(',').some((one) => one.trim() === '*' || plain(one) === plain(tag));
}
