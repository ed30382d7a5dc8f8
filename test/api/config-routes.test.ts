import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { RuleBook } from '../../src/admission/rule-book.ts';
import { HttpApi } from '../../src/api/http-api.ts';
import { ConfigKeeper } from '../../src/config/keeper.ts';
import { loadAgain } from '../../src/config/remote.ts';
import { silentLog } from '../../src/lib/log.ts';
import { ProbeDesk } from '../../src/uplink/probe-desk.ts';
import { tempDir } from '../support/temp-dir.ts';
import { dependencies } from './fixtures.ts';

/** The API over a configuration file of its own, whose rules hold at once. */
async function started(t: TestContext, more = '') {
  const directory = tempDir(t);
  const file = join(directory, 'headgate.yaml');
  writeFileSync(
    file,
    `dataDir: ${directory}\nbridges:\n  - name: b\n    url: mqtt://h\n    username: u\n    password: secret-word\n    topics: [{filter: "a/#"}]\n${more}`,
  );
  const sources = { file, settings: [], environment: {} };
  const running = loadAgain(sources);
  const book = new RuleBook(running.rules);
  const state = { isOnTrial: false };
  const restart = { isPossible: false, reason: 'It is a test.', ask: () => {} };
  const keeper = new ConfigKeeper({
    ...{ sources, running, restart, log: silentLog },
    isOnTrial: () => state.isOnTrial,
    onRules: (rules) => book.replace(rules),
  });
  const config = keeper.desk;
  const rules = { describe: () => book.describe(), explain: () => assert.fail() };
  const uplinkTest = new ProbeDesk({
    ...{ options: running.uplink, directory: join(directory, 'identity'), gateway: () => 'gw', agent: 'test' },
    now: Date.now,
  });
  const app = await new HttpApi(dependencies({}, { config, rules, uplinkTest })).build();
  const ask = async (
    method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE',
    url: string,
    payload?: object,
    headers = {},
  ) => {
    const answer = await app.inject({ method, url, headers, ...(payload !== undefined && { payload }) });
    return { status: answer.statusCode, json: answer.json(), etag: String(answer.headers.etag), body: answer.body };
  };
  return {
    ask,
    state,
    remoteFile: join(directory, 'remote.yaml'),
    settings: () => readFileSync(join(directory, 'settings.yaml'), 'utf8'),
  };
}

const alarms = { name: 'alarms', match: { topic: 'alarm/#' }, priority: 'critical' };

test('what holds is told, with every default and without secrets', async (t) => {
  const { ask } = await started(t);
  const { json, body } = await ask('GET', '/api/v1/config');
  assert.equal(json.config.http.port, 8080);
  assert.equal(json.config.bridges[0].password, '***');
  assert.doesNotMatch(body, /secret-word/);
  const schema = await ask('GET', '/api/v1/config/schema');
  assert.match(schema.json.properties.http.properties.port.description, /TCP port/);
});

