import assert from 'node:assert/strict';
import { readdirSync, statSync, truncateSync } from 'node:fs';
import { hostname } from 'node:os';
import { after, test } from 'node:test';
import { aRaucMachine } from '../appliance/rauc-machine.ts';
import { closeBrowser, openPage } from '../support/browser.ts';
import { startGateway } from '../support/gateway.ts';
import { tempDir } from '../support/temp-dir.ts';

after(closeBrowser);

test('an appliance is updated, restarted and reset in a browser; elsewhere nothing of it is offered', async (t) => {
  const machine = aRaucMachine(t);
  await machine.startService();
  const gateway = await startGateway(t, { dataDir: tempDir(t), env: { HEADGATE_MACHINE: machine.root } });
  const url = `http://127.0.0.1:${gateway.port('http')}/#/settings`;
  const { page, faults } = await openPage(t, url);
  await page.getByRole('link', { name: 'Updates & restart' }).click();
  await page.getByRole('row', { name: /0\.1\.0.*Works · runs/ }).waitFor();
  await page.getByRole('row', { name: /None Empty/ }).waitFor();

  const cut = machine.bundle('cut');
  truncateSync(cut, statSync(cut).size - 5_000);
  await page.getByLabel('Update bundle').setInputFiles(cut);
  await page.getByRole('button', { name: 'Install' }).click();
  await page.getByRole('alert').getByText('The bundle is not whole').waitFor();
  assert.equal(
    await page.getByRole('button', { name: 'Install' }).isDisabled(),
    true,
    'the file is not chosen any more',
  );

  await page.getByLabel('Update bundle').setInputFiles(machine.bundle('good', { version: '0.2.0' }));
  await page.getByRole('button', { name: 'Install' }).click();
  await page.getByText('Version 0.2.0 is installed, and starts when the machine is restarted').waitFor();
  await page.getByRole('row', { name: /0\.2\.0 8 Waits for its first start · starts next 3 tries left/ }).waitFor();

  await page.getByRole('button', { name: 'Delete everything …' }).click();
  const destroy = page.getByRole('button', { name: 'Delete everything', exact: true });
  await page.getByLabel('Type its name').fill('another machine');
  assert.equal(await destroy.isDisabled(), true);
  await page.getByLabel('Type its name').fill(hostname());
  await destroy.click();
  await page.getByText('Everything is deleted, and').waitFor();
  await page.getByRole('button', { name: 'Restart the machine …' }).first().click();
  await page.getByRole('button', { name: 'Restart', exact: true }).click();
  await page.getByText('The machine restarts.').waitFor();
  assert.deepEqual(readdirSync(machine.places.requests).sort(), ['factory-reset', 'restart']);
  assert.deepEqual(faults, []);

  const other = await startGateway(t, { dataDir: tempDir(t) });
  const elsewhere = await openPage(t, `http://127.0.0.1:${other.port('http')}/#/settings`);
  const answered = elsewhere.page.waitForResponse(/api\/v1\/appliance$/);
  await elsewhere.page.reload();
  assert.equal((await answered).status(), 404);
  await elsewhere.page.getByRole('link', { name: 'Backup & support' }).waitFor();
  assert.equal(await elsewhere.page.getByRole('link', { name: 'Updates & restart' }).count(), 0);
  assert.deepEqual(elsewhere.faults, []);
});
