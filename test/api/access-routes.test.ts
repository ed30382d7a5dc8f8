import assert from 'node:assert/strict';
import { test } from 'node:test';
import { by, fewOptions } from '../auth/site.ts';
import { api } from './access-site.ts';

const password = 'correct horse';

const here = '127.0.0.1';

test('whoever is on this machine may do all until there are people, then nothing without saying who', async (t) => {
  const { ask } = await api(t);
  assert.deepEqual((await ask('session', { from: here })).json.principal.kind, 'local');
  const token = (await ask('tokens', { method: 'POST', from: here, body: { name: 'panel', scopes: ['read'] } })).json
    .token;
  assert.equal((await ask('status', { from: here })).status, 200);
  const made = await ask('users', { method: 'POST', from: here, body: { name: 'eve', password, scopes: ['admin'] } });
  assert.equal(made.status, 201);
  assert.equal((await ask('status', { from: here })).status, 401);
  assert.equal((await ask('session', { from: here })).json.principal.kind, 'nobody');
  assert.equal((await ask('status', { token })).status, 200);
  assert.equal((await ask('tokens', { token })).code, 'access.denied');
  assert.equal((await ask('status', { token: `${token}x` })).code, 'auth.failed');
  assert.equal((await ask('status', { headers: { authorization: 'Basic eDp5' } })).code, 'auth.failed');
  // A wrong token is no reason to take somebody for local.
  assert.equal((await ask('status', { from: here, token: 'x' })).status, 401);
});

test('before it is known who there is, nobody is let in or told that they are unknown', async (t) => {
  const { auth, ask } = await api(t);
  Object.defineProperty(auth, 'isReady', { value: false });
  assert.equal((await ask('status', { from: here })).code, 'gateway.not-ready');
  assert.equal((await ask('status', { token: 'x' })).code, 'gateway.not-ready');
  assert.equal((await ask('session', { method: 'POST', body: { name: 'a', password } })).code, 'gateway.not-ready');
  assert.equal((await ask('setup', { method: 'POST', body: { name: 'a', password } })).code, 'gateway.not-ready');
  // A page would ask for a password, or not know that there is none yet.
  assert.equal((await ask('status', { headers: { cookie: 'headgate_session=x' } })).code, 'gateway.not-ready');
  const { code, headers } = await ask('session');
  assert.deepEqual([code, headers['retry-after']], ['gateway.not-ready', '1']);
  assert.equal((await ask('health/live')).status, 200);
});

test('who may read is told where the live feed is, and nobody else', async (t) => {
  const { auth, ask } = await api(t);
  const { token } = await auth.changes.addProgram('reader', ['read'], undefined, by);
  const live = async (shown: object) => (await ask('session', shown)).json.live;
  assert.deepEqual(await live({}), { cursor: null });
  assert.match((await live({ token })).cursor, /^[\w-]+-\d+$/);
});

test('a browser signs in, shows its cookie, and signs out', async (t) => {
  const { auth, ask } = await api(t);
  await auth.changes.addPerson('eve', password, ['admin'], by);
  assert.equal(
    (await ask('session', { method: 'POST', body: { name: 'eve', password: 'wrong one' } })).code,
    'auth.failed',
  );
  const signedIn = await ask('session', { method: 'POST', body: { name: 'eve', password } });
  const cookie = String(signedIn.headers['set-cookie']);
  assert.match(cookie, /^headgate_session=[\w-]{43}; Path=\/; HttpOnly; SameSite=Strict; Max-Age=2592000$/);
  const headers = { cookie: `other=1; ${cookie.split(';')[0]}; headgate_session2=x` };
  const csrf = { 'x-csrf-token': signedIn.json.csrfToken as string };
  const who = await ask('session', { headers });
  assert.deepEqual(
    [who.json.principal.name, who.json.csrfToken, who.json.setup],
    ['eve', signedIn.json.csrfToken, 'done'],
  );
  assert.equal((await ask('status', { headers })).status, 200);
  const change = (more: Record<string, string>) =>
    ask('profiles/reload', { method: 'POST', headers: { ...headers, ...more } });
  const own = 'http://192.168.1.5:8080';
  const rows: [more: Record<string, string>, status: number][] = [
    [csrf, 200],
    [{ ...csrf, origin: own, 'sec-fetch-site': 'same-origin' }, 200],
    [{}, 403],
    [{ 'x-csrf-token': 'x' }, 403],
    [{ origin: own }, 403],
    [{ ...csrf, origin: 'http://evil.example' }, 403],
    [{ ...csrf, origin: 'http://192.168.1.5:8081' }, 403],
    [{ ...csrf, origin: 'null' }, 403],
    [{ ...csrf, 'sec-fetch-site': 'cross-site' }, 403],
    [{ ...csrf, 'sec-fetch-site': 'same-site' }, 403],
    // A token needs no other proof, and does not borrow the cookie's.
    [{ authorization: 'Bearer x' }, 401],
  ];
  for (const [more, status] of rows) assert.equal((await change(more)).status, status, JSON.stringify(more));
  // A page elsewhere can open a WebSocket with this browser's cookie.
  const upgrade = { ...headers, upgrade: 'websocket', connection: 'upgrade' };
  for (const [origin, status] of [
    [own, 200],
    ['http://evil.example', 403],
    [undefined, 403],
  ] as const)
    assert.equal((await ask('status', { headers: { ...upgrade, ...(origin && { origin }) } })).status, status, origin);
  const ended: string[] = [];
  auth.book.watch(who.json.principal.id, () => ended.push('a stream'));
  const out = await ask('session', { method: 'DELETE', headers: { ...headers, ...csrf } });
  assert.deepEqual([out.status, /Max-Age=0/.test(String(out.headers['set-cookie'])), ended], [204, true, ['a stream']]);
  assert.equal((await ask('status', { headers })).status, 401);
});

