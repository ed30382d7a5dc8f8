// Principal × protocol × action: what each is answered, word for word. The table is written down here, not worked out.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { join } from 'node:path';
import { test } from 'node:test';
import { startGateway } from '../support/gateway.ts';
import { GrpcClient } from '../support/grpc-client.ts';
import { RawMqtt } from '../support/raw-mqtt.ts';
import { tempDir } from '../support/temp-dir.ts';
import { eventually, within } from '../support/wait.ts';

/** Whoever asks, by the scopes of their token. Nobody has none, and the stranger's was never given out. */
const scopes = {
  admin: ['admin'],
  reader: ['read'],
  viewer: ['read:device/own/*'],
  publisher: ['publish:own/#'],
  subscriber: ['subscribe:own/#'],
  commander: ['command:own/*'],
} as const;
type Who = keyof typeof scopes | 'nobody' | 'stranger';
const everybody: readonly Who[] = [
  'admin',
  'reader',
  'viewer',
  'publisher',
  'subscriber',
  'commander',
  'nobody',
  'stranger',
];

/** Who may; everybody else is refused, in the words of the protocol. */
const may = {
  'publish own/a': ['admin', 'publisher'],
  'publish other/a': ['admin'],
  'subscribe own/#': ['admin', 'reader', 'subscriber'],
  'subscribe #': ['admin', 'reader'],
  'subscribe headgate/devices/own/a/measurements': ['admin', 'reader', 'viewer'],
  'live events': ['admin', 'reader', 'viewer', 'subscriber'],
  'list devices': ['admin', 'reader', 'viewer'],
  'see own/a': ['admin', 'reader', 'viewer'],
  'see other/a': ['admin', 'reader'],
  'see the gateway': ['admin', 'reader'],
  'see where the gateway is': ['admin', 'reader'],
  'begin a page': ['admin', 'reader', 'viewer', 'publisher', 'subscriber', 'commander'],
  'go through the first run': ['admin'],
  'name the gateway': ['admin'],
  'try a collector out': ['admin'],
  'end the simulated devices': ['admin'],
  'use another collector': ['admin'],
  'see who tried to connect': ['admin'],
  'read the history of own/a': ['admin', 'reader', 'viewer'],
  'read the history of other/a': ['admin', 'reader'],
  'list alarms': ['admin', 'reader', 'viewer'],
  'see the rules of alarms': ['admin', 'reader'],
  'make a rule for alarms': ['admin'],
  'command own/a': ['admin', 'commander'],
  'command other/a': ['admin'],
  administer: ['admin'],
} as const satisfies Readonly<Record<string, readonly Who[]>>;
type Action = keyof typeof may;

/** How a refusal reads: to who is known and may not, to nobody, and to who shows a token that does not count. */
interface Words {
  readonly ok: string;
  readonly denied: string;
  readonly nobody: string;
  readonly stranger: string;
}

interface Protocol {
  readonly words: Words;
  readonly actions: Partial<Readonly<Record<Action, string>>>;
  ask(token: string | undefined, action: Action): Promise<string>;
}

const shown = (token: string | undefined): Record<string, string> =>
  token === undefined ? {} : { authorization: `Bearer ${token}` };
const json = { 'content-type': 'application/json' };

const alarmRule = { field: 'nothing', comparator: 'above', value: 1 };

function rest(url: string): Protocol {
  const post = (body: object) => ({ method: 'POST', headers: json, body: JSON.stringify(body) });
  const put = (body: object) => ({ ...post(body), method: 'PUT' });
  const requests: Partial<Record<Action, readonly [path: string, init?: RequestInit]>> = {
    'publish own/a': ['/api/v1/measurements', post({ topic: 'own/a', payload: 1 })],
    'publish other/a': ['/api/v1/measurements', post({ topic: 'other/a', payload: 1 })],
    'live events': ['/api/v1/live/poll?waitMs=0'],
    'list devices': ['/api/v1/devices'],
    'see own/a': ['/api/v1/devices/own%2Fa'],
    'see other/a': ['/api/v1/devices/other%2Fa'],
    'see the gateway': ['/api/v1/status'],
    'see where the gateway is': ['/api/v1/gateway'],
    'begin a page': ['/api/v1/bootstrap'],
    'go through the first run': ['/api/v1/first-run/name', put({ state: 'done' })],
    'see who tried to connect': ['/api/v1/connections/attempts'],
    'use another collector': ['/api/v1/uplink/apply', post({ url: 'http://127.0.0.1:1' })],
    'end the simulated devices': ['/api/v1/demo', { method: 'DELETE' }],
    'try a collector out': ['/api/v1/uplink/test', post({ url: 'http://127.0.0.1:1' })],
    'name the gateway': ['/api/v1/gateway', { ...put({ name: 'x' }), method: 'PATCH' }],
    'read the history of own/a': ['/api/v1/measurements?device=own/a'],
    'read the history of other/a': ['/api/v1/measurements?device=other/a'],
    'command own/a': ['/api/v1/devices/own%2Fa/commands', post({ name: 'x' })],
    'command other/a': ['/api/v1/devices/other%2Fa/commands', post({ name: 'x' })],
    'list alarms': ['/api/v1/alarms'],
    'see the rules of alarms': ['/api/v1/alarms/rules'],
    'make a rule for alarms': ['/api/v1/alarms/rules', post({ ...alarmRule, name: 'x' })],
    administer: ['/api/v1/tokens'],
  };
  return {
    words: { ok: 'ok', denied: '403 access.denied', nobody: '401 access.unknown', stranger: '401 auth.failed' },
    actions: Object.fromEntries(Object.keys(requests).map((action) => [action, ''])),
    ask: async (token, action) => {
      const [path, init = {}] = requests[action]!;
      const response = await fetch(`${url}${path}`, { ...init, headers: { ...init.headers, ...shown(token) } });
      const text = await response.text();
      return response.ok ? 'ok' : `${response.status} ${JSON.parse(text).code}`;
    },
  };
}

