import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { HttpApi } from '../../src/api/http-api.ts';
import { permissionsOf } from '../../src/auth/scopes.ts';
import { localPrincipal, nobody, type Principal } from '../../src/core/principal.ts';
import { Site, takenOf, World } from '../alarms/site.ts';
import { FakeTime } from '../support/fake-time.ts';
import { eventually } from '../support/wait.ts';
import { dependencies } from './fixtures.ts';

const path = '/api/v1/alarms';

function withScopes(...scopes: string[]): Principal {
  const may = permissionsOf(scopes);
  assert.ok(typeof may !== 'string', String(may));
  return { id: 'p', kind: 'program', name: 'p', may };
}

const principals = {
  admin: localPrincipal,
  reader: withScopes('read'),
  viewer: withScopes('read:device/own/*'),
  commander: withScopes('command:own/*'),
  publisher: withScopes('publish:#'),
  nobody,
} as const satisfies Readonly<Record<string, Principal>>;
type Who = keyof typeof principals;

async function started(t: TestContext) {
  const site = new Site(new World(new FakeTime()));
  await site.alarms.start();
  t.after(() => site.alarms.stop());
  const identify = ({ headers }: { readonly headers: object }) =>
    principals[(headers as Readonly<Record<string, Who>>).caller ?? 'admin'];
  const app = await new HttpApi(dependencies({}, { alarms: site.alarms, identify })).build();
  t.after(() => app.close());
  const ask = async (
    method: 'GET' | 'POST' | 'PUT' | 'DELETE',
    url: string,
    payload?: object,
    caller: Who = 'admin',
  ) => {
    const answer = await app.inject({ method, url: `${path}${url}`, headers: { caller }, ...(payload && { payload }) });
    return { status: answer.statusCode, body: answer.body === '' ? {} : answer.json() };
  };
  return { site, ask };
}

const rule = { name: 'Too warm', field: 'f', comparator: 'above', value: 8, severity: 'critical' };

test('each principal sees, acknowledges and changes exactly what they may', async (t) => {
  const { site, ask } = await started(t);
  const { body: made } = await ask('POST', '/rules', rule);
  for (const device of ['own/a', 'other/a']) site.alarms.taken(takenOf(9, { device }, 1));
  site.world.vitals = {
    ...site.world.vitals,
    buffer: { state: 'full', waitingShare: 0, failure: undefined, full: undefined },
  };
  // One of the gateway itself.
  await site.alarms.look();
  site.world.time.sleep(60_000);
  await site.alarms.look();
  const all = site.alarms.all();
  const idOf = (device: string | null) => all.find((one) => one.device === device)!.id;
  const count = async (who: Who) => (await ask('GET', '', undefined, who)).body.total;
  assert.deepEqual([await count('admin'), await count('reader'), await count('viewer')], [3, 3, 1]);

  /** Who may; of everybody else the first four are refused with 403, nobody with 401. */
  const rows: readonly (readonly [...Parameters<typeof ask>, ...may: Who[]])[] = [
    ['GET', '', undefined, 'admin', 'reader', 'viewer'],
    ['GET', `/${idOf('own/a')}`, undefined, 'admin', 'reader', 'viewer'],
    ['GET', `/${idOf('other/a')}`, undefined, 'admin', 'reader'],
    ['GET', `/${idOf(null)}`, undefined, 'admin', 'reader'],
    ['POST', `/${idOf('own/a')}/acknowledge`, { note: 1 }, 'admin', 'commander'],
    ['POST', `/${idOf('other/a')}/acknowledge`, { note: 1 }, 'admin'],
    ['POST', `/${idOf(null)}/acknowledge`, { note: 1 }, 'admin'],
    ['GET', '/built-in', undefined, 'admin', 'reader'],
    ['GET', '/rules', undefined, 'admin', 'reader'],
    ['GET', `/rules/${made.id}`, undefined, 'admin', 'reader'],
    ['POST', '/rules', {}, 'admin'],
    ['PUT', `/rules/${made.id}`, {}, 'admin'],
    ['DELETE', '/rules/no', undefined, 'admin'],
  ];
  for (const [method, url, payload, ...may] of rows) {
    for (const who of Object.keys(principals) as Who[]) {
      const { status } = await ask(method, url, payload, who);
      // What is asked for is wrong, where it would change something: who may is told so.
      const wanted = may.includes(who) ? [200, 400, 404] : who === 'nobody' ? [401] : [403];
      assert.ok(wanted.includes(status), `${who}: ${method} ${url}: ${status}, not ${wanted}`);
    }
  }
  // Who may see nothing at all is not told which alarms there are.
  assert.equal((await ask('GET', '/9-00000000', undefined, 'publisher')).status, 403);
  assert.equal((await ask('GET', '/9-00000000', undefined, 'viewer')).status, 404);
});