test('who has not said who they are has no answers kept: neither for others nor as a way around the throttle', async (t) => {
  const { auth, ask } = await api(t);
  await auth.changes.addPerson('eve', password, ['admin'], by);
  const signIn = (given: string) =>
    ask('session', { method: 'POST', body: { name: 'eve', password: given }, headers: { 'idempotency-key': 'k' } });
  for (let i = 0; i < 2; i++) {
    const { status, headers } = await signIn(password);
    assert.deepEqual([status, /^headgate_session=./.test(String(headers['set-cookie']))], [200, true]);
  }
  assert.equal((await signIn('another password')).code, 'auth.failed');
});

test('who changes a password is signed out elsewhere', async (t) => {
  const { auth, ask } = await api(t);
  await auth.changes.addPerson('eve', password, ['admin'], by);
  const signIn = async () => {
    const { headers, json } = await ask('session', { method: 'POST', body: { name: 'eve', password } });
    return { cookie: String(headers['set-cookie']).split(';')[0]!, 'x-csrf-token': json.csrfToken as string };
  };
  const [one, other] = [await signIn(), await signIn()];
  const change = (body: object) => ask('session/password', { method: 'PUT', headers: one, body });
  assert.equal((await change({ password: 'wrong', newPassword: 'battery staple' })).code, 'auth.failed');
  assert.equal((await change({ password, newPassword: 'short' })).code, 'request.invalid');
  assert.equal((await change({ password, newPassword: 'battery staple' })).status, 204);
  assert.deepEqual(
    [(await ask('status', { headers: one })).status, (await ask('status', { headers: other })).status],
    [200, 401],
  );
  assert.equal((await ask('session', { method: 'POST', body: { name: 'eve', password } })).code, 'auth.failed');
  assert.equal(
    (await ask('session', { method: 'POST', body: { name: 'eve', password: 'battery staple' } })).status,
    200,
  );
});

test('too many wrong passwords are told how long to wait', async (t) => {
  const { auth, ask } = await api(t);
  await auth.changes.addPerson('eve', password, ['admin'], by);
  const wrong = () => ask('session', { method: 'POST', body: { name: 'eve', password: 'wrong one' } });
  for (let i = 0; i < 5; i++) assert.equal((await wrong()).status, 401);
  const held = await wrong();
  assert.deepEqual([held.status, held.code, held.headers['retry-after']], [429, 'auth.throttled', '1']);
});