test('rules are set durably, and hold at once', async (t) => {
  const { ask, remoteFile } = await started(t);
  const before = await ask('GET', '/api/v1/rules');
  const set = await ask('PUT', '/api/v1/rules', { rules: [alarms] });
  assert.equal(set.status, 200, set.body);
  assert.equal(set.json.rules[0].name, 'alarms');
  assert.equal((await ask('GET', '/api/v1/config')).json.config.rules[0].name, 'alarms');
  assert.match(readFileSync(remoteFile, 'utf8'), /alarm\/#/);
  const asText = await ask('PUT', '/api/v1/rules', { text: '- name: typed\n  ttl: 1h\n' });
  assert.deepEqual([asText.status, asText.json.rules[0].name], [200, 'typed']);
  const empty = await ask('PUT', '/api/v1/rules', { text: '' });
  assert.deepEqual([empty.status, empty.json], [200, before.json]);
  await ask('PUT', '/api/v1/rules', { rules: [alarms] });
  const back = await ask('DELETE', '/api/v1/config');
  assert.deepEqual([back.status, back.json.overlay, existsSync(remoteFile)], [200, '', false]);
  assert.deepEqual((await ask('GET', '/api/v1/rules')).json, before.json);
});

test('what is wrong changes nothing, and is told in full', async (t) => {
  const { ask, remoteFile, state } = await started(t);
  const rows: readonly (readonly [method: 'PUT' | 'PATCH', url: string, body: object, says: RegExp])[] = [
    ['PUT', '/api/v1/rules', { rules: [{ name: 'a', mach: {} }] }, /mach/],
    ['PUT', '/api/v1/rules', { rules: 'all' }, /as in the configuration/],
    ['PUT', '/api/v1/rules', [], /as in the configuration/],
    ['PUT', '/api/v1/rules', { text: [] }, /as in the configuration/],
    ['PUT', '/api/v1/rules', { text: '- name: a\n  prority: bulk\n' }, /rules:2:3: .*`rules\[0\]\.prority`/],
    ['PATCH', '/api/v1/config', { http: { port: 70000 } }, /http\.port.*70000/],
    ['PATCH', '/api/v1/config', { dataDir: '/x' }, /dataDir.*can't be set here/],
    ['PATCH', '/api/v1/config', { nonsense: 1 }, /nonsense/],
    ['PATCH', '/api/v1/config', [], /JSON object/],
  ];
  for (const [method, url, body, says] of rows) {
    const { status, json } = await ask(method, url, body);
    assert.equal(status, 400, JSON.stringify(json));
    assert.match(json.detail, says);
  }
  state.isOnTrial = true;
  const busy = await ask('PUT', '/api/v1/rules', { rules: [alarms] });
  assert.deepEqual([busy.status, busy.json.code], [409, 'request.conflict']);
  assert.equal(existsSync(remoteFile), false);
});

test('what somebody else has changed meanwhile is not overwritten', async (t) => {
  const { ask } = await started(t);
  const [config, rules] = [await ask('GET', '/api/v1/config'), await ask('GET', '/api/v1/rules')];
  const first = await ask('PUT', '/api/v1/rules', { rules: [alarms] }, { 'if-match': rules.etag });
  assert.equal(first.status, 200, first.body);
  for (const [method, url, etag] of [
    ['PUT', '/api/v1/rules', rules.etag],
    ['PATCH', '/api/v1/config', config.etag],
    ['DELETE', '/api/v1/config', config.etag],
  ] as const) {
    const late = await ask(method, url, method === 'DELETE' ? undefined : { rules: [] }, { 'if-match': etag });
    assert.deepEqual([late.status, late.json.code], [412, 'precondition.failed'], `${method} ${url}`);
  }
  const next = await ask('PUT', '/api/v1/rules', { rules: [] }, { 'if-match': first.etag });
  assert.equal(next.status, 200, next.body);
  assert.equal((await ask('PATCH', '/api/v1/config', { rules: [alarms] }, { 'if-match': '*' })).status, 200);
});

test('another collector gets no token that was given for this one', async (t) => {
  const url = 'https://other:1';
  const { ask: askWithFile } = await started(t, 'uplink: { url: https://known:1, token: secret-token }\n');
  const refused = await askWithFile('POST', '/api/v1/uplink/apply', { url });
  assert.equal(refused.status, 409);
  assert.match(refused.json.detail, /headgate\.yaml:8:\d+ gives the gateway's token for another collector/);
  assert.equal((await askWithFile('POST', '/api/v1/uplink/apply', { url, token: 'its' })).status, 200);

  const { ask, settings } = await started(t, 'uplink: { url: https://known:1 }\n');
  assert.equal((await ask('PATCH', '/api/v1/config', { uplink: { token: 'secret-token' } })).status, 200);
  assert.equal((await ask('POST', '/api/v1/uplink/apply', { url: 'https://known:1' })).status, 200);
  assert.match(settings(), /secret-token/);
  assert.equal((await ask('POST', '/api/v1/uplink/apply', { url })).status, 200);
  assert.doesNotMatch(settings(), /secret-token/);
});

test('whoever sets something that the disk does not take is told why', async (t) => {
  const { ask, remoteFile } = await started(t);
  mkdirSync(join(remoteFile, '..', `.settings.yaml.${process.pid}.new`, 'in the way'), { recursive: true });
  const { status, json } = await ask('PATCH', '/api/v1/config', { mqtt: { maxSessions: 5 } });
  assert.deepEqual([status, json.code], [500, 'data.unwritable']);
  assert.match(json.detail, /^What was set at the gateway .*settings\.yaml can't be written/);
  assert.deepEqual((await ask('GET', '/api/v1/config')).json.pending, []);
});

test('of two who set the same secret the one who has not seen the other’s is told', async (t) => {
  const { ask } = await started(t);
  await ask('PATCH', '/api/v1/config', { uplink: { token: 'first' } });
  const { etag } = await ask('GET', '/api/v1/config');
  const headers = { 'if-match': etag };
  assert.equal((await ask('PATCH', '/api/v1/config', { uplink: { token: 'second' } }, headers)).status, 200);
  assert.equal((await ask('PATCH', '/api/v1/config', { uplink: { token: 'third' } }, headers)).status, 412);
});
