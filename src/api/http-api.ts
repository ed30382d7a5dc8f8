import { Socket } from 'node:net';
import { Readable } from 'node:stream';
import type { FastifyError, FastifyInstance } from 'fastify';
import type { CertificateStatus, ServerCertificate, TlsServer } from '../auth/tls/server-certificate.ts';
import { localPrincipal, nobody } from '../core/principal.ts';
import type { MonotonicMs } from '../core/time.ts';
import { boundTo, listenError, portOf } from '../lib/listen-error.ts';
import type { Log } from '../lib/log.ts';
import { isLoopback } from '../lib/loopback.ts';
import type { Service } from '../lib/service.ts';
import { addAudit } from './audit-hook.ts';
import { addCompression } from './compression.ts';
import { Connections } from './connections.ts';
import { addCors } from './cors.ts';
import { addEtags } from './etag.ts';
import type { GraphqlEngine } from './graphql/engine.ts';
import { lazyEngine } from './graphql/lazy-engine.ts';
import { GraphqlSockets } from './graphql-upgrade.ts';
import { addGuard, addRevocation, type Identify } from './guard.ts';
import { HttpsRedirect } from './https-redirect.ts';
import { addIdempotency } from './idempotency.ts';
import { identifyBy } from './identify.ts';
import { LiveSockets } from './live/live-upgrade.ts';
import { addLoadHook, limitConnections } from './load-hook.ts';
import { isLocalCaller } from './local-caller.ts';
import { mayTakeLong } from './long-body.ts';
import { puttingOff } from './measurements/history-routes.ts';
import { type MqttDoor, mqttUpgrade } from './mqtt-upgrade.ts';
import type { HttpOptions } from './options.ts';
import { problem, problemOf, sendProblem, unreadableRequest } from './problem.ts';
import { addRequestIds, requestIdOf } from './request-id.ts';
import { RouteTable } from './route-table.ts';
import { addRoutes, type RouteDependencies } from './routes.ts';
import { protect } from './safe-headers.ts';
import { asksForWebSocket, Upgrades } from './upgrades.ts';

export interface HttpDependencies extends RouteDependencies {
  readonly options: Omit<HttpOptions, 'tls'>;
  /** Where plain HTTP is answered with the address that speaks TLS; undefined: nowhere. */
  readonly redirectPort?: number | undefined;
  /** TLS is spoken with it; undefined: it is not. */
  readonly certificate?: ServerCertificate | undefined;
  readonly mqtt: MqttDoor;
  /** Who asks. Default: whoever is on this machine is known, everybody else unknown. */
  readonly identify?: Identify;
  readonly log: Log;
  /** Monotonic. */
  readonly now?: () => MonotonicMs;
  readonly limits?: Partial<HttpLimits>;
  /** HTTP connections of one other machine at a time; absent or 0: as many as it likes. */
  readonly connectionsPerAddress?: number;
  /** Told of every route, for tests. */
  readonly onRoute?: (route: { readonly method: string | string[]; readonly url: string }) => void;
}

/** What one client may take, and all of them together. */
export interface HttpLimits {
  /** For its headers, counted from the connection or the end of the last request, in ms. Default 10,000. */
  readonly headersTimeoutMs: number;
  /** For its whole request, in ms. Default 30,000. */
  readonly requestTimeoutMs: number;
  /** How often those two are checked, so how much longer they may take, in ms. Default 5,000. */
  readonly checkMs: number;
  /** For a piece of a long answer, in ms: who does not read on holds a place, and files open. Default 60,000. */
  readonly stalledMs: number;
  readonly maxBodyBytes: number;
  /** Further ones on which requests come are closed at once: what clients hold open here must not be lacking elsewhere. Default 500. */
  readonly maxConnections: number;
}

const usualLimits: HttpLimits = {
  headersTimeoutMs: 10_000,
  requestTimeoutMs: 30_000,
  checkMs: 5_000,
  stalledMs: 60_000,
  maxBodyBytes: 64 * 1024,
  maxConnections: 500,
};

