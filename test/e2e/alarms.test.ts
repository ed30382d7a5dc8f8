// Alarms against a whole gateway: raised by what a device says, told live and upstream once, whatever is killed in between.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import { SinkFile } from '../support/collector.ts';
import { startGateway } from '../support/gateway.ts';
import type { HeadgateProcess } from '../support/headgate-process.ts';
import { mosquittoPub } from '../support/mosquitto.ts';
import { tempDir } from '../support/temp-dir.ts';
import { eventually } from '../support/wait.ts';

type Json = Readonly<Record<string, unknown>>;

function client(gateway: HeadgateProcess) {
  const url = `http://127.0.0.1:${gateway.port('http')}/api/v1`;
  return async (method: string, path: string, body?: object): Promise<Json & { readonly status: number }> => {
    const headers = { 'content-type': 'application/json' };
    const answer = await fetch(`${url}/${path}`, { method, ...(body && { headers, body: JSON.stringify(body) }) });
    const text = await answer.text();
    const { status, ...said } = text === '' ? {} : (JSON.parse(text) as Json);
    return { ...said, status: answer.status };
  };
}

/** What live readers are told of alarms, from now on, by polling. */
async function follow(ask: ReturnType<typeof client>): Promise<() => Promise<readonly Json[]>> {
  let { next } = await ask('GET', 'live/poll?kinds=alarm');
  return async () => {
    const answer = await ask('GET', `live/poll?kinds=alarm&waitMs=0&after=${next}`);
    next = answer.next;
    return answer.events as Json[];
  };
}

test('an alarm outlives kill -9, is acknowledged, is over, and the collector is told of each once', {
  timeout: 60_000,
}, async (t) => {
  const dir = tempDir(t);
  const sink = new SinkFile(join(dir, 'records.ndjson'));
  const calls: string[] = [];
  const hook = createServer((request, response) => {
    let body = '';
    request.on('data', (data) => {
      body += data;
    });
    request.on('end', () => {
      calls.push(JSON.parse(body).id);
      response.end();
    });
  }).listen(0, '127.0.0.1');
  await once(hook, 'listening');
  t.after(() => hook.close());
  const set = { 'alarms.webhook.url': `http://127.0.0.1:${(hook.address() as AddressInfo).port}/` };
  const start = () => startGateway(t, { dataDir: join(dir, 'data'), sink: `file:${sink.path}`, set });
  let gateway = await start();
  let ask = client(gateway);
  const say = (celsius: number) =>
    mosquittoPub(gateway.port('mqtt'), ['-q', '1', '-t', 'plant/freezer', '-m', JSON.stringify({ celsius })]);
  const list = async (state = 'open') => (await ask('GET', `alarms?state=${state}`)).alarms as Json[];
  const records = () => sink.look().filter(({ source }) => source === 'alarms');
  const told = () => records().map(({ fields }) => fields?.find(({ name }) => name === 'change')?.text);

  const rule = await ask('POST', 'alarms/rules', {
    ...{ name: 'Freezer too warm', field: 'celsius', comparator: 'above', value: -18, hysteresis: 2 },
    severity: 'critical',
  });
  assert.equal(rule.status, 201);
  let news = await follow(ask);
  await say(-20);
  assert.deepEqual(await list(), []);
  await say(-10);
  const [raised] = await eventually('the alarm', async () => (await list()).length === 1 && list());
  assert.deepEqual([raised?.state, raised?.value, raised?.device], ['active', -10, 'plant/freezer']);
  await eventually('its record', () => told().length === 1);
  const [event] = await news();
  assert.deepEqual([event?.event, event?.change, event?.deviceId], ['alarm', 'raised', 'plant/freezer']);
  assert.deepEqual(event?.alarm, { ...raised });
  const { summary } = (await ask('GET', 'status')).health as { readonly summary: string };
  assert.match(summary, /^1 critical alarm: Freezer too warm \(plant\/freezer\)\. The uplink is/);
  await gateway.kill();

  gateway = await start();
  ask = client(gateway);
  assert.deepEqual(await list(), [raised]);
  await say(-9);
  await eventually('the newest value', async () => (await list())[0]?.value === -9);
  news = await follow(ask);
  const acknowledge = () => ask('POST', `alarms/${raised?.id}/acknowledge`, { note: 'The door was open.' });
  const answer = await acknowledge();
  assert.deepEqual([answer.status, answer.state, answer.acknowledgedBy], [200, 'acknowledged', 'this machine']);
  assert.equal((await acknowledge()).status, 409);
  await eventually('the record of that', () => told().length === 2);
  await gateway.kill();

  gateway = await start();
  ask = client(gateway);
  const [known] = await list('acknowledged');
  assert.deepEqual([known?.id, known?.note], [raised?.id, 'The door was open.']);
  news = await follow(ask);
  await say(-19);
  await say(-21);
  const [over] = await eventually('its end', async () => (await list('history')).length === 1 && list('history'));
  assert.deepEqual([over?.state, over?.clearedBecause, over?.value], ['cleared', 'returned', -21]);
  await eventually('the record of that', () => told().length === 3);
  assert.deepEqual(
    (await news()).map(({ change }) => change),
    ['cleared'],
  );
  assert.deepEqual(await list(), []);
  await eventually('the last call', () => calls.some((call) => call.endsWith('/cleared')));
  await gateway.stop();
  assert.deepEqual(told(), ['raised', 'acknowledged', 'cleared']);
  const { id } = raised!;
  assert.deepEqual([...new Set(calls)], [`${id}/raised`, `${id}/acknowledged`, `${id}/cleared`]);
  for (const { deviceId, topic, priority } of records())
    assert.deepEqual([deviceId, topic, priority], ['plant/freezer', 'headgate/alarms', 'PRIORITY_CRITICAL']);
});
