// The OpenAPI document: every route is in it, and what the gateway takes and answers is as it says.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { Validator } from '@seriousme/openapi-schema-validator';
import { Compile } from 'typebox/schema';
import { HttpApi } from '../../src/api/http-api.ts';
import { openApiDocument } from '../../src/api/openapi/document.ts';
import { draftProfile } from '../../src/profiles/language/draft.ts';
import { authSite } from '../auth/site.ts';
import { startGateway } from '../support/gateway.ts';
import type { HeadgateProcess } from '../support/headgate-process.ts';
import { RawMqtt } from '../support/raw-mqtt.ts';
import { tempDir } from '../support/temp-dir.ts';
import { eventually } from '../support/wait.ts';
import { dependencies } from './fixtures.ts';

type Json = { readonly [key: string]: Json } & { readonly $ref?: string };
const file = readFileSync(join(import.meta.dirname, '../../src/api/openapi.json'), 'utf8');
const document = JSON.parse(file) as { paths: Record<string, Record<string, Json>>; components: Json };

test('the document is the one that the sources make, and OpenAPI 3.1', async () => {
  assert.ok(`${JSON.stringify(openApiDocument('1'), undefined, 2)}\n` === file, '`npm run generate` writes it.');
  const { valid, errors } = await new Validator().validate(JSON.parse(file));
  assert.equal(valid, true, JSON.stringify(errors));
  const ids = Object.values(document.paths).flatMap((methods) => Object.values(methods).map((one) => one.operationId));
  assert.equal(new Set(ids).size, ids.length);
});

test('every route is in the document, and every path of the document is a route', async (t) => {
  const routes: string[] = [];
  const onRoute = ({ method, url }: { readonly method: string | string[]; readonly url: string }) => {
    for (const one of [method].flat()) if (one !== 'HEAD') routes.push(`${one} ${url.replace(/:(\w+)/g, '{$1}')}`);
  };
  const { auth } = await authSite(t);
  const app = await new HttpApi(dependencies({}, { onRoute, auth })).build();
  await app.ready();
  t.after(() => app.close());
  const told = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`),
  );
  assert.deepEqual(told.toSorted(), routes.toSorted(), 'src/api/openapi/ tells of each route.');
});

test('the docs page asks nobody but this gateway, and its policy allows just what it contains', async (t) => {
  const app = await new HttpApi(dependencies()).build();
  t.after(() => app.close());
  const { body, headers } = await app.inject('/api/docs');
  const policy = String(headers['content-security-policy']);
  assert.doesNotMatch(body, /https?:\/\//);
  assert.match(policy, /^default-src 'none'; /);
  for (const tag of ['style', 'script']) {
    const text = new RegExp(`<${tag}>([\\s\\S]*)</${tag}>`).exec(body)?.[1] ?? '';
    assert.ok(policy.includes(createHash('sha256').update(text).digest('base64')), tag);
  }
  assert.deepEqual((await app.inject('/api/openapi.json')).json(), document);
});

/** A schema whose objects have no members but those that it names. */
function closed(node: unknown): unknown {
  if (Array.isArray(node)) return node.map(closed);
  if (typeof node !== 'object' || node === null) return node;
  const { $ref, ...rest } = node as Record<string, unknown>;
  if (typeof $ref === 'string') {
    const path = $ref.slice(2).split('/');
    return closed(path.reduce<unknown>((at, key) => (at as Record<string, unknown>)[key], document));
  }
  const inner = Object.fromEntries(Object.entries(rest).map(([key, value]) => [key, closed(value)]));
  const isClosed = rest.type === 'object' && rest.properties !== undefined && rest.additionalProperties === undefined;
  return isClosed && rest.patternProperties === undefined ? { ...inner, additionalProperties: false } : inner;
}

function check(schema: unknown, value: unknown, what: string): void {
  const [isRight, errors] = Compile(closed(schema) as never).Errors(value);
  assert.ok(isRight, `${what}: ${JSON.stringify(errors.slice(0, 5))} in ${JSON.stringify(value).slice(0, 500)}`);
}

interface Asked {
  /** Method and path as in the document. */
  readonly what: string;
  readonly url?: string;
  readonly body?: unknown;
  readonly type?: string;
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
}

/** Asks a gateway, and holds the request and the answer against the document. */
async function ask(gateway: HeadgateProcess, { what, url, body, headers, ...asked }: Asked) {
  const { type = 'application/json', status = 200 } = asked;
  const [method = '', path = ''] = what.split(' ');
  const operation = document.paths[path]?.[method.toLowerCase()] as Json;
  if (body !== undefined && status < 300 && status !== 207 && type === 'application/json') {
    check(operation.requestBody!.content![type]!.schema, body, `the body of ${what}`);
  }
  const answer = await fetch(`http://127.0.0.1:${gateway.port('http')}${url ?? path}`, {
    method,
    headers: { ...headers, ...(body !== undefined && { 'content-type': type }) },
    ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
  });
  const said = await answer.text();
  assert.equal(answer.status, status, `${what}: ${said.slice(0, 300)}`);
  const described = (operation.responses![status] ?? operation.responses!.default) as Json;
  const mediaType = answer.headers.get('content-type')?.split(';', 1)[0];
  if (mediaType === undefined) {
    assert.equal(described.content, undefined, what);
    return { cookie: '', said: {} as Json };
  }
  assert.ok(described.content?.[mediaType], `${what} answers ${mediaType}`);
  const isJson = /[/+]json$/.test(mediaType);
  if (isJson) check(described.content[mediaType].schema, JSON.parse(said), `${status} of ${what}`);
  const cookie = answer.headers.get('set-cookie')?.split(';', 1)[0] ?? '';
  return { cookie, said: (isJson ? JSON.parse(said) : {}) as Json };
}

