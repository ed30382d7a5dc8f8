import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { closeBrowser, openPage } from '../support/browser.ts';
import { startGateway } from '../support/gateway.ts';
import { tempDir } from '../support/temp-dir.ts';

after(closeBrowser);

test('from a fresh gateway to the first value, over a restart, with a real mosquitto_pub', {
  timeout: 180_000,
}, async (t) => {
  const began = performance.now();
  const dataDir = join(tempDir(t), 'data');
  const set = { 'http.host': '0.0.0.0', 'mqtt.host': '0.0.0.0' };
  let gateway = await startGateway(t, { dataDir, set });
  const httpPort = gateway.port('http');
  const { page, faults } = await openPage(t, `http://127.0.0.1:${httpPort}/`);
  await page.getByRole('link', { name: 'Go on with it' }).click();
  // 1. The first administrator.
  await page.getByRole('heading', { name: 'Administrator' }).waitFor();
  await page.getByLabel('Password', { exact: true }).fill('a long sentence about barns');
  await page.getByRole('button', { name: 'Continue' }).click();
  // 2. Its name; a restart in between leaves off where one was.
  await page.getByRole('heading', { name: 'Name and time' }).waitFor();
  await gateway.stop();
  gateway = await startGateway(t, { dataDir, set: { ...set, 'http.port': httpPort } });
  await page.reload();
  await page.getByRole('heading', { name: 'Name and time' }).waitFor();
  await page.getByLabel('Name', { exact: true }).fill('Barn');
  await page.getByRole('button', { name: 'Continue' }).click();
  // 3. A collector that is not there is found out, stage by stage.
  await page.getByLabel('Address of the collector').fill('http://127.0.0.1:9');
  await page.getByRole('button', { name: 'Test the connection' }).click();
  await page.locator('.stages .bad').getByText('Connection').waitFor();
  await page.getByRole('button', { name: 'Later' }).click();
  // 4. The first sensor, by what the page says.
  await page.getByRole('button', { name: 'Make its password' }).click();
  await page.getByText('The password is shown this once').waitFor();
  await page.getByText('Waiting for the first message').waitFor();
  const line = await page.locator('.copy pre').textContent();
  const published = spawnSync('sh', ['-c', line ?? ''], { encoding: 'utf8', timeout: 10_000 });
  assert.equal(published.status, 0, published.stderr);
  await page.getByText(/Received sensors\/sensor-1\/temperature: \w+ = 21.5/).waitFor();
  await page.getByRole('button', { name: 'Continue' }).click();
  // 5. Done, and never asked again.
  await page.getByRole('heading', { name: 'Done' }).waitFor();
  await page.getByRole('button', { name: 'To the overview' }).click();
  await page.getByRole('heading', { name: 'Overview' }).waitFor();
  await page.getByText('21.5').waitFor();
  assert.deepEqual(faults, []);
  assert.ok(performance.now() - began < 180_000);
});
