import type { IncomingMessage, Server } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { WebSocket, WebSocketServer } from 'ws';
import type { Connections } from './connections.ts';
import { isOwnPage } from './local-caller.ts';
import { type Problem, problem, rawAnswer } from './problem.ts';

/** A path at which a WebSocket is opened. */
export interface UpgradeRoute {
  readonly path: string;
  /** The client has to offer one of these subprotocols; the first that it offers is taken. Empty: it may offer what it likes. */
  readonly protocols: readonly string[];
  /** A longer message ends its connection with 1009. */
  readonly maxMessageBytes: number;
  /** What may wait for a client that sends pings and does not read; beyond it its connection ends. */
  readonly maxUnsentBytes: number;
  /** Why this one is not let in; undefined when it is. It has `handshakeMs` to decide. */
  readonly refuse?: (request: IncomingMessage) => Problem | undefined | Promise<Problem | undefined>;
  /** The handshake is done. Whatever ends the WebSocket is told by its `close`. */
  readonly open: (webSocket: WebSocket, request: IncomingMessage, socket: Socket) => void;
}

/** From the end of the request's headers to the answer; the headers have their own time (`headersTimeoutMs`). */
const handshakeMs = 10_000;
/** How long the other end may take to answer a close. */
const closeMs = 2_000;
/** Fragments of one message, and pieces in which it may come: an honest client needs few. */
const maxPieces = 4096;
const maxEchoed = 200;
/** RFC 6455 § 7.4.1: the server is going. */
const goingAway = 1001;

/** Whether a request is for here; other upgrades (`h2c`) are offers that a server may pass over. */
export function asksForWebSocket({ headers }: IncomingMessage): boolean {
  return headers.upgrade?.toLowerCase() === 'websocket';
}

/**
 * The WebSockets of an HTTP server, by path. Every other path is answered as a plain request would be, with a problem document;
 * a page from elsewhere is refused by its `Origin`.
 */
export class Upgrades {
  readonly #routes: ReadonlyMap<string, UpgradeRoute>;
  readonly #allowedOrigins: readonly string[];
  readonly #connections: Connections;
  readonly #servers = new Map<UpgradeRoute, Promise<WebSocketServer>>();
  readonly #open = new Set<WebSocket>();
  #isClosed = false;

  /** @param allowedOrigins pages that may connect besides those that came from this gateway: `https://hmi.example.org` */
  constructor(routes: readonly UpgradeRoute[], allowedOrigins: readonly string[], connections: Connections) {
    this.#routes = new Map(routes.map((route) => [route.path, route]));
    this.#allowedOrigins = allowedOrigins;
    this.#connections = connections;
  }

  attach(server: Server): void {
    server.on('upgrade', (request, socket, head) => void this.#answer(request, socket, head));
  }

  /** WebSockets that are open. */
  get count(): number {
    return this.#open.size;
  }

  /** Ends every WebSocket. Those that do not answer are cut off after two seconds. */
  async close(): Promise<void> {
    this.#isClosed = true;
    const ended = [...this.#open].map(
      (webSocket) => new Promise<void>((resolve) => webSocket.once('close', () => resolve())),
    );
    for (const webSocket of this.#open) webSocket.close(goingAway, 'The gateway is stopping.');
    await Promise.all(ended);
  }

  async #answer(request: IncomingMessage, duplex: Duplex, head: Buffer): Promise<void> {
    // What Node's HTTP server upgrades is always a socket, with or without TLS.
    const socket = duplex as Socket;
    // Whoever goes away meanwhile needs no answer.
    const onError = (): void => {
      socket.destroy();
    };
    socket.on('error', onError);
    const timer = setTimeout(() => socket.destroy(), handshakeMs);
    const path = request.url?.split('?', 1)[0] ?? '';
    const route = this.#routes.get(path);
    try {
      const refusal = route === undefined ? nothingAt(path) : await this.#refusalOf(route, request);
      if (route === undefined || refusal !== undefined) {
        refuse(socket, refusal!);
        return;
      }
      const server = await this.#serverOf(route);
      // First of all: of one that is gone already nobody would tell that it does not count any more.
      if (socket.destroyed || this.#isClosed) {
        socket.destroy();
        return;
      }
      if (this.#connections.keep(socket) === undefined) {
        refuse(
          socket,
          problem('overload.shed', 'There are too many live connections already (http.maxLiveConnections).'),
        );
        return;
      }
      socket.off('error', onError);
      server.handleUpgrade(request, socket, head, (webSocket) => this.#opened(webSocket, route, request, socket));
    } catch {
      // Who may come in could not be found out: nobody does, and why is known where it failed.
      refuse(socket, problem(500, 'The gateway could not answer: see its log.'));
    } finally {
      clearTimeout(timer);
    }
  }

  #refusalOf(route: UpgradeRoute, request: IncomingMessage): Problem | undefined | Promise<Problem | undefined> {
    if (this.#isClosed) return problem(503, 'The gateway is stopping.');
    if (request.method !== 'GET') return problem(405, `${route.path} is a WebSocket: it is opened by a GET.`);
    if (!isOwnPage(request, this.#allowedOrigins)) {
      return problem(
        403,
        'A page from elsewhere may not connect: open it from this gateway, or name its origin in http.allowedOrigins.',
      );
    }
    const offered = request.headers['sec-websocket-protocol']?.split(',').map((one) => one.trim()) ?? [];
    if (route.protocols.length > 0 && !offered.some((one) => route.protocols.includes(one))) {
      return problem(400, `${route.path} needs the subprotocol ${route.protocols.join(' or ')}.`);
    }
    return route.refuse?.(request);
  }

  #serverOf(route: UpgradeRoute): Promise<WebSocketServer> {
    let server = this.#servers.get(route);
    if (server === undefined) {
      server = newServer(route);
      this.#servers.set(route, server);
    }
    return server;
  }

  #opened(webSocket: WebSocket, route: UpgradeRoute, request: IncomingMessage, socket: Socket): void {
    this.#open.add(webSocket);
    webSocket.on('close', () => this.#open.delete(webSocket));
    // It is closed by then, with the right code.
    webSocket.on('error', () => {});
    webSocket.on('ping', (data) => {
      if (webSocket.bufferedAmount > route.maxUnsentBytes) webSocket.terminate();
      else webSocket.pong(data);
    });
    route.open(webSocket, request, socket);
  }
}

/** Loaded with the first WebSocket. */
async function newServer({ maxMessageBytes, protocols }: UpgradeRoute): Promise<WebSocketServer> {
  const { WebSocketServer } = await import('ws');
  const options = {
    noServer: true,
    clientTracking: false,
    // Pongs are bounded by hand.
    autoPong: false,
    perMessageDeflate: false,
    maxPayload: maxMessageBytes,
    maxFragments: maxPieces,
    maxBufferedChunks: maxPieces,
    closeTimeout: closeMs,
    handleProtocols: (offered: ReadonlySet<string>) =>
      (protocols.length === 0 ? [...offered][0] : [...offered].find((one) => protocols.includes(one))) ?? false,
  };
  return new WebSocketServer(options);
}

function nothingAt(path: string): Problem {
  return problem(404, `There is no WebSocket at ${path.slice(0, maxEchoed)}.`);
}

function refuse(socket: Socket, what: Problem): void {
  if (socket.writable) socket.write(rawAnswer(what));
  socket.destroySoon();
}