test('the first administrator: by whom, from where, and when', async (t) => {
  const claim = { method: 'POST', body: { name: 'eve', password } } as const;
  type Row = [from: string, more: object, headers: Record<string, string>, inWindow: number, after: number];
  const rows: Row[] = [
    [here, {}, {}, 201, 201],
    ['192.168.1.20', {}, {}, 201, 403],
    ['fd00::7', {}, {}, 201, 403],
    ['203.0.113.9', {}, {}, 403, 403],
    ['192.168.1.20', {}, { host: 'evil.example' }, 403, 403],
    // A port that is passed on from outside.
    ['172.17.0.1', {}, { host: '203.0.113.5:8080' }, 403, 403],
    // Anybody, through a proxy that runs here or in the network and asks under an address of its own.
    ['127.0.0.1', {}, { 'x-forwarded-for': '203.0.113.9' }, 403, 403],
    ['192.168.1.20', {}, { forwarded: 'for=203.0.113.9' }, 403, 403],
    ['192.168.1.20', {}, { origin: 'http://evil.example' }, 403, 403],
    ['192.168.1.20', {}, { 'sec-fetch-site': 'cross-site' }, 403, 403],
    ['192.168.1.20', { code: 'wrong-wrong' }, {}, 201, 401],
    ['203.0.113.9', { code: 'RIGHT' }, {}, 201, 201],
    ['192.168.1.20', { code: 'RIGHT' }, {}, 201, 201],
    ['192.168.1.20', { password: 'short' }, {}, 400, 403],
    [here, { password: 'short' }, {}, 400, 400],
  ];
  for (const [from, more, headers, ...statuses] of rows) {
    for (const [i, status] of statuses.entries()) {
      const { auth, ask, clock, begin } = await api(t);
      clock.ms = i === 0 ? 29 * 60_000 : 31 * 60_000;
      const body = { ...claim.body, ...more } as { code?: string | undefined };
      if (body.code === 'RIGHT') body.code = auth.setup.code?.toUpperCase();
      const answer = await ask('setup', { ...claim, from, headers, body });
      assert.equal(answer.status, status, JSON.stringify([from, more, headers, i]));
      // Who is refused leaves nothing behind, not even a first run that has begun.
      assert.deepEqual([auth.book.hasPeople, begin.mock.callCount()], [status === 201, Number(status === 201)]);
      if (status !== 201) continue;
      const cookie = String(answer.headers['set-cookie']).split(';')[0]!;
      assert.equal((await ask('tokens', { headers: { cookie } })).status, 200);
      const second = await ask('setup', { ...claim, from: here, body: { name: 'bob', password } });
      assert.equal(second.code, 'request.conflict');
    }
  }
});

test('of two who set up at the same moment one is the first', async (t) => {
  const { auth, ask } = await api(t);
  const claims = ['eve', 'bob', 'joe'].map((name) => ask('setup', { method: 'POST', body: { name, password } }));
  const codes = (await Promise.all(claims)).map(({ status }) => status).sort();
  assert.deepEqual([codes, auth.book.list('person').length], [[201, 409, 409], 1]);
});

test('guessing the code is held back', async (t) => {
  const { ask, clock } = await api(t);
  clock.ms = 31 * 60_000;
  const statuses = [];
  for (let i = 0; i < 7; i++)
    statuses.push((await ask('setup', { method: 'POST', body: { name: 'eve', password, code: `g${i}` } })).status);
  assert.deepEqual(statuses, [401, 401, 401, 401, 401, 429, 429]);
  assert.equal((await ask('setup/code')).status, 401);
  assert.match((await ask('setup/code', { from: here })).json.code, /^[a-z2-9]{5}-[a-z2-9]{5}$/);
});