/** Asks for all that is about who may do what. */
async function askForAccess(gateway: HeadgateProcess, done: (what: string) => void): Promise<void> {
  const to = (asked: Asked) => {
    done(asked.what);
    return ask(gateway, asked);
  };
  const [password, newPassword] = ['correct horse', 'battery staple'];
  await to({ what: 'GET /api/v1/session' });
  await to({ what: 'GET /api/v1/setup/code' });
  const { said } = await to({ what: 'POST /api/v1/setup', body: { name: 'ann', password }, status: 201 });
  assert.ok(said.csrfToken);
  const { cookie, said: session } = await to({ what: 'POST /api/v1/session', body: { name: 'ann', password } });
  const headers = { cookie, 'x-csrf-token': String(session.csrfToken) };
  await to({ what: 'GET /api/v1/session', headers });
  const made: Record<string, string> = {};
  for (const [name, body] of [
    ['tokens', { name: 'panel', scopes: ['read'] }],
    ['users', { name: 'bob', password }],
    ['credentials', { device: 'lab:1' }],
  ] as const) {
    const answer = await to({ what: `POST /api/v1/${name}`, body, status: 201, headers });
    made[name] = String(answer.said.id);
    await to({ what: `GET /api/v1/${name}`, headers });
  }
  const bob = `/api/v1/users/${made.users}/password`;
  await to({
    what: 'PUT /api/v1/users/{id}/password',
    url: bob,
    body: { password: newPassword },
    status: 204,
    headers,
  });
  for (const [name, id] of Object.entries(made)) {
    const url = `/api/v1/${name}/${id}`;
    await to({ what: `PATCH /api/v1/${name}/{id}`, url, body: { scopes: ['read:device/x'] }, headers });
  }
  for (const [name, id] of Object.entries(made))
    await to({ what: `DELETE /api/v1/${name}/{id}`, url: `/api/v1/${name}/${id}`, status: 204, headers });
  await to({ what: 'GET /api/v1/audit', headers });
  await to({ what: 'PUT /api/v1/session/password', body: { password, newPassword }, status: 204, headers });
  await to({ what: 'DELETE /api/v1/session', status: 204, headers });
}

