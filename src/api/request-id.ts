import { randomBytes } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { FastifyInstance } from 'fastify';

const header = 'x-request-id';
/** What others call a request is kept when it can stand in a log and in a header as it is. */
const pattern = /^[\w.:+/=-]{1,128}$/;
const run = randomBytes(4).toString('hex');
let count = 0;

/** What a request is called: as its sender calls it, or else unique among all of this gateway's. */
export function requestIdOf({ headers }: Pick<IncomingMessage, 'headers'>): string {
  const given = headers[header];
  if (typeof given === 'string' && pattern.test(given)) return given;
  count++;
  return `${run}-${count.toString(36)}`;
}

/** Every answer says what its request is called; problem documents do, and the log. */
export function addRequestIds(app: FastifyInstance): void {
  app.addHook('onRequest', async (request, reply) => {
    reply.header(header, request.id);
  });
}