test('tokens, people and credentials: made, listed without what they show, and revoked', async (t) => {
  const { ask, auth } = await api(t);
  const post = (url: string, body: object) => ask(url, { method: 'POST', from: here, body });
  const token = await post('tokens', { name: 'panel', scopes: ['read'], expiresAt: '2026-07-01T00:00:00Z' });
  const device = await post('credentials', { device: 'tasmota:plug' });
  const chosen = await post('credentials', {
    device: 'a',
    name: 'b',
    password: 'battery staple',
    scopes: ['publish:a/#'],
  });
  const cert = await post('credentials', { device: 'c', fingerprint: `${'AB:'.repeat(31)}AB` });
  assert.deepEqual(
    [token, device, chosen, cert].map(({ status }) => status),
    [201, 201, 201, 201],
  );
  assert.match(device.json.password, /^[a-z2-9]{24}$/);
  assert.deepEqual(['password' in chosen.json, cert.json.certificate.fingerprint], [false, 'ab'.repeat(32)]);
  const person = await post('users', { name: 'eve', password, scopes: ['admin'] });
  assert.equal(person.status, 201);
  const admin = (await auth.changes.addProgram('admin', ['admin'], undefined, by)).token ?? '';
  for (const [list, count] of [
    ['tokens', 2],
    ['users', 1],
    ['credentials', 3],
  ] as const) {
    const { json } = await ask(list, { token: admin });
    assert.equal(json[list].length, count);
    const text = JSON.stringify(json);
    for (const secret of ['hash', 'digest', 'salt', token.json.token.slice(14), device.json.password, password])
      assert.ok(!text.includes(secret), `${list} ${secret}`);
  }
  const gone = (list: string, id: string) => ask(`${list}/${id}`, { method: 'DELETE', token: admin });
  assert.equal((await gone('users', token.json.id)).status, 404);
  assert.equal((await gone('tokens', token.json.id)).status, 204);
  assert.equal((await gone('tokens', token.json.id)).status, 404);
  assert.equal((await gone('credentials', device.json.id)).status, 204);
  assert.equal((await gone('users', person.json.id)).code, 'request.conflict');
  assert.equal((await ask('status', { token: token.json.token })).status, 401);
  const rows: [url: string, body: object | string, says: RegExp][] = [
    ['tokens', {}, /`name` must be/],
    ['tokens', [], /must be a JSON object/],
    ['tokens', { name: 'x' }, /`scopes` must be a list/],
    ['tokens', { name: 'x', scopes: [] }, /`scopes` must be a list/],
    ['tokens', { name: 'x', scopes: ['read'], expiresAt: 'soon' }, /`expiresAt` must be a time/],
    ['tokens', { name: 'x', scopes: ['read'], scope: 1 }, /There is no `scope`/],
    ['tokens', { name: 'x', scopes: ['fly'] }, /There is no scope `fly`/],
    ['users', { name: 'x', scopes: ['read'] }, /`password` must be/],
    ['credentials', {}, /`device` is missing/],
    ['credentials', { device: 1 }, /`device` must be a text/],
    ['audit?limit=0', '', /`limit` must be/],
    ['audit?x=1', '', /no parameter `x`/],
    ['audit?before=x', '', /number of an entry/],
  ];
  for (const [url, body, says] of rows) {
    const asked = body === '' ? {} : { method: 'POST' as const, body };
    const { status, json } = await ask(url, { ...asked, token: admin });
    assert.deepEqual([status, says.test(json.detail)], [400, true], `${url} ${JSON.stringify(body)} ${json.detail}`);
  }
});

test('what somebody may do can be changed: at once, also on open connections, after a crash, and in the audit log', async (t) => {
  const { ask, auth, disk } = await api(t);
  const { token = '', account } = await auth.changes.addProgram('panel', ['read'], undefined, by);
  const ended: string[] = [];
  auth.book.watch(account.id, () => ended.push('panel'));
  const change = (url: string, scopes: unknown, more = {}) =>
    ask(url, { method: 'PATCH', from: here, body: { scopes, ...more } });
  const changed = await change(`tokens/${account.id}`, ['command:lamp']);
  assert.deepEqual([changed.status, changed.json.scopes, ended], [200, ['command:lamp'], ['panel']]);
  assert.equal((await ask('status', { token })).code, 'access.denied');
  await auth.changes.addPerson('eve', password, ['admin'], by);
  const eve = auth.book.named('person', 'eve')!.id;
  const { token: admin = '' } = await auth.changes.addProgram('admin', ['admin'], undefined, by);
  const rows: [url: string, scopes: unknown, more: object, code: string][] = [
    [`tokens/${account.id}`, ['fly'], {}, 'request.invalid'],
    [`tokens/${account.id}`, [], {}, 'request.invalid'],
    [`tokens/${account.id}`, ['read'], { name: 'x' }, 'request.invalid'],
    [`users/${account.id}`, ['read'], {}, 'request.unknown'],
    ['tokens/nobody', ['read'], {}, 'request.unknown'],
    [`users/${eve}`, ['read'], {}, 'request.conflict'],
  ];
  for (const [url, scopes, more, code] of rows)
    assert.equal((await ask(url, { method: 'PATCH', token: admin, body: { scopes, ...more } })).code, code, url);
  assert.equal(
    (await ask(`tokens/${account.id}`, { method: 'PATCH', token, body: { scopes: ['admin'] } })).status,
    403,
  );
  const again = await api(t, { disk: disk.afterCrash() });
  assert.deepEqual(again.auth.book.find(account.id)?.scopes, ['command:lamp']);
  const { entries } = (await again.ask('audit', { token: admin })).json;
  const told = entries.find(({ what }: { what: string }) => what === 'token.scopes');
  assert.deepEqual([told.about, told.who, told.outcome], ['panel: command:lamp', 'this machine', 'done']);
});

test('a change of rights that the disk refuses is not there', async (t) => {
  const { auth, disk } = await api(t);
  const { token = '', account } = await auth.changes.addProgram('panel', ['read'], undefined, by);
  disk.refusal = 'disk full';
  await assert.rejects(auth.changes.changeScopes(account.id, ['admin'], by));
  assert.deepEqual([auth.ofToken(token)?.may.isAdmin, auth.ofToken(token)?.may.readsAll], [false, true]);
});

