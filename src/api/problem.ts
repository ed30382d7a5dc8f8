import type { FastifyReply } from 'fastify';
import { type ErrorCode, HeadgateError } from '../core/errors.ts';

/** RFC 9457 problem document. */
export interface Problem {
  /** The status says what kind of problem it is; there is no page about each. */
  readonly type: 'about:blank';
  /** The status in words; the same for every problem with that status. */
  readonly title: string;
  readonly status: number;
  /** What programs tell problems apart by. */
  readonly code: string;
  /** What is wrong with this request, in a sentence for people. */
  readonly detail: string;
}

export const problemType = 'application/problem+json';

/** By HTTP status. A status that is not here counts as 400 below 500 and as 500 above. */
const kinds: Readonly<Record<number, readonly [title: string, code: string]>> = {
  400: ['Bad request', 'request.invalid'],
  401: ['Unauthorized', 'access.unknown'],
  403: ['Forbidden', 'access.denied'],
  404: ['Not found', 'route.unknown'],
  405: ['Method not allowed', 'method.not-allowed'],
  408: ['Request timeout', 'request.timeout'],
  409: ['Conflict', 'request.conflict'],
  413: ['Content too large', 'request.too-large'],
  414: ['URI too long', 'request.too-large'],
  415: ['Unsupported media type', 'request.unsupported'],
  431: ['Request header fields too large', 'request.too-large'],
  500: ['Internal server error', 'server.failed'],
  503: ['Service unavailable', 'gateway.not-ready'],
};

/** By code of an error: the status that it has here. What is not in it is our own failure, of which nothing is told. */
const statuses: Partial<Record<ErrorCode, number>> = {
  'directory.not-empty': 409,
  'access.unknown': 401,
  'access.denied': 403,
  'request.conflict': 409,
  'backup.failed': 500,
  'buffer.failed': 503,
  'buffer.full': 503,
  'buffer.closed': 503,
};

/** @param detail one sentence; it goes to whoever asked, so it tells nothing of the inside */
export function problem(status: number, detail: string): Problem {
  const known = kinds[status] === undefined ? (status < 500 ? 400 : 500) : status;
  const [title, code] = kinds[known]!;
  return { type: 'about:blank', title, status: known, code, detail };
}

/** What an expected failure is called here, under its own code and with what to do; undefined when it is not expected. */
export function problemOf(error: unknown): Problem | undefined {
  if (!(error instanceof HeadgateError)) return undefined;
  const status = statuses[error.code];
  if (status === undefined) return undefined;
  return { ...problem(status, `${error.message} ${error.advice}`), code: error.code };
}

export function sendProblem(reply: FastifyReply, what: Problem): FastifyReply {
  // A 401 names a way to say who one is (RFC 9110 § 15.5.2).
  if (what.status === 401) reply.header('www-authenticate', 'Bearer realm="headgate"');
  return reply.code(what.status).type(problemType).send(what);
}

/**
 * What a connection is told that spoke no readable HTTP, or too slowly, or at too great length: a whole response, as there
 * is no request to answer.
 *
 * @param code of the error that Node's HTTP parser met
 */
export function unreadableRequest(code: string | undefined): string {
  const [status, detail] = reasons[code ?? ''] ?? ([400, 'This is no HTTP request that can be read.'] as const);
  const body = problem(status, detail);
  const text = JSON.stringify(body);
  return [
    `HTTP/1.1 ${status} ${body.title}`,
    `content-type: ${problemType}`,
    `content-length: ${Buffer.byteLength(text)}`,
    'connection: close',
    '',
    text,
  ].join('\r\n');
}

const reasons: Readonly<Record<string, readonly [status: number, detail: string]>> = {
  ERR_HTTP_REQUEST_TIMEOUT: [408, 'The request did not arrive in time.'],
  HPE_HEADER_OVERFLOW: [431, 'The request has longer headers than are taken.'],
};
