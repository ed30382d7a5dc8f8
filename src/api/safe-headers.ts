import type { FastifyReply } from 'fastify';

/** What every answer says; the page has a policy of its own. */
const headers = {
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cross-origin-resource-policy': 'same-origin',
};
const nothingAllowed = "default-src 'none'; frame-ancestors 'none'";

/** Adds the headers that keep browsers from doing harm. */
export function protect(reply: FastifyReply): FastifyReply {
  if (!reply.hasHeader('content-security-policy')) reply.header('content-security-policy', nothingAllowed);
  // The files of the dashboard may be kept.
  if (!reply.hasHeader('cache-control')) reply.header('cache-control', 'no-store');
  return reply.headers(headers);
}