function sse(url: string): Protocol {
  return {
    words: { ok: 'ok', denied: '403 access.denied', nobody: '401 access.unknown', stranger: '401 auth.failed' },
    actions: { 'live events': '' },
    ask: async (token) => {
      const response = await fetch(`${url}/api/v1/live`, { headers: shown(token) });
      if (!response.ok) return `${response.status} ${((await response.json()) as { code: string }).code}`;
      const reader = response.body!.getReader();
      const { value } = await reader.read();
      await reader.cancel();
      return Buffer.from(value!).toString().includes('event: ready') ? 'ok' : Buffer.from(value!).toString();
    },
  };
}

function graphql(url: string): Protocol {
  const queries: Partial<Record<Action, string>> = {
    'publish own/a': 'mutation { publish(topic: "own/a", payload: "1") { sequence } }',
    'publish other/a': 'mutation { publish(topic: "other/a", payload: "1") { sequence } }',
    'list devices': '{ devices { total } }',
    'see own/a': '{ device(id: "own/a") { id } }',
    'see other/a': '{ device(id: "other/a") { id } }',
    'see the gateway': '{ gateway { id } }',
    'command own/a': 'mutation { sendCommand(device: "own/a", name: "x") { id } }',
    'command other/a': 'mutation { sendCommand(device: "other/a", name: "x") { id } }',
  };
  return {
    words: { ok: 'ok', denied: '200 access.denied', nobody: '401 access.unknown', stranger: '401 auth.failed' },
    actions: queries,
    ask: async (token, action) => {
      const body = JSON.stringify({ query: queries[action] });
      const response = await fetch(`${url}/graphql`, { method: 'POST', headers: { ...json, ...shown(token) }, body });
      const answer = (await response.json()) as { code?: string; errors?: { extensions: { code: string } }[] };
      const code = answer.errors?.[0]?.extensions.code ?? answer.code;
      return code === undefined ? 'ok' : `${response.status} ${code}`;
    },
  };
}

function grpc(client: GrpcClient): Protocol {
  const service = '/headgate.v1.Gateway';
  const publish = (topic: string) => ['Publish', { id: 1, topic, payload: 'MQ==' }] as const;
  const calls: Partial<Record<Action, readonly [method: string, request: object]>> = {
    'publish own/a': publish('own/a'),
    'publish other/a': publish('other/a'),
    'live events': ['Subscribe', {}],
    'list devices': ['ListDevices', {}],
    'see own/a': ['GetDevice', { id: 'own/a' }],
    'see other/a': ['GetDevice', { id: 'other/a' }],
    'command own/a': ['SendCommand', { deviceId: 'own/a', name: 'x' }],
    'command other/a': ['SendCommand', { deviceId: 'other/a', name: 'x' }],
  };
  return {
    words: { ok: 'ok', denied: 'access.denied', nobody: 'access.unknown', stranger: 'auth.failed' },
    actions: Object.fromEntries(Object.keys(calls).map((action) => [action, ''])),
    ask: async (token, action) => {
      const [method, request] = calls[action]!;
      const metadata = Object.entries(shown(token));
      const { answers, failure } = await client.ask({
        path: `${service}/${method}`,
        requests: [request],
        metadata,
        take: 1,
      });
      const refused = answers[0]?.failure as { readonly code: string } | undefined;
      return failure?.trailing['headgate-code'] ?? refused?.code ?? 'ok';
    },
  };
}

