import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { main } from '../../src/cli/main.ts';
import { startGateway } from '../support/gateway.ts';
import { mosquittoPub } from '../support/mosquitto.ts';
import { tempDir } from '../support/temp-dir.ts';
import { eventually } from '../support/wait.ts';

const text = (unit: string) => `name: TH-10
version: 1
messages:
  - match: { topic: "acme/{device}/state", keys: t, confidence: 0.95 }
    fields: [{ path: t, name: temperature, unit: ${unit} }]
examples:
  - { source: mine, topic: acme/17/state, payload: '{"t":21.5}', gives: { temperature: 21.5 ${unit} } }
`;

test('a profile that is written while the gateway runs holds when it is told, and a wrong one changes nothing', async (t) => {
  const dir = tempDir(t);
  const profileDirs = join(dir, 'profiles');
  mkdirSync(join(profileDirs, 'acme'), { recursive: true });
  const file = join(profileDirs, 'acme', 'th-10.yaml');
  const gateway = await startGateway(t, { dataDir: join(dir, 'data'), set: { 'decode.profileDirs': profileDirs } });
  const url = `http://127.0.0.1:${gateway.port('http')}`;
  const publish = () => mosquittoPub(gateway.port('mqtt'), ['-q', '1', '-t', 'acme/17/state', '-m', '{"t":21.5}']);
  const device = async (id: string) => await (await fetch(`${url}/api/v1/devices/${encodeURIComponent(id)}`)).json();
  const reload = async () => {
    const out: string[] = [];
    const terminal = { out: (line: string) => out.push(line), err: (line: string) => out.push(line), environment: {} };
    const code = await main(['profile', 'reload', '--url', url], terminal);
    return [code, ...out];
  };
  await publish();
  assert.equal(((await device('acme/17/state')) as { profile: unknown }).profile, null);

  writeFileSync(file, text('Cel'));
  assert.deepEqual(await reload(), [0, 'Changed: acme/th-10.']);
  await publish();
  const known = (await device('acme:17')) as { profile: { name: string }; fields: { name: string; unit: string }[] };
  assert.equal(known.profile.name, 'acme/th-10');
  assert.deepEqual(
    known.fields.map(({ name, unit }) => [name, unit]),
    [['temperature', 'Cel']],
  );

  writeFileSync(file, text('Cle'));
  const [code, error, changed] = await reload();
  assert.equal(code, 78);
  assert.match(String(error), /th-10\.yaml:5:50: .* did you mean `Cel`\?$/);
  assert.equal(changed, 'No profile has changed.');
  await publish();
  assert.equal(
    ((await device('acme:17')) as { messages: number }).messages,
    3,
    'also the one from before it was known',
  );

  // What was decoded with a wrong unit is told by SIGHUP too.
  writeFileSync(file, text('degF'));
  gateway.child.kill('SIGHUP');
  await eventually('the changed profile', async () => {
    const profile = (await (await fetch(`${url}/api/v1/profiles/acme/th-10`)).json()) as object;
    return JSON.stringify(profile).includes('degF');
  });
});
