import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { HttpApi } from '../../src/api/http-api.ts';
import { HeadgateError } from '../../src/core/errors.ts';
import type { DeviceSummary } from '../../src/registry/describe.ts';
import { Site, said } from '../registry/site.ts';
import { dependencies } from './fixtures.ts';

interface Asked {
  readonly method?: 'GET' | 'PATCH' | 'DELETE' | 'PUT' | 'POST';
  readonly from?: string;
  readonly origin?: string;
  readonly body?: unknown;
}

/** The API before a real registry. */
async function api(t: TestContext) {
  const site = await Site.start(t);
  const app = await new HttpApi(dependencies({}, { devices: site.registry })).build();
  t.after(() => app.close());
  const ask = (url: string, { method = 'GET', from = '127.0.0.1', origin, body }: Asked = {}) =>
    app.inject({
      method,
      url: `/api/v1/devices${url}`,
      remoteAddress: from,
      headers: {
        host: 'localhost:8080',
        ...(body !== undefined && { 'content-type': 'application/json' }),
        ...(origin && { origin }),
      },
      ...(body !== undefined && { payload: typeof body === 'string' ? body : JSON.stringify(body) }),
    });
  const ids = async (query: string) =>
    (await ask(query)).json().devices.map(({ id }: DeviceSummary) => id) as readonly string[];
  return { site, ask, ids };
}

test('devices are listed in order of their ids, by presence, profile and text', async (t) => {
  const { site, ask, ids } = await api(t);
  site.says('tasmota:b', { fields: { v: 1 }, profile: { name: 'tasmota/plug', version: 1 } });
  site.says('tasmota:A', { fields: { v: 1 }, profile: { name: 'tasmota/sensor', version: 1 } });
  site.sighted({ deviceId: 'z', name: 'Küche', presence: 'offline' });
  site.says('x');
  await site.registry.change('x', { isIgnored: true });
  site.says('y');
  const rows: readonly (readonly [query: string, ids: readonly string[]])[] = [
    ['', ['tasmota:A', 'tasmota:b', 'y', 'z']],
    ['?presence=offline', ['z']],
    ['?presence=online,stale', ['tasmota:A', 'tasmota:b', 'y']],
    ['?profile=tasmota', ['tasmota:A', 'tasmota:b']],
    ['?profile=tasmota%2Fplug', ['tasmota:b']],
    ['?profile=tasmota%2Fpl', []],
    ['?profile=', ['y', 'z']],
    ['?text=TASMOTA:a', ['tasmota:A']],
    ['?text=k%C3%BCche', ['z']],
    ['?ignored=true', ['x']],
    ['?text=nobody', []],
  ];
  for (const [query, expected] of rows) assert.deepEqual(await ids(query), expected, query);
  const { devices, next, total } = (await ask('')).json();
  assert.deepEqual([next, total], [null, 4]);
  assert.deepEqual(devices[3], {
    ...JSON.parse(JSON.stringify(site.registry.summaries().find(({ id }) => id === 'z'))),
    name: 'Küche',
    presence: 'offline',
  });
});

test('pages hold together, whatever comes and goes in between', async (t) => {
  const { site, ask } = await api(t);
  const names = ['\u0000', '"', 'a/b c', 'b', 'b:1', 'ü', '\ud83d\ude00', '\ud800', 'zz'];
  for (const name of names) site.says(name);
  const found: string[] = [];
  let query = '?limit=2';
  for (let page = 0; page < 20; page++) {
    const { devices, next } = (await ask(query)).json() as { devices: DeviceSummary[]; next: string | null };
    assert.ok(devices.length <= 2);
    found.push(...devices.map(({ id }) => id));
    if (page === 1) {
      await site.registry.forget('a/b c');
      site.says('!earlier');
    }
    if (next === null) break;
    query = `?limit=2&after=${next}`;
  }
  assert.deepEqual(found, [...names].sort());
});

test('one device by its id, whatever is in it, with values digit by digit', async (t) => {
  const { site, ask } = await api(t);
  const ids = ['a/b c', 'shelly:x-1', '100%', '?x=1#y', 'ü😀', '\u0000\r\n', '__proto__', 'x'.repeat(1_000)];
  ids.push('\uffff'.repeat(1_000));
  for (const id of ids) {
    site.says(id, { fields: { big: 2n ** 60n, nan: Number.NaN, data: Buffer.from('hi'), text: 'ü' } });
    const response = await ask(`/${encodeURIComponent(id)}`);
    assert.equal(response.statusCode, 200, id.slice(0, 20));
    assert.equal(response.json().id, id);
    assert.match(response.body, /"name":"big","value":1152921504606846976,/);
    assert.deepEqual(
      response
        .json()
        .fields.map(({ value }: { value: unknown }) => value)
        .slice(1),
      ['NaN', 'aGk=', 'ü'],
    );
  }
  const missing = await ask(`/${encodeURIComponent('no/such')}`);
  assert.deepEqual([missing.statusCode, missing.json().code], [404, 'device.unknown']);
  assert.match(missing.json().detail, /`no\/such`/);
});

