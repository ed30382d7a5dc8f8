import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import { LiveSocket } from '../../../src/api/live/live-socket.ts';
import { localPrincipal } from '../../../src/core/principal.ts';
import { silentLog } from '../../../src/lib/log.ts';
import { Load } from '../../../src/load/load.ts';
import type { LimitsOptions } from '../../../src/load/options.ts';
import { eventually, within } from '../../support/wait.ts';
import { liveSite } from './fixtures.ts';

const principal = { ...localPrincipal, id: 'p', kind: 'program', name: 'panel' } as const;
const none = { requestsPerSecond: 0, messagesPerSecond: 0, bytesPerSecond: 0, burst: 1_000, maxDelay: 250 };

function loadOf(limits: Partial<LimitsOptions>): Load {
  return new Load({
    options: { ...none, connectionsPerCaller: 0, connectionsPerAddress: 0, ...limits },
    pendingShare: () => 0,
    isFull: () => false,
    now: () => 0,
    log: silentLog,
  });
}

test('what is published over a WebSocket counts as what comes in by other ways', async (t) => {
  const load = loadOf({ messagesPerSecond: 3 });
  const { address, published } = await liveSite(t, { identify: () => principal, admit: load.admitMessage });
  const socket = new WebSocket(`ws://${address}/api/v1/live/ws`);
  const frames: { readonly id: number; readonly type: string; readonly code?: string; readonly retryable?: boolean }[] =
    [];
  socket.onmessage = ({ data }) => frames.push(JSON.parse(String(data)));
  await within(3_000, 'the connection', once(socket, 'open'));
  t.after(() => socket.close());
  for (let id = 1; id <= 4; id++) socket.send(JSON.stringify({ type: 'publish', id, topic: 'a', payload: id }));
  await eventually('four answers', () => frames.length === 4);
  const told = frames.map(({ id, type, code, retryable }) => [id, type, code, retryable]);
  assert.deepEqual(told.toSorted(), [
    [1, 'ack', undefined, undefined],
    [2, 'ack', undefined, undefined],
    [3, 'ack', undefined, undefined],
    [4, 'error', 'rate.limited', true],
  ]);
  assert.equal(published.length, 3);
  assert.equal(load.status().limited.messages, 1);
});

test('what is asked over WebSockets counts as requests do', async (t) => {
  const load = loadOf({ requestsPerSecond: 3 });
  const rows: readonly (readonly [
    path: string,
    protocol: string,
    hello: object | undefined,
    ask: (id: number) => object,
  ])[] = [
    ['/api/v1/live/ws', 'any', undefined, (id) => ({ type: 'query', id: `${id}`, what: 'devices' })],
    ['/api/v1/live/ws', 'any', undefined, (id) => ({ type: 'subscribe', id: `${id}` })],
    [
      '/graphql',
      'graphql-transport-ws',
      { type: 'connection_init' },
      (id) => ({ type: 'subscribe', id: `${id}`, payload: { query: '{ devices { total } }' } }),
    ],
  ];
  for (const [path, protocol, hello, ask] of rows) {
    const own = { ...principal, id: `${path} ${JSON.stringify(ask(0))}` };
    const site = await liveSite(t, { identify: () => own, load });
    const socket = new WebSocket(`ws://${site.address}${path}`, protocol);
    const told = new Map<string, string>();
    socket.onmessage = ({ data }) => {
      const { id, ...rest } = JSON.parse(String(data)) as { id?: string };
      if (id !== undefined) told.set(id, (told.get(id) ?? '') + JSON.stringify(rest));
    };
    await within(3_000, 'the connection', once(socket, 'open'));
    t.after(() => socket.close());
    if (hello !== undefined) {
      const heard = once(socket, 'message');
      socket.send(JSON.stringify(hello));
      await within(3_000, 'the acknowledgement', heard);
    }
    for (let id = 1; id <= 4; id++) socket.send(JSON.stringify(ask(id)));
    await eventually('four answers', () => told.size === 4);
    const limited = [...told].filter(([, text]) => text.includes('rate.limited')).map(([id]) => id);
    assert.deepEqual(limited, ['4'], path);
  }
  assert.equal(load.status().limited.requests, rows.length);
});

test('questions that come in one piece are answered in turns of their own, and are not read on beyond some', async () => {
  let answered = 0;
  let isPaused = false;
  const webSocket = {
    OPEN: 1,
    readyState: 1,
    bufferedAmount: 0,
    get isPaused() {
      return isPaused;
    },
    pause: () => {
      isPaused = true;
    },
    resume: () => {
      isPaused = false;
    },
    send: () => {},
  };
  const parts = {
    answer: async () => {
      answered++;
      return {};
    },
  };
  const live = new LiveSocket(webSocket as never, {} as never, principal, parts as never);
  const frame = Buffer.from(JSON.stringify({ type: 'query', id: 1, what: 'devices' }));
  for (let i = 0; i < 40; i++) live.heard(frame, false);
  assert.deepEqual([answered, isPaused], [0, true]);
  for (let turn = 1; turn <= 40; turn++) {
    await new Promise(setImmediate);
    assert.ok(answered <= turn, `${answered} in ${turn} turns`);
  }
  assert.deepEqual([answered, isPaused], [40, false]);
});

test('WebSockets, event streams and GraphQL’s sockets of one caller are counted together', async (t) => {
  const load = loadOf({ connectionsPerCaller: 2 });
  const { address, hub } = await liveSite(t, { identify: () => principal, counted: (watch) => load.counted(watch) });
  const open = (path: string, protocol: string[] = []) => new WebSocket(`ws://${address}${path}`, protocol);
  const stream = async () => {
    const ending = new AbortController();
    const response = await fetch(`http://${address}/api/v1/live`, { signal: ending.signal });
    return { response, end: () => ending.abort() };
  };
  const first = open('/api/v1/live/ws');
  await within(3_000, 'the connection', once(first, 'open'));
  const second = await stream();
  assert.equal(second.response.status, 200);
  for (const [path, protocols] of [['/api/v1/live/ws'], ['/graphql', ['graphql-transport-ws']]] as const) {
    const [{ code, reason }] = await within(3_000, path, once(open(path, [...(protocols ?? [])]), 'close'));
    assert.deepEqual([code, reason], [4429, 'panel has 2 connections already.'], path);
  }
  const refused = await stream();
  const { code } = (await refused.response.json()) as { code: string };
  assert.deepEqual([refused.response.status, code], [429, 'connections.limited']);
  assert.equal(load.status().limited.connections, 3);
  assert.equal(hub.status().subscriptions, 1, 'who is refused is not subscribed');
  second.end();
  await eventually('room for another', async () => {
    const third = await stream();
    third.end();
    return third.response.status === 200;
  });
  first.close();
  await within(3_000, 'its end', once(first, 'close'));
});
