// What live readers notice when the gateway has more to do than it can.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { type TestContext, test } from 'node:test';
import { WebSocket } from 'ws';
import { eventsOf } from '../../../src/api/graphql/event-source.ts';
import { silentLog } from '../../../src/lib/log.ts';
import type { LiveHub } from '../../../src/live/hub.ts';
import { Load } from '../../../src/load/load.ts';
import { taken } from '../../live/fixtures.ts';
import { eventually, within } from '../../support/wait.ts';
import { EventReader, type LiveSite, liveSite } from './fixtures.ts';

const limits = {
  requestsPerSecond: 0,
  messagesPerSecond: 0,
  bytesPerSecond: 0,
  burst: 0,
  connectionsPerCaller: 0,
  connectionsPerAddress: 0,
};

/** A site whose load a test sets; what is full for a millisecond is slow. */
async function loaded(t: TestContext): Promise<LiveSite & { readonly load: Load; become(share: number): void }> {
  let nowMs = 0;
  let pendingShare = 0;
  let hub: LiveHub | undefined;
  const load = new Load({
    options: { ...limits, maxDelay: 250 },
    pendingShare: () => pendingShare,
    isFull: () => false,
    shedSlow: () => hub!.shedSlow(),
    now: () => nowMs,
    log: silentLog,
  });
  const site = await liveSite(t, { bounds: { slowMs: 1 }, feed: (one) => load.guarded(one) });
  hub = site.hub;
  const become = (share: number): void => {
    pendingShare = share;
    for (let n = 0; n < 48; n++) {
      nowMs += 250;
      load.look();
    }
  };
  return { ...site, load, become };
}

/** Something comes until somebody takes no more. */
async function fill(hub: LiveHub): Promise<void> {
  const text = 'x'.repeat(60_000);
  let count = 0;
  await eventually('a full reader', () => {
    for (let n = 0; n < 10; n++) hub.taken(taken(`d${n}`, `${text}${++count}`));
    return hub.status().full > 0;
  });
}

test('while it is overloaded nobody new is let in, and is told when to come again', async (t) => {
  const { hub, address, load, become } = await loaded(t);
  const socket = new WebSocket(`ws://${address}/api/v1/live/ws`);
  const frames: Readonly<Record<string, unknown>>[] = [];
  socket.on('message', (data) => frames.push(JSON.parse(String(data))));
  await within(3_000, 'the connection', once(socket, 'open'));
  t.after(() => socket.terminate());
  const said = async (id: number): Promise<unknown[]> => {
    socket.send(JSON.stringify({ type: 'subscribe', id }));
    await eventually('an answer', () => frames.some((one) => one.id === id));
    const { type, code, retryAfterSeconds } = frames.find((one) => one.id === id)!;
    return [type, code, retryAfterSeconds];
  };
  become(0.7);
  assert.equal(load.status().level, 'busy');
  assert.deepEqual(await said(1), ['subscribed', undefined, undefined]);
  become(0.99);
  assert.equal(load.status().level, 'overloaded');
  for (const path of ['', '/poll']) {
    const answer = await fetch(`http://${address}/api/v1/live${path}`);
    const { code } = (await answer.json()) as { code: string };
    assert.deepEqual([answer.status, answer.headers.get('retry-after'), code], [503, '5', 'overload.shed'], path);
  }
  assert.deepEqual(await said(2), ['error', 'overload.shed', 5]);
  assert.throws(() => eventsOf(load.guarded(hub), {}, undefined), { code: 'overload.shed' });
  assert.deepEqual([load.status().shed.live, hub.status().subscriptions], [4, 1]);
  become(0);
  assert.deepEqual(await said(3), ['subscribed', undefined, undefined]);
  assert.equal(load.status().shed.live, 4);
});

test('a slow event stream is told to come back later', async (t) => {
  const { hub, address, load, become } = await loaded(t);
  const [host, port] = address.split(':');
  const socket = connect(Number(port), host);
  t.after(() => socket.destroy());
  socket.write(`GET /api/v1/live HTTP/1.1\r\nhost: ${address}\r\n\r\n`);
  await eventually('the reader', () => hub.status().subscriptions === 1);
  socket.pause();
  await fill(hub);
  become(0);
  assert.equal(load.status().shed.live, 0);
  await eventually('its end', () => {
    become(0.7);
    return hub.status().subscriptions === 0;
  });
  assert.equal(load.status().shed.live, 1);
  let text = '';
  socket.on('data', (data) => {
    text += data;
  });
  socket.resume();
  await within(5_000, 'the end', once(socket, 'end'));
  const events = new EventReader();
  events.read(text);
  const { code, retryAfterSeconds } = events.named('error')[0] as Record<string, unknown>;
  assert.deepEqual([code, retryAfterSeconds], ['overload.shed', 30]);
  assert.match(text, /\n\nretry: 30000\nevent: error\ndata: \{[^\n]+\}\n\n$/);
});

test('a slow WebSocket is closed with 1013 and told of what costs less', async (t) => {
  const { hub, address, load, become } = await loaded(t);
  const socket = new WebSocket(`ws://${address}/api/v1/live/ws`);
  t.after(() => socket.terminate());
  await within(3_000, 'the connection', once(socket, 'open'));
  for (const id of [1, 2]) socket.send(JSON.stringify({ type: 'subscribe', id, filter: { devices: `d${id}` } }));
  await eventually('the readers', () => hub.status().subscriptions === 2);
  socket.pause();
  await fill(hub);
  await eventually('its end', () => {
    become(0.7);
    return hub.status().subscriptions === 0;
  });
  const errors: unknown[] = [];
  socket.on('message', (data) => {
    const { type, code, retryAfterSeconds } = JSON.parse(String(data));
    if (type === 'error') errors.push([code, retryAfterSeconds]);
  });
  const closed = once(socket, 'close');
  socket.resume();
  const [code, reason] = await within(5_000, 'the close', closed);
  assert.deepEqual([code, errors], [1013, [['overload.shed', 30]]]);
  assert.match(String(reason), /SSE \(\/api\/v1\/live\), then by polling \(\/api\/v1\/live\/poll\)/);
  assert.equal(load.status().shed.live, 1);
});