/** Asks for all that is about alarms; the device says something that is wrong. */
async function askForAlarms(gateway: HeadgateProcess, done: (what: string) => void): Promise<void> {
  const to = (asked: Asked) => {
    if ((asked.status ?? 200) < 300) done(asked.what);
    return ask(gateway, asked);
  };
  const terms = { name: 'Too warm', field: 't', comparator: 'above', value: 8, hysteresis: 1, severity: 'critical' };
  await to({ what: 'POST /api/v1/alarms/rules', body: { ...terms, comparator: 'over' }, status: 400 });
  const { said: rule } = await to({ what: 'POST /api/v1/alarms/rules', body: terms, status: 201 });
  const url = `/api/v1/alarms/rules/${rule.id}`;
  await to({ what: 'GET /api/v1/alarms/rules' });
  await to({ what: 'GET /api/v1/alarms/built-in' });
  await to({ what: 'GET /api/v1/alarms/rules/{id}', url });
  await to({ what: 'PUT /api/v1/alarms/rules/{id}', url, body: { ...terms, device: 'lab:*', profile: null } });
  await ask(gateway, { what: 'POST /api/v1/measurements', body: { device: 'lab:9', fields: { t: 9 } } });
  const { said } = await eventually('the alarm', async () => {
    const answer = await to({ what: 'GET /api/v1/alarms' });
    return (answer.said.total as unknown) === 1 && answer;
  });
  const alarm = `/api/v1/alarms/${(said.alarms as unknown as Json[])[0]!.id}`;
  await to({ what: 'GET /api/v1/alarms/{id}', url: alarm });
  await to({ what: 'GET /api/v1/alarms/{id}', url: '/api/v1/alarms/1-00000000', status: 404 });
  const acknowledge = { what: 'POST /api/v1/alarms/{id}/acknowledge', url: `${alarm}/acknowledge` };
  await to({ ...acknowledge, body: { note: 1 }, status: 400 });
  await to({ ...acknowledge, body: { note: 'Seen.' } });
  await to({ ...acknowledge, status: 409 });
  await to({ what: 'DELETE /api/v1/alarms/rules/{id}', url, status: 204 });
  await to({ what: 'GET /api/v1/alarms', url: '/api/v1/alarms?state=history&severity=critical&device=lab:9&limit=1' });
  await to({ what: 'GET /api/v1/alarms', url: '/api/v1/alarms?state=gone', status: 400 });
}