function webSocket(url: string): Protocol {
  const frames: Partial<Record<Action, object>> = {
    'publish own/a': { type: 'publish', id: 1, topic: 'own/a', payload: 1 },
    'publish other/a': { type: 'publish', id: 1, topic: 'other/a', payload: 1 },
    'live events': { type: 'subscribe', id: 1 },
    'list devices': { type: 'query', id: 1, what: 'devices' },
    'see own/a': { type: 'query', id: 1, what: 'device', device: 'own/a' },
    'see other/a': { type: 'query', id: 1, what: 'device', device: 'other/a' },
  };
  return {
    words: { ok: 'ok', denied: 'access.denied', nobody: '401', stranger: '401' },
    actions: Object.fromEntries(Object.keys(frames).map((action) => [action, ''])),
    ask: async (token, action) => {
      const { WebSocket: Ws } = await import('ws');
      const socket = new Ws(`${url.replace('http', 'ws')}/api/v1/live/ws`, { headers: shown(token) });
      const refused = once(socket, 'unexpected-response') as Promise<[unknown, { statusCode: number }]>;
      const opened = once(socket, 'open').then(() => undefined);
      socket.on('error', () => {});
      const answer = await within(5_000, 'the handshake', Promise.race([refused, opened]));
      if (answer !== undefined) return String(answer[1].statusCode);
      const told = once(socket, 'message') as Promise<[Buffer]>;
      socket.send(JSON.stringify(frames[action]));
      const [data] = await within(5_000, `the answer to ${action}`, told);
      socket.close();
      const { type, code } = JSON.parse(data.toString());
      return type === 'error' ? code : 'ok';
    },
  };
}

function mqtt(port: number): Protocol {
  const ask = async (token: string | undefined, action: Action): Promise<string> => {
    const login = token === undefined ? {} : { username: 'token', password: Buffer.from(token) };
    const client = await RawMqtt.connect(port, '', 5, login);
    const hex = (code: number): string => `0x${code.toString(16)}`;
    if (client.connack.reasonCode !== 0) return `CONNACK ${hex(client.connack.reasonCode!)}`;
    const [verb, topic = ''] = action.split(' ');
    let code: number;
    if (verb === 'publish') {
      client.send({ cmd: 'publish', topic, payload: '1', qos: 1, messageId: 1, retain: false, dup: false });
      code = (await client.take('puback')).reasonCode ?? 0;
    } else {
      client.send({ cmd: 'subscribe', messageId: 1, subscriptions: [{ topic, qos: 1 }] });
      code = Number((await client.take('suback')).granted[0]);
    }
    await client.drop();
    return code < 0x80 ? 'ok' : hex(code);
  };
  return {
    words: { ok: 'ok', denied: '0x87', nobody: 'CONNACK 0x87', stranger: 'CONNACK 0x86' },
    actions: {
      'publish own/a': '',
      'publish other/a': '',
      'subscribe own/#': '',
      'subscribe #': '',
      'subscribe headgate/devices/own/a/measurements': '',
    },
    ask,
  };
}

function expected({ words }: Protocol, who: Who, action: Action): string {
  if (who === 'nobody') return words.nobody;
  if (who === 'stranger') return words.stranger;
  return (may[action] as readonly Who[]).includes(who) ? words.ok : words.denied;
}

async function setUp(url: string): Promise<Map<Who, string | undefined>> {
  // The first token is given to whoever is on this machine; once somebody is set up, that is not enough any more.
  const tokens = new Map<Who, string | undefined>([
    ['nobody', undefined],
    ['stranger', `hg_${'a'.repeat(16)}_${'b'.repeat(43)}`],
  ]);
  const post = async (path: string, body: object) => {
    const response = await fetch(`${url}${path}`, { method: 'POST', headers: json, body: JSON.stringify(body) });
    assert.ok(response.ok, await response.clone().text());
    return (await response.json()) as { readonly token?: string };
  };
  for (const [name, given] of Object.entries(scopes))
    tokens.set(name as Who, (await post('/api/v1/tokens', { name, scopes: given })).token!);
  for (const topic of ['own/a', 'other/a']) await post('/api/v1/measurements', { topic, payload: 1 });
  await eventually('the devices', async () => (await fetch(`${url}/api/v1/devices/other%2Fa`)).ok);
  await post('/api/v1/users', { name: 'eve', password: 'correct horse', scopes: ['admin'] });
  return tokens;
}

test('each principal is answered exactly what they may, by every protocol', { timeout: 180_000 }, async (t) => {
  const dir = tempDir(t);
  const sink = `file:${join(dir, 'records.ndjson')}`;
  const gateway = await startGateway(t, { dataDir: join(dir, 'data'), sink, set: { 'mqtt.anonymous': false } });
  const url = `http://127.0.0.1:${gateway.port('http')}`;
  const tokens = await setUp(url);
  const protocols: Readonly<Record<string, Protocol>> = {
    rest: rest(url),
    sse: sse(url),
    ws: webSocket(url),
    graphql: graphql(url),
    grpc: grpc(new GrpcClient(t, `127.0.0.1:${gateway.port('grpc')}`)),
    mqtt: mqtt(gateway.port('mqtt')),
  };
  let rows = 0;
  const wrong: string[] = [];
  for (const [name, protocol] of Object.entries(protocols)) {
    for (const action of Object.keys(protocol.actions) as Action[]) {
      for (const who of everybody) {
        const wanted = expected(protocol, who, action);
        const answered = await protocol.ask(tokens.get(who), action);
        if (answered !== wanted) wrong.push(`${name}: ${who}, ${action}: ${answered}, not ${wanted}`);
        rows++;
      }
    }
  }
  assert.deepEqual(wrong, []);
  assert.ok(rows >= 300, `${rows} rows`);
});
