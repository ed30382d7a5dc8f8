import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { createClient } from 'graphql-ws';
import { permissionsOf } from '../../../src/auth/scopes.ts';
import type { Permissions } from '../../../src/core/principal.ts';
import { taken } from '../../live/fixtures.ts';
import { eventually } from '../../support/wait.ts';
import { liveSite } from '../live/fixtures.ts';

interface Told {
  readonly event: string;
  readonly cursor: string;
  readonly deviceId?: string;
  readonly data?: unknown;
}

interface Followed {
  readonly events: Told[];
  /** Codes of what the operation was refused for. */
  readonly errors: unknown[];
  closed: { readonly code: number; readonly reason: string } | undefined;
}

/** graphql-ws' own client, with one subscription. */
function follow(t: TestContext, address: string, args = ''): Followed {
  const followed: Followed = { events: [], errors: [], closed: undefined };
  const client = createClient({ url: `ws://${address}/graphql`, retryAttempts: 0, lazy: true });
  t.after(() => client.dispose());
  client.on('closed', (event) => {
    const { code, reason } = event as CloseEvent;
    followed.closed = { code, reason };
  });
  client.subscribe<{ events: Told }>(
    { query: `subscription { events${args} { event cursor deviceId data } }` },
    {
      next: ({ data, errors = [] }) => {
        if (data) followed.events.push(data.events);
        followed.errors.push(...errors.map(({ extensions }) => extensions?.code));
      },
      error: () => {},
      complete: () => {},
    },
  );
  return followed;
}

const devices = ({ events }: Followed) => events.flatMap(({ deviceId }) => (deviceId ? [deviceId] : []));

test('a subscription is told what happens, goes on after a cursor, and says when it can not', async (t) => {
  const { hub, address } = await liveSite(t);
  const first = follow(t, address, '(devices: ["a*"])');
  await eventually('the subscription', () => first.events.length === 1);
  for (const id of ['a1', 'b', 'a2', 'a3']) hub.taken(taken(id, 1));
  await eventually('the events', () => first.events.length === 4);
  assert.deepEqual(devices(first), ['a1', 'a2', 'a3']);
  const second = follow(t, address, `(devices: ["a*"], after: "${first.events[1]?.cursor}")`);
  await eventually('the rest', () => second.events.length === 3);
  assert.deepEqual(devices(second), ['a2', 'a3']);
  const lost = follow(t, address, '(after: "abc-7")');
  await eventually('the reset', () => lost.events.length === 1);
  assert.deepEqual([lost.events[0]?.event, lost.events[0]?.data], ['reset', { reason: 'epoch' }]);
  const wrong = follow(t, address, '(kinds: ["nonsense"])');
  await eventually('the refusal', () => wrong.errors.length > 0);
  assert.deepEqual(wrong.errors, ['request.invalid']);
});

test('everybody is told of what they may see, and of nothing more once they are revoked', async (t) => {
  const may = permissionsOf(['read:device/mine*']) as Permissions;
  const { hub, address, revoke } = await liveSite(t, {
    identify: () => ({ id: 'p-1', kind: 'program', name: 'a program', may }),
  });
  const program = follow(t, address);
  await eventually('the subscription', () => program.events.length === 1);
  for (const id of ['mine', 'other', 'mine2']) hub.taken(taken(id, 1));
  await eventually('the events', () => program.events.length === 3);
  assert.deepEqual(devices(program), ['mine', 'mine2']);
  revoke('p-1');
  await eventually('the end', () => program.closed !== undefined);
  assert.equal(program.closed?.code, 4401);
  hub.taken(taken('mine3', 1));
  assert.equal(devices(program).includes('mine3'), false);
});

test('nobody is let in who does not say who they are', async (t) => {
  const { address } = await liveSite(t, {
    identify: () => ({ code: 'auth.failed', detail: 'This token is unknown.' }),
  });
  const response = await fetch(`http://${address}/graphql`, {
    method: 'POST',
    body: '{}',
    headers: { 'content-type': 'application/json' },
  });
  assert.equal(response.status, 401);
  const socket = new WebSocket(`ws://${address}/graphql`, 'graphql-transport-ws');
  const closed = new Promise<CloseEvent>((resolve) => {
    socket.onclose = resolve;
  });
  socket.onerror = () => {};
  assert.equal((await closed).code, 1006);
});