test('people name, ignore and forget devices', async (t) => {
  const { site, ask } = await api(t);
  site.says('a/b');
  const renamed = await ask('/a%2Fb', { method: 'PATCH', body: { name: ' Kitchen ' } });
  assert.deepEqual([renamed.statusCode, renamed.json().name, renamed.json().givenName], [200, 'Kitchen', 'Kitchen']);
  const ignored = await ask('/a%2Fb', { method: 'PATCH', body: { isIgnored: true, name: null } });
  assert.deepEqual([ignored.json().isIgnored, ignored.json().name], [true, 'a/b']);
  const gone = await ask('/a%2Fb', { method: 'DELETE' });
  assert.deepEqual([gone.statusCode, gone.body], [204, '']);
  for (const method of ['GET', 'DELETE', 'PATCH'] as const) {
    const body = method === 'PATCH' ? { name: 'x' } : undefined;
    assert.equal((await ask('/a%2Fb', { method, body })).statusCode, 404, method);
  }
});

test('who is not on the gateway, and nobody knows, reads and changes nothing', async (t) => {
  const { site, ask } = await api(t);
  site.says('a');
  for (const caller of [{ from: '192.168.1.20' }, { origin: 'http://evil.example' }]) {
    assert.equal((await ask('/a', caller)).statusCode, 401);
    assert.equal((await ask('', caller)).statusCode, 401);
    for (const method of ['PATCH', 'DELETE'] as const) {
      const response = await ask('/a', { ...caller, method, body: { name: 'x' } });
      assert.deepEqual([response.statusCode, response.json().code], [401, 'access.unknown']);
    }
  }
  assert.equal(site.registry.describe('a')?.name, 'a');
});

test('what can not be asked for or changed is a problem, in a sentence', async (t) => {
  const { site, ask } = await api(t);
  site.says('a');
  const queries = [
    '?presence=gone',
    '?presence=',
    '?presence=constructor',
    '?limit=0',
    '?limit=1001',
    '?limit=1e2',
    '?after=*',
    '?after=AAAA',
    '?ignored=1',
    '?order=name',
    '?text=a&text=b',
    '?__proto__=1',
  ];
  const bodies = ['{', '[]', 'null', '{}', '{"name":""}', '{"name":7}', '{"name":"a\\nb"}', '{"isIgnored":"yes"}'];
  bodies.push('{"presence":"online"}', JSON.stringify({ name: 'x'.repeat(201) }), '{"name":"x","id":"b"}');
  const responses = [
    ...(await Promise.all(queries.map((query) => ask(query)))),
    ...(await Promise.all(bodies.map((body) => ask('/a', { method: 'PATCH', body })))),
  ];
  for (const [index, response] of responses.entries()) {
    const what = [...queries, ...bodies][index];
    assert.equal(response.statusCode, 400, what);
    assert.equal(response.json().code, 'request.invalid', what);
    assert.ok(response.json().detail.length < 200, what);
  }
  for (const [url, method, allow] of [
    ['/a', 'PUT', 'GET, HEAD, PATCH, DELETE'],
    ['/a', 'POST', 'GET, HEAD, PATCH, DELETE'],
    ['', 'DELETE', 'GET, HEAD'],
  ] as const) {
    const response = await ask(url, { method, body: '{' });
    assert.deepEqual([response.statusCode, response.headers.allow], [405, allow], `${method} ${url}`);
  }
});

test('a disk that refuses a name is told', async (t) => {
  const { site, ask } = await api(t);
  site.says('a');
  site.disk.refusal = 'no space';
  const response = await ask('/a', { method: 'PATCH', body: { name: 'x' } });
  assert.deepEqual([response.statusCode, response.json().code], [503, new HeadgateError('buffer.failed', '').code]);
});

test('messages of a device are kept as they came while somebody asks, and no longer', async (t) => {
  const { site, ask } = await api(t);
  assert.equal((await ask('/x/messages')).statusCode, 404);
  site.says('x');
  // Nobody had asked.
  assert.deepEqual((await ask('/x/messages')).json(), { messages: [] });
  const cut = Buffer.from(`${'a'.repeat(1_999)}é and more`);
  for (const payload of [Buffer.from('{"v":1}'), Buffer.from([0xff, 0x00]), cut]) {
    const [decoded, message] = said({ device: 'x', fields: { v: 1 } });
    site.registry.heard(decoded, { ...message, payload, mqttQos: 1 }, site.time.now());
    // What a source does with its bytes afterwards is its own business.
    payload.fill(0);
  }
  const { messages } = (await ask('/x/messages')).json();
  const told = messages.map(({ number, payloadText, payloadBytes, mqttQos, isRetained }: Record<string, unknown>) => [
    ...[number, typeof payloadText === 'string' ? payloadText.slice(0, 7) : payloadText],
    ...[payloadBytes, mqttQos, isRetained],
  ]);
  assert.deepEqual(told, [
    [3, 'aaaaaaa', cut.length, 1, false],
    [2, undefined, 2, 1, false],
    [1, '{"v":1}', 7, 1, false],
  ]);
  assert.equal(messages[0].payloadText.length, 1_999);
  for (let n = 0; n < 60; n++) site.says('x');
  assert.equal((await ask('/x/messages')).json().messages.length, 50);
  site.wait(62_000);
  assert.deepEqual((await ask('/x/messages')).json(), { messages: [] });
  // Of so many devices at once, the one that was asked for longest ago goes.
  for (let n = 0; n < 20; n++) {
    site.says(`y${n}`);
    site.wait(1_000);
    await ask(`/y${n}/messages`);
  }
  site.says('x');
  assert.equal((await ask('/x/messages')).json().messages.length, 0);
});
