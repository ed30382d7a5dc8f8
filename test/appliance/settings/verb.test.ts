import assert from 'node:assert/strict';
import { copyFileSync, existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { main } from '../../../src/cli/main.ts';
import { tempDir } from '../../support/temp-dir.ts';
import { basePath } from './site.ts';

async function settings(...args: string[]) {
  const out: string[] = [];
  const err: string[] = [];
  const terminal = { out: (text: string) => out.push(text), err: (text: string) => err.push(text), environment: {} };
  const code = await main(['appliance', 'settings', ...args], terminal);
  return { code, out: out.join('\n'), err: err.join('\n') };
}

test('a file is checked on any machine', async (t) => {
  const file = join(tempDir(t), 'headgate.yaml');
  writeFileSync(file, 'machine: { hostname: gate-1, timezone: Europe/Berlin }\n');
  assert.deepEqual(await settings(file), { code: 0, out: `${file} is right.`, err: '' });
  writeFileSync(file, 'machine: { hostnam: gate-1 }\ngateway:\n  mqtt: { port: x }\n');
  const { code, out } = await settings(file);
  assert.equal(code, 78);
  assert.match(
    out,
    /headgate\.yaml:1:12: There is no key `machine\.hostnam`[^\n]*\n.*headgate\.yaml:3:17: `gateway\.mqtt\.port` is "x"/,
  );
  assert.equal(JSON.parse((await settings(file, '--json')).out).problems.length, 2);
  assert.match((await settings(join(file, 'x'))).err, /can't be read/);
});

test('a directory can stand for the machine, and one that is no appliance is left alone', async (t) => {
  const root = tempDir(t);
  for (const name of ['boot/firmware', 'data/machine', 'usr/lib/headgate'])
    mkdirSync(join(root, name), { recursive: true });
  copyFileSync(basePath, join(root, 'usr/lib/headgate/appliance.yaml'));
  writeFileSync(join(root, 'boot/firmware/headgate.yaml'), 'machine: { hostname: gate-1, colour: red }\n');
  const { code, err } = await settings('--root', root);
  assert.equal(code, 1);
  assert.match(err, /^headgate\.yaml:1:30: There is no key `machine\.colour`/);
  assert.ok(existsSync(join(root, 'etc/headgate/headgate.yaml')));
  assert.match((await settings()).err, /does not run from the Headgate image/);
});
