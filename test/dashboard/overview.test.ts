import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { after, test } from 'node:test';
import { closeBrowser, openPage } from '../support/browser.ts';
import { startGateway } from '../support/gateway.ts';
import { tempDir } from '../support/temp-dir.ts';

after(closeBrowser);

test('the overview goes from an empty gateway to values as they come', async (t) => {
  const gateway = await startGateway(t, { dataDir: tempDir(t) });
  const publish = (payload: string): unknown =>
    execFileSync('mosquitto_pub', ['-p', String(gateway.port('mqtt')), '-q', '1', '-t', 'site/a', '-m', payload]);
  const { page, faults } = await openPage(t, `http://127.0.0.1:${gateway.port('http')}/`);
  await page.getByText('No devices yet').waitFor();
  publish('{"temperature":21.5}');
  const tile = page.getByRole('link', { name: 'site/a · temperature' });
  await tile.getByText('21.5').waitFor();
  publish('{"temperature":22.25}');
  await tile.getByText('22.25').waitFor();
  // The newest value, not the average that the small chart has.
  await page.reload();
  await tile.getByText('22.25').waitFor();
  await page.getByRole('link', { name: /kind of topic is not known/ }).waitFor();
  await page.getByText('Everything was confirmed by the collector.').waitFor();
  assert.deepEqual(faults, []);
});

test('a field that somebody pins is on the overview, and the others are not', async (t) => {
  const gateway = await startGateway(t, { dataDir: tempDir(t) });
  const args = [
    '-p',
    String(gateway.port('mqtt')),
    '-q',
    '1',
    '-t',
    'site/a',
    '-m',
    '{"temperature":21.5,"humidity":40}',
  ];
  execFileSync('mosquitto_pub', args);
  const url = `http://127.0.0.1:${gateway.port('http')}/`;
  const { page, faults } = await openPage(t, `${url}#/device/site%2Fa`);
  const pin = page.getByRole('button', { name: 'humidity on the overview' });
  await pin.click();
  await page.locator('[aria-label="humidity on the overview"][aria-pressed="true"]').waitFor();
  await page.goto(`${url}#/overview`);
  await page.getByRole('link', { name: 'site/a · humidity' }).waitFor();
  assert.equal(await page.getByRole('link', { name: 'site/a · temperature' }).count(), 0);
  assert.deepEqual(faults, []);
});
