import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
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
