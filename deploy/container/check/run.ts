import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { parse } from 'yaml';
import type { BuiltImage } from './build.ts';
import { type ComposeService, Service } from './service.ts';

// What README.md beside the Dockerfile says, with the services of compose.yaml: run by deploy/check-container, with a network of its own.

const here = join(import.meta.dirname, '..');
const work = process.env.HEADGATE_CHECK_DIR ?? '/var/tmp/headgate-check-container';
/** An address that is not loopback: who comes in by it is somebody from elsewhere. */
const outside = '10.77.0.9';

let since = performance.now();
function said(what: string): void {
  process.stdout.write(`✔ ${what} (${((performance.now() - since) / 1000).toFixed(1)} s)\n`);
  since = performance.now();
}

function command(program: string, ...args: string[]): { readonly code: number | null; readonly out: string } {
  const { status, stdout, stderr, error } = spawnSync(program, args, { encoding: 'utf8', timeout: 20_000 });
  if (error !== undefined) throw error;
  return { code: status, out: `${stdout}${stderr}`.trim() };
}

async function untilSo(what: string, seconds: number, isSo: () => boolean): Promise<void> {
  const end = performance.now() + seconds * 1000;
  while (!isSo()) {
    if (performance.now() > end) throw new Error(`${what}: not within ${seconds} s`);
    await pause(250);
  }
}

const publish = (...args: string[]) =>
  command('mosquitto_pub', '-h', outside, '-q', '1', '-t', 'sensors/kitchen', '-m', '{"temperature": 21.5}', ...args);

for (const args of [
  ['link', 'set', 'lo', 'up'],
  ['addr', 'add', `${outside}/32`, 'dev', 'lo'],
])
  assert.equal(command('ip', ...args).code, 0);
for (const name of ['volumes', 'log', 'context']) rmSync(join(work, name), { recursive: true, force: true });
mkdirSync(join(work, 'context'));
// As README.md has it, in a copy of the directory.
cpSync(join(here, 'make-secrets'), join(work, 'context/make-secrets'));
assert.equal(command(join(work, 'context/make-secrets')).code, 0);
const secrets = join(work, 'context/secrets');
assert.equal(statSync(secrets).mode & 0o777, 0o700, 'whoever is on the machine could read the secrets');

const compose = parse(readFileSync(join(here, 'compose.yaml'), 'utf8')) as { services: Record<string, ComposeService> };
const images = JSON.parse(readFileSync(join(work, 'images.json'), 'utf8')) as Record<string, BuiltImage>;
const hosts = join(work, 'hosts');
writeFileSync(
  hosts,
  `127.0.0.1 localhost\n${Object.keys(compose.services)
    .map((name) => `${outside} ${name}\n`)
    .join('')}`,
);
const places = { volumes: join(work, 'volumes'), log: join(work, 'log'), hosts, secrets };

function service(name: string, change: Partial<ComposeService> = {}): Service {
  return new Service(name, images[name]!, { ...compose.services[name]!, ...change }, places);
}

const started: Service[] = [];
try {
  await checkAlone();
  await checkTogether();
} catch (error) {
  for (const one of started) process.stderr.write(`${one.said.slice(-3000)}\n`);
  throw error;
}

