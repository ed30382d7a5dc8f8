import type { FastifyReply } from 'fastify';

/** What every answer says; the page has a policy of its own. */
const headers = {
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cross-origin-resource-policy': 'same-origin',
  'cache-control': 'no-store',
};
const nothingAllowed = "default-src 'none'; frame-ancestors 'none'";

/** Adds the headers that keep browsers from doing harm. */
export function protect(reply: FastifyReply): FastifyReply {
  if (!reply.hasHeader('content-security-policy')) reply.header('content-security-policy', nothingAllowed);
  return reply.headers(headers);
}
