/** RFC 9457 problem document. `code` is what programs tell problems apart by. */
export interface Problem {
  readonly type: 'about:blank';
  readonly title: string;
  readonly status: number;
  readonly code: string;
  readonly detail: string;
}

export const problemType = 'application/problem+json';

const titles: Readonly<Record<number, readonly [title: string, code: string]>> = {
  400: ['Bad request', 'request.invalid'],
  404: ['Not found', 'route.unknown'],
  405: ['Method not allowed', 'method.not-allowed'],
  408: ['Request timeout', 'request.timeout'],
  413: ['Content too large', 'request.too-large'],
  414: ['URI too long', 'request.too-large'],
  415: ['Unsupported media type', 'request.unsupported'],
  500: ['Internal server error', 'server.failed'],
  503: ['Service unavailable', 'gateway.not-ready'],
};

export function problem(status: number, detail: string): Problem {
  const [title, code] = titles[status] ?? ['Error', 'request.invalid'];
  return { type: 'about:blank', title, status, code, detail };
}
