import assert from 'node:assert/strict';
import { test } from 'node:test';
import { runInNewContext } from 'node:vm';
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
  const left = [...answers];
  let next: (() => Promise<void>) | undefined;
  const script = /<script>([\s\S]*)<\/script>/.exec(statusPage)![1]!;
  runInNewContext(script, {
    // A wrong id is an error, as it would be in a browser.
    document: { getElementById: (id: string) => elements.get(id) ?? null, body },
    location: { hostname },
    AbortSignal,
    fetch: async (url: string) => {
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
  return { text: (id: string) => elements.get(id)?.textContent ?? assert.fail(`there is no #${id}`), body, asked, ids };
}

const status = (parts: Partial<StatusParts> = {}) => composeStatus({ ...healthyParts, ...parts }, someTimeMs);

test('the page shows what the status says', async () => {
  const { text, body, asked, ids } = await shown([status()]);
  assert.deepEqual([...new Set(asked)], ['api/v1/status'], 'a relative address, so that it works behind a proxy');
  assert.equal(text('summary'), status().health.summary);
  assert.equal(text('in'), '12.5 /s');
  assert.equal(text('uplink'), 'live');
  assert.equal(text('waiting'), '0');
  assert.equal(text('oldest'), 'nothing waits');
  assert.equal(text('acknowledged'), 'last confirmed 1 s ago');
  assert.equal(text('try'), `mosquitto_pub -h gate.local -p 1883 -q 1 -t sensors/kitchen -m '{"temperature": 21.5}'`);
  assert.equal(body.className, '');
  for (const id of ids) assert.doesNotMatch(text(id), /^$|undefined|null|NaN|\[object/, id);
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

test('the line to try works from an IPv6 address too', async () => {
  assert.match((await shown([status()], '[fe80::1]')).text('try'), /-h fe80::1 -p 1883/);
});
