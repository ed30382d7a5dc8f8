import type { FastifyReply } from 'fastify';
import { type ErrorCode, type Failure, failure, failureOf, kindOf } from '../core/errors.ts';

/** RFC 9457 problem document. */
export interface Problem extends Failure {
  /** The code says what kind of problem it is, and `src/api/README.md` what each is; there is no page about each. */
  readonly type: 'about:blank';
  /** The status in words; the same for every problem with that status. */
  readonly title: string;
  readonly status: number;
}

export const problemType = 'application/problem+json';

/** What a status says that nobody gave a code: Node's, fastify's and our plainest refusals. */
const codes: Readonly<Record<number, ErrorCode>> = {
  400: 'request.invalid',
  401: 'access.unknown',
  403: 'access.denied',
  404: 'request.unknown',
  405: 'method.not-allowed',
  408: 'request.timeout',
  409: 'request.conflict',
  413: 'request.too-large',
  414: 'request.uri-too-long',
  415: 'request.unsupported',
  431: 'request.headers-too-large',
  500: 'server.failed',
  503: 'gateway.not-ready',
};

/**
 * @param what its code; or an HTTP status, of which one that has no code counts as 400 below 500 and as 500 above
 * @param detail one sentence; it goes to whoever asked, so it tells nothing of the inside
 */
export function problem(what: ErrorCode | number, detail: string, retryAfterSeconds?: number): Problem {
  const code = typeof what === 'string' ? what : (codes[what] ?? codes[what < 500 ? 400 : 500]!);
  return asProblem(failure(code, detail, retryAfterSeconds));
}

/** What something that was thrown is called here. */
export function problemOf(error: unknown): Problem {
  return asProblem(failureOf(error));
}

function asProblem(said: Failure): Problem {
  const { http, title } = kindOf(said.code);
  return { type: 'about:blank', title, status: http, ...said };
}

export function sendProblem(reply: FastifyReply, what: Problem): FastifyReply {
  reply.headers(headersOf(what));
  const { id } = reply.request;
  reply.header('x-request-id', id);
  return reply
    .code(what.status)
    .type(problemType)
    .send({ ...what, requestId: id });
}

function headersOf({ status, retryAfterSeconds }: Problem): Readonly<Record<string, string>> {
  return {
    // RFC 9110 §11.6.1: a 401 says how one may say who one is.
    ...(status === 401 && { 'www-authenticate': 'Bearer realm="headgate"' }),
    ...(retryAfterSeconds && { 'retry-after': String(Math.ceil(retryAfterSeconds)) }),
  };
}

/**
 * What a connection is told that spoke no readable HTTP, or too slowly, or at too great length: a whole response, as there
 * is no request to answer.
 *
 * @param code of the error that Node's HTTP parser met
 */
export function unreadableRequest(code: string | undefined): string {
  const [status, detail] = reasons[code ?? ''] ?? ([400, 'This is no HTTP request that can be read.'] as const);
  return rawAnswer(problem(status, detail));
}

/** A problem as a whole response, after which the connection is over, for where there is no request to answer. */
export function rawAnswer(body: Problem): string {
  const text = JSON.stringify(body);
  return [
    `HTTP/1.1 ${body.status} ${body.title}`,
    `content-type: ${problemType}`,
    `content-length: ${Buffer.byteLength(text)}`,
    ...Object.entries(headersOf(body)).map(([name, value]) => `${name}: ${value}`),
    'connection: close',
    '',
    text,
  ].join('\r\n');
}

const reasons: Readonly<Record<string, readonly [status: number, detail: string]>> = {
  ERR_HTTP_REQUEST_TIMEOUT: [408, 'The request did not arrive in time.'],
  HPE_HEADER_OVERFLOW: [431, 'The request has longer headers than are taken.'],
};
