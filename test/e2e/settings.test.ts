// The configuration as a dashboard changes it: durable, on trial where it may shut its author out, and back with one request.
import assert from 'node:assert/strict';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import type { ConfigView } from '../../src/config/desk.ts';
import { HeadgateProcess, type Settings } from '../support/headgate-process.ts';
import { tempDir } from '../support/temp-dir.ts';
import { eventually } from '../support/wait.ts';

interface Answer<T> {
  readonly status: number;
  readonly json: T;
  readonly etag: string;
}

function ask<T = ConfigView>(
  port: number,
  method: string,
  path: string,
  body?: object,
  headers = {},
): Promise<Answer<T>> {
  const given = { ...(body !== undefined && { 'content-type': 'application/json' }), ...headers };
  return new Promise((resolve, reject) => {
    const asked = request({ port, host: '127.0.0.1', method, path, headers: given, agent: false }, (answer) => {
      let text = '';
      answer.setEncoding('utf8').on('data', (data) => {
        text += data;
      });
      answer.on('end', () =>
        resolve({ status: answer.statusCode ?? 0, json: JSON.parse(text) as T, etag: String(answer.headers.etag) }),
      );
    });
    asked.on('error', reject);
    asked.end(body && JSON.stringify(body));
  });
}

test('what is set at the gateway is durable, and is taken back when the gateway does not start with it', async (t) => {
  const dataDir = tempDir(t);
  const file = join(dataDir, 'headgate.yaml');
  writeFileSync(file, 'mqtt: { maxSessions: 77 }\ngrpc: { port: 0 }\nuplink: { token: planted-token }\n');
  const set: Settings = { dataDir, 'http.port': 0, 'mqtt.port': 0, 'collector.port': 0, 'uplink.canary': 0 };
  const options = {
    set,
    args: ['--config', file],
    env: { HEADGATE_LIMITS_MAX_DELAY: '1m', HEADGATE_GATEWAY_SUPERVISED: 'true' },
  };
  const start = () => HeadgateProcess.spawn(t, 'run', options);

  let gateway = start();
  await gateway.ready();
  let port = gateway.port('http');
  const before = await ask(port, 'GET', '/api/v1/config');
  const { keys } = before.json;
  assert.deepEqual(
    [
      [keys['mqtt.maxSessions']?.source, keys['mqtt.maxSessions']?.value],
      [keys['http.port']?.source, keys['http.port']?.locked],
      [keys['limits.maxDelay']?.source, keys['limits.maxDelay']?.where],
      [keys['uplink.token']?.source, keys['uplink.token']?.value, keys['uplink.token']?.isSet],
      [keys['http.host']?.source, keys['http.host']?.locked, keys['http.host']?.takes],
    ],
    [
      ['file', 77],
      ['command-line', '--set http.port=0 says what it is, which holds over everything else.'],
      ['environment', 'environment HEADGATE_LIMITS_MAX_DELAY'],
      ['file', null, true],
      ['default', null, 'restart'],
    ],
  );
  assert.match(keys['mqtt.maxSessions']?.where ?? '', /headgate\.yaml:1:9$/);
  assert.doesNotMatch(JSON.stringify(before.json), /planted/);

  // All of it or nothing, and each fault by its key.
  const wrong = await ask<{ code: string; faults: { key: string }[] }>(port, 'PATCH', '/api/v1/config', {
    mqtt: { maxSessions: 0 },
    http: { port: 1 },
    log: { level: 'debug' },
    history: { nonsense: 1 },
  });
  assert.equal(wrong.status, 400);
  assert.deepEqual(
    wrong.json.faults.map(({ key }) => key),
    ['http.port', 'mqtt.maxSessions', 'history.nonsense'],
  );
  assert.equal((await ask(port, 'GET', '/api/v1/config')).etag, before.etag);

  // A level of the log holds at once, what a broker is made of after a restart.
  const patch = { log: { level: 'warn' }, mqtt: { maxSessions: 55 }, uplink: { token: '***' } };
  const changed = await ask(port, 'PATCH', '/api/v1/config', patch, { 'if-match': before.etag });
  assert.equal(changed.status, 200, JSON.stringify(changed.json));
  const one = changed.json.keys['mqtt.maxSessions']!;
  assert.deepEqual([one.value, one.next, one.source], [77, 55, 'here']);
  assert.deepEqual([changed.json.keys['log.level']?.value, changed.json.pending], ['warn', ['mqtt.maxSessions']]);
  assert.equal(changed.json.trial?.state, 'waiting');
  assert.equal((await ask(port, 'PATCH', '/api/v1/config', patch, { 'if-match': before.etag })).status, 412);
  assert.doesNotMatch(readFileSync(join(dataDir, 'settings.yaml'), 'utf8'), /token/);
  assert.equal((await ask<{ usual: string }>(port, 'GET', '/api/v1/logs/level')).json.usual, 'warn');

  assert.equal((await ask(port, 'POST', '/api/v1/restart')).status, 202);
  assert.equal((await gateway.exited).code, 75);

  // Log level warn says no `ready`; over --set it does.
  const second = HeadgateProcess.spawn(t, 'run', { ...options, set: { ...set, 'log.level': 'info' } });
  gateway = second;
  await gateway.ready();
  port = gateway.port('http');
  const after = await ask(port, 'GET', '/api/v1/config');
  assert.deepEqual([after.json.keys['mqtt.maxSessions']?.value, after.json.pending, after.json.trial], [55, [], null]);

  // A port that somebody else has: nobody can tell before the start.
  const squatter = createServer();
  await new Promise<void>((resolve) => squatter.listen(0, '127.0.0.1', resolve));
  t.after(() => squatter.close());
  const taken = (squatter.address() as { port: number }).port;
  const bad = await ask(port, 'PATCH', '/api/v1/config', { grpc: { port: taken } });
  assert.deepEqual([bad.status, bad.json.pending], [200, ['grpc.port']]);
  await ask(port, 'POST', '/api/v1/restart');
  assert.equal((await gateway.exited).code, 75);
  const failed = start();
  assert.notEqual((await failed.exited).code, 0);
  const third = HeadgateProcess.spawn(t, 'run', { ...options, set: { ...set, 'log.level': 'info' } });
  await third.ready();
  port = third.port('http');
  const back = await ask(port, 'GET', '/api/v1/config');
  assert.deepEqual([back.json.trial?.state, back.json.trial?.keys], ['taken-back', ['grpc.port']]);
  assert.match(back.json.trial?.reason ?? '', /did not start with them/);
  assert.equal(back.json.keys['mqtt.maxSessions']?.value, 55);
  assert.equal((await ask(port, 'POST', '/api/v1/config/confirm')).json.trial, null);

  // What may shut its author out has to be confirmed; what ends before that is taken back.
  await ask(port, 'PATCH', '/api/v1/config', { http: { tls: { names: ['gate.example.org'] } } });
  await third.stop();
  const fourth = HeadgateProcess.spawn(t, 'run', { ...options, set: { ...set, 'log.level': 'info' } });
  await fourth.ready();
  port = fourth.port('http');
  const onTrial = await ask(port, 'GET', '/api/v1/config');
  assert.equal(onTrial.json.trial?.state, 'running');
  assert.ok(Date.parse(onTrial.json.trial?.until ?? '') > Date.now());
  assert.equal((await ask(port, 'PATCH', '/api/v1/config', { mqtt: { maxSessions: 5 } })).status, 409);
  await fourth.kill();
  const fifth = HeadgateProcess.spawn(t, 'run', { ...options, set: { ...set, 'log.level': 'info' } });
  await fifth.ready();
  port = fifth.port('http');
  const lost = await ask(port, 'GET', '/api/v1/config');
  assert.equal(lost.json.trial?.state, 'taken-back');
  assert.deepEqual(lost.json.keys['http.tls.names']?.value, []);

  // One key, then all of them, as the file says.
  const single = await ask(port, 'PATCH', '/api/v1/config', { mqtt: { maxSessions: null } });
  assert.deepEqual([single.json.keys['mqtt.maxSessions']?.next, single.json.pending], [77, ['mqtt.maxSessions']]);
  const all = await ask(port, 'DELETE', '/api/v1/config');
  assert.equal(all.json.keys['log.level']?.source, 'command-line');
  await eventually('nothing is left', () => !existsSync(join(dataDir, 'settings.yaml')));
});
