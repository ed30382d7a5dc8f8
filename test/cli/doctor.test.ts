import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { main } from '../../src/cli/main.ts';
import { startGateway, statusOf } from '../support/gateway.ts';
import { tempDir } from '../support/temp-dir.ts';
import { eventually } from '../support/wait.ts';

async function doctor(...args: string[]) {
  const out: string[] = [];
  const terminal = { out: (text: string) => out.push(text), err: () => {}, environment: {} };
  const code = await main(['doctor', '--json', ...args], terminal);
  const { findings } = JSON.parse(out.join('\n')) as { findings: { about: string; state: string; says: string }[] };
  return { code, findings, of: (about: string) => findings.filter((one) => one.about === about) };
}

/** A port on which something listens. */
async function takenPort(t: TestContext): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => server.close());
  return (server.address() as { port: number }).port;
}

test('the doctor finds what keeps a gateway from starting', async (t) => {
  const port = await takenPort(t);
  const set = (key: string, value: string | number) => ['--set', `${key}=${value}`];
  const nowhere = ['--url', 'http://127.0.0.1:1'];
  const dataDir = set('dataDir', tempDir(t));
  const taken = await doctor(
    ...dataDir,
    ...nowhere,
    ...set('mqtt.port', port),
    ...set('http.port', 0),
    ...set('grpc.port', 0),
  );
  assert.equal(taken.code, 1);
  assert.match(taken.of('Ports')[0]?.says ?? '', new RegExp(`127.0.0.1:${port} can't be listened on`));
  const free = [...set('mqtt.port', 0), ...set('http.port', 0), ...set('grpc.port', 0)];
  const well = await doctor(...dataDir, ...nowhere, ...free, ...set('uplink.url', 'http://127.0.0.1:1'));
  assert.equal(well.code, 0);
  assert.deepEqual(
    well.findings.map(({ about, state }) => `${about} ${state}`),
    ['Configuration well', 'Space well', 'Disk well', 'Clock well', 'Collector wrong', 'Gateway wrong'],
  );
  const wrong = await doctor(...nowhere, ...set('mqtt.port', 'x'));
  assert.equal(wrong.code, 1);
  assert.match(wrong.of('Configuration')[0]?.says ?? '', /mqtt\.port/);
});

test('it asks the gateway that runs, and its bundle holds no secret', { timeout: 60_000 }, async (t) => {
  const dataDir = join(tempDir(t), 'data');
  const gateway = await startGateway(t, { dataDir, sink: `file:${join(tempDir(t), 'records.ndjson')}` });
  const bundle = join(tempDir(t), 'bundle.json.gz');
  const url = `http://127.0.0.1:${gateway.port('http')}`;
  await eventually('the uplink', async () => (await statusOf(gateway)).uplink.state === 'live');
  const found = await doctor(
    '--set',
    `dataDir=${dataDir}`,
    '--url',
    url,
    '--set',
    'uplink.token=hunter2hunter2',
    '--set',
    'alarms.webhook.url=https://chat.example.org/hooks/hunter2?key=hunter2',
    '--bundle',
    bundle,
  );
  assert.equal(found.of('Gateway')[0]?.state, 'well', JSON.stringify(found.findings));
  const text = gunzipSync(readFileSync(bundle)).toString();
  assert.ok(!text.includes('hunter2'));
  const { status, logs, config } = JSON.parse(text);
  assert.equal(status.gateway.id.startsWith('hg-'), true);
  assert.ok(logs.lines.some(({ msg }: { msg: string }) => msg === 'ready'));
  assert.equal(config.dataDir, dataDir);
  assert.equal(config.alarms.webhook.url, 'https://chat.example.org/…');
});
