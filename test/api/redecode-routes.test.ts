import assert from 'node:assert/strict';
import { test } from 'node:test';
import { HttpApi } from '../../src/api/http-api.ts';
import type { RedecodeApi } from '../../src/api/redecode-routes.ts';
import { HeadgateError } from '../../src/core/errors.ts';
import type { Asked } from '../../src/pipeline/redecode/asked.ts';
import { newRun, statusOf } from '../../src/pipeline/redecode/status.ts';
import { dependencies } from './fixtures.ts';

const path = '/api/v1/profiles/redecode';

async function api() {
  const asked: Asked[] = [];
  const site = { isBusy: false };
  const redecode: RedecodeApi = {
    status: () => statusOf(newRun(asked.at(-1), 1_000)),
    begin: (what) => {
      if (site.isBusy) throw new HeadgateError('request.conflict', 'It is busy.');
      asked.push(what);
      return redecode.status();
    },
    cancel: async () => statusOf({ ...newRun(asked.at(-1), 1_000), state: { name: 'stopped' } }),
  };
  return { app: await new HttpApi(dependencies({}, { redecode })).build(), asked, site };
}

test('what is asked for is begun, and told', async () => {
  const { app, asked, site } = await api();
  assert.equal((await app.inject(path)).json().state, 'idle');
  const body = {
    profile: 'acme/*',
    topic: 'a/+',
    device: 'd*',
    from: '2026-11-22T18:00:00Z',
    to: '2026-11-23T18:00:00+01:00',
  };
  const begun = await app.inject({ method: 'POST', url: path, payload: body });
  assert.equal(begun.statusCode, 202);
  assert.deepEqual(asked, [
    {
      profile: 'acme/*',
      topic: 'a/+',
      device: 'd*',
      fromMs: Date.UTC(2026, 10, 22, 18),
      toMs: Date.UTC(2026, 10, 23, 17),
    },
  ]);
  const { state, asked: told, startedAt, endedAt, messages } = begun.json();
  assert.deepEqual([state, startedAt, endedAt, messages], ['running', '1970-01-01T00:00:01.000Z', null, 0]);
  assert.deepEqual(told, { ...body, from: '2026-11-22T18:00:00.000Z', to: '2026-11-23T17:00:00.000Z' });
  assert.equal((await app.inject({ method: 'DELETE', url: path })).json().state, 'stopped');
  await app.inject({ method: 'POST', url: path });
  assert.deepEqual(asked[1], { fromMs: 0, toMs: Number.MAX_SAFE_INTEGER });
  assert.deepEqual((await app.inject(path)).json().asked, {
    profile: null,
    topic: null,
    device: null,
    from: null,
    to: null,
  });
  site.isBusy = true;
  const refused = await app.inject({ method: 'POST', url: path, payload: {} });
  assert.deepEqual([refused.statusCode, refused.json().code], [409, 'request.conflict']);
});

test('what can not be asked for is a problem that says why', async () => {
  const { app, asked } = await api();
  const table: [payload: object, status: number, detail: RegExp][] = [
    [{ profil: 'a/b' }, 400, /There is no `profil` here/],
    [{ topic: 'a/#/b' }, 400, /`topic` is "a\/#\/b"/],
    [{ topic: 7 }, 400, /`topic` must be a text/],
    [{ device: '' }, 400, /`device` must be a text/],
    [{ from: 'noon' }, 400, /`from` must be a time/],
    [{ from: '2026-11-23T00:00:00Z', to: '2026-11-22T00:00:00Z' }, 400, /later than/],
    [{ profile: 'acme/none' }, 404, /There is no profile `acme\/none`/],
    [['a'], 400, /JSON object/],
  ];
  for (const [payload, status, detail] of table) {
    const answer = await app.inject({ method: 'POST', url: path, payload });
    assert.equal(answer.statusCode, status, JSON.stringify(payload));
    assert.match(answer.json().detail, detail);
  }
  for (const method of ['POST', 'DELETE'] as const) {
    const remote = await app.inject({
      method,
      url: path,
      remoteAddress: '192.0.2.1',
      ...(method === 'POST' && { payload: {} }),
    });
    assert.equal(remote.statusCode, 401);
  }
  assert.deepEqual(asked, []);
});
