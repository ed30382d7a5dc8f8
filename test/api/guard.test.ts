import assert from 'node:assert/strict';
import { test } from 'node:test';
import { demand, type Identify, needs, read } from '../../src/api/guard.ts';
import { HttpApi } from '../../src/api/http-api.ts';
import { permissionsOf } from '../../src/auth/scopes.ts';
import { localPrincipal, nobody, type Principal } from '../../src/core/principal.ts';
import { dependencies } from './fixtures.ts';

function withScopes(...scopes: string[]): Principal {
  const may = permissionsOf(scopes);
  assert.ok(typeof may !== 'string', String(may));
  return { id: 'p', kind: 'program', name: 'panel', may };
}

const callers: Readonly<Record<string, ReturnType<Identify>>> = {
  nobody,
  wrong: { code: 'auth.failed', detail: 'This token is unknown.' },
  local: localPrincipal,
  reader: withScopes('read'),
  watcher: withScopes('read:device/a*'),
};
const identify: Identify = ({ headers }) => callers[String(headers.caller)]!;

test('every route says what it needs, and one that does not can not be added', async (t) => {
  const app = await new HttpApi(dependencies()).build();
  t.after(() => app.close());
  assert.throws(() => app.get('/new', () => ({})), /GET,?H?E?A?D? \/new does not say what it needs/);
});

test('every route that there is, asked by everybody', async (t) => {
  const routes: [method: string, url: string][] = [];
  const app = await new HttpApi(
    dependencies(
      {},
      {
        identify,
        onRoute: ({ method, url }) => routes.push(...[method].flat().map((one) => [one, url] as [string, string])),
      },
    ),
  ).build();
  t.after(() => app.close());
  const open = new Set([
    'GET /',
    'GET /ui/:file',
    'GET /api/openapi.json',
    'GET /api/docs',
    'GET /api/v1/health/live',
    'GET /api/v1/health/ready',
    // It is no secret: whoever is to trust the gateway has to have it first.
    'GET /api/v1/certificates/authority',
  ]);
  assert.ok(routes.length > 25, String(routes.length));
  for (const [method, route] of routes) {
    // A stream that begins has no end to wait for.
    const url = route === '/api/v1/live' ? `${route}?kinds=none` : route.replace(/:\w+/g, 'a1');
    const ask = async (caller: string) =>
      (await app.inject({ method: method as 'GET', url, headers: { caller } })).statusCode;
    const what = `${method} ${route}`;
    const got = await ask('nobody');
    if (open.has(what.replace('HEAD', 'GET'))) assert.ok([200, 404, 503].includes(got), what);
    // What can't be done at all is said to anybody.
    else if (got !== 405) assert.equal(got, 401, what);
    if (got !== 401) continue;
    assert.equal(await ask('wrong'), 401, what);
    // Whatever else it says, it is not that somebody has no right.
    assert.ok(![401, 403].includes(await ask('local')), what);
  }
});

test('what a caller may not do is a problem that says who and what', async (t) => {
  const app = await new HttpApi(dependencies({}, { identify })).build();
  t.after(() => app.close());
  app.post('/say', needs('somebody'), (request) => {
    demand(request, { kind: 'publish', topic: 'x' });
    return {};
  });
  app.post('/open', needs('nothing'), (request) => {
    demand(request, read);
    return {};
  });
  type Row = [caller: string, method: 'GET' | 'POST', url: string, status: number, code?: string, says?: RegExp];
  const rows: Row[] = [
    ['nobody', 'GET', '/api/v1/status', 401, 'access.unknown', /Authorization: Bearer/],
    ['wrong', 'GET', '/api/v1/status', 401, 'auth.failed', /^This token is unknown\.$/],
    ['wrong', 'GET', '/api/v1/health/live', 200],
    ['reader', 'GET', '/api/v1/status', 200],
    [
      'reader',
      'POST',
      '/api/v1/profiles/reload',
      403,
      'access.denied',
      /^panel may not do this: it takes the scope `admin`/,
    ],
    ['reader', 'POST', '/say', 403, 'access.denied', /^panel may not publish to `x`/],
    ['local', 'POST', '/say', 200],
    ['nobody', 'POST', '/open', 401, 'access.unknown', /Authorization: Bearer/],
    ['watcher', 'POST', '/open', 403, 'access.denied', /may not see this/],
    ['watcher', 'GET', '/api/v1/status', 403, 'access.denied', /may not see this/],
    ['watcher', 'GET', '/api/v1/devices', 200],
    ['watcher', 'GET', '/api/v1/devices/b', 403, 'access.denied', /may not see the device `b`/],
    ['watcher', 'GET', '/api/v1/devices/a', 404, 'device.unknown'],
  ];
  for (const [caller, method, url, status, code, says] of rows) {
    const answer = await app.inject({ method, url, headers: { caller } });
    const what = `${caller} ${method} ${url}`;
    assert.equal(answer.statusCode, status, what);
    assert.equal(answer.headers['www-authenticate'], status === 401 ? 'Bearer realm="headgate"' : undefined, what);
    if (code !== undefined) assert.equal(answer.json().code, code, what);
    if (says !== undefined) assert.match(answer.json().detail, says, what);
  }
});
