import assert from 'node:assert/strict';
import { test } from 'node:test';
import { HttpApi } from '../../src/api/http-api.ts';
import { localPrincipal, type Principal } from '../../src/core/principal.ts';
import { CommandSite } from '../commands/site.ts';
import { dependencies } from './fixtures.ts';

const path = '/api/v1/devices/pump/commands';

async function started(principal: Principal = localPrincipal) {
  const site = new CommandSite();
  await site.start();
  const http = new HttpApi(dependencies({}, { commands: site.commands.local, identify: () => principal }));
  const app = await http.build();
  const post = (body: object, headers: Record<string, string> = {}, url = path) =>
    app.inject({ method: 'POST', url, headers, payload: body });
  return { site, app, post };
}

test('a command is given, answered, and told of', async () => {
  const { site, app, post } = await started();
  const given = await post({ id: 'c-1', name: 'set', payload: { valve: 40 }, priority: 'critical' });
  assert.equal(given.statusCode, 202, given.body);
  assert.equal(given.headers.location, '/api/v1/devices/pump/commands/c-1');
  const { at, ...rest } = given.json();
  assert.match(at, /^2026-/);
  assert.deepEqual(
    { ...rest, state: undefined, revision: undefined },
    {
      ...{ id: 'c-1', device: 'pump', name: 'set', by: 'this machine', reason: null, result: null },
      ...{ state: undefined, revision: undefined },
    },
  );
  await site.settle();
  assert.deepEqual(site.given, ['c-1']);
  await site.commands.answered('pump', 'c-1', Buffer.from('{"status":"ok","result":{"valve":40}}'));
  const told = (await app.inject(`${path}/c-1`)).json();
  assert.deepEqual([told.state, told.result], ['acknowledged', { valve: 40 }]);
  // The collector having it takes nothing from who asks here.
  site.connect();
  site.commands.confirmed('c-1', told.revision);
  assert.deepEqual((await app.inject(`${path}/c-1`)).json().result, { valve: 40 });
  assert.equal((await app.inject('/api/v1/devices/other/commands/c-1')).json().code, 'command.unknown');
  assert.equal((await app.inject(`${path}/c-2`)).statusCode, 404);
});

test('it can be waited for', async () => {
  const { site, post } = await started();
  const asked = post({ id: 'c-1' }, { prefer: 'respond-async, wait=30' });
  while (site.given.length === 0) await site.settle();
  await site.commands.answered('pump', 'c-1', Buffer.from('{"status":"failed","reason":"stuck"}'));
  const answer = await asked;
  assert.deepEqual([answer.statusCode, answer.headers['preference-applied']], [200, 'wait=30']);
  assert.deepEqual([answer.json().state, answer.json().reason], ['failed', 'stuck']);
});

test('the same id, or the same key, is the same command', async () => {
  const { site, app, post } = await started();
  await post({ id: 'c-1' });
  assert.equal((await post({ id: 'c-1' })).statusCode, 202);
  const other = await post({ id: 'c-1' }, {}, '/api/v1/devices/valve/commands');
  assert.deepEqual([other.statusCode, other.json().code], [409, 'request.conflict']);
  const first = await post({ name: 'a' }, { 'idempotency-key': 'k' });
  await site.settle();
  await site.crash();
  const http = new HttpApi(dependencies({}, { commands: site.commands.local, identify: () => localPrincipal }));
  const again = await (await http.build()).inject({
    method: 'POST',
    url: path,
    headers: { 'idempotency-key': 'k' },
    payload: { name: 'a' },
  });
  assert.equal(again.json().id, first.json().id);
  await site.settle();
  assert.deepEqual(site.given, ['c-1', first.json().id]);
  assert.equal((await app.inject(path)).statusCode, 200);
});

test('what can never be done has failed, with the reason', async () => {
  const { post } = await started();
  const answer = await post({ name: 'fly' });
  assert.deepEqual([answer.statusCode, answer.json().state], [200, 'failed']);
  assert.match(answer.json().reason, /does not fly/);
});

test('when the disk refuses, the command is not given', async () => {
  const { site, post } = await started();
  site.disk.refusal = 'full';
  const answer = await post({ id: 'c-1' });
  assert.equal(answer.statusCode >= 500, true, answer.body);
  assert.deepEqual(site.given, []);
});

test('the newest come first, page by page', async () => {
  const { app, post } = await started();
  for (const id of ['a', 'b', 'c']) await post({ id });
  const first = (await app.inject(`${path}?limit=2`)).json();
  assert.deepEqual([first.commands.map(({ id }: { id: string }) => id), first.next, first.total], [['c', 'b'], 'b', 3]);
  const rest = (await app.inject(`${path}?limit=2&after=b`)).json();
  assert.deepEqual([rest.commands.map(({ id }: { id: string }) => id), rest.next], [['a'], null]);
  for (const query of ['limit=0', 'limit=1001', 'after=%2F', 'x=1', 'limit=1&limit=2'])
    assert.equal((await app.inject(`${path}?${query}`)).statusCode, 400, query);
});

test('what is no command is a problem', async () => {
  const { site, post } = await started();
  const bodies = [
    { id: 'a b' },
    { name: 'x\n' },
    { payload: 1, payloadText: '1' },
    { payloadText: 'x'.repeat(65_537) },
    { priority: 'high' },
    { expiresInSeconds: 0 },
    { expiresAt: 'tomorrow' },
    { qos: 1 },
    [],
  ];
  for (const body of bodies) {
    const answer = await post(body);
    assert.ok([400, 413].includes(answer.statusCode), `${JSON.stringify(body).slice(0, 80)} ${answer.body}`);
  }
  await site.settle();
  assert.deepEqual(site.given, []);
});

test('only who may command a device does', async () => {
  const may = { ...localPrincipal.may, isAdmin: false, command: ['valve-*'] };
  const { app, post } = await started({ id: 'p', kind: 'program', name: 'panel', may });
  assert.equal((await post({}, {}, '/api/v1/devices/valve-1/commands')).statusCode, 202);
  assert.equal((await post({})).statusCode, 403);
  assert.equal((await app.inject(path)).statusCode, 403);
});