/** The gateway's image by itself, with the configuration that it brings. */
async function checkAlone(): Promise<void> {
  const gateway = service('gateway', { environment: {}, secrets: [] });
  started.push(gateway);
  gateway.start();
  await untilSo('healthy', 60, () => gateway.isHealthy());
  assert.equal(command('curl', '-fsk', `https://${outside}:8080/api/v1/health/ready`).code, 0);
  said('healthy, as its own check says, with a root that is read-only and no capability');

  const status = readFileSync(`/proc/${gateway.pid}/status`, 'utf8');
  assert.match(status, /^Uid:\t10001\t10001/m);
  assert.match(status, /^CapEff:\t0+$/m);
  assert.notEqual(gateway.exec('touch', '/etc/headgate/mine').code, 0);
  assert.notEqual(command('curl', '-fs', `http://${outside}:8080/api/v1/status`).code, 0);
  assert.notEqual(publish().code, 0, 'somebody without a password published from elsewhere');
  const credential = gateway.exec(
    'headgate',
    'credential',
    'create',
    '--device',
    'kitchen',
    '--scope',
    'publish:sensors/#',
    '--json',
  );
  assert.equal(credential.code, 0, credential.err);
  const { password } = JSON.parse(credential.out) as { password: string };
  assert.equal(publish('-u', 'kitchen', '-P', password).code, 0);
  const authority = join(places.volumes, 'gateway/identity/tls/authority.pem');
  assert.equal(publish('-p', '8883', '--cafile', authority, '--insecure', '-u', 'kitchen', '-P', password).code, 0);
  await untilSo(
    'both records',
    20,
    () => gateway.exec('headgate', 'collector', 'records').out.split('"temperature"').length === 3,
  );
  assert.match(gateway.exec('headgate', 'setup-code').out, /^\S{6,}$/);
  said('published from elsewhere, with a password only, in the clear and over TLS; collected');

  assert.equal(await gateway.stop(), 0);
  assert.match(gateway.said, /"msg":"stopped"/);
  said('stopped in good order');

  gateway.start();
  await untilSo('healthy again', 60, () => gateway.isHealthy());
  assert.equal(publish('-u', 'kitchen', '-P', password).code, 0, 'what it kept is in its volume');
  await gateway.stop();
  said('another container goes on with the same volume');

  const wrong = service('gateway', { environment: { HEADGATE_MQTT_PORT: 'many' }, secrets: [] });
  started.push(wrong);
  wrong.start();
  await untilSo('why it does not start', 30, () => wrong.said.includes('mqtt.port'));
  assert.equal(wrong.isHealthy(), false);
  await wrong.stop();
  said('with a wrong configuration it says so, and is not healthy');
  rmSync(places.volumes, { recursive: true });
}

/** All of compose.yaml, as README.md says it is started. */
async function checkTogether(): Promise<void> {
  const [nats, collector, gateway] = [service('nats'), service('collector'), service('gateway')];
  started.push(nats, collector, gateway);
  nats.start();
  await untilSo('NATS healthy', 30, () => nats.isHealthy());
  collector.start();
  await untilSo('the collector healthy', 60, () => collector.isHealthy());
  const authority = collector.exec(
    'sed',
    '-n',
    '/BEGIN CERT/,$p',
    '/var/lib/headgate-collector/collector/authority.pem',
  );
  writeFileSync(join(secrets, 'authority'), `${authority.out}\n`);
  const token = collector.exec('headgate-collector', 'enrol-token', '--gateway', 'gateway-1');
  assert.equal(token.code, 0, token.err);
  writeFileSync(join(secrets, 'enrol-token'), `${token.out}\n`);
  gateway.start();
  await untilSo('the gateway healthy', 60, () => gateway.isHealthy());
  const { password } = JSON.parse(
    gateway.exec('headgate', 'credential', 'create', '--device', 'kitchen', '--scope', 'publish:sensors/#', '--json')
      .out,
  ) as { password: string };
  assert.equal(publish('-u', 'kitchen', '-P', password).code, 0);
  const records = () => collector.exec('headgate-collector', 'records').out;
  await untilSo('the record in JetStream', 30, () => /"gateway":"gateway-1".*"temperature"/.test(records()));
  said('gateway, collector and NATS: enrolled by files, published, and it is in JetStream');

  await nats.stop();
  assert.equal(publish('-u', 'kitchen', '-P', password).code, 0, 'acknowledged while NATS is away');
  assert.equal(records().includes('"temperature"'), false, 'NATS is away');
  nats.start();
  await untilSo('both records in JetStream', 60, () => records().split('"temperature"').length === 3);
  for (const one of [gateway, collector]) assert.equal(await one.stop(), 0);
  await nats.stop();
  said('what came in while NATS was away followed, once; all stopped in good order');
}
process.exit(0);
