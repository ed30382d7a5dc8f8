import assert from 'node:assert/strict';
import { EventEmitter } from 'node:events';
import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import { test } from 'node:test';
import type { WebSocket } from 'ws';
import type { GraphqlEngine } from '../../../src/api/graphql/engine.ts';
import { GraphqlSockets } from '../../../src/api/graphql-upgrade.ts';
import { localPrincipal } from '../../../src/core/principal.ts';
import { silentLog } from '../../../src/lib/log.ts';

/** A WebSocket as far as it is one before anything is said. */
class Opened extends EventEmitter {
  readonly OPEN = 1;
  readonly protocol = 'graphql-transport-ws';
  readyState = 1;
  closedWith: number | undefined;
  pause(): void {}
  resume(): void {}
  close(code: number): void {
    this.closedWith = code;
  }
}

function opened(engine: Promise<GraphqlEngine>) {
  let watched = 0;
  const watch = () => {
    watched++;
    return () => {};
  };
  const sockets = new GraphqlSockets({ identify: () => localPrincipal, watch, engine: () => engine, log: silentLog });
  const request = {} as IncomingMessage;
  assert.equal(sockets.route.refuse?.(request), undefined);
  const socket = new Opened();
  sockets.route.open(socket as unknown as WebSocket, request, {} as Socket);
  return { socket, watched: () => watched };
}

test('a client that goes away while the library is loaded leaves nothing behind', async () => {
  const loaded = Promise.withResolvers<GraphqlEngine>();
  const { socket, watched } = opened(loaded.promise);
  socket.readyState = 3;
  socket.emit('close', 1006, Buffer.alloc(0));
  loaded.resolve({ serve: () => assert.fail('nobody is there') } as unknown as GraphqlEngine);
  await new Promise(setImmediate);
  assert.equal(watched(), 0);
  assert.equal(socket.listenerCount('pong'), 0);
});

test('when the library can not be loaded the client is told, and the gateway goes on', async () => {
  const { socket } = opened(Promise.reject(new Error('no such module')));
  await new Promise(setImmediate);
  assert.equal(socket.closedWith, 1011);
});