test('who acknowledges is noted with what they say, once', async (t) => {
  const { site, ask } = await started(t);
  await ask('POST', '/rules', rule);
  site.alarms.taken(takenOf(9, { device: 'own/a' }, 1));
  const { id } = site.alarms.all()[0]!;
  for (const note of [7, 'x'.repeat(1_001)])
    assert.equal((await ask('POST', `/${id}/acknowledge`, { note })).body.code, 'request.invalid');
  assert.match((await ask('POST', `/${id}/acknowledge`, { not: '' })).body.detail, /There is no `not` here/);
  const { status, body } = await ask('POST', `/${id}/acknowledge`, { note: ' On my way. ' }, 'commander');
  assert.deepEqual([status, body.state, body.acknowledgedBy, body.note], [200, 'acknowledged', 'p', 'On my way.']);
  const again = await ask('POST', `/${id}/acknowledge`);
  assert.deepEqual([again.status, again.body.detail], [409, 'The alarm was acknowledged by p already.']);
});

test('lists come page by page, of what is asked for', async (t) => {
  const { site, ask } = await started(t);
  await ask('POST', '/rules', rule);
  await ask('POST', '/rules', { ...rule, name: 'Soon', severity: 'info', forSeconds: 60, device: 'd1' });
  for (let i = 0; i < 5; i++) site.alarms.taken(takenOf(9, { device: `d${i}` }, 1));
  site.alarms.taken(takenOf(1, { device: 'd0' }, 1));
  const of = async (query: string) => {
    const { body } = await ask('GET', query);
    return (body.alarms as { device: string }[]).map(({ device }) => device).join(' ');
  };
  const rows: readonly (readonly [query: string, devices: string])[] = [
    ['', 'd4 d3 d2 d1'],
    ['?state=active&severity=critical', 'd4 d3 d2 d1'],
    ['?state=history', 'd0'],
    ['?state=pending', 'd1'],
    ['?state=all&device=d1', 'd1 d1'],
    ['?severity=info,warning', ''],
    ['?state=acknowledged', ''],
  ];
  for (const [query, devices] of rows) assert.equal(await of(query), devices, query);
  const { body: first } = await ask('GET', '?limit=3');
  assert.deepEqual([first.alarms.length, first.total], [3, 4]);
  assert.equal(await of(`?limit=3&after=${first.next}`), 'd1');
  for (const query of [
    'state=no',
    'state=a&state=b',
    'severity=bad',
    'severity=info&severity=info',
    'after=1',
    'x=1',
  ]) {
    const { status } = await ask('GET', `?${query}`);
    assert.equal(status, 400, query);
  }
});

test('rules are made, changed and deleted, and say who did it', async (t) => {
  const { site, ask } = await started(t);
  const { status, body } = await ask('POST', '/rules', rule);
  assert.equal(status, 201);
  const { id, createdAt, changedAt, ...terms } = body;
  assert.deepEqual(terms, {
    ...{ ...rule, enabled: true, device: '*', profile: null, hysteresis: 0 },
    ...{ forSeconds: 0, clearForSeconds: 0, changedBy: 'this machine' },
  });
  const { body: changed } = await ask('PUT', `/rules/${id}`, { ...rule, value: 9 });
  assert.deepEqual([changed.id, changed.value, changed.createdAt], [id, 9, createdAt]);
  assert.deepEqual((await ask('GET', '/rules')).body.rules, [changed]);
  assert.equal((await ask('PUT', '/rules/no', rule)).body.code, 'request.unknown');
  assert.equal((await ask('DELETE', `/rules/${id}`)).status, 204);
  assert.equal((await ask('GET', `/rules/${id}`)).status, 404);
  await eventually('the disk', () => site.world.disk.keys('alarms.rules').length === 0);
});
