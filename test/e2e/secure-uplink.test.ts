import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { SinkFile } from '../support/collector.ts';
import { impatient, startGateway } from '../support/gateway.ts';
import { HeadgateProcess, type Settings } from '../support/headgate-process.ts';
import { Device } from '../support/mqtt-client.ts';
import { Oracle, settled } from '../support/oracle.ts';
import { tempDir } from '../support/temp-dir.ts';
import { eventually, within } from '../support/wait.ts';

interface Site {
  readonly dir: string;
  readonly sink: SinkFile;
  readonly settings: Settings;
  readonly collector: HeadgateProcess;
  readonly port: number;
  /** A verb of the collector's administrator: what it prints. */
  admin(...args: string[]): Promise<string>;
}

/** A collector with TLS and an authority of its own. */
async function site(t: TestContext): Promise<Site> {
  const dir = tempDir(t);
  const sink = new SinkFile(join(dir, 'records.ndjson'));
  const settings = { 'collector.sink': `file:${sink.path}`, 'collector.tls.enabled': true };
  const collector = HeadgateProcess.spawn(t, 'collector', { set: { ...settings, 'collector.port': 0 } });
  await collector.ready();
  const port = collector.port('collector');
  const admin = (...args: string[]) => verb(t, 'collector', args, { ...settings, 'collector.port': port });
  return { dir, sink, settings, collector, port, admin };
}

async function verb(t: TestContext, name: string, args: readonly string[], set: Settings = {}): Promise<string> {
  // Behind the words, as the one after `collector` has to come first.
  const settings = Object.entries(set).flatMap(([key, value]) => ['--set', `${key}=${value}`]);
  const process = HeadgateProcess.spawn(t, name, { args: [...args, ...settings] });
  const { code } = await within(20_000, `${name} ${args.join(' ')}`, process.exited);
  assert.equal(code, 0, process.errors.join('\n'));
  return process.output.join('\n');
}

test('a gateway enrols by hand while it runs, sends over mutual TLS, and is revoked', {
  timeout: 60_000,
}, async (t) => {
  const { dir, sink, port, admin } = await site(t);
  const dataDir = join(dir, 'data');
  const url = `https://localhost:${port}`;
  const ca = join(dir, 'ca.pem');
  const kept = readFileSync(`${sink.path}.authority.pem`, 'utf8');
  assert.equal(statSync(`${sink.path}.authority.pem`).mode & 0o777, 0o600);
  writeFileSync(ca, kept.slice(kept.indexOf('-----BEGIN CERTIFICATE-----')));
  const set = { ...impatient, 'gateway.id': 'barn', 'uplink.url': url, 'uplink.tls.ca': ca };
  const gateway = await startGateway(t, { dataDir, set });
  const oracle = new Oracle();
  await new Device({ oracle, topic: 'barn/a' }).run(gateway.port('mqtt'), 20);
  const isSaid = (message: string, reason: RegExp): boolean =>
    gateway.log.some((line) => line.msg === message && reason.test(String(line.reason)));
  await eventually('the way out to be told', () =>
    isSaid('The uplink is down: records wait in the buffer.', /enrol-token --gateway barn/),
  );
  const { token } = JSON.parse(await admin('enrol-token', '--gateway', 'barn', '--json')) as { token: string };
  const said = await verb(t, 'enrol', ['--url', url, '--token', token, '--ca', ca], { dataDir, 'gateway.id': 'barn' });
  assert.match(said, /barn is enrolled at https:.*it renews by itself/);
  assert.equal(statSync(join(dataDir, 'identity', 'key.pem')).mode & 0o777, 0o600);
  await settled(oracle, () => sink.look(), 10_000);
  assert.match(await admin('gateways'), /barn +connected +20.*Z +20.*Z/);
  await admin('revoke', 'barn');
  await eventually('the revocation to be told', () =>
    isSaid('The uplink is down: records wait in the buffer.', /was revoked on/),
  );
  assert.match(await admin('gateways'), /barn +revoked/);
  // No secret is in what both of them say.
  const key = readFileSync(join(dataDir, 'identity', 'key.pem'), 'utf8').split('\n')[1]!;
  for (const secret of [token, key]) assert.ok(!JSON.stringify(gateway.log).includes(secret));
});

test('a gateway enrols by itself at its first start, with a token that systemd hands over', {
  timeout: 60_000,
}, async (t) => {
  const { dir, sink, port, admin, collector } = await site(t);
  const dataDir = join(dir, 'data');
  const answer = JSON.parse(await admin('enrol-token', '--json')) as { token: string; caFingerprint: string };
  writeFileSync(join(dir, 'enrolment'), `${answer.token}\n`);
  const set = {
    ...impatient,
    'gateway.id': 'mill',
    'uplink.url': `https://localhost:${port}`,
    'uplink.enrol.tokenFile': 'credential:enrolment',
    'uplink.enrol.fingerprint': answer.caFingerprint,
  };
  const gateway = await startGateway(t, { dataDir, set, env: { CREDENTIALS_DIRECTORY: dir } });
  const oracle = new Oracle();
  await new Device({ oracle, topic: 'mill/a' }).run(gateway.port('mqtt'), 20);
  await settled(oracle, () => sink.look(), 10_000);
  assert.deepEqual(readdirSync(join(dataDir, 'identity')).sort(), ['enrolled.json', 'key.pem', 'machine-key']);
  for (const { log } of [gateway, collector]) assert.ok(!JSON.stringify(log).includes(answer.token));
  // A second start needs no token.
  await gateway.kill();
  const again = await startGateway(t, { dataDir, set: { ...set, 'uplink.enrol.tokenFile': join(dir, 'gone') } });
  await new Device({ oracle, topic: 'mill/b' }).run(again.port('mqtt'), 20);
  await settled(oracle, () => sink.look(), 10_000);
  assert.ok(!existsSync(join(dir, 'gone')));
});

test('a gateway with TLS at its own collector is told that it has to enrol there too', {
  timeout: 30_000,
}, async (t) => {
  const set = {
    dataDir: join(tempDir(t), 'data'),
    'mqtt.port': 0,
    'http.port': 0,
    'grpc.port': 0,
    'collector.port': 0,
  };
  const gateway = HeadgateProcess.spawn(t, 'run', { set: { ...set, 'collector.tls.enabled': true } });
  const { code } = await within(20_000, 'its end', gateway.exited);
  assert.equal(code, 78);
  assert.match(gateway.errors.join('\n'), /needs an `uplink.url` such as https:\/\/localhost:50052/);
});
