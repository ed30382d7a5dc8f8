import { createServer as createHttp, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createHttps } from 'node:https';
import type { SecureContextOptions } from 'node:tls';
import { isNearbyCaller } from '../../api/local-caller.ts';
import { type Problem, problem, problemType } from '../../api/problem.ts';
import { messageOf } from '../../core/errors.ts';
import { boundTo } from '../../lib/listen-error.ts';
import type { Log } from '../../lib/log.ts';
import { bundlePath, failurePage, failurePolicy, safeModePath, tryAgainPath, waitingPage } from './failure-page.ts';
import type { Told } from './told.ts';

export interface FailureServerDependencies {
  readonly told: () => Told;
  /** When it is tried again by itself, in a sentence. */
  readonly again: string;
  /** Gzipped JSON. */
  readonly bundle: () => Promise<Buffer>;
  readonly onTryAgain: () => void;
  readonly onSafeMode: () => void;
  readonly log: Log;
}

const strangers = 'The gateway could not start; look at its console.';
/** Whoever holds connections open here must not keep people from seeing the page. */
const maxConnections = 100;
const programs = /^\/(api|graphql|mqtt|metrics)(\/|\?|$)/;
const safe = {
  'x-content-type-options': 'nosniff',
  // Without it a browser would not say that a form came from this page.
  'referrer-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'cache-control': 'no-store',
  connection: 'close',
};

/**
 * Answers on the gateway's port while the gateway can't. Whoever could set a gateway up (on this machine or in its network, not through a
 * proxy) is told everything but secrets; anybody else that it did not start.
 */
export class FailureServer {
  readonly #deps: FailureServerDependencies;
  #server: Server | undefined;

  constructor(deps: FailureServerDependencies) {
    this.#deps = deps;
  }

  /** @returns where, as `HOST:PORT`. @throws what listening failed with */
  async listen(host: string, port: number, tls?: SecureContextOptions): Promise<string> {
    const limits = { headersTimeout: 10_000, requestTimeout: 10_000, connectionsCheckingInterval: 5_000 };
    const answer = (request: IncomingMessage, response: ServerResponse) => void this.#answer(request, response);
    const server = tls === undefined ? createHttp(limits, answer) : createHttps({ ...limits, ...tls }, answer);
    server.maxConnections = maxConnections;
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen({ host, port }, () => resolve());
    });
    // What a client does to its connection is its own affair.
    server.on('clientError', (_error, socket) => socket.destroy());
    this.#server = server;
    return boundTo(server);
  }

  async close(): Promise<void> {
    const server = this.#server;
    if (server === undefined) return;
    this.#server = undefined;
    await new Promise((resolve) => {
      server.close(resolve);
      server.closeAllConnections();
    });
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    // No request here has a body that matters.
    request.resume();
    const { method = 'GET', url = '/' } = request;
    const isRead = method === 'GET' || method === 'HEAD';
    const told = isNearbyCaller(request as Parameters<typeof isNearbyCaller>[0]);
    const path = url.replace(/\?.*$/s, '');
    if (isRead && path === '/api/v1/health/live') return send(response, 200, 'application/json', '{"status":"live"}');
    if (!told)
      return programs.test(url) ? sendProblem(response, stranger()) : send(response, 503, 'text/plain', strangers);
    response.setHeader('x-headgate-failure', String(this.#deps.told().number));
    if (programs.test(url)) return sendProblem(response, this.#problem());
    if (method === 'POST' && path === tryAgainPath) return this.#start(response, this.#deps.onTryAgain);
    if (method === 'POST' && path === safeModePath) return this.#start(response, this.#deps.onSafeMode);
    if (!isRead) return sendProblem(response, this.#problem());
    if (path === bundlePath) return await this.#sendBundle(response);
    sendPage(response, 503, failurePage(this.#deps.told(), this.#deps.again));
  }

  /** The page is on its way before the port is let go of. */
  #start(response: ServerResponse, start: () => void): void {
    response.once('close', start);
    sendPage(response, 202, waitingPage());
  }

  async #sendBundle(response: ServerResponse): Promise<void> {
    try {
      const bundle = await this.#deps.bundle();
      response.setHeader('content-disposition', 'attachment; filename="headgate-support.json.gz"');
      send(response, 200, 'application/gzip', bundle);
    } catch (error) {
      this.#deps.log.error({ reason: messageOf(error) }, 'The support bundle could not be made.');
      sendProblem(response, problem('server.failed', 'The bundle could not be made: see the log.'));
    }
  }

  #problem(): Problem & { readonly cause: object } {
    const { lines, code, advice } = this.#deps.told();
    const detail = `The gateway could not start: ${lines.join(' ')}`;
    return { ...problem('gateway.not-ready', detail), cause: { code, detail: lines.join('\n'), advice } };
  }
}

function stranger(): Problem {
  return problem('gateway.not-ready', strangers);
}

function sendProblem(response: ServerResponse, what: Problem): void {
  if (what.retryAfterSeconds) response.setHeader('retry-after', String(what.retryAfterSeconds));
  send(response, what.status, problemType, JSON.stringify(what));
}

function sendPage(response: ServerResponse, status: number, html: string): void {
  response.setHeader('content-security-policy', failurePolicy);
  send(response, status, 'text/html; charset=utf-8', html);
}

function send(response: ServerResponse, status: number, type: string, body: string | Buffer): void {
  for (const [name, value] of Object.entries(safe)) response.setHeader(name, value);
  if (!response.hasHeader('content-security-policy'))
    response.setHeader('content-security-policy', "default-src 'none'; frame-ancestors 'none'");
  response.writeHead(status, { 'content-type': type, 'content-length': Buffer.byteLength(body) });
  // To HEAD Node leaves the body out.
  response.end(body);
}
