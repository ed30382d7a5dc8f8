import assert from 'node:assert/strict';
import { test } from 'node:test';
import { runInNewContext } from 'node:vm';
import { signInForm } from '../../src/api/sign-in-page.ts';
import { statusPage } from '../../src/api/status-page.ts';
import { composeStatus, type GatewayStatus, type StatusParts } from '../../src/instrumentation/status.ts';
import { healthyParts, someTimeMs } from '../support/status.ts';

type Answer = GatewayStatus | 'nothing';

/** The page's own script with as much of a browser as it uses: what each element says after each answer. */
async function shown(answers: readonly Answer[], hostname = 'gate.local') {
  const ids = [...statusPage.matchAll(/ id="([^"]+)"/g)].map(([, id]) => id!);
  const elements = new Map(ids.map((id) => [id, { textContent: '' }]));
  const body = { className: '' };
  const asked: string[] = [];
  const told: { readonly method: string; readonly body: string }[] = [];
  const left = [...answers];
  let next: (() => Promise<void>) | undefined;
  const script = /<script>([\s\S]*)<\/script>/.exec(statusPage)![1]!;
  runInNewContext(script, {
    // A wrong id is an error, as it would be in a browser.
    document: { getElementById: (id: string) => elements.get(id) ?? null, body },
    location: { hostname },
    AbortSignal,
    fetch: async (url: string, init: { readonly method?: string; readonly body?: string }) => {
      if (url === 'api/v1/clock') {
        told.push({ method: init.method ?? '', body: init.body ?? '' });
        throw new TypeError('fetch failed');
      }
      if (url === 'api/v1/session')
        return { ok: true, json: async () => ({ principal: { kind: 'local', name: 'here' } }) };
      asked.push(url);
      const answer = left.shift();
      if (answer === undefined || answer === 'nothing') throw new TypeError('fetch failed');
      return {
        ok: true,
        headers: new Headers({ date: new Date(someTimeMs).toUTCString() }),
        json: async () => JSON.parse(JSON.stringify(answer)),
      };
    },
    setTimeout: (work: () => Promise<void>) => {
      next = work;
    },
  });
  await new Promise(setImmediate);
  while (left.length > 0) await next?.();
  return {
    text: (id: string) => elements.get(id)?.textContent ?? assert.fail(`there is no #${id}`),
    body,
    asked,
    told,
    ids,
  };
}

const status = (parts: Partial<StatusParts> = {}) => composeStatus({ ...healthyParts, ...parts }, someTimeMs);

test('the page shows what the status says', async () => {
  const { text, body, asked, ids } = await shown([status()]);
  assert.deepEqual([...new Set(asked)], ['api/v1/status'], 'a relative address, so that it works behind a proxy');
  assert.equal(text('summary'), status().health.summary);
  assert.equal(text('in'), '12.5 /s');
  assert.equal(text('devices'), '5 online');
  assert.equal(text('absent'), 'of 9, 1 stale, 2 offline, 1 unknown');
  assert.equal(text('uplink'), 'live');
  assert.equal(text('waiting'), '0');
  assert.equal(text('oldest'), 'nothing waits');
  assert.equal(text('acknowledged'), 'last confirmed 1 s ago');
  assert.equal(text('try'), `mosquitto_pub -h gate.local -p 1883 -q 1 -t sensors/kitchen -m '{"temperature": 21.5}'`);
  assert.equal(body.className, '');
  // Of the form only what a gateway asks for is filled in.
  const form = [...signInForm.matchAll(/ id="([^"]+)"/g)].map(([, id]) => id!);
  for (const id of ids.filter((one) => !form.includes(one)))
    assert.doesNotMatch(text(id), /^$|undefined|null|NaN|\[object/, id);
});

test('the page says what is wrong, and never calls old numbers new', async () => {
  const down = status({
    uplink: {
      ...healthyParts.uplink,
      state: { name: 'waiting', retryAt: someTimeMs + 1, reason: 'connection refused' },
    },
    buffer: { ...healthyParts.buffer, waitingRecords: 48_210, oldestWaitingAt: someTimeMs - 7_200_000 },
    collector: null,
  });
  const waiting = await shown([down]);
  assert.deepEqual(['uplink', 'why', 'oldest', 'sink'].map(waiting.text), [
    'waiting',
    'connection refused',
    'oldest 2 h ago',
    'elsewhere',
  ]);
  const lost = await shown([status(), 'nothing']);
  assert.match(lost.text('summary'), /does not answer/);
  assert.equal(lost.body.className, 'stale');
  const back = await shown([status(), 'nothing', status()]);
  assert.deepEqual([back.text('summary'), back.body.className], [status().health.summary, '']);
});

test('the page tells the gateway the time when its clock is not set, and only then', async () => {
  assert.deepEqual((await shown([status()])).told, []);
  const unset = status({ clock: { ...healthyParts.clock, quality: 'unset', source: 'system', now: 61_000 } });
  const page = await shown([unset, unset, status()]);
  assert.deepEqual(
    page.told.map(({ method, body }) => [method, Math.abs(Date.parse(JSON.parse(body).now) - Date.now()) < 60_000]),
    [
      ['PUT', true],
      ['PUT', true],
    ],
  );
  assert.equal(page.body.className, '', 'that nobody takes it is no failure of the page');
  assert.match((await shown([unset])).text('time'), /^1970-01-01 00:01:01 UTC, from system$/);
});

test('the line to try works from an IPv6 address too', async () => {
  assert.match((await shown([status()], '[fe80::1]')).text('try'), /-h fe80::1 -p 1883/);
});
