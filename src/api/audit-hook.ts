import type { FastifyInstance } from 'fastify';
import type { AuditLog } from '../auth/audit.ts';

const changing = new Set(['POST', 'PUT', 'PATCH', 'DELETE']);

/** Notes what administrators change by routes that don't note it themselves, and what somebody was not allowed to. */
export function addAudit(app: FastifyInstance, audit: AuditLog): void {
  app.addHook('onResponse', async (request, reply) => {
    const { method, principal, ip, url, routeOptions } = request;
    const { needs, isNotedItself } = routeOptions.config ?? {};
    const isAdmin = typeof needs === 'object' && needs.kind === 'admin';
    if (!isAdmin || !changing.has(method) || principal === null) return;
    const { statusCode: status } = reply;
    const isRefused = status === 401 || status === 403;
    if (isNotedItself && !isRefused) return;
    audit.note({
      who: principal.name,
      kind: principal.kind,
      from: ip,
      // Of what was refused only the route: anybody may ask for any path, and as often as they like.
      what: `${method} ${isRefused ? routeOptions.url : url.split('?', 1)[0]}`,
      outcome: isRefused ? 'refused' : status < 400 ? 'done' : 'failed',
    });
  });
}
