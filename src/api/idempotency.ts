import { createHash } from 'node:crypto';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { MonotonicMs } from '../core/time.ts';
import { stringifyExact } from '../lib/exact-json.ts';
import { problem, sendProblem } from './problem.ts';

/** What was answered to a request, and what the request was. */
interface Answer {
  readonly digest: string;
  readonly atMs: MonotonicMs;
  /** Undefined as long as the request is under way. */
  readonly said: { readonly status: number; readonly type: string | undefined; readonly body: string } | undefined;
}

const maxKey = 255;
const rememberMs = 24 * 60 * 60 * 1_000;
const maxAnswers = 10_000;
/** An answer that is longer is not kept: what asks for much can be asked again. In characters. */
const maxAnswer = 64 * 1_024;
const maxAllAnswers = 4 * 1_024 * 1_024;
const writes = new Set(['POST', 'PUT', 'PATCH', 'DELETE']);

declare module 'fastify' {
  interface FastifyRequest {
    /** Under which its answer is kept. */
    idempotencyKey?: string;
  }
}

/**
 * `Idempotency-Key` on everything that changes something (draft-ietf-httpapi-idempotency-key-header): the same request under the same
 * key is answered as it was, and done once; another one under that key is refused with 422, and one that comes while the first
 * is under way with 409. Keys are each caller's own; who does not say who they are has none. An answer that says to try again, or that not all was done, is not kept.
 *
 * Kept for a day, in memory: {@link maxAnswers} at the most, the oldest go first. What is durable beyond a crash is for the
 * routes to say.
 */
export function addIdempotency(app: FastifyInstance, now: () => MonotonicMs): void {
  const answers = new Map<string, Answer>();
  let size = 0;

  const forget = (key: string): void => {
    size -= answers.get(key)?.said?.body.length ?? 0;
    answers.delete(key);
  };
  const keep = (key: string, answer: Answer): void => {
    forget(key);
    answers.set(key, answer);
    size += answer.said?.body.length ?? 0;
    for (const [oldest, { said }] of answers) {
      if (answers.size <= maxAnswers && size <= maxAllAnswers) break;
      if (said !== undefined) forget(oldest);
    }
  };

  app.decorateRequest('idempotencyKey');
  // Once the body is there, and the caller was let in.
  app.addHook('preHandler', async (request, reply): Promise<FastifyReply | undefined> => {
    const given = request.headers['idempotency-key'];
    if (given === undefined || !writes.has(request.method)) return undefined;
    // All who do not say who they are would share theirs.
    if (request.principal.kind === 'nobody') return undefined;
    if (typeof given !== 'string' || !/^[\x21-\x7e]+$/.test(given) || given.length > maxKey) {
      const detail = `\`Idempotency-Key\` must have 1 to ${maxKey} characters, without spaces.`;
      return sendProblem(reply, problem('request.invalid', detail));
    }
    const key = `${request.principal.id}\n${given}`;
    const digest = digestOf(request);
    const known = answers.get(key);
    if (known === undefined || now() - known.atMs > rememberMs) {
      keep(key, { digest, atMs: now(), said: undefined });
      request.idempotencyKey = key;
      return undefined;
    }
    if (known.digest !== digest) {
      return sendProblem(reply, problem('idempotency.conflict', 'This key was used for another request.'));
    }
    const { said } = known;
    if (said === undefined) {
      return sendProblem(reply, problem('idempotency.busy', 'The same request is still under way.'));
    }
    if (said.type !== undefined) reply.type(said.type);
    return reply.code(said.status).header('idempotency-replayed', 'true').send(said.body);
  });
  app.addHook('onSend', async ({ idempotencyKey: key }, reply, payload) => {
    const known = key === undefined ? undefined : answers.get(key);
    if (key === undefined || known === undefined) return;
    const body = payload ?? '';
    const { statusCode: status } = reply;
    const isFinal = status < 500 && status !== 207 && status !== 429 && status !== 408 && status !== 409;
    if (!isFinal || typeof body !== 'string' || body.length > maxAnswer) {
      forget(key);
      return;
    }
    keep(key, { ...known, said: { status, type: reply.getHeader('content-type') as string | undefined, body } });
  });
}

function digestOf({ method, url, body }: FastifyRequest): string {
  const text = typeof body === 'string' ? body : (stringifyExact(body) ?? '');
  return createHash('sha256').update(`${method} ${url}\n${text}`).digest('base64url');
}
