import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { allHelp, bashCompletion, manualPage } from '../../deploy/package/manual.ts';
import { loadConfig } from '../../src/config/load.ts';
import { tempDir } from '../support/temp-dir.ts';
import { searchPath } from '../system-programs.ts';

const place = join(import.meta.dirname, '../../deploy/package');
const packages = ['headgate', 'headgate-collector'] as const;

test('the configuration of the packages is right, and lets nobody in from elsewhere in the clear but for MQTT', () => {
  const gateway = loadConfig({ file: join(place, 'headgate/root/etc/headgate/headgate.yaml') });
  assert.equal(gateway.dataDir, '/var/lib/headgate');
  assert.deepEqual([gateway.mqtt.host, gateway.mqtt.tls.enabled], ['::', true]);
  assert.deepEqual([gateway.http.host, gateway.http.tls.enabled, gateway.grpc.host], ['::', true, '127.0.0.1']);
  const { collector } = loadConfig({
    file: join(place, 'headgate-collector/root/etc/headgate-collector/collector.yaml'),
  });
  assert.deepEqual([collector.host, collector.tls.enabled, collector.tls.clients], ['::', true, 'required']);
});

test('what Avahi tells is what the configuration opens', () => {
  const { mqtt, http } = loadConfig({ file: join(place, 'headgate/root/etc/headgate/headgate.yaml') });
  const services = readFileSync(join(place, 'headgate/root/etc/avahi/services/headgate.service'), 'utf8');
  const told = [...services.matchAll(/<type>(.*)<\/type>\s*<port>(.*)<\/port>/g)].map(([, type, port]) => [
    type,
    Number(port),
  ]);
  assert.deepEqual(told, [
    ['_mqtt._tcp', mqtt.port],
    ['_secure-mqtt._tcp', mqtt.tls.port],
    ['_https._tcp', http.port],
  ]);
});

test('the units leave the services no more than they need: systemd-analyze finds an exposure of 2.0 at the most', () => {
  for (const name of packages) {
    const unit = join(place, name, `root/usr/lib/systemd/system/${name}.service`);
    const { status, stdout, stderr } = analyze('security', '--offline=true', '--no-pager', '--threshold=20', unit);
    assert.equal(status, 0, `${stdout.split('\n').at(-2)}${stderr}`);
  }
});

test('systemd understands every line of the units', (t) => {
  for (const name of packages) {
    const text = readFileSync(join(place, name, `root/usr/lib/systemd/system/${name}.service`), 'utf8');
    // What is to be run, and its manual, are not on this machine.
    const runnable = text.replace(/^ExecStart=.*$/m, 'ExecStart=/bin/true').replace(/^Documentation=.*$/m, '');
    const folder = tempDir(t);
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, `${name}.service`), runnable);
    const { stderr } = analyze('verify', '--man=no', join(folder, `${name}.service`));
    assert.doesNotMatch(stderr, new RegExp(`${name}\\.service:\\d+:`));
  }
});

test('the scripts of the packages ask nothing, and a shell reads them', () => {
  for (const name of packages) {
    for (const script of readdirSync(join(place, name, 'scripts'))) {
      const path = join(place, name, 'scripts', script);
      assert.equal(spawnSync('/bin/sh', ['-n', path]).status, 0, path);
      assert.doesNotMatch(readFileSync(path, 'utf8'), /\b(?:read|debconf|db_input)\b/, path);
    }
  }
});

test('manual and completion have every verb with its options', async (t) => {
  const help = await allHelp();
  assert.ok(help.about.size > 20);
  const page = manualPage(help, '1.2.3', 1_750_000_000);
  const completion = bashCompletion(help);
  for (const verb of help.about.keys()) assert.ok(page.includes(`.SS headgate ${verb.replaceAll('-', '\\-')}\n`), verb);
  assert.match(page, /^\.TH HEADGATE 1 "2025-06-15" "Headgate 1\.2\.3"/);
  assert.match(page, /\\-\\-stay/);
  const path = join(tempDir(t), 'completion');
  writeFileSync(path, completion);
  const complete = (...words: string[]): string[] => {
    const line = `source ${path}; COMP_WORDS=(${words.map((word) => `'${word}'`).join(' ')}); COMP_CWORD=${words.length - 1}; _headgate; printf '%s\\n' "\${COMPREPLY[@]}"`;
    return spawnSync('bash', ['-c', line], { encoding: 'utf8' }).stdout.trim().split('\n');
  };
  assert.deepEqual(complete('headgate', 'dec'), ['decode']);
  assert.deepEqual(complete('headgate', 'run', '--s'), ['--set', '--stay']);
});

function analyze(...args: string[]): { status: number | null; stdout: string; stderr: string } {
  const env = { ...process.env, PATH: searchPath() };
  return spawnSync('systemd-analyze', args, { encoding: 'utf8', env });
}
