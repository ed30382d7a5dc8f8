// Principal × protocol × action against a whole gateway: the exact answer of each, as that protocol says it.
import assert from 'node:assert/strict';
import { request } from 'node:http';
import { test } from 'node:test';
import { Client, credentials, Metadata } from '@grpc/grpc-js';
import { WebSocket } from 'ws';
import { GetDeviceRequest, PublishRequest, PublishResponse } from '../../src/wire/generated/headgate/v1/gateway.ts';
import { startGateway } from '../support/gateway.ts';
import { RawMqtt } from '../support/raw-mqtt.ts';
import { tempDir } from '../support/temp-dir.ts';
import { eventually, within } from '../support/wait.ts';

/** What somebody is told: it is done, they may not, or nobody knows them. What a protocol calls it, is looked at below. */
type Answer = 'ok' | 'denied' | 'unknown';

const names = ['nobody', 'wrong', 'reader', 'sensor', 'watcher', 'commander', 'admin'] as const;
type Name = (typeof names)[number];
const scopes: Readonly<Partial<Record<Name, readonly string[]>>> = {
  reader: ['read'],
  sensor: ['publish:plant/+', 'subscribe:plant/#'],
  watcher: ['read:device/a*'],
  commander: ['command:a*'],
  admin: ['admin'],
};

/** For each action one letter for each name: `o` is done, `d` denied, `u` unknown. */
const table: readonly (readonly [action: string, what: string, answers: string])[] = [
  ['publish', 'plant/a', 'uudoddo'],
  ['publish', 'plant/a/b', 'uuddddo'],
  ['publish', 'else', 'uuddddo'],
  ['read', 'a1', 'uuodo' + 'do'],
  ['read', 'b1', 'uuoddd' + 'o'],
  ['subscribe', 'plant/#', 'uuoodd' + 'o'],
  ['subscribe', '#', 'uuoddd' + 'o'],
  ['subscribe', 'headgate/devices/a1/measurements', 'uuodod' + 'o'],
  ['subscribe', 'headgate/devices/a1/commands/+/result', 'uuodoo' + 'o'],
  ['command', 'a1', 'uuddd' + 'oo'],
  ['command', 'b1', 'uudddd' + 'o'],
  ['admin', '', 'uudddd' + 'o'],
];

/** Of what only administrators may. Where there is nothing to do, they are told so. */
const adminRoutes = [
  ['GET', 'tokens'],
  ['GET', 'config'],
  ['POST', 'config/confirm'],
  ['POST', 'restart'],
  ['POST', 'certificates/renew'],
  ['GET', 'logs/level'],
] as const;

