// The first run against a whole gateway: gone through over a restart, and what a page is given to begin with.
import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { AdminClient } from '../../src/collector/admin/client.ts';
import { Collector } from '../../src/collector/collector.ts';
import { silentLog } from '../../src/lib/log.ts';
import { startGateway } from '../support/gateway.ts';
import { collectorDefaults } from '../support/options.ts';
import { RawMqtt } from '../support/raw-mqtt.ts';
import { tempDir } from '../support/temp-dir.ts';
import { eventually } from '../support/wait.ts';

type Json = Readonly<Record<string, unknown>>;

/** A member of an answer: `devices.devices.0.id`. */
const at = (json: unknown, path: string): unknown =>
  path.split('.').reduce((one, key) => (one as Readonly<Record<string, unknown>>)[key], json);

async function site(t: TestContext, dataDir: string) {
  const gateway = await startGateway(t, { dataDir });
  const url = `http://127.0.0.1:${gateway.port('http')}`;
  let headers: Record<string, string> = {};
  const ask = async (method: string, path: string, body?: object): Promise<{ status: number; json: Json }> => {
    const response = await fetch(`${url}/api/v1/${path}`, {
      method,
      headers: { ...headers, ...(body && { 'content-type': 'application/json' }) },
      ...(body && { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    const json = text === '' ? {} : (JSON.parse(text) as Json);
    const cookie = response.headers.get('set-cookie')?.split(';', 1)[0];
    if (cookie !== undefined) headers = { cookie, 'x-csrf-token': String(json.csrfToken) };
    return { status: response.status, json };
  };
  return { gateway, ask, forget: () => (headers = {}) };
}

test('a first run goes on after a restart, in another browser, up to a device that was heard', async (t) => {
  const dataDir = tempDir(t);
  const password = 'correct horse';
  const first = await site(t, dataDir);
  assert.equal((await first.ask('GET', 'first-run')).json.next, 'password');
  await first.ask('POST', 'setup', { name: 'ann', password });
  await first.ask('PATCH', 'gateway', { name: 'Greenhouse', timeZone: 'Europe/Berlin' });
  const named = await first.ask('PUT', 'first-run/name', { state: 'done' });
  assert.equal(named.json.next, 'upstream');
  await first.ask('PUT', 'preferences', { theme: 'dark' });
  first.gateway.child.kill('SIGKILL');
  await once(first.gateway.child, 'exit');

  const { gateway, ask } = await site(t, dataDir);
  const { next, setup } = (await ask('GET', 'first-run')).json;
  assert.deepEqual([next, setup], ['upstream', 'done']);
  assert.equal((await ask('GET', 'bootstrap')).status, 401);
  assert.equal((await ask('POST', 'session', { name: 'ann', password })).status, 200);
  await ask('PUT', 'first-run/upstream', { state: 'skipped' });
  const before = (await ask('GET', 'bootstrap')).json;
  assert.deepEqual(
    ['gateway.name', 'gateway.timeZone', 'preferences.theme', 'firstRun.next'].map((path) => at(before, path)),
    ['Greenhouse', 'Europe/Berlin', 'dark', 'sensor'],
  );
  const made = (await ask('POST', 'credentials', { device: 'demo' })).json;
  assert.deepEqual(made.mqtt, {
    hosts: [{ host: '127.0.0.1', kind: 'loopback' }],
    port: gateway.port('mqtt'),
    tls: null,
  });
  const typo = { username: 'dmeo', password: Buffer.from('x') };
  await (await RawMqtt.connect(gateway.port('mqtt'), 'typo', 4, typo)).closed;
  const tried = (await ask('GET', 'connections/attempts')).json;
  assert.deepEqual(
    ['mqtt.connectionsTotal', 'attempts.0.userName', 'attempts.0.reason', 'attempts.0.isKnownUser'].map((path) =>
      at(tried, path),
    ),
    [1, 'dmeo', 'bad-credentials', false],
  );
  const login = { username: String(made.name), password: Buffer.from(String(made.password)) };
  const client = await RawMqtt.connect(gateway.port('mqtt'), 'demo', 4, login);
  client.send({
    cmd: 'publish',
    topic: 'sensors/demo',
    payload: '21.5',
    qos: 1,
    messageId: 1,
    retain: false,
    dup: false,
  });
  await client.take('puback');
  // What happened after the cursor is told by the feed, although nobody read when it did.
  const heard = await eventually('the measurement', async () => {
    const { json } = await ask('GET', `live/poll?kinds=measurement&waitMs=1000&after=${at(before, 'live.cursor')}`);
    return JSON.stringify(json.events).includes('21.5') && json;
  });
  assert.ok(!JSON.stringify(heard).includes('reset'));
  const after = (await ask('GET', 'bootstrap')).json;
  assert.deepEqual(
    ['devices.total', 'devices.devices.0.fields.0.value', 'sparklines.problem', 'sparklines.series.0.values'].map(
      (path) => at(after, path),
    ),
    [1, 21.5, null, [21.5]],
  );
  assert.deepEqual(
    [at(after, 'firstRun.next'), at(after, 'status.mqtt.connections'), typeof after.csrfToken],
    ['summary', 1, 'string'],
  );
  // Simulated devices are seen, and nothing of them is a record.
  const records = at(after, 'status.buffer.ledger.received');
  assert.equal((await ask('POST', 'demo')).status, 200);
  const simulated = await eventually('a simulated value', async () => {
    const { json } = await ask('GET', 'measurements?device=demo:greenhouse&from=-1h&field=temperature');
    return (at(json, 'series.0.times.length') as number) > 0 && (await ask('GET', 'bootstrap')).json;
  });
  assert.deepEqual(
    ['devices.total', 'devices.devices.0.name', 'devices.devices.0.source', 'sparklines.series.length'].map((path) =>
      at(simulated, path),
    ),
    [4, 'Freezer (simulated)', 'demo', 6],
  );
  assert.equal((await ask('DELETE', 'demo')).status, 204);
  const without = (await ask('GET', 'bootstrap')).json;
  assert.deepEqual([at(without, 'devices.total'), at(without, 'status.buffer.ledger.received')], [1, records]);
  await ask('PUT', 'preferences', { pinned: [{ device: 'no-such', field: 'x' }] });
  assert.deepEqual(at((await ask('GET', 'bootstrap')).json, 'sparklines.series'), []);
  const done = (await ask('PUT', 'first-run/summary', { state: 'done' })).json;
  assert.deepEqual([done.isDone, done.next], [true, null]);
  assert.equal((await ask('PUT', 'first-run/lunch', { state: 'done' })).status, 404);
  assert.equal((await ask('PUT', 'first-run/name', { state: 'half' })).status, 400);
});

test('a collector is tried out, enrolled with and set, and holds after a restart', async (t) => {
  const dir = tempDir(t);
  const options = { ...collectorDefaults, port: 0, sink: `sqlite:${join(dir, 'records.db')}` };
  const collector = new Collector({ ...options, tls: { ...options.tls, enabled: true } }, silentLog);
  await collector.start();
  t.after(() => collector.stop(AbortSignal.abort()));
  const url = `https://${collector.address}`;
  const text = readFileSync(join(dir, 'records.db.authority.pem'), 'utf8');
  const ca = new X509Certificate(text.replace(/^.*?(?=-----BEGIN CERT)/s, '')).toString();
  const admin = new AdminClient({ url, token: readFileSync(join(dir, 'records.db.admin-token'), 'utf8').trim(), ca });
  t.after(() => admin.close());
  const made = await admin.createEnrolmentToken({ gateway: '', validSeconds: 60 });
  const wish = { url, enrolToken: made.token, fingerprint: made.caFingerprint };

  const dataDir = join(dir, 'gateway');
  mkdirSync(dataDir);
  const trial = { state: 'waiting', before: '', keys: ['http.port'], reason: '' };
  writeFileSync(join(dataDir, 'settings-trial.json'), JSON.stringify(trial));
  const first = await site(t, dataDir);
  // What can't be set now uses no token up, and leaves the identity of the uplink that runs.
  const early = await first.ask('POST', 'uplink/apply', wish);
  assert.deepEqual([early.status, early.json.code], [409, 'request.conflict']);
  assert.equal((await first.ask('POST', 'config/confirm')).status, 200);
  const wrong = await first.ask('POST', 'uplink/apply', { ...wish, enrolToken: 'no-such' });
  assert.deepEqual([wrong.status, wrong.json.code], [403, 'enrolment.refused']);
  assert.equal((await first.ask('POST', 'uplink/test', wish)).json.isOk, true);
  const applied = await first.ask('POST', 'uplink/apply', wish);
  assert.deepEqual([applied.json.isEnrolled, applied.json.pending], [true, ['uplink.url']]);
  first.gateway.child.kill('SIGKILL');
  await once(first.gateway.child, 'exit');
  const second = await site(t, dataDir);
  const uplink = await eventually('the uplink', async () => {
    const { json } = await second.ask('GET', 'uplink');
    return json.state === 'live' && json;
  });
  assert.equal(uplink.url, url);
  assert.equal((await second.ask('GET', 'first-run')).json.next, 'password');
});
