// A gateway on an appliance, with a real RAUC: what pages and programs do with it over HTTP.
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { aRaucMachine } from '../appliance/rauc-machine.ts';
import { startGateway } from '../support/gateway.ts';
import { tempDir } from '../support/temp-dir.ts';
import { eventually } from '../support/wait.ts';

test('a bundle is sent, installed, and what is asked of the machine reaches it', async (t) => {
  const machine = aRaucMachine(t);
  await machine.startService();
  const dataDir = tempDir(t);
  // What an update has left that a power cut ended.
  mkdirSync(join(dataDir, 'update'));
  writeFileSync(join(dataDir, 'update/left.raucb'), 'half');
  const gateway = await startGateway(t, { dataDir, env: { HEADGATE_MACHINE: machine.root } });
  assert.equal(existsSync(join(dataDir, 'update')), false);
  const url = `http://127.0.0.1:${gateway.port('http')}/api/v1/appliance`;
  const view = async () => (await (await fetch(url)).json()) as { slots: object[]; update: { step: string } };
  const post = async (path: string, body: string | Buffer, type = 'application/json') =>
    await fetch(`${url}/${path}`, { method: 'POST', body, headers: { 'content-type': type } });

  const cut = machine.bundle('cut');
  truncateSync(cut, statSync(cut).size - 5_000);
  const refused = await post('update', readFileSync(cut), 'application/octet-stream');
  assert.equal(refused.status, 400);
  assert.match(((await refused.json()) as { detail: string }).detail, /^The bundle is not whole/);
  assert.equal((await view()).update.step, 'failed');

  const good = machine.bundle('good');
  const taken = await post('update?name=good.raucb', readFileSync(good), 'application/octet-stream');
  assert.equal(taken.status, 202, await taken.text());
  const done = await eventually('the installation', async () => {
    const found = await view();
    return found.update.step === 'installed' && found;
  });
  assert.deepEqual(done.update, { step: 'installed', from: 'good.raucb', version: '0.2.0', isOlder: false });
  assert.match(JSON.stringify(done.slots[1]), /"name":"B","state":"installed","isRunning":false,"isNext":true/);
  assert.deepEqual(readdirSync(join(dataDir, 'update')), []);

  assert.equal((await fetch(`${url}/restart`, { method: 'POST' })).status, 202);
  assert.equal((await post('factory-reset', JSON.stringify({ confirm: hostname() }))).status, 202);
  assert.deepEqual(readdirSync(machine.places.requests).sort(), ['factory-reset', 'restart']);
});