test('who is told what', { timeout: 120_000 }, async (t) => {
  const gateway = await startGateway(t, { dataDir: tempDir(t), set: { 'grpc.port': 0, 'mqtt.anonymous': false } });
  const http = gateway.port('http');
  const ask = (method: string, path: string, token?: string, body?: object) =>
    new Promise<{ status: number; json: Record<string, unknown> }>((resolve, reject) => {
      const headers = {
        ...(token !== undefined && { authorization: `Bearer ${token}` }),
        ...(body !== undefined && { 'content-type': 'application/json' }),
      };
      const asked = request(
        { port: http, host: '127.0.0.1', method, path: `/api/v1/${path}`, headers, agent: false },
        (answer) => {
          let text = '';
          answer.on('data', (data) => {
            text += data;
          });
          answer.on('end', () =>
            resolve({ status: answer.statusCode ?? 0, json: text === '' ? {} : JSON.parse(text) }),
          );
        },
      );
      asked.on('error', reject);
      asked.end(body && JSON.stringify(body));
    });
  const tokens = new Map<Name, string | undefined>([
    ['nobody', undefined],
    ['wrong', `hg_aaaaaaaaaa_${'x'.repeat(43)}`],
  ]);
  for (const [name, its] of Object.entries(scopes)) {
    const { json } = await ask('POST', 'tokens', undefined, { name, scopes: its });
    tokens.set(name as Name, String(json.token));
  }
  await ask('POST', 'users', undefined, { name: 'eve', password: 'correct horse', scopes: ['admin'] });

  const byStatus = (status: number): Answer =>
    status === 401 ? 'unknown' : status === 403 ? 'denied' : status < 500 ? 'ok' : assert.fail(`status ${status}`);
  const grpc = new Client(`127.0.0.1:${gateway.port('grpc')}`, credentials.createInsecure());
  t.after(() => grpc.close());
  const metadataOf = (token: string | undefined) => {
    const metadata = new Metadata();
    if (token !== undefined) metadata.set('authorization', `Bearer ${token}`);
    return metadata;
  };
  const byCode = (code: number): Answer => (code === 16 ? 'unknown' : code === 7 ? 'denied' : 'ok');
  const byReason = (code: number | undefined): Answer =>
    code === 0x86 ? 'unknown' : code === 0x87 ? 'denied' : (code ?? 0) < 0x80 ? 'ok' : assert.fail(`reason ${code}`);

  const mqttOf = async (
    version: 4 | 5,
    token: string | undefined,
    use: (client: RawMqtt) => Promise<Answer>,
  ): Promise<Answer> => {
    const given = token === undefined ? {} : { username: 'x', password: Buffer.from(token) };
    const client = await RawMqtt.connect(gateway.port('mqtt'), `c${version}`, version, given);
    const { returnCode, reasonCode } = client.connack as { returnCode?: number; reasonCode?: number };
    const code = version === 5 ? reasonCode : returnCode;
    // Who shows nothing is not authorised, who shows something wrong has a bad user name or password, and after some of them waits.
    const refused = version === 5 ? (token === undefined ? [0x87] : [0x86, 0x9f]) : token === undefined ? [5] : [4, 3];
    const answer =
      code === 0 ? await use(client) : refused.includes(code ?? -1) ? 'unknown' : assert.fail(`CONNACK ${code}`);
    await client.drop();
    return answer;
  };
  const publishBy = (version: 4 | 5) => (topic: string, token: string | undefined) =>
    mqttOf(version, token, async (client) => {
      client.send({ cmd: 'publish', topic, payload: '1', qos: 1, messageId: 1, retain: false, dup: false });
      if (version === 5) return byReason(((await client.take('puback')) as { reasonCode?: number }).reasonCode);
      return await Promise.race([
        client.take('puback').then(() => 'ok' as const),
        client.closed.then(() => 'denied' as const),
      ]);
    });
  const subscribeBy = (version: 4 | 5) => (topic: string, token: string | undefined) =>
    mqttOf(version, token, async (client) => {
      client.send({ cmd: 'subscribe', messageId: 1, subscriptions: [{ topic, qos: 0 }] });
      const { granted } = (await client.take('suback')) as unknown as { granted: (number | { qos: number })[] };
      const code = typeof granted[0] === 'number' ? granted[0] : granted[0]?.qos;
      return version === 5 ? byReason(code) : code === 0x80 ? 'denied' : 'ok';
    });
  const bySocket = async (frame: object, token: string | undefined): Promise<Answer> => {
    const headers = token === undefined ? {} : { authorization: `Bearer ${token}` };
    const socket = new WebSocket(`ws://127.0.0.1:${http}/api/v1/live/ws`, { headers });
    try {
      return await within(
        5_000,
        'an answer',
        new Promise<Answer>((resolve, reject) => {
          socket.on('unexpected-response', (_request, answer) => resolve(byStatus(answer.statusCode ?? 0)));
          socket.on('error', reject);
          socket.on('open', () => socket.send(JSON.stringify({ id: 'mine', ...frame })));
          socket.on('message', (data) => {
            const said = JSON.parse(String(data)) as { id?: string; type: string; code?: string };
            if (said.id !== 'mine') return;
            resolve(said.code === 'access.denied' ? 'denied' : 'ok');
          });
        }),
      );
    } finally {
      socket.terminate();
    }
  };
  const same = (bytes: Buffer): Buffer => bytes;

  type Way = (what: string, token: string | undefined) => Promise<Answer>;
  const ways: Readonly<Record<string, Readonly<Record<string, Way>>>> = {
    publish: {
      rest: async (topic, token) => byStatus((await ask('POST', 'measurements', token, { topic, payload: 1 })).status),
      mqtt4: publishBy(4),
      mqtt5: publishBy(5),
      grpc: (topic, token) =>
        new Promise((resolve) => {
          const call = grpc.makeBidiStreamRequest('/headgate.v1.Gateway/Publish', same, same, metadataOf(token));
          call.on('error', (error: { code?: number }) => resolve(byCode(error.code ?? 2)));
          call.on('data', (data: Buffer) => {
            const { outcome } = PublishResponse.decode(data);
            const code = outcome?.$case === 'failure' ? outcome.value.code : '';
            resolve(code === 'access.denied' ? 'denied' : code === 'access.unknown' ? 'unknown' : 'ok');
            call.cancel();
          });
          call.write(Buffer.from(PublishRequest.encode({ id: 1n, topic, payload: Buffer.from('1') }).finish()));
        }),
      webSocket: (topic, token) => bySocket({ type: 'publish', topic, payload: 1 }, token),
    },
    read: {
      rest: async (id, token) => byStatus((await ask('GET', `devices/${id}`, token)).status),
      history: async (id, token) => byStatus((await ask('GET', `measurements?device=${id}`, token)).status),
      grpc: (id, token) =>
        new Promise((resolve) => {
          const bytes = Buffer.from(GetDeviceRequest.encode({ id }).finish());
          const path = '/headgate.v1.Gateway/GetDevice';
          grpc.makeUnaryRequest(path, same, same, bytes, metadataOf(token), (error) =>
            resolve(byCode(error?.code ?? 0)),
          );
        }),
      webSocket: (id, token) => bySocket({ type: 'query', what: 'device', device: id }, token),
    },
    subscribe: { mqtt4: subscribeBy(4), mqtt5: subscribeBy(5) },
    command: {
      rest: async (id, token) => byStatus((await ask('POST', `devices/${id}/commands`, token, { name: 'on' })).status),
      mqtt4: (id, token) => publishBy(4)(`headgate/devices/${id}/commands`, token),
      mqtt5: (id, token) => publishBy(5)(`headgate/devices/${id}/commands`, token),
    },
    admin: Object.fromEntries(
      adminRoutes.map(([method, path]) => [
        `${method} ${path}`,
        async (_what: string, token: string | undefined) => byStatus((await ask(method, path, token)).status),
      ]),
    ),
  };
  const words: Readonly<Record<string, Answer>> = { o: 'ok', d: 'denied', u: 'unknown' };
  let rows = 0;
  const wrong: string[] = [];
  await eventually('the first administrator', async () => (await ask('GET', 'status')).status === 401);
  for (const [action, what, answers] of table) {
    for (const [protocol, way] of Object.entries(ways[action]!)) {
      for (const [i, name] of names.entries()) {
        const expected = words[answers[i]!];
        const found = await way(what, tokens.get(name));
        rows++;
        if (found !== expected) wrong.push(`${name} ${action} ${what} by ${protocol}: ${found}, not ${expected}`);
      }
    }
  }
  assert.deepEqual(wrong, []);
  assert.ok(rows > 250, String(rows));
});
