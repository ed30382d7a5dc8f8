import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { crc32, gunzipSync } from 'node:zlib';
import Database from 'better-sqlite3';
import { StayingGateway } from '../../support/failure-page.ts';
import { startGateway, statusOf } from '../../support/gateway.ts';
import { HeadgateProcess } from '../../support/headgate-process.ts';
import { smallDisk } from '../../support/small-disk.ts';
import { accepts, freePort } from '../../support/tcp-port.ts';
import { tempDir } from '../../support/temp-dir.ts';
import { eventually, within } from '../../support/wait.ts';

const usual = ['mqtt: { port: 0 }'];

async function taken(t: TestContext): Promise<{ readonly port: number; readonly server: Server }> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => server.close());
  return { port: (server.address() as { port: number }).port, server };
}

async function ended(gateway: HeadgateProcess): Promise<number | null> {
  return (await within(15_000, 'its end', gateway.exited)).code;
}

test('a wrong configuration: what is wrong is on the port, without secrets, until the file is right', async (t) => {
  const secrets = ['hunter1', 'hunter2', 'hunter3', 'hunter4', 'hunter5'];
  const wrong = [
    '# hunter1',
    'mqtt:',
    '  port: 0',
    '  hots: hunter2',
    'bridges:',
    '  - { name: plant, url: "mqtt://joe:hunter3@127.0.0.1:1", topics: [{ filter: a }], password: hunter4, colour: 1 }',
  ];
  const gateway = await StayingGateway.spawn(t, wrong, { env: { HEADGATE_UPLINK_ENROL_TOKEN: 'hunter5' } });
  const { text, headers } = await gateway.page();
  assert.match(text, /There is no key `mqtt\.hots`; did you mean `mqtt\.host`\?/);
  assert.ok(text.includes(`${gateway.file}, line 5, column 3`), text);
  assert.match(text, /<mark>→ 5 {4}hots: \*\*\*<\/mark>/);
  assert.match(text, /`headgate check`|<code>headgate check<\/code> tells when it is right/);
  assert.match(text, /The gateway did not start/);
  assert.equal(text.includes('safe mode'), false);
  assert.match(String(headers['content-security-policy']), /default-src 'none'; script-src 'sha256-/);
  for (const path of ['/api/v1/status', '/api/v1/health/ready', '/metrics', '/graphql', '/mqtt']) {
    const problem = await gateway.ask(path);
    const { status, code, cause } = JSON.parse(problem.text);
    assert.deepEqual(
      [problem.status, problem.headers['content-type'], problem.headers['retry-after'], status, code, cause.code],
      [503, 'application/problem+json', '5', 503, 'gateway.not-ready', 'config.invalid'],
      path,
    );
  }
  assert.equal((await gateway.ask('/api/v1/health/live')).text, '{"status":"live"}');
  const bundle = await gateway.ask('/start-up/bundle');
  assert.equal(bundle.status, 200);
  const inside = gunzipSync(bundle.body).toString();
  assert.match(JSON.parse(inside).failure.lines[0], /mqtt\.hots/);
  for (const secret of secrets) {
    assert.equal(text.includes(secret), false, `${secret} on the page`);
    assert.equal(inside.includes(secret), false, `${secret} in the bundle`);
  }
  const strangers: Record<string, string>[] = [
    { host: 'gate.example.org' },
    { host: '203.0.113.7' },
    { 'x-forwarded-for': '203.0.113.7' },
    { origin: 'http://elsewhere.example.org' },
  ];
  for (const stranger of strangers) {
    const page = await gateway.ask('/', { headers: stranger });
    const said = 'The gateway could not start; look at its console.';
    assert.deepEqual([page.status, page.text], [503, said], JSON.stringify(stranger));
    const problem = await gateway.ask('/api/v1/status', { headers: stranger });
    assert.deepEqual([problem.status, JSON.parse(problem.text).detail], [503, said]);
    assert.equal(problem.text.includes('mqtt'), false);
    for (const path of ['/start-up/bundle', '/start-up/log'])
      assert.equal((await gateway.ask(path, { headers: stranger })).text, said);
    assert.equal((await gateway.ask('/start-up/try-again', { method: 'POST', headers: stranger })).status, 503);
  }
  gateway.write(['mqtt: { port: x }']);
  await eventually('the other failure', async () =>
    (await gateway.page()).text.includes('<code>mqtt.port</code> is &quot;x&quot;'),
  );
  gateway.write(usual);
  const ready = await gateway.process.ready();
  assert.equal(ready.http, `127.0.0.1:${gateway.httpPort}`);
  assert.equal((await gateway.ask('/api/v1/health/ready')).status, 200);
  await gateway.process.stop();
});

test('what is not the configuration: each cause with its code, over by itself once it is over', async (t) => {
  const mqtt = await taken(t);
  const grpc = await taken(t);
  const used = join(tempDir(t), 'used');
  const user = await startGateway(t, { dataDir: used });
  const noDirectory = join(tempDir(t), 'file');
  writeFileSync(noDirectory, '');
  const spoilt = join(tempDir(t), 'spoilt');
  mkdirSync(spoilt);
  writeFileSync(join(spoilt, 'buffer'), 'no directory');
  const rows: [code: string, says: RegExp, gateway: Promise<StayingGateway>][] = [
    [
      'port.taken',
      new RegExp(`127\\.0\\.0\\.1:${mqtt.port}: another program`),
      StayingGateway.spawn(t, [`mqtt: { port: ${mqtt.port} }`]),
    ],
    [
      'port.taken',
      new RegExp(`127\\.0\\.0\\.1:${grpc.port}: another program`),
      StayingGateway.spawn(t, usual, { set: { 'grpc.port': grpc.port } }),
    ],
    ['data.in-use', /is in use by another program/, StayingGateway.spawn(t, usual, { dataDir: used })],
    ['data.unwritable', /can&#39;t be written/, StayingGateway.spawn(t, usual, { dataDir: join(noDirectory, 'data') })],
    // Nobody has a certificate, and there is no place to keep one: the page is there by TLS all the same.
    [
      'data.unwritable',
      /can&#39;t be written/,
      StayingGateway.spawn(t, usual, { dataDir: spoilt, isTls: true, set: { 'http.tls.enabled': true } }),
    ],
  ];
  const gateways = await Promise.all(rows.map(([, , gateway]) => gateway));
  for (const [index, [code, says]] of rows.entries()) {
    const { text } = await gateways[index]!.page();
    assert.match(text, new RegExp(`<code>${code.replace('.', '\\.')}</code>`));
    assert.match(text, says);
    assert.equal(text.includes('safe mode'), false);
    const problem = JSON.parse((await gateways[index]!.ask('/api/v1/status')).text);
    assert.equal(problem.cause.code, code);
  }
  mqtt.server.close();
  grpc.server.close();
  // As often as somebody likes, also while it is being tried.
  for (let i = 0; i < 6; i++) {
    gateways[2]!.process.child.kill('SIGHUP');
    await gateways[2]!.page();
  }
  await user.stop();
  // Nobody waits who asks; it may have been tried by itself already.
  gateways[2]!.process.child.kill('SIGHUP');
  for (const gateway of gateways.slice(0, 3)) {
    await gateway.process.ready();
    await gateway.process.stop();
  }
  gateways[4]!.process.child.kill('SIGTERM');
  assert.equal(await ended(gateways[4]!.process), 1);
  assert.equal(readFileSync(join(spoilt, 'buffer'), 'utf8'), 'no directory');
});

test('safe mode: the configuration of the last start, told in the health, until the file is right', async (t) => {
  const port = await freePort();
  const dataDir = join(tempDir(t), 'data');
  const right = [`mqtt: { port: ${port} }`];
  const first = await StayingGateway.spawn(t, right, { dataDir });
  await first.process.ready();
  await first.process.stop();
  const gateway = await StayingGateway.spawn(t, [`mqtt: { port: ${port}`, 'rules: ['], { dataDir });
  const { text } = await gateway.page();
  assert.match(text, /Start in safe mode/);
  const form = { method: 'POST', headers: { origin: `http://127.0.0.1:${gateway.httpPort}` } };
  assert.equal((await gateway.ask('/start-up/safe-mode', form)).status, 202);
  const ready = await gateway.process.ready();
  assert.deepEqual([ready.mqtt, ready.http], [`127.0.0.1:${port}`, `127.0.0.1:${gateway.httpPort}`]);
  const { health } = await statusOf(gateway.process);
  assert.equal(health.state, 'degraded');
  assert.match(
    health.summary,
    /^Safe mode: the gateway runs with the configuration of .* until .*gateway\.yaml is right\./,
  );
  gateway.write(right);
  const starts = () => gateway.process.log.filter(({ msg }) => msg === 'ready').length;
  await eventually('the second start', () => starts() === 2, { timeoutMs: 15_000 });
  assert.equal((await statusOf(gateway.process)).health.summary.includes('Safe'), false);
  await gateway.process.stop();

  const head = new Database(join(dataDir, 'buffer', 'head.db'));
  const row = head.prepare('SELECT * FROM head').get() as Record<string, string | number>;
  const sealed = [3, row.gateway, row.epoch, row.created_at_ms, row.reserved, row.operating_ms];
  head.prepare('UPDATE head SET min_reader = 3, checksum = ?').run(crc32(sealed.join()));
  head.close();
  const older = await StayingGateway.spawn(t, right, { dataDir });
  const page = (await older.page()).text;
  assert.match(page, /<code>data\.newer<\/code>/);
  assert.match(page, /Install the Headgate version that made it/);
  assert.equal(page.includes('safe mode'), false);
});

test('a disk without room: what to do, and nothing else once there is some', async (t) => {
  const disk = smallDisk(t, 4 * 2 ** 20);
  if (disk === undefined) return;
  const other = disk.fill();
  const gateway = await StayingGateway.spawn(t, usual, { dataDir: join(disk.path, 'data') });
  const { text } = await gateway.page();
  assert.match(text, /<code>data\.full<\/code>/);
  assert.match(text, /Make room on the disk/);
  rmSync(other);
  await gateway.process.ready();
  // As a service manager has a changed configuration read; the gateway takes it from there.
  gateway.process.child.kill('SIGHUP');
  await gateway.process.stop();
});

test('without --stay it ends at once, and with it where there can be no page', async (t) => {
  const http = await taken(t);
  const set = {
    dataDir: join(tempDir(t), 'data'),
    'mqtt.port': 0,
    'grpc.port': 0,
    'collector.port': 0,
    'http.port': http.port,
  };
  const noPage = HeadgateProcess.spawn(t, 'run', { set, args: ['--stay'], isQuiet: true });
  const port = await freePort();
  const wrong = HeadgateProcess.spawn(t, 'run', { set: { 'http.port': port, 'mqtt.port': 'x' }, isQuiet: true });
  assert.equal(await ended(wrong), 78);
  assert.equal(await accepts(port), false);
  assert.equal(await ended(noPage), 1);
  assert.ok(
    noPage.errors.some((line) => line.includes(`127.0.0.1:${http.port}: another program listens there`)),
    noPage.said(),
  );
  // Told to stop before it ever started: as it would have ended.
  const mistyped = { 'mqtt.pasword': 'hunter6' };
  const staying = await StayingGateway.spawn(t, ['mqtt: { port: x }'], { set: mistyped });
  const page = (await staying.page()).text;
  const problem = (await staying.ask('/api/v1/status')).text;
  const bundle = gunzipSync((await staying.ask('/start-up/bundle')).body).toString();
  for (const text of [page, problem, bundle]) {
    assert.match(text, /--set mqtt\.pasword=\*\*\*: There is no key/);
    assert.equal(text.includes('hunter6'), false);
  }
  const form = { method: 'POST', headers: { origin: `http://127.0.0.1:${staying.httpPort}` } };
  assert.equal((await staying.ask('/start-up/try-again', form)).status, 202);
  staying.process.child.kill('SIGHUP');
  assert.ok(staying.process.errors.some((line) => line.includes(`http://127.0.0.1:${staying.httpPort}/ shows more`)));
  staying.process.child.kill('SIGTERM');
  assert.equal(await ended(staying.process), 78);
});

test('the page speaks TLS where the gateway would, with its own certificate', async (t) => {
  const dataDir = join(tempDir(t), 'data');
  const tls = { 'http.tls.enabled': true };
  const first = await StayingGateway.spawn(t, usual, { dataDir, set: tls, isTls: true });
  await first.process.ready();
  await first.process.stop();
  const before = readdirSync(join(dataDir, 'identity', 'tls')).sort();
  const gateway = await StayingGateway.spawn(t, ['mqtt: { port: x }'], { dataDir, set: tls, isTls: true });
  assert.match((await gateway.page()).text, /Headgate could not start/);
  assert.deepEqual(readdirSync(join(dataDir, 'identity', 'tls')).sort(), before);
});