/** How long whoever could not be understood may take to read so. */
const lastWordMs = 2_000;
/** In characters; the longest id that there is has a thousand, of up to nine each. */
const maxIdInUrl = 9_000;
const readable =
  'HTTP is open to other machines without TLS: whoever is in between reads passwords and tokens. `http.tls.enabled` encrypts.';

/** The HTTP server: status and health for people, programs and Prometheus. */
export class HttpApi implements Service {
  readonly name = 'http';
  readonly #deps: HttpDependencies;
  #app: FastifyInstance | undefined;
  readonly #upgrades: Upgrades;
  readonly #sockets: LiveSockets;
  readonly #connections: Connections;
  readonly #identify: Identify;
  readonly #graphql: () => Promise<GraphqlEngine>;
  #address = '';
  #redirect: HttpsRedirect | undefined;

  constructor(deps: HttpDependencies) {
    this.#deps = deps;
    const { options, live, devices, commands, auth } = deps;
    this.#identify = deps.identify ?? (auth === undefined ? identifyLocal : identifyBy(auth));
    const { maxConnections } = { ...usualLimits, ...deps.limits };
    this.#connections = new Connections(maxConnections, options.maxLiveConnections);
    const history = puttingOff(deps.history, () => deps.load?.admitRead());
    this.#sockets = new LiveSockets({ ...live, identify: this.#identify, devices, commands, history, load: deps.load });
    this.#graphql = lazyEngine(deps, deps.log);
    const graphql = new GraphqlSockets({
      identify: this.#identify,
      watch: live.watch,
      load: deps.load,
      engine: this.#graphql,
      log: deps.log,
    });
    this.#upgrades = new Upgrades(
      [mqttUpgrade(deps.mqtt), this.#sockets.route, graphql.route],
      options.allowedOrigins,
      this.#connections,
    );
  }

