import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import { localPrincipal } from '../../../src/core/principal.ts';
import { silentLog } from '../../../src/lib/log.ts';
import { Load } from '../../../src/load/load.ts';
import { eventually, within } from '../../support/wait.ts';
import { liveSite } from './fixtures.ts';

test('what is published over a WebSocket counts as what comes in by other ways', async (t) => {
  const load = new Load({
    options: {
      ...{ requestsPerSecond: 0, messagesPerSecond: 3, bytesPerSecond: 1_000, burst: 1_000 },
      ...{ connectionsPerAddress: 0, maxDelay: 250 },
    },
    pendingShare: () => 0,
    isFull: () => false,
    now: () => 0,
    log: silentLog,
  });
  const principal = { ...localPrincipal, id: 'p', kind: 'program', name: 'panel' } as const;
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
