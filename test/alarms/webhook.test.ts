// The webhook against real servers: well, slow, failing, absent.
import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type TestContext, test } from 'node:test';
import type { AlarmView } from '../../src/alarms/alarm.ts';
import type { AlarmEvent } from '../../src/alarms/event.ts';
import { alarmsFaults } from '../../src/alarms/option-checks.ts';
import { Webhook, type WebhookSettings } from '../../src/alarms/webhook.ts';
import { systemClock } from '../../src/core/time.ts';
import { silentLog } from '../../src/lib/log.ts';
import { eventually } from '../support/wait.ts';

interface Heard {
  readonly id: string;
  readonly body: string;
  readonly headers: IncomingHttpHeaders;
}

/** A server that answers as it is told; each request is kept. */
async function receiver(t: TestContext, answer: (response: ServerResponse, n: number) => void) {
  const heard: Heard[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk) => chunks.push(chunk));
    request.on('end', () => {
      const body = Buffer.concat(chunks).toString();
      heard.push({ id: JSON.parse(body).id, body, headers: request.headers });
      answer(response, heard.length);
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return { heard, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook?a=b` };
}

function webhook(t: TestContext, settings: Partial<WebhookSettings> & Pick<WebhookSettings, 'url'>): Webhook {
  const usual = { secret: () => undefined, timeoutMs: 2_000, maxQueued: 100, giveUpMs: 60_000 };
  // The shortest wait that there is, so that a second attempt follows at once.
  const made = new Webhook({
    ...{ settings: { ...usual, ...settings }, gateway: () => 'hg-1', clock: systemClock, log: silentLog },
    random: () => 0,
    backoff: { minMs: 5, maxMs: 5 },
  });
  t.after(() => made.stop());
  return made;
}

const eventOf = (number: number): AlarmEvent => ({
  ...{ number, change: 'raised', atMs: Date.UTC(2026, 5, 1) },
  alarm: { id: `${number}-00000000`, name: 'Too warm' } as AlarmView,
});
const idsOf = (heard: readonly Heard[]): string[] => heard.map(({ id }) => id);

test('it is called in order, signed, with what happened', async (t) => {
  const { heard, url } = await receiver(t, (response) => response.writeHead(204).end());
  const hook = webhook(t, { url, secret: () => 's3cret' });
  let over = 0;
  for (let i = 1; i <= 3; i++) hook.call(eventOf(i), () => over++);
  await eventually('three calls', () => over === 3);
  assert.deepEqual(idsOf(heard), ['1-00000000/raised', '2-00000000/raised', '3-00000000/raised']);
  const [{ body, headers }] = heard as [Heard];
  assert.deepEqual(JSON.parse(body), {
    ...{ event: 'alarm', id: '1-00000000/raised', gateway: 'hg-1', at: '2026-06-01T00:00:00.000Z', change: 'raised' },
    alarm: { id: '1-00000000', name: 'Too warm' },
  });
  const expected = createHmac('sha256', 's3cret').update(`${headers['x-headgate-timestamp']}.${body}`).digest('hex');
  assert.equal(headers['x-headgate-signature'], `sha256=${expected}`);
  assert.deepEqual(hook.status(), {
    queued: 0,
    delivered: 3,
    failures: 0,
    dropped: { full: 0, late: 0 },
    failure: null,
  });
});

test('a server that fails, redirects, answers without end or not at all is asked again, and then has each once', async (t) => {
  const bad: readonly (readonly [answer: (response: ServerResponse) => void, says: RegExp])[] = [
    [(response) => response.writeHead(500).end('oh'), /^it answered 500$/],
    [(response) => response.writeHead(302, { location: '/elsewhere' }).end(), /^it answered 302$/],
    [(response) => response.destroy(), /socket hang up/],
    [() => {}, /^it gave no answer in 100 ms$/],
    [(response) => response.writeHead(200).write(Buffer.alloc(100_000)), /more than 65536 bytes/],
    [(response) => response.writeHead(200).write('a'), /^it gave no answer in 100 ms$/],
  ];
  for (const [answer, says] of bad) {
    const failures: (string | null)[] = [];
    const { heard, url } = await receiver(t, (response, n) => {
      if (n === 2) failures.push(hook.status().failure);
      if (n === 1) answer(response);
      else response.end();
    });
    const hook = webhook(t, { url, timeoutMs: 100 });
    let over = 0;
    for (let i = 1; i <= 2; i++) hook.call(eventOf(i), () => over++);
    await eventually('both', () => over === 2);
    assert.deepEqual(idsOf(heard), ['1-00000000/raised', '1-00000000/raised', '2-00000000/raised']);
    assert.match(String(failures[0]), says);
    assert.equal(hook.status().failures, 1);
  }
});

test('a server that is not there: calls wait, so many and so long, and those that are given up are counted', async (t) => {
  const { url } = await receiver(t, () => {});
  const gone = url.replace(/:\d+/, ':1');
  const over: number[] = [];
  const full = webhook(t, { url: gone, maxQueued: 3 });
  for (let i = 1; i <= 10; i++) full.call(eventOf(i), () => over.push(i));
  assert.equal(full.status().queued, 3);
  assert.deepEqual(full.status().dropped, { full: 7, late: 0 });
  // The first was under way.
  assert.deepEqual(over, [2, 3, 4, 5, 6, 7, 8]);
  await eventually('failures', () => full.status().failures > 2);
  assert.match(String(full.status().failure), /ECONNREFUSED/);
  const late = webhook(t, { url: gone, giveUpMs: 0 });
  late.call(eventOf(1), () => over.push(99));
  await eventually('the end of it', () => over.includes(99));
  assert.deepEqual([late.status().queued, late.status().dropped.late], [0, 1]);
});

test('a secret that can not be read is a failure like others, and nothing comes after the end', async (t) => {
  const { heard, url } = await receiver(t, (response) => response.end());
  let isThere = false;
  const secret = () => (isThere ? 'x' : assert.fail('no such file'));
  const hook = webhook(t, { url, secret });
  hook.call(eventOf(1), () => {});
  await eventually('a failure', () => hook.status().failures > 0);
  isThere = true;
  await eventually('the call', () => hook.status().delivered === 1);
  hook.stop();
  hook.call(eventOf(2), () => assert.fail('not over'));
  assert.equal(heard.length, 1);
});

test('an address that can not be called is refused', () => {
  const rows: readonly (readonly [webhook: object, says: RegExp | undefined])[] = [
    [{}, undefined],
    [{ url: 'https://example.org/a?b=c' }, undefined],
    [{ url: 'example.org' }, /no URL/],
    [{ url: 'file:///etc/passwd' }, /must begin with http/],
    [{ url: 'https://ann:pw@example.org' }, /holds a user or password/],
    [{ url: 'http://a', secret: 'a', secretFile: 'b' }, /take one of them away/],
  ];
  for (const [one, says] of rows) {
    const [fault] = alarmsFaults({ webhook: one });
    if (says === undefined) assert.equal(fault, undefined);
    else assert.match(String(fault?.message), says);
  }
});