test('real answers are as the document says, for every route', async (t) => {
  const gateway = await startGateway(t, { dataDir: tempDir(t), set: { 'buffer.keep': '1d' } });
  const client = await RawMqtt.connect(gateway.port('mqtt'), 'd');
  for (const [messageId, topic] of ['tele/desk/SENSOR', 'other/topic'].entries()) {
    const payload = '{"Time":"2026-01-01T00:00:00","SI7021":{"Temperature":21.5,"Humidity":40}}';
    client.send({ cmd: 'publish', topic, payload, qos: 1, messageId: messageId + 1, dup: false, retain: false });
    await client.take('puback');
  }
  const url = `http://127.0.0.1:${gateway.port('http')}`;
  const device = await eventually('two devices', async () => {
    const { devices: found } = (await (await fetch(`${url}/api/v1/devices`)).json()) as { devices: { id: string }[] };
    return found.length === 2 ? `/api/v1/devices/${encodeURIComponent(found[0]!.id)}` : false;
  });
  const window = { from: '2026-01-01T00:00:00Z', to: '2100-01-01T00:00:00Z' };
  const items = [
    { topic: 'a/b', payload: { n: 1 } },
    { device: 'lab:1', time: '2026-01-01T00:00:00Z', fields: { t: { value: 21.5, unit: '°C' }, on: true } },
  ];
  const template = { template: 'other/topic' };
  const captured = { name: 'acme/th', topic: 'shed/th-7/state', payload: '{"temp":21.5}' };
  const draft = draftProfile({ ...captured, payload: Buffer.from(captured.payload) });
  const asked: readonly Asked[] = [
    { what: 'GET /' },
    { what: 'GET /api/openapi.json' },
    { what: 'GET /api/docs' },
    { what: 'GET /api/v1/health/live' },
    { what: 'GET /api/v1/health/ready' },
    { what: 'GET /api/v1/status' },
    { what: 'GET /api/v1/logs' },
    { what: 'GET /metrics' },
    { what: 'GET /metrics/devices' },
    { what: 'PUT /api/v1/clock', body: { now: new Date().toISOString() } },
    { what: 'PUT /api/v1/clock', body: { now: 'noon' }, status: 400 },
    { what: 'GET /api/v1/first-run' },
    { what: 'PUT /api/v1/first-run/{step}', url: '/api/v1/first-run/name', body: { state: 'done' } },
    { what: 'GET /api/v1/gateway' },
    { what: 'PATCH /api/v1/gateway', body: { name: 'Greenhouse', units: 'metric' } },
    { what: 'GET /api/v1/preferences' },
    { what: 'PUT /api/v1/preferences', body: { theme: 'dark', pinned: [{ device: 'a', field: 'b' }] } },
    { what: 'GET /api/v1/bootstrap' },
    { what: 'POST /api/v1/uplink/test', body: { url: 'http://127.0.0.1:1' } },
    { what: 'POST /api/v1/uplink/canary', status: 201 },
    { what: 'POST /api/v1/demo' },
    { what: 'POST /api/v1/uplink/apply', body: { url: 'http://127.0.0.1:1' } },
    { what: 'POST /api/v1/uplink/apply', body: { url: 'http://127.0.0.1:1', enrolToken: 'x' }, status: 400 },
    { what: 'DELETE /api/v1/config' },
    { what: 'GET /api/v1/demo' },
    { what: 'GET /api/v1/bootstrap' },
    { what: 'DELETE /api/v1/demo', status: 204 },
    { what: 'POST /api/v1/uplink/test', body: { url: 'nowhere' }, status: 400 },
    { what: 'GET /api/v1/connections/attempts' },
    { what: 'GET /api/v1/serial' },
    { what: 'POST /api/v1/serial/scan', body: { path: '/dev/nothing', seconds: 1 }, status: 409 },
    { what: 'GET /api/v1/devices' },
    { what: 'GET /api/v1/devices', url: '/api/v1/devices?limit=1' },
    { what: 'GET /api/v1/devices', url: '/api/v1/devices?fields=2' },
    { what: 'GET /api/v1/devices', url: '/api/v1/devices?limit=0', status: 400 },
    { what: 'GET /api/v1/devices', url: '/api/v1/devices?fields=17', status: 400 },
    { what: 'GET /api/v1/devices/{id}', url: device },
    { what: 'GET /api/v1/devices/{id}', url: '/api/v1/devices/no', status: 404 },
    { what: 'GET /api/v1/devices/{id}/messages', url: `${device}/messages` },
    { what: 'PATCH /api/v1/devices/{id}', url: device, body: { name: 'Desk' } },
    { what: 'POST /api/v1/devices/{id}/commands', url: '/api/v1/devices/p/commands', body: { id: 'c' }, status: 202 },
    { what: 'GET /api/v1/devices/{id}/commands', url: '/api/v1/devices/p/commands' },
    { what: 'GET /api/v1/devices/{id}/commands/{commandId}', url: '/api/v1/devices/p/commands/c' },
    { what: 'POST /api/v1/measurements', body: items },
    { what: 'POST /api/v1/measurements', body: items[0] },
    { what: 'POST /api/v1/measurements', body: [items[0], {}], status: 207 },
    { what: 'POST /api/v1/measurements', body: [{}, {}], status: 400 },
    { what: 'POST /api/v1/measurements', body: '{"topic":"a","payload":1}\n', type: 'application/x-ndjson' },
    { what: 'GET /api/v1/measurements', url: '/api/v1/measurements?device=lab:1' },
    { what: 'GET /api/v1/measurements', url: '/api/v1/measurements?device=lab:1&from=-1h&points=10' },
    { what: 'GET /api/v1/measurements', url: '/api/v1/measurements?device=lab:1&format=csv' },
    { what: 'GET /api/v1/topics' },
    { what: 'POST /api/v1/topics/adopt', body: { ...template, profile: 'tasmota/tasmota' } },
    { what: 'POST /api/v1/topics/ignore', body: template },
    { what: 'POST /api/v1/topics/reset', body: template },
    { what: 'GET /api/v1/profiles' },
    { what: 'GET /api/v1/profiles/{vendor}/{model}', url: '/api/v1/profiles/tasmota/tasmota' },
    { what: 'POST /api/v1/profiles/reload' },
    { what: 'POST /api/v1/profiles/draft', body: captured },
    { what: 'POST /api/v1/profiles/draft', body: { ...captured, name: 'x' }, status: 400 },
    { what: 'POST /api/v1/profiles/preview', body: { ...captured, text: draft } },
    { what: 'POST /api/v1/profiles/preview', body: { text: 'name: x' } },
    { what: 'PUT /api/v1/profiles/{vendor}/{model}', url: '/api/v1/profiles/acme/th', body: { text: draft } },
    { what: 'PUT /api/v1/profiles/{vendor}/{model}', url: '/api/v1/profiles/a/b', body: { text: '' }, status: 400 },
    { what: 'GET /api/v1/profiles/{vendor}/{model}/text', url: '/api/v1/profiles/acme/th/text' },
    { what: 'DELETE /api/v1/profiles/{vendor}/{model}', url: '/api/v1/profiles/acme/th' },
    { what: 'DELETE /api/v1/profiles/{vendor}/{model}', url: '/api/v1/profiles/acme/th', status: 404 },
    { what: 'POST /api/v1/profiles/redecode', body: window, status: 202 },
    { what: 'GET /api/v1/profiles/redecode' },
    { what: 'DELETE /api/v1/profiles/redecode' },
    { what: 'GET /api/v1/rules' },
    { what: 'GET /api/v1/rules', url: '/api/v1/rules?topic=a' },
    { what: 'GET /api/v1/uplink' },
    { what: 'GET /api/v1/config' },
    { what: 'GET /api/v1/config/schema' },
    { what: 'PUT /api/v1/rules', body: { rules: [{ name: 'alarms', match: { topic: 'alarm/#' } }] } },
    { what: 'PUT /api/v1/rules', body: { rules: [{ name: 'alarms', mach: {} }] }, status: 400 },
    { what: 'PATCH /api/v1/config', body: { rules: [] } },
    { what: 'PATCH /api/v1/config', body: { mqtt: { port: 1 } }, status: 400 },
    { what: 'PATCH /api/v1/config', body: { gateway: { name: 'Desk' } } },
    { what: 'PATCH /api/v1/config', body: { mqtt: { maxSessions: 0 } }, status: 400 },
    { what: 'POST /api/v1/config/confirm', status: 409 },
    { what: 'DELETE /api/v1/config' },
    { what: 'POST /api/v1/restart', status: 409 },
    { what: 'PUT /api/v1/logs/level', body: { level: 'debug', minutes: 1 } },
    { what: 'PUT /api/v1/logs/level', body: { level: 'loud' }, status: 400 },
    { what: 'GET /api/v1/logs/level' },
    { what: 'DELETE /api/v1/logs/level' },
    { what: 'GET /api/v1/about' },
    { what: 'GET /api/v1/certificates' },
    { what: 'GET /api/v1/buffer' },
    { what: 'POST /api/v1/buffer/export', body: window },
    { what: 'POST /api/v1/buffer/replay', body: window },
    { what: 'POST /api/v1/buffer/backup', body: { directory: join(tempDir(t), 'copy') } },
    { what: 'POST /api/v1/buffer/backup', body: { directory: 'here' }, status: 400 },
    { what: 'POST /graphql', body: { query: '{ __typename }' } },
    { what: 'GET /api/v1/live/poll' },
    { what: 'GET /graphql', url: '/graphql?query={__typename}' },
    { what: 'DELETE /api/v1/devices/{id}', url: device, status: 204 },
  ];
  for (const one of asked) await ask(gateway, one);
  const done = new Set(asked.filter(({ status = 200 }) => status < 300).map(({ what }) => what));
  await askForAlarms(gateway, (what) => done.add(what));
  await askForAccess(gateway, (what) => done.add(what));
  const told = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`),
  );
  const unasked = told.filter((what) => !done.has(what));
  // A file's name is in the page (see dashboard-routes.test.ts), there is no port to listen to, nothing on trial and nothing that would start
  // the gateway again (see settings.test.ts), no certificate, archives are no JSON (see upkeep.test.ts),
  // this machine is no appliance (see appliance-routes.test.ts), and a stream has no end.
  assert.deepEqual(unasked, [
    'GET /ui/{file}',
    'POST /api/v1/serial/scan',
    'POST /api/v1/config/confirm',
    'GET /api/v1/certificates/authority',
    'POST /api/v1/certificates/renew',
    'GET /api/v1/support',
    'GET /api/v1/backup',
    'POST /api/v1/restart',
    'GET /api/v1/appliance',
    'POST /api/v1/appliance/update',
    'POST /api/v1/appliance/restart',
    'POST /api/v1/appliance/factory-reset',
    'GET /api/v1/live',
  ]);
  await client.drop();
});
