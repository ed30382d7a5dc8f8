import type { FastifyReply, FastifyRequest } from 'fastify';
import { isLocalCaller } from './local-caller.ts';
import { problem, sendProblem } from './problem.ts';

/** Hook of what is only for callers on this machine. */
export async function refuseRemote(request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply | undefined> {
  if (isLocalCaller(request)) return undefined;
  return sendProblem(reply, problem(403, 'This is only for callers on the gateway itself, at its loopback address.'));
}