test('what administrators did, and who was refused, can be looked up, also after a crash', async (t) => {
  const { ask, disk } = await api(t);
  const token = (await ask('tokens', { method: 'POST', from: here, body: { name: 'panel', scopes: ['read'] } })).json;
  await ask('profiles/reload', { method: 'POST', from: here });
  await ask('profiles/reload', { method: 'POST', token: token.token });
  for (let i = 0; i < 3; i++) await ask('profiles/reload', { method: 'POST', from: '10.0.0.9' });
  await ask('buffer/backup', { method: 'POST', from: here, body: {} });
  await ask('session', { method: 'POST', body: { name: 'eve', password } });
  await ask(`tokens/${token.id}`, { method: 'DELETE', from: here });
  const { json } = await ask('audit', { from: here });
  const told = json.entries.map((one: Record<string, unknown>) =>
    [one.who, one.from, one.what, one.about ?? '', one.outcome, one.times].join(' '),
  );
  const expected = [
    'this machine 127.0.0.1 token.revoke panel done 1',
    'eve 192.168.1.20 login  refused 1',
    'this machine 127.0.0.1 POST /api/v1/buffer/backup  failed 1',
    'somebody 10.0.0.9 POST /api/v1/profiles/reload  refused 3',
    'panel 192.168.1.20 POST /api/v1/profiles/reload  refused 1',
    'this machine 127.0.0.1 POST /api/v1/profiles/reload  done 1',
    'this machine 127.0.0.1 token.create panel done 1',
  ];
  assert.deepEqual(told, expected);
  const page = (await ask('audit?limit=2', { from: here })).json.entries;
  const next = (await ask(`audit?limit=2&before=${page[1].number}`, { from: here })).json.entries;
  assert.deepEqual(
    next.map((one: { what: string }) => one.what),
    ['POST /api/v1/buffer/backup', 'POST /api/v1/profiles/reload'],
  );
  // The revocation was durable when it was answered, so all before it is.
  const again = await api(t, { disk: disk.afterCrash() });
  assert.equal((await again.ask('audit', { from: here })).json.entries.length, expected.length);
});

test('whoever has no right fills no log', async (t) => {
  const { auth, ask } = await api(t, { options: { ...fewOptions, maxAuditEntries: 20 } });
  await ask('profiles/reload', { method: 'POST', from: here });
  for (let i = 0; i < 50; i++) {
    await ask(`tokens/${i}`, { method: 'DELETE' });
    await ask('session', { method: 'POST', body: { name: `nobody ${i} ${'x'.repeat(1_000)}`, password } });
  }
  const entries = auth.audit.newest(100);
  // Twenty tries are free at one address; what comes then is counted, not listed.
  assert.equal(entries.length, 20);
  const held = entries.find(({ what }) => what === 'login, held back');
  assert.ok((held?.times ?? 0) >= 29, JSON.stringify(held));
  const refused = entries.find(({ what }) => what === 'DELETE /api/v1/tokens/:id');
  assert.ok((refused?.times ?? 0) >= 20, JSON.stringify(refused));
  // What an administrator did is not pushed out by it.
  assert.equal(entries.at(-1)?.what, 'POST /api/v1/profiles/reload');
  assert.ok(entries.every(({ who }) => who.length <= 300));
});

test('what the command line signs counts for one request, and for half a minute', async (t) => {
  const { ask, auth, directory } = await api(t);
  const { signRequest } = await import('../../src/auth/machine-key.ts');
  const { readFileSync, statSync } = await import('node:fs');
  await auth.changes.addPerson('eve', password, ['admin'], by);
  const file = `${directory}/machine-key`;
  assert.equal(statSync(file).mode & 0o777, 0o600);
  const key = readFileSync(file, 'utf8').trim();
  const signed = (path: string, now = Date.now(), method = 'GET', by = key) =>
    ({ authorization: signRequest(by, method, path, now) }) as Record<string, string>;
  const path = '/api/v1/audit?limit=1';
  const get = async (headers: Record<string, string>) => (await ask('audit?limit=1', { from: here, headers })).status;
  assert.equal(await get(signed(path)), 200);
  assert.equal(await get(signed('/api/v1/audit')), 401);
  assert.equal(await get(signed(path, Date.now(), 'POST')), 401);
  assert.equal(await get(signed(path, Date.now() - 60_000)), 401);
  assert.equal(await get(signed(path, Date.now() + 60_000)), 401);
  assert.equal(await get(signed(path, Date.now(), 'GET', 'x')), 401);
  assert.equal(await get({ authorization: 'Headgate-Machine x' }), 401);
});