  /** @throws {HeadgateError} port.taken, port.forbidden or address.unavailable */
  async start(): Promise<void> {
    const { host, port } = this.#deps.options;
    const app = await this.build();
    this.#app = app;
    try {
      await app.listen({ host, port });
      if (this.#deps.certificate === undefined && !isLoopback(host) && host !== 'localhost')
        this.#deps.log.warn({ host }, readable);
      this.#deps.certificate?.follow(app.server as unknown as TlsServer);
    } catch (error) {
      throw listenError(error, 'the HTTP server', `${host}:${port}`);
    }
    this.#address = boundTo(app.server);
    const { certificate, redirectPort } = this.#deps;
    if (certificate === undefined || redirectPort === undefined) return;
    const publicPort = this.#deps.options.publicPort ?? portOf(app.server) ?? port;
    this.#redirect = new HttpsRedirect({ host, port: redirectPort, publicPort });
    await this.#redirect.start(this.#deps.log);
  }

  async stop(): Promise<void> {
    await this.#redirect?.stop();
    await this.#upgrades.close();
    await this.#app?.close();
    this.#deps.certificate?.close();
  }

  /** Undefined: no TLS is spoken. */
  get certificate(): CertificateStatus | undefined {
    return this.#deps.certificate?.status();
  }

  /** Where it listens: `127.0.0.1:8080`. */
  get address(): string {
    return this.#address;
  }

  /** Where plain HTTP is answered; undefined: nowhere. */
  get redirectPort(): number | undefined {
    return this.#redirect?.port;
  }

  /** The server before it listens. */
  async build(): Promise<FastifyInstance> {
    // Loading fastify takes longer than anything else in a start, so it happens while the disk is opened.
    const { fastify } = await import('fastify');
    const { log } = this.#deps;
    const limits = { ...usualLimits, ...this.#deps.limits };
    const context = await this.#deps.certificate?.open();
    const http = {
      headersTimeout: limits.headersTimeoutMs,
      connectionsCheckingInterval: limits.checkMs,
      shouldUpgradeCallback: asksForWebSocket,
    };
    const app = fastify({
      bodyLimit: limits.maxBodyBytes,
      // A device's id, with every byte of it encoded.
      routerOptions: { maxParamLength: maxIdInUrl },
      requestTimeout: limits.requestTimeoutMs,
      ...(context === undefined
        ? { http }
        : { https: { ...http, ...context, handshakeTimeout: limits.headersTimeoutMs } }),
      // A browser that keeps its connection open must not hold up a stop.
      forceCloseConnections: true,
      // Health says itself that the gateway is stopping, in the words of all other problems.
      return503OnClosing: false,
      logger: false,
      requestIdHeader: false,
      genReqId: requestIdOf,
      // What fails before a route is found, such as a URL that can't be decoded.
      frameworkErrors: (error, _request, reply) =>
        sendProblem(protect(reply), problem(error.statusCode ?? 400, error.message)),
      clientErrorHandler: (error, socket) => endUnreadable(error, socket),
    });
    this.#connections.attach(app.server);
    this.#upgrades.attach(app.server);
    app.addHook('onSend', async (_request, reply, payload) => {
      protect(reply);
      const { socket } = reply.raw;
      if (!(payload instanceof Readable && socket instanceof Socket)) return;
      socket.setTimeout(limits.stalledMs);
      // What takes long to be found is waited for; nothing waits for who does not read.
      reply.raw.on('timeout', () => {
        if (socket.writableLength > 0) socket.destroy();
      });
    });
    addRequestIds(app);
    addCors(app, this.#deps.options.allowedOrigins);
    const table = new RouteTable();
    app.addHook('onRoute', (route) => table.add(route));
    // Before the body is read: there is no body that would make it right.
    app.addHook('onRequest', async (request, reply) => {
      if (!request.is404) return;
      return table.refuse(request, reply);
    });
    if (this.#deps.onRoute !== undefined) app.addHook('onRoute', this.#deps.onRoute);
    const { auth, load } = this.#deps;
    addGuard(app, this.#identify);
    addRevocation(app, this.#deps.live.watch);
    if (auth !== undefined) addAudit(app, auth.audit);
    if (load !== undefined) {
      addLoadHook(app, load);
      limitConnections(app.server, this.#deps.connectionsPerAddress ?? 0, () => load.connectionRefused());
    }
    addIdempotency(app, this.#deps.now ?? (() => performance.now()));
    addEtags(app);
    addCompression(app);
    app.setErrorHandler((error: FastifyError, request, reply) => {
      // Fastify says of a fault of the request which status it has.
      const { statusCode = 500 } = error;
      const said = statusCode < 500 ? problem(statusCode, error.message) : problemOf(error);
      // What is not available says so itself, in the log and the status.
      if (said.status === 500) log.error({ err: error, request: request.id }, 'A request failed.');
      return sendProblem(reply, said);
    });

    addRoutes(app, { ...this.#deps, connections: this.#connections, graphql: this.#graphql });
    return app;
  }
}

/** Where nobody has credentials. */
const identifyLocal: Identify = (request) => (isLocalCaller(request) ? localPrincipal : nobody);

function endUnreadable(error: Error & { readonly code?: string }, socket: Socket): void {
  if (error.code === 'ERR_HTTP_REQUEST_TIMEOUT' && mayTakeLong(socket)) return;
  // After a reset there is nobody left to tell, and before a handshake no way to.
  if (error.code === 'ECONNRESET' || /^ERR_(?:TLS|SSL)/.test(error.code ?? '') || !socket.writable) {
    socket.destroy();
    return;
  }
  socket.write(unreadableRequest(error.code));
  socket.destroySoon();
  // Whoever does not read it must not stay for ever.
  const timer = setTimeout(() => socket.destroy(), lastWordMs).unref();
  socket.once('close', () => clearTimeout(timer));
}
