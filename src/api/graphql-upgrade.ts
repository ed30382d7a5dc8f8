import type { WebSocket } from 'ws';
import type { Principal } from '../core/principal.ts';
import type { Log } from '../lib/log.ts';
import { closeCodeOf } from './failure-forms.ts';
import type { GraphqlEngine } from './graphql/engine.ts';
import type { Identify } from './guard.ts';
import { Heartbeats } from './live/heartbeats.ts';
import type { LiveApi } from './live/live-routes.ts';
import type { LoadApi } from './load-hook.ts';
import { UpgradeCallers, watchOrRefuse } from './upgrade-callers.ts';
import type { UpgradeRoute } from './upgrades.ts';

export interface GraphqlSocketsDependencies {
  readonly identify: Identify;
  readonly watch: LiveApi['watch'];
  readonly load?: Pick<LoadApi, 'take' | 'admitRead'> | undefined;
  /** Loaded by the first who needs it. */
  readonly engine: () => Promise<GraphqlEngine>;
  readonly log: Log;
}

const maxMessageBytes = 256 * 1024;
/** A hundred operations may each have a large answer: who does not read them is let go. */
const maxUnsentBytes = 8 * 1024 * 1024;
const maxUnsentPongBytes = 64 * 1024;
const revoked = 'These credentials do not count any more.';

/** GraphQL over WebSocket at `/graphql`, by the protocol graphql-transport-ws: subscriptions, and queries and mutations too. */
export class GraphqlSockets {
  readonly #deps: GraphqlSocketsDependencies;
  readonly #heartbeats = new Heartbeats();
  readonly #callers: UpgradeCallers;

  constructor(deps: GraphqlSocketsDependencies) {
    this.#deps = deps;
    this.#callers = new UpgradeCallers(deps.identify);
  }

  readonly route: UpgradeRoute = {
    path: '/graphql',
    protocols: ['graphql-transport-ws'],
    maxMessageBytes,
    maxUnsentBytes: maxUnsentPongBytes,
    refuse: (request) => this.#callers.refuse(request),
    open: (webSocket, request) => void this.#open(webSocket, this.#callers.of(request)),
  };

  async #open(webSocket: WebSocket, principal: Principal): Promise<void> {
    // What is said meanwhile waits in the socket.
    webSocket.pause();
    let engine: GraphqlEngine;
    try {
      engine = await this.#deps.engine();
    } catch (error) {
      this.#deps.log.error({ err: error }, 'GraphQL can not be served.');
      webSocket.close(closeCodeOf('server.failed'), 'The gateway could not answer: see its log.');
      return;
    }
    // It may have gone away meanwhile: nobody would tell of it any more.
    if (webSocket.readyState !== webSocket.OPEN) return;
    const beating = new Pulse(webSocket);
    const end = (): void => webSocket.close(closeCodeOf('access.unknown'), revoked);
    const forget = watchOrRefuse(this.#deps.watch, principal, webSocket, end);
    if (forget === undefined) return;
    const closed = engine.serve(
      {
        protocol: webSocket.protocol,
        // Whoever reads slowly is told no faster: the next event is asked for when this one was taken.
        send: (text) =>
          new Promise((resolve) => {
            if (webSocket.bufferedAmount > maxUnsentBytes) webSocket.terminate();
            webSocket.send(text, () => resolve());
          }),
        close: (code, reason) => webSocket.close(code, reason),
        onMessage: (heard) =>
          webSocket.on('message', (data) => {
            // What somebody says after they were revoked, before they answer the close, does not count.
            if (webSocket.readyState === webSocket.OPEN) heard(String(data)).catch(() => webSocket.terminate());
          }),
      },
      principal,
      (isSubscription) => {
        this.#deps.load?.take('requests', 1, principal, '');
        if (!isSubscription) this.#deps.load?.admitRead();
      },
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
