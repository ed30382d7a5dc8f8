import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { after, test } from 'node:test';
import { closeBrowser, openPage } from '../support/browser.ts';
import { startGateway } from '../support/gateway.ts';
import { runProgram } from '../support/mosquitto.ts';
import { tempDir } from '../support/temp-dir.ts';

after(closeBrowser);

test('a device’s credentials, certificates, a backup, a support bundle, and what became of all that', async (t) => {
  const gateway = await startGateway(t, { dataDir: tempDir(t), set: { 'mqtt.tls.enabled': true, 'mqtt.tls.port': 0 } });
  const { page, faults } = await openPage(t, `http://127.0.0.1:${gateway.port('http')}/#/settings/credentials`);
  const go = (name: string) =>
    page.getByRole('navigation', { name: 'Settings' }).getByRole('link', { name, exact: true }).click();

  const form = page.getByRole('form', { name: 'Make credentials' });
  await form.getByLabel('Device').fill('boiler');
  await form.getByRole('button', { name: 'Make them' }).click();
  const notice = page.locator('.notice').filter({ hasText: 'shown this once' });
  await notice.getByText('User name').waitFor();
  const [user, password] = await notice.locator('pre').allInnerTexts();
  const port = gateway.port('mqtt');
  await notice.getByText(String(port)).waitFor();
  const shown = ['-u', String(user), '-P', String(password)];
  const publish = async (): Promise<boolean> => {
    const args = ['-p', String(port), '-q', '1', ...shown, '-t', 'boiler/state', '-m', '{"on":true}'];
    return (await runProgram('mosquitto_pub', args)).code === 0;
  };
  assert.equal(await publish(), true);
  await notice.getByRole('button', { name: 'I have them' }).click();
  await page.getByRole('button', { name: 'Revoke boiler' }).click();
  await page.getByLabel('Type its name').fill('boiler');
  await page.getByRole('dialog').getByRole('button', { name: 'Revoke' }).click();
  await page.getByText('No device has credentials yet').waitFor();
  assert.equal(await publish(), false);

  await go('Certificates');
  const fingerprint = page.locator('.fingerprint').first();
  const before = await fingerprint.innerText();
  assert.match(before, /^([0-9A-F]{8} ){7}[0-9A-F]{8}$/);
  await page.getByRole('button', { name: 'Renew them' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Renew' }).click();
  await page.getByText('The certificates are new.').waitFor();
  await page.locator('.fingerprint').first().getByText(before).waitFor({ state: 'detached' });
  assert.notEqual(await fingerprint.innerText(), before);

  await go('Backup & support');
  const saved = async (name: string): Promise<string> => {
    const download = page.waitForEvent('download');
    await page.getByText(name).click();
    return (await download).path();
  };
  const files = execFileSync('tar', ['-tf', await saved('Download a backup')], { encoding: 'utf8' });
  assert.match(files, /manifest\.json/);
  const bundle = execFileSync('zcat', [await saved('Download a support bundle')], { encoding: 'utf8' });
  assert.ok(JSON.parse(bundle));
  assert.ok(!bundle.includes(String(password)));

  await go('Audit');
  await page.getByRole('row', { name: /credential\.revoke boiler.*Done/ }).waitFor();
  await go('About');
  await page.getByText(`Node.js ${process.versions.node}`).waitFor();
  assert.deepEqual(faults, []);
});
