// The whole gateway: who is let in, by which protocol, before and after somebody is set up, over TLS, and after a kill.
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { main } from '../../src/cli/main.ts';
import { startGateway } from '../support/gateway.ts';
import { GrpcClient } from '../support/grpc-client.ts';
import { mosquittoPub, runProgram } from '../support/mosquitto.ts';
import { RawMqtt } from '../support/raw-mqtt.ts';
import { tempDir } from '../support/temp-dir.ts';
import { eventually } from '../support/wait.ts';

test('people, programs and devices on one gateway', async (t) => {
  const dir = tempDir(t);
  const dataDir = join(dir, 'data');
  const sink = `file:${join(dir, 'records.ndjson')}`;
  const set = { 'mqtt.tls.enabled': true, 'mqtt.tls.port': 0, 'grpc.tls.enabled': true, 'grpc.port': 0 };
  let gateway = await startGateway(t, { dataDir, sink, set });
  const before = process.env.HEADGATE_DATA_DIR;
  process.env.HEADGATE_DATA_DIR = dataDir;
  t.after(() => {
    if (before === undefined) delete process.env.HEADGATE_DATA_DIR;
    else process.env.HEADGATE_DATA_DIR = before;
  });
  const url = () => `http://127.0.0.1:${gateway.port('http')}`;
  const headgate = async (...args: string[]) => {
    const out: string[] = [];
    const err: string[] = [];
    const terminal = { out: (text: string) => out.push(text), err: (text: string) => err.push(text), environment: {} };
    const code = await main([...args, '--url', url()], terminal);
    assert.equal(code, 0, err.join('\n'));
    return out.join('\n');
  };
  const curl = async (path: string, ...args: string[]) => {
    const { stdout } = await runProgram('curl', [
      '-s',
      '-o',
      '/dev/null',
      '-w',
      '%{http_code}',
      ...args,
      `${url()}${path}`,
    ]);
    return Number(stdout.toString());
  };
  assert.equal(await curl('/api/v1/status'), 200);
  const file = join(dir, 'password');
  writeFileSync(file, 'correct horse');
  await headgate('user', 'add', 'eve', '--password-file', file);
  const token = await headgate('token', 'create', 'panel', '--scope', 'read');
  const password = await headgate('credential', 'create', '--device', 'tasmota:plug');
  const bearer = (one: string) => ['-H', `authorization: Bearer ${one}`];
  assert.deepEqual(
    [
      await curl('/api/v1/status'),
      await curl('/api/v1/status', ...bearer(token)),
      await curl('/metrics', ...bearer(token)),
    ],
    [401, 200, 200],
  );
  assert.equal(await curl('/api/v1/tokens', ...bearer(token)), 403);
  // A device over TLS, known by the gateway's own authority; on this machine also without a name.
  const { mqtt, tls } = JSON.parse(await headgate('status', '--json'));
  const ca = join(dataDir, 'identity/tls/authority.pem');
  const { code } = await runProgram('mosquitto_pub', [
    ...[
      '-h',
      'localhost',
      '-p',
      mqtt.tls.address.split(':').at(-1),
      '--cafile',
      ca,
      '-u',
      'tasmota:plug',
      '-P',
      password,
    ],
    ...['-V', '5', '-q', '1', '-t', 'tele/plug/SENSOR', '-m', '{"t":1}'],
  ]);
  assert.equal(code, 0);
  // A program, by the same authority.
  assert.deepEqual([tls.http, tls.grpc.isOwn], [null, true]);
  const grpc = new GrpcClient(t, `localhost:${gateway.port('grpc')}`, ca);
  const list = (one: string) =>
    grpc.ask({
      path: '/headgate.v1.Gateway/ListDevices',
      requests: [{}],
      metadata: [['authorization', `Bearer ${one}`]],
    });
  assert.equal((await list(token)).failure, undefined);
  assert.equal((await list(`${token}x`)).failure?.status, 'UNAUTHENTICATED');
  await mosquittoPub(gateway.port('mqtt'), ['-q', '1', '-t', 'local/a', '-m', '1']);
  // Whoever is revoked is cut off at once.
  const open = await RawMqtt.connect(gateway.port('mqtt'), 'panel', 5, { username: 'x', password: Buffer.from(token) });
  assert.equal(open.connack.reasonCode, 0);
  await headgate('token', 'revoke', 'panel');
  assert.equal((await open.take('disconnect')).reasonCode, 0x87);
  assert.equal(await curl('/api/v1/status', ...bearer(token)), 401);
  // What was answered holds after a kill.
  gateway.child.kill('SIGKILL');
  await gateway.exited;
  gateway = await startGateway(t, { dataDir, sink, set });
  await eventually('the accounts', async () => (await curl('/api/v1/status')) === 401);
  assert.equal(await curl('/api/v1/status', ...bearer(token)), 401);
  assert.match(await headgate('user', 'list'), /eve\s+admin/);
  const told = JSON.parse(await headgate('audit', '--json')).entries.map((one: { what: string }) => one.what);
  for (const what of ['user.create', 'token.create', 'credential.create', 'token.revoke'])
    assert.ok(told.includes(what), `${what} of ${told}`);
  const secrets = [token, password, 'correct horse'];
  assert.ok(!gateway.log.some((line) => secrets.some((secret) => JSON.stringify(line).includes(secret))));
});
