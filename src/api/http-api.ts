import type { AddressInfo } from 'node:net';
import type { FastifyError, FastifyInstance, FastifyReply } from 'fastify';
import type { GatewayStatus } from '../instrumentation/status.ts';
import { listenError } from '../lib/listen-error.ts';
import type { Log } from '../lib/log.ts';
import type { Service } from '../lib/service.ts';
import type { HttpOptions } from './options.ts';
import { type Problem, problem, problemType } from './problem.ts';
import { contentSecurityPolicy, statusPage } from './status-page.ts';

export interface HttpDependencies {
  readonly options: HttpOptions;
  readonly status: () => GatewayStatus;
  readonly metrics: () => Promise<{ readonly body: string; readonly contentType: string }>;
  readonly log: Log;
}

/** What a client may take, in ms: for its headers and for its whole request. Against those that send byte by byte. */
const headersTimeoutMs = 10_000;
const requestTimeoutMs = 30_000;
const maxBodyBytes = 64 * 1024;

/** The HTTP server: status and health for people, programs and Prometheus. */
export class HttpApi implements Service {
  readonly name = 'http';
  readonly #deps: HttpDependencies;
  #app: FastifyInstance | undefined;
  #address = '';

  constructor(deps: HttpDependencies) {
    this.#deps = deps;
  }

  /** @throws {HeadgateError} port.taken, port.forbidden or address.unavailable */
  async start(): Promise<void> {
    const { host, port } = this.#deps.options;
    const app = await this.build();
    this.#app = app;
    try {
      await app.listen({ host, port });
    } catch (error) {
      throw listenError(error, 'the HTTP server', `${host}:${port}`);
    }
    const { address, family, port: bound } = app.server.address() as AddressInfo;
    this.#address = `${family === 'IPv6' ? `[${address}]` : address}:${bound}`;
  }

  async stop(): Promise<void> {
    await this.#app?.close();
  }

  /** Where it listens: `127.0.0.1:8080`. */
  get address(): string {
    return this.#address;
  }

  /** The server before it listens. */
  async build(): Promise<FastifyInstance> {
    // Loading fastify takes longer than anything else in a start, so it happens while the disk is opened.
    const { fastify } = await import('fastify');
    const { status, metrics, log } = this.#deps;
    const app = fastify({
      bodyLimit: maxBodyBytes,
      requestTimeout: requestTimeoutMs,
      http: { headersTimeout: headersTimeoutMs },
      // A browser that keeps its connection open must not hold up a stop.
      forceCloseConnections: true,
      return503OnClosing: true,
      logger: false,
      // What fails before a route is found, such as a URL that can't be decoded.
      frameworkErrors: (error, _request, reply) => send(reply, problem(error.statusCode ?? 400, error.message)),
    });
    app.addHook('onSend', async (_request, reply) => {
      reply.headers({
        'x-content-type-options': 'nosniff',
        'referrer-policy': 'no-referrer',
        'cache-control': 'no-store',
      });
    });
    app.setNotFoundHandler((request, reply) =>
      send(reply, problem(404, `There is nothing at ${request.method} ${request.url.split('?')[0]}.`)),
    );
    app.setErrorHandler((error: FastifyError, _request, reply) => {
      const code = error.statusCode ?? 500;
      if (code >= 500) log.error({ err: error }, 'A request failed.');
      return send(reply, problem(code, code >= 500 ? 'The gateway could not answer: see its log.' : error.message));
    });

    app.get('/', (_request, reply) =>
      reply.type('text/html; charset=utf-8').header('content-security-policy', contentSecurityPolicy).send(statusPage),
    );
    app.get('/api/v1/health/live', () => ({ status: 'live' }));
    app.get('/api/v1/health/ready', (_request, reply) => {
      const { health } = status();
      // Degraded is ready: messages are taken in and safe.
      const isReady = health.state === 'ready' || health.state === 'degraded';
      return isReady ? reply.send({ status: 'ready' }) : send(reply, problem(503, health.summary));
    });
    app.get('/api/v1/status', () => status());
    app.get('/metrics', async (_request, reply) => {
      const { body, contentType } = await metrics();
      return reply.type(contentType).send(body);
    });
    for (const url of ['/', '/api/v1/health/live', '/api/v1/health/ready', '/api/v1/status', '/metrics']) {
      app.route({
        method: ['POST', 'PUT', 'PATCH', 'DELETE'],
        url,
        handler: (request, reply) =>
          send(
            reply.header('allow', 'GET, HEAD'),
            problem(405, `${url} can be read, not changed by ${request.method}.`),
          ),
      });
    }
    return app;
  }
}

function send(reply: FastifyReply, what: Problem): FastifyReply {
  return reply.code(what.status).type(problemType).send(what);
}
