import type { IncomingMessage } from 'node:http';
import type { WebSocket } from 'ws';
import type { Principal } from '../core/principal.ts';
import type { GraphqlEngine } from './graphql/engine.ts';
import type { Identify } from './guard.ts';
import { Heartbeats } from './live/heartbeats.ts';
import type { LiveApi } from './live/live-routes.ts';
import { type Problem, problem } from './problem.ts';
import type { UpgradeRoute } from './upgrades.ts';

export interface GraphqlSocketsDependencies {
  readonly identify: Identify;
  readonly watch: LiveApi['watch'];
  /** Loaded by the first who needs it. */
  readonly engine: () => Promise<GraphqlEngine>;
}

const maxMessageBytes = 256 * 1024;
const maxUnsentPongBytes = 64 * 1024;
const revoked = { code: 4401, reason: 'These credentials do not count any more.' };

/** GraphQL over WebSocket at `/graphql`, by the protocol graphql-transport-ws: subscriptions, and queries and mutations too. */
export class GraphqlSockets {
  readonly #deps: GraphqlSocketsDependencies;
  readonly #heartbeats = new Heartbeats();
  /** Who asks to come in, between being asked for and being let in. */
  readonly #callers = new WeakMap<IncomingMessage, Principal>();

  constructor(deps: GraphqlSocketsDependencies) {
    this.#deps = deps;
  }

  readonly route: UpgradeRoute = {
    path: '/graphql',
    protocols: ['graphql-transport-ws'],
    maxMessageBytes,
    maxUnsentBytes: maxUnsentPongBytes,
    refuse: (request) => this.#refuse(request),
    open: (webSocket, request) => void this.#open(webSocket, this.#callers.get(request)!),
  };

  async #open(webSocket: WebSocket, principal: Principal): Promise<void> {
    // What is said meanwhile waits in the socket.
    webSocket.pause();
    const engine = await this.#deps.engine();
    const beating = new Pulse(webSocket);
    const forget = this.#deps.watch(principal, () => webSocket.close(revoked.code, revoked.reason));
    const closed = engine.serve(
      {
        protocol: webSocket.protocol,
        // Whoever reads slowly is told no faster: the next event is asked for when this one was taken.
        send: (text) =>
          new Promise((resolve) => {
            webSocket.send(text, () => resolve());
          }),
        close: (code, reason) => webSocket.close(code, reason),
        onMessage: (heard) =>
          webSocket.on('message', (data) => void heard(String(data)).catch(() => webSocket.terminate())),
      },
      principal,
    );
    this.#heartbeats.add(beating);
    webSocket.on('pong', () => beating.answered());
    webSocket.on('close', (code, reason) => {
      this.#heartbeats.delete(beating);
      forget();
      closed(code, reason.toString());
    });
    webSocket.resume();
  }

  #refuse(request: IncomingMessage): Problem | undefined {
    const found = this.#deps.identify(request);
    if (!('kind' in found)) return problem(found.code, found.detail);
    if (found.kind === 'nobody') return problem('access.unknown', 'GraphQL is for whoever says who they are.');
    this.#callers.set(request, found);
    return undefined;
  }
}

/** Whether the other end of a WebSocket is there: one that does not answer a ping until the next is cut off. */
class Pulse {
  readonly #webSocket: WebSocket;
  #isAsked = false;

  constructor(webSocket: WebSocket) {
    this.#webSocket = webSocket;
  }

  answered(): void {
    this.#isAsked = false;
  }

  beat(): void {
    if (this.#isAsked) {
      this.#webSocket.terminate();
      return;
    }
    this.#isAsked = true;
    this.#webSocket.ping();
  }
}
