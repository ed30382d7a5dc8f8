import assert from 'node:assert/strict';
import { test } from 'node:test';
import { runInNewContext } from 'node:vm';
import { HttpApi } from '../../src/api/http-api.ts';
import { statusPage } from '../../src/api/status-page.ts';
import { authSite, by } from '../auth/site.ts';
import { dependencies } from './fixtures.ts';

/** The page in as much of a browser as it uses, one that keeps its cookie, before the real API. */
async function browser(app: Awaited<ReturnType<HttpApi['build']>>, from: string) {
  const elements = new Map<string, Record<string, unknown>>();
  const ids = [...statusPage.matchAll(/ id="([^"]+)"/g)].map(([, id]) => id!);
  const body = { className: '' };
  const jar = { cookie: '' };
  const load = async () => {
    for (const id of ids) elements.set(id, { textContent: '', value: '', hidden: false });
    let reloads = 0;
    const script = /<script>([\s\S]*)<\/script>/.exec(statusPage)![1]!;
    runInNewContext(script, {
      document: { getElementById: (id: string) => elements.get(id) ?? null, body },
      location: { hostname: 'gate', reload: () => reloads++ },
      AbortSignal,
      setTimeout: () => {},
      fetch: async (url: string, init: { method?: string; headers?: Record<string, string>; body?: string } = {}) => {
        const answer = await app.inject({
          method: (init.method ?? 'GET') as 'GET',
          url: `/${url}`,
          remoteAddress: from,
          headers: { host: '192.168.1.5', origin: 'http://192.168.1.5', ...init.headers, cookie: jar.cookie },
          ...(init.body !== undefined && { payload: init.body }),
        });
        const set = answer.headers['set-cookie'];
        if (set !== undefined) jar.cookie = String(set).split(';')[0]!;
        return {
          ok: answer.statusCode < 300,
          status: answer.statusCode,
          headers: new Headers({ date: new Date().toUTCString() }),
          json: async () => answer.json(),
        };
      },
    });
    await settled();
    return { reloads: () => reloads };
  };
  const element = (id: string) => elements.get(id)!;
  const submit = async (values: Record<string, string>) => {
    for (const [id, value] of Object.entries(values)) element(id).value = value;
    (element('signin').onsubmit as (event: object) => void)({ preventDefault() {} });
    await settled();
  };
  return { load, element, submit, body, jar };
}

async function settled(): Promise<void> {
  for (let i = 0; i < 30; i++) await new Promise(setImmediate);
}

const password = 'correct horse';

test('somebody in the same network makes the first administrator, and signs out and in again', async (t) => {
  const { auth } = await authSite(t);
  const app = await new HttpApi(dependencies({}, { auth })).build();
  t.after(() => app.close());
  const { load, element, submit, body, jar } = await browser(app, '192.168.1.20');
  await load();
  assert.deepEqual([body.className, element('signin').hidden, element('ask').hidden], ['unknown', false, true]);
  assert.match(String(element('summary').textContent), /Make the first administrator/);
  await submit({ user: 'eve', password: 'short' });
  assert.match(String(element('refused').textContent), /10 to 1,000/);
  await submit({ user: 'eve', password });
  assert.ok(auth.book.named('person', 'eve'));
  body.className = '';
  await load();
  assert.deepEqual([body.className, element('signin').hidden, element('whoami').hidden], ['', true, false]);
  assert.equal(element('person').textContent, 'eve');
  await (element('leave').onclick as () => Promise<void>)();
  assert.equal(auth.sessions.size, 0);
  await load();
  assert.match(String(element('summary').textContent), /Sign in to see/);
  await submit({ user: 'eve', password: 'wrong one' });
  assert.match(String(element('refused').textContent), /is wrong/);
  await submit({ user: 'eve', password });
  assert.match(jar.cookie, /headgate_session=.{43}/);
});

test('later the page asks for the code', async (t) => {
  const { auth, clock } = await authSite(t);
  clock.ms = 31 * 60_000;
  const app = await new HttpApi(dependencies({}, { auth })).build();
  t.after(() => app.close());
  const { load, element, submit } = await browser(app, '192.168.1.20');
  await load();
  assert.equal(element('ask').hidden, false);
  await submit({ user: 'eve', password });
  assert.match(String(element('refused').textContent), /takes the code/);
  await submit({ user: 'eve', password, code: auth.setup.code! });
  assert.ok(auth.book.hasPeople);
});

test('whoever may see less is told so', async (t) => {
  const { auth } = await authSite(t);
  await auth.changes.addPerson('eve', password, ['admin'], by);
  await auth.changes.addPerson('bob', password, ['read:device/a'], by);
  const app = await new HttpApi(dependencies({}, { auth })).build();
  t.after(() => app.close());
  const { load, element, submit, body } = await browser(app, '192.168.1.20');
  await load();
  await submit({ user: 'bob', password });
  body.className = '';
  await load();
  assert.equal(element('summary').textContent, 'You may not see how the gateway is doing.');
  assert.equal(element('whoami').hidden, false);
});
