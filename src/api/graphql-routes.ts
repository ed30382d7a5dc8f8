import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { traceIdIn } from '../lib/trace-context.ts';
import type { GraphqlEngine, GraphqlRequest } from './graphql/engine.ts';
import { needsLong } from './guard.ts';
import { problem, sendProblem } from './problem.ts';

const url = '/graphql';
const mediaType = 'application/graphql-response+json';

/** `POST /graphql`, and `GET` for what only reads, as GraphQL over HTTP has it. */
export function addGraphqlRoutes(app: FastifyInstance, engine: () => Promise<GraphqlEngine>): void {
  const answer = async (asked: GraphqlRequest | string, request: FastifyRequest, reply: FastifyReply) => {
    if (typeof asked === 'string') return sendProblem(reply, problem('request.invalid', asked));
    const isReadOnly = request.method !== 'POST';
    const traceId = traceIdIn(request.headers.traceparent);
    const result = await (await engine()).answer(asked, request.principal, isReadOnly, traceId);
    const wantsOwn = request.headers.accept?.includes(mediaType) === true;
    // GraphQL over HTTP 6.4: what was not carried out at all is a 400 in the newer form; in the older one also where it can be told.
    reply.code('data' in result ? 200 : 400).type(`${wantsOwn ? mediaType : 'application/json'}; charset=utf-8`);
    return reply.send(JSON.stringify(result));
  };
  app.post(url, needsLong('somebody'), (request, reply) => answer(askedIn(request.body), request, reply));
  app.get(url, needsLong('somebody'), (request, reply) => answer(askedInUrl(request.query), request, reply));
}

/** @returns a sentence when it asks for nothing */
function askedIn(body: unknown): GraphqlRequest | string {
  if (typeof body !== 'object' || body === null || Array.isArray(body))
    return 'The body must be a JSON object with `query`.';
  const { query, operationName, variables } = body as Readonly<Record<string, unknown>>;
  if (typeof query !== 'string') return '`query` must be a text.';
  if (typeof (operationName ?? '') !== 'string') return '`operationName` must be a text.';
  if (typeof (variables ?? {}) !== 'object' || Array.isArray(variables)) return '`variables` must be an object.';
  return {
    query,
    operationName: (operationName ?? undefined) as string | undefined,
    variables: (variables ?? undefined) as Readonly<Record<string, unknown>> | undefined,
  };
}

function askedInUrl(parameters: unknown): GraphqlRequest | string {
  const { variables, ...rest } = parameters as Readonly<Record<string, unknown>>;
  if (variables === undefined || variables === '') return askedIn(rest);
  try {
    return askedIn({ ...rest, variables: JSON.parse(String(variables)) });
  } catch {
    // It came from outside.
    return '`variables` is no JSON.';
  }
}
