import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { HttpApi } from '../../src/api/http-api.ts';
import type { Verdict } from '../../src/clock/time-keeper.ts';
import type { ClockQuality } from '../../src/core/time.ts';
import { healthyParts } from '../support/status.ts';
import { dependencies } from './fixtures.ts';

interface Asked {
  readonly from?: string;
  readonly host?: string;
  readonly origin?: string;
  readonly body?: unknown;
}

/** A gateway whose clock has a quality, and answers so when it is told the time. */
async function site(t: TestContext, quality: ClockQuality, verdict: Verdict = { name: 'adopted', byMs: 5 }) {
  const told: (readonly unknown[])[] = [];
  const clock = {
    status: () => ({ ...healthyParts.clock, quality }),
    heard: (...heard: readonly unknown[]) => {
      told.push(heard);
      return verdict;
    },
  };
  const app = await new HttpApi(dependencies({}, { clock })).build();
  t.after(() => app.close());
  const put = async ({ from = '127.0.0.1', host = 'localhost:8080', origin, body = { now } }: Asked) => {
    const headers = { host, 'content-type': 'application/json', ...(origin && { origin }) };
    const payload = JSON.stringify(body);
    const response = await app.inject({ method: 'PUT', url: '/api/v1/clock', remoteAddress: from, headers, payload });
    return [response.statusCode, response.json()] as const;
  };
  return { put, told, app };
}

const now = '2026-11-25T13:00:00.500Z';

test('who may tell the time', async (t) => {
  const unset = await site(t, 'unset');
  const estimated = await site(t, 'estimated');
  const rows: [asked: Asked, whenUnset: number, whenEstimated: number][] = [
    [{}, 200, 200],
    [{ origin: 'http://localhost:8080' }, 200, 200],
    [{ origin: 'http://evil.example' }, 401, 401],
    [{ host: 'evil.example' }, 401, 401],
    [{ from: '192.168.1.20', host: '192.168.1.5:8080' }, 200, 401],
    [{ from: '::ffff:10.0.0.7', host: 'gate.local', origin: 'http://gate.local' }, 200, 401],
    [{ from: 'fe80::1%eth0', host: '[fe80::2]:8080', origin: 'http://[fe80::2]:8080' }, 200, 401],
    [{ from: 'fd00::1', host: 'gate' }, 200, 401],
    [{ from: '192.168.1.20', host: '192.168.1.5', origin: 'http://evil.example' }, 401, 401],
    // A name of the internet that was made to lead here.
    [{ from: '192.168.1.20', host: 'rebound.example.org', origin: 'http://rebound.example.org' }, 401, 401],
    [{ from: '192.168.1.20', host: '192.168.1.5.evil.example' }, 401, 401],
    [{ from: '203.0.113.9', host: '192.168.1.5' }, 401, 401],
    [{ from: '2001:db8::1', host: '192.168.1.5' }, 401, 401],
    [{ from: '192.168.1.20', host: 'a b' }, 401, 401],
  ];
  for (const [asked, whenUnset, whenEstimated] of rows) {
    assert.equal((await unset.put(asked))[0], whenUnset, JSON.stringify(asked));
    assert.equal((await estimated.put(asked))[0], whenEstimated, JSON.stringify(asked));
  }
});

test('what is told is handed on, and what became of it is said', async (t) => {
  const { put, told } = await site(t, 'estimated');
  const [code, said] = await put({});
  assert.deepEqual([code, said.quality, said.source], [200, 'estimated', 'ntp']);
  assert.deepEqual(told[0]?.slice(0, 2), ['browser', Date.UTC(2026, 10, 25, 13, 0, 0, 500)]);
  const synced = await site(t, 'synced');
  assert.equal((await synced.put({}))[0], 409);
  assert.equal((await synced.put({ body: {} }))[0], 400);
  assert.deepEqual(synced.told, []);
  const held = await site(t, 'estimated', { name: 'contradicts', byMs: 5 });
  assert.equal((await held.put({}))[0], 409);
  const refused = await site(t, 'unset', { name: 'refused', reason: 'implausible' });
  assert.equal((await refused.put({ body: { now: '1970-01-01T00:00:00Z' } }))[0], 400);
});

test('what is no time is refused in one sentence', async (t) => {
  const { put, told, app } = await site(t, 'unset');
  const bodies = [null, [], 5, {}, { now: 5 }, { now: '' }, { now: 'noon' }, { now: '2026-11-25T13:00:00' }];
  for (const body of [...bodies, { now: '2026-99-99T13:00:00Z' }, { now: `${'2'.repeat(50_000)}Z` }]) {
    const [code, said] = await put({ body });
    assert.deepEqual([code, said.code], [400, 'request.invalid'], JSON.stringify(body).slice(0, 60));
  }
  assert.deepEqual(told, []);
  const post = await app.inject({ method: 'POST', url: '/api/v1/clock' });
  assert.deepEqual([post.statusCode, post.headers.allow], [405, 'PUT']);
});
