import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { Client, credentials } from '@grpc/grpc-js';
import { WebSocket as Ws } from 'ws';
import { GrpcApi } from '../../../src/api/grpc/grpc-api.ts';
import { localPrincipal } from '../../../src/core/principal.ts';
import { silentLog } from '../../../src/lib/log.ts';
import type { LiveHub } from '../../../src/live/hub.ts';
import { SubscribeRequest, SubscribeResponse } from '../../../src/wire/generated/headgate/v1/gateway.ts';
import { taken } from '../../live/fixtures.ts';
import { CuttingProxy } from '../../support/cutting-proxy.ts';
import { randomOf } from '../../support/random.ts';
import { within } from '../../support/wait.ts';
import { liveSite } from './fixtures.ts';

/** Something that was told, with where a client goes on that has heard it. */
type Tell = (cursor: string, measurements: readonly string[]) => void;

/** Reads on after a cursor, until the connection breaks. */
type Read = (address: string, after: string, tell: Tell) => Promise<void>;

interface Protocol {
  /** Bytes after which a connection breaks: enough for the handshake, mostly. */
  readonly bytes: readonly [least: number, most: number];
  /** Events that come at a time, at the most. */
  readonly perTick: number;
  readonly serve: (t: TestContext, site: { readonly hub: LiveHub; readonly address: string }) => Promise<string>;
  readonly read: Read;
}

interface Event {
  readonly event: string;
  readonly cursor: string;
}

/** One WebSocket: what it says first, and what becomes of each message. */
function overSocket(url: string, protocol: string[], hello: object, heard: (text: string, socket: Ws) => void) {
  return new Promise<void>((resolve) => {
    const socket = new Ws(url, protocol);
    socket.on('error', () => {});
    socket.on('close', () => resolve());
    socket.on('open', () => socket.send(JSON.stringify(hello)));
    socket.on('message', (data) => heard(String(data), socket));
  });
}

const protocols: Readonly<Record<string, Protocol>> = {
  WebSocket: {
    // A frame of events has to arrive whole: some are of 32 KiB.
    bytes: [100, 80_000],
    perTick: 10,
    serve: async (_t, { address }) => address,
    read: (address, after, tell) =>
      overSocket(`ws://${address}/api/v1/live/ws`, [], { type: 'subscribe', id: 1, after }, (text) => {
        const { type, cursor, events = [] } = JSON.parse(text) as { type: string; cursor: string; events?: Event[] };
        assert.ok(type === 'subscribed' || type === 'events' || type === 'heartbeat', text);
        tell(
          cursor,
          events.map((one) => one.cursor),
        );
      }),
  },
  GraphQL: {
    bytes: [100, 12_000],
    perTick: 4,
    serve: async (_t, { address }) => address,
    read: (address, after, tell) =>
      overSocket(`ws://${address}/graphql`, ['graphql-transport-ws'], { type: 'connection_init' }, (text, socket) => {
        const said = JSON.parse(text) as { type: string; payload?: { data: { events: Event } } };
        if (said.type === 'connection_ack') {
          const query = `subscription { events(after: "${after}") { event cursor deviceId fields { name value } } }`;
          socket.send(JSON.stringify({ type: 'subscribe', id: '1', payload: { query } }));
          return;
        }
        const { event, cursor } = said.payload!.data.events;
        assert.ok(event === 'ready' || event === 'measurement', text);
        tell(cursor, event === 'measurement' ? [cursor] : []);
      }),
  },
  gRPC: {
    bytes: [60, 6_000],
    perTick: 4,
    serve: async (t, { hub }) => {
      const api = new GrpcApi({
        options: { enabled: true, host: '127.0.0.1', port: 0, maxMessageBytes: 1e6 },
        identify: () => localPrincipal,
        watch: () => () => {},
        isServing: () => true,
        publish: (_message, bearer) => bearer.taken(1),
        devices: { summaries: () => [], describe: () => undefined },
        history: {} as never,
        commands: {} as never,
        feed: hub,
        log: silentLog,
      });
      await api.start();
      t.after(() => api.stop());
      return api.address;
    },
    read: (address, after, tell) =>
      new Promise((resolve) => {
        // A connection of its own, which is not made again.
        const client = new Client(address, credentials.createInsecure(), {
          'grpc.use_local_subchannel_pool': 1,
          'grpc.enable_retries': 0,
        });
        const call = client.makeServerStreamRequest(
          '/headgate.v1.Gateway/Subscribe',
          (request: Parameters<typeof SubscribeRequest.encode>[0]) =>
            Buffer.from(SubscribeRequest.encode(request).finish()),
          (bytes) => SubscribeResponse.decode(bytes),
          SubscribeRequest.create({ after }),
        );
        call.on('data', ({ cursor, event }: SubscribeResponse) => {
          assert.ok(event?.$case === 'ready' || event?.$case === 'record', event?.$case);
          tell(cursor, event.$case === 'record' ? [cursor] : []);
        });
        call.on('error', () => {
          client.close();
          resolve();
        });
      }),
  },
};

for (const [name, { bytes, perTick, serve, read }] of Object.entries(protocols)) {
  test(`${name} that is cut a hundred times, anywhere in its bytes, while events come, misses none and has none twice`, async (t) => {
    const site = await liveSite(t);
    const { hub } = site;
    const proxy = await CuttingProxy.open(t, await serve(t, site));
    const random = randomOf(5);
    // Somebody reads all the while, so that everything is kept.
    hub.subscribe({ filter: {}, sink: { deliver: () => true, ended: () => {} } });
    let published = 0;
    const timer = setInterval(() => {
      for (let i = random.between(0, perTick); i > 0; i--) hub.taken(taken(`d${random.between(0, 5)}`, ++published));
    }, 1);
    t.after(() => clearInterval(timer));
    const numbers: number[] = [];
    let last = `${hub.epoch}-0`;
    for (let cut = 0; cut < 100; cut++) {
      proxy.cutAfter = random.between(...bytes);
      const reading = read(proxy.address, last, (cursor, measurements) => {
        last = cursor;
        for (const one of measurements) numbers.push(Number(one.split('-')[1]));
      });
      await within(10_000, `the cut after ${proxy.cutAfter} bytes`, reading);
    }
    const count = numbers.length;
    assert.ok(count > 500, `${count} events were read`);
    assert.deepEqual(
      numbers,
      Array.from({ length: count }, (_, index) => index + 1),
    );
    assert.deepEqual(hub.status().missed, { coalesced: 0, overrun: 0 });
  });
}
