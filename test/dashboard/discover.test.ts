import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { after, test } from 'node:test';
import { closeBrowser, openPage } from '../support/browser.ts';
import { startGateway } from '../support/gateway.ts';
import type { HeadgateProcess } from '../support/headgate-process.ts';
import { tempDir } from '../support/temp-dir.ts';
import { eventually } from '../support/wait.ts';

after(closeBrowser);

function publish(gateway: HeadgateProcess, topic: string, payload: string): void {
  execFileSync('mosquitto_pub', ['-p', String(gateway.port('mqtt')), '-q', '1', '-t', topic, '-m', payload]);
}

/** Devices by their ids, with their profiles. */
async function devicesOf(gateway: HeadgateProcess): Promise<Map<string, string | undefined>> {
  const answer = await fetch(`http://127.0.0.1:${gateway.port('http')}/api/v1/devices`);
  const { devices } = (await answer.json()) as { devices: { id: string; profile: { name: string } | null }[] };
  return new Map(devices.map(({ id, profile }) => [id, profile?.name]));
}

async function stateOf(gateway: HeadgateProcess, template: string): Promise<string | undefined> {
  const answer = await fetch(`http://127.0.0.1:${gateway.port('http')}/api/v1/topics`);
  const { topics } = (await answer.json()) as { topics: { template: string; state: string }[] };
  return topics.find((one) => one.template === template)?.state;
}

const sensor = '{"Time":"2026-11-25T12:00:00","AM2301":{"Temperature":21.5,"Humidity":40},"TempUnit":"C"}';

