import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { test } from 'node:test';
import { WebSocket as Ws } from 'ws';
import type { CommandsApi } from '../../../src/api/commands-routes.ts';
import type { Identify } from '../../../src/api/guard.ts';
import { permissionsOf } from '../../../src/auth/scopes.ts';
import { nobody, type Principal } from '../../../src/core/principal.ts';
import { eventually, within } from '../../support/wait.ts';
import { liveSite } from './fixtures.ts';

const may = permissionsOf(['admin']);
assert.ok(typeof may !== 'string');
const cook: Principal = { id: 'c', kind: 'program', name: 'cook', may };
const identify: Identify = ({ headers }) => (headers.authorization === undefined ? nobody : cook);
const headers = { authorization: 'Bearer x' };

/** A connection whose other end says nothing more once it was told that it is over: a client may go on as if it had not heard. */
async function deaf(address: string, path: string, protocol: string[] = []): Promise<Ws> {
  const socket = new Ws(`ws://${address}${path}`, protocol, { headers });
  await once(socket, 'open');
  // What `ws` would do at once when it reads a close: answer it, and send nothing any more.
  (socket as unknown as { _receiver: { removeAllListeners(name: string): void } })._receiver.removeAllListeners(
    'conclude',
  );
  return socket;
}

test('what somebody sends after they were revoked is not looked at, though the connection is still closing', async (t) => {
  const commanded: string[] = [];
  const commands: CommandsApi = {
    send: async ({ id, deviceId, name }) => {
      commanded.push(deviceId);
      return { id, deviceId, name, revision: 1, state: 'queued' };
    },
    get: () => undefined,
    ofDevice: () => [],
    watch: () => () => {},
    over: async () => undefined,
  };
  const { address, published, revoke } = await liveSite(t, { identify, commands });
  const live = await deaf(address, '/api/v1/live/ws');
  const graphql = await deaf(address, '/graphql', ['graphql-transport-ws']);
  const said: string[] = [];
  graphql.on('message', (data) => said.push(String(data)));
  graphql.send(JSON.stringify({ type: 'connection_init' }));
  await eventually('the answer', () => said.length === 1);
  const sayBoth = (when: string): void => {
    live.send(JSON.stringify({ type: 'publish', id: 1, topic: when, payload: 1 }));
    const query = `mutation { sendCommand(device: "${when}", name: "open", waitSeconds: 0) { id } }`;
    graphql.send(JSON.stringify({ type: 'subscribe', id: when, payload: { query } }));
  };
  sayBoth('before');
  await eventually('both', () => commanded.length === 1 && published.length === 1);
  const ended = Promise.all([once(live, 'close'), once(graphql, 'close')]);
  revoke('c');
  sayBoth('after');
  await within(5_000, 'the end', ended);
  assert.deepEqual([published.map(({ topic }) => topic), commanded], [['before'], ['before']]);
});

test('requests that wait behind another one on their connection end with it', async (t) => {
  const open = new Set<object>();
  const site = await liveSite(t, {
    identify,
    counted: (watch) => (principal, end) => {
      const one = {};
      open.add(one);
      const forget = watch(principal, end);
      return () => {
        open.delete(one);
        forget();
      };
    },
  });
  const { hub, address } = site;
  const [host, port] = address.split(':');
  const socket = connect(Number(port), host);
  const ask = (path: string) => `GET ${path} HTTP/1.1\r\nHost: ${address}\r\nAuthorization: Bearer x\r\n\r\n`;
  const poll = ask(`/api/v1/live/poll?after=${hub.epoch}-0&waitMs=50000`);
  socket.write(poll + poll + ask('/api/v1/logs?after=9999&waitMs=50000'));
  await eventually('all three', () => open.size === 3 && hub.status().subscriptions === 2);
  socket.destroy();
  await eventually('nobody', () => open.size === 0 && hub.status().subscriptions === 0);
});

test('who is revoked is not answered any more what they wait for', async (t) => {
  const { hub, address, revoke } = await liveSite(t, { identify });
  const poll = fetch(`http://${address}/api/v1/live/poll?after=${hub.epoch}-0`, { headers });
  const logs = fetch(`http://${address}/api/v1/logs?after=0&waitMs=50000`, { headers });
  await eventually('the reader', () => hub.status().subscriptions === 1);
  // The other one has come as far when a later request is answered.
  await fetch(`http://${address}/api/v1/health/live`);
  revoke('c');
  for (const asked of [poll, logs]) {
    const response = await within(3_000, 'the answer', asked);
    assert.deepEqual([response.status, ((await response.json()) as { code: string }).code], [401, 'access.unknown']);
  }
  assert.equal(hub.status().subscriptions, 0);
});
