import type { FastifyReply } from 'fastify';

/** Says when nobody waits for the answer any more. */
export function closedSignal(reply: FastifyReply): AbortSignal {
  const closed = new AbortController();
  reply.raw.once('close', () => closed.abort());
  return closed.signal;
}
