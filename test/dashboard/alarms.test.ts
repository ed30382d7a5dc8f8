import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { after, test } from 'node:test';
import { closeBrowser, openPage } from '../support/browser.ts';
import { startGateway } from '../support/gateway.ts';
import type { HeadgateProcess } from '../support/headgate-process.ts';
import { tempDir } from '../support/temp-dir.ts';

after(closeBrowser);

function publish(gateway: HeadgateProcess, topic: string, payload: string): void {
  execFileSync('mosquitto_pub', ['-p', String(gateway.port('mqtt')), '-q', '1', '-t', topic, '-m', payload]);
}
const pageOf = (gateway: HeadgateProcess): string => `http://127.0.0.1:${gateway.port('http')}/#/alarms`;

test('a rule made here raises an alarm here, which is acknowledged, ends, and is remembered over a kill', async (t) => {
  const dataDir = tempDir(t);
  let gateway = await startGateway(t, { dataDir });
  publish(gateway, 'cold/room', '{"temperature":4,"door":"<b>shut</b>"}');
  const { page, faults } = await openPage(t, pageOf(gateway));
  await page.getByText('No alarms').waitFor();
  await page.getByRole('button', { name: 'Add a threshold' }).click();
  const form = page.getByRole('dialog');
  await form.getByLabel('Device').fill('cold/room');
  // What is known of the device helps: its fields, and what they are now.
  await form.getByLabel('Field').fill('temperature');
  await form.getByText('Now 4').waitFor();
  await form.getByLabel('Limit').fill('8');
  await form.getByLabel('Hysteresis').fill('1');
  await form.getByLabel('Severity').selectOption('critical');
  await form.getByLabel('Name').fill('Too <i>warm</i>');
  await form.getByRole('button', { name: 'Save' }).click();
  const rules = page.getByRole('region', { name: 'Thresholds' });
  await rules.getByText('temperature above 8').waitFor();

  publish(gateway, 'cold/room', '{"temperature":9.5}');
  const now = page.getByRole('region', { name: 'Now' });
  await now.locator('strong').getByText('Too <i>warm</i>').waitFor();
  await now.getByText('Active', { exact: true }).waitFor();
  await page.getByRole('navigation').getByRole('link', { name: 'Alarms' }).getByText('1 active').waitFor();
  await now.getByRole('button', { name: 'Acknowledge' }).click();
  await page.getByRole('dialog').getByLabel('Note').fill('The door was open.');
  await page.getByRole('button', { name: 'I know' }).click();
  await now.getByText('The door was open.').waitFor();
  await now.getByText('Acknowledged', { exact: true }).waitFor();
  // Within the hysteresis it is not over; then it is, where it stands.
  publish(gateway, 'cold/room', '{"temperature":7.5}');
  publish(gateway, 'cold/room', '{"temperature":6}');
  await now.getByText('Over', { exact: true }).waitFor();
  const history = page.getByRole('region', { name: 'History' });
  await history.getByRole('button', { name: '1 more is over' }).click();
  await history.getByText('The door was open.').waitFor();
  assert.deepEqual(faults, []);

  await gateway.kill();
  gateway = await startGateway(t, { dataDir });
  const { page: later, faults: laterFaults } = await openPage(t, pageOf(gateway));
  const kept = later.getByRole('region', { name: 'History' });
  await kept.getByText('The door was open.').waitFor();
  await kept.locator('strong').getByText('Too <i>warm</i>').waitFor();
  await later.getByText('No alarms').waitFor();
  assert.deepEqual(laterFaults, []);
});