test('a Tasmota under a topic of its own is adopted, once it is seen what its messages become', async (t) => {
  const gateway = await startGateway(t, { dataDir: tempDir(t) });
  publish(gateway, 'attic/SENSOR', sensor);
  publish(gateway, '<b>loud</b>', '<script>alert(1)</script>');
  const { page, faults } = await openPage(t, `http://127.0.0.1:${gateway.port('http')}/#/discover`);
  const row = page.getByRole('listitem').filter({ hasText: 'attic/SENSOR' });
  await row.getByText('Unknown').waitFor();
  await row.getByText(sensor).waitFor();
  await page.getByRole('heading', { name: '<b>loud</b>' }).waitFor();
  await row.getByRole('button', { name: 'Adopt …' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel('Profile').selectOption('tasmota/tasmota');
  // Before anything is saved.
  await dialog.getByRole('row', { name: 'AM2301.Temperature 21.5 °C' }).waitFor();
  await dialog.getByLabel('What names the device').selectOption('attic');
  await dialog.getByText('tasmota:attic').waitFor();
  assert.equal(await stateOf(gateway, 'attic/SENSOR'), 'unknown');
  await dialog.getByRole('button', { name: 'Adopt', exact: true }).click();
  await row.getByText('Adopted').waitFor();
  publish(gateway, 'attic/SENSOR', sensor);
  await eventually('the device', async () => (await devicesOf(gateway)).get('tasmota:attic') === 'tasmota/tasmota');
  assert.deepEqual(faults, []);
});

test('all that is alike is adopted at once, what is ignored can be had back, and nothing jumps', async (t) => {
  const gateway = await startGateway(t, { dataDir: tempDir(t) });
  publish(gateway, 'den/sensor/temperature/state', '21.5');
  publish(gateway, 'den/switch/fan/state', 'ON');
  publish(gateway, 'noise', 'tick');
  const { page, faults } = await openPage(t, `http://127.0.0.1:${gateway.port('http')}/#/discover`);
  const rowOf = (text: string) => page.getByRole('listitem').filter({ hasText: text });
  const noise = rowOf('noise');
  await noise.getByRole('button', { name: 'Ignore' }).click();
  await noise.getByText('Ignored').waitFor();
  await page.getByRole('button', { name: 'Undo' }).click();
  await noise.getByText('Unknown').waitFor();
  publish(gateway, 'noise', 'tock');
  await noise.getByText('tock').waitFor();
  await noise.getByRole('button', { name: 'Ignore' }).click();
  await noise.getByText('Ignored').waitFor();
  // What comes is offered, not inserted.
  publish(gateway, 'later/one', '1');
  await page.getByRole('button', { name: '1 new' }).waitFor();
  assert.equal(await rowOf('later/one').count(), 0);
  await rowOf('+/sensor/+/state').getByRole('button', { name: 'Adopt …' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByText('All 2 kinds of topics that seem to be of this profile').click();
  await dialog.getByRole('button', { name: 'Adopt all of them' }).click();
  await rowOf('+/sensor/+/state').getByText('Adopted').waitFor();
  await rowOf('+/switch/+/state').getByText('Adopted').waitFor();
  await page.getByRole('button', { name: '1 new' }).click();
  await rowOf('later/one').waitFor();
  await page.getByLabel('State').selectOption('ignored');
  await noise.getByRole('button', { name: 'Take back' }).click();
  await noise.getByText('Unknown').waitFor();
  publish(gateway, 'den/sensor/temperature/state', '22.5');
  await eventually('the device', async () => (await devicesOf(gateway)).get('esphome:den') === 'esphome/node');
  assert.deepEqual(faults, []);
});

test('a profile is made from a message that came, told what is wrong with it, and decodes the next message', async (t) => {
  const gateway = await startGateway(t, { dataDir: tempDir(t) });
  publish(gateway, 'shed/th-7/state', '{"temp":21.5,"mood":3}');
  const { page, faults } = await openPage(t, `http://127.0.0.1:${gateway.port('http')}/#/discover`);
  const row = page.getByRole('listitem').filter({ hasText: 'shed/th-7/state' });
  await row.getByRole('link', { name: 'Make a profile' }).click();
  await page.getByLabel('Vendor').fill('Acme');
  assert.equal(await page.getByRole('button', { name: 'Draft the profile' }).isDisabled(), true);
  await page.getByLabel('Vendor').fill('acme');
  await page.getByLabel('Model').fill('th');
  await page.getByRole('button', { name: 'Draft the profile' }).click();
  const editor = page.getByLabel('The profile, in YAML');
  await page.getByText('Its example is right').waitFor();
  const draft = await editor.inputValue();
  await editor.fill(draft.replace('path: mood', 'pth: mood'));
  const fault = page.getByRole('button', { name: 'Line 17, column 9' });
  await fault.waitFor();
  assert.equal(await page.getByRole('button', { name: 'Save' }).isDisabled(), true);
  await fault.click();
  const [selected, from] = await editor.evaluate((area) => {
    const { value, selectionStart } = area as unknown as { value: string; selectionStart: number };
    return [value.slice(selectionStart), selectionStart] as const;
  });
  assert.match(selected, /^pth: mood/, String(from));
  await editor.fill(draft.replace('path: mood', 'path: mood\n        unit: "%"'));
  await page.getByText('mood is 3 %, not 3').waitFor();
  await editor.fill(draft.replace('path: mood', 'path: mood\n        unit: "%"').replace('mood: 3', 'mood: 3 %'));
  await page.getByText('Its example is right').waitFor();
  await page.getByRole('row', { name: 'mood 3 %' }).first().waitFor();
  await page.getByRole('button', { name: 'Save' }).click();
  const own = page.getByRole('link', { name: 'acme th' });
  await own.waitFor();
  publish(gateway, 'shed/th-7/state', '{"temp":22.5,"mood":4}');
  await eventually('the device', async () => (await devicesOf(gateway)).get('acme:th-7') === 'acme/th');
  // It is not written over by another one, and is there to be changed.
  await page.getByRole('link', { name: 'Make a profile' }).click();
  await page.getByLabel('Topic', { exact: true }).fill('x/1');
  await page.getByLabel('Message').fill('1');
  await page.getByLabel('Vendor').fill('acme');
  await page.getByLabel('Model').fill('th');
  await page.getByRole('button', { name: 'Draft the profile' }).click();
  await page.getByText('There is a profile acme/th already').waitFor();
  await page.getByRole('link', { name: 'Edit it' }).click();
  await editor.waitFor();
  await editor.fill((await editor.inputValue()).replace('name: acme th', 'name: Acme TH'));
  await page.getByText('Count `version` up').waitFor();
  await page.getByRole('button', { name: 'Remove' }).click();
  await page.getByText('No profiles of your own').waitFor();
  await page.getByRole('button', { name: 'Undo' }).click();
  await own.waitFor();
  assert.deepEqual(faults, []);
});
